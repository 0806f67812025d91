"""LightGBM and a random forest in the folds that `tocsin evaluate` judges by.

    python3 -m venv /tmp/peers/models && /tmp/peers/models/bin/pip install -r benches/peers/models/requirements.txt
    tocsin evaluate --config testdata/ccf2020/tocsin.toml --features /tmp/peers/examples.csv
    tocsin evaluate --config testdata/ccf2020/tocsin.toml --json > /tmp/peers/tocsin.json
    /tmp/peers/models/bin/python benches/peers/models/run.py /tmp/peers/examples.csv /tmp/peers/tocsin.json

Reads the examples with their features and folds, trains what others would use,
untuned (LightGBM: 300 trees, rate 0.04, 31 leaves, native categories), and
prints the means over all splits beside Tocsin's own. The threshold of the
weighted figure is chosen by an inner 5-fold split of the training rows.
Everything runs on one thread with fixed seeds.
"""

import json
import sys

import lightgbm
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import StratifiedKFold

FIGURES = ["average precision", "AUC within sectors", "0.5 P + 0.3 R + 0.2 F1", "calibration error"]


def read(path):
    """Features, the names of categories, outcomes, marks, and one array of folds a split."""
    table = pd.read_csv(path)
    folds = [table[name].to_numpy() for name in table if name.startswith("fold:")]
    named = {name: name.rsplit(":", 1) for name in table}
    features = [n for n, parts in named.items() if parts[-1] in ("number", "category")]
    categories = [n for n in features if named[n][1] == "category"]
    return table[features], categories, table["outcome"].to_numpy(), table["within"].to_numpy() == 1, folds


def boosted(train, outcomes, test, categories):
    def typed(frame):
        frame = frame.copy()
        for name in categories:
            known = frame[name].where(frame[name].isin(levels[name]))
            frame[name] = pd.Categorical(known, categories=levels[name])
        return frame.rename(columns=lambda name: name.replace(":", "_"))

    levels = {name: sorted(train[name].dropna().unique()) for name in categories}
    model = lightgbm.LGBMClassifier(
        n_estimators=300, learning_rate=0.04, num_leaves=31,
        n_jobs=1, random_state=1, deterministic=True, force_row_wise=True, verbose=-1,
    )
    model.fit(typed(train), outcomes)
    return model.predict_proba(typed(test))[:, 1]


def forest(train, outcomes, test, _):
    model = RandomForestClassifier(n_estimators=300, n_jobs=1, random_state=1)
    model.fit(train.fillna(-1e9), outcomes)
    return model.predict_proba(test.fillna(-1e9))[:, 1]


def weighted(outcomes, flagged):
    hits = (flagged & (outcomes == 1)).sum()
    precision = hits / max(flagged.sum(), 1)
    recall = hits / outcomes.sum()
    return 0.5 * precision + 0.3 * recall + 0.2 * 2 * hits / (flagged.sum() + outcomes.sum())


def best_threshold(outcomes, scores):
    precision, recall, thresholds = precision_recall_curve(outcomes, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return thresholds[np.argmax((0.5 * precision + 0.3 * recall + 0.2 * f1)[:-1])]


def chosen_threshold(fit, train, outcomes, categories):
    scores = np.zeros(len(outcomes))
    for inner, held in StratifiedKFold(5, shuffle=True, random_state=1).split(train, outcomes):
        scores[held] = fit(train.iloc[inner], outcomes[inner], train.iloc[held], categories)
    return best_threshold(outcomes, scores)


def calibration_error(outcomes, scores):
    parts = np.array_split(np.argsort(-scores, kind="stable"), 10)
    return sum(abs((outcomes[part] - scores[part]).sum()) for part in parts) / len(scores)


def judge(fit, features, categories, outcomes, within, fold_of):
    scores = np.zeros(len(outcomes))
    flagged = np.zeros(len(outcomes), bool)
    for fold in range(fold_of.max() + 1):
        inner, held = fold_of != fold, fold_of == fold
        train = features[inner]
        scores[held] = fit(train, outcomes[inner], features[held], categories)
        flagged[held] = scores[held] >= chosen_threshold(fit, train, outcomes[inner], categories)
    return [
        average_precision_score(outcomes, scores),
        roc_auc_score(outcomes[within], scores[within]) if within.any() else float("nan"),
        weighted(outcomes, flagged),
        calibration_error(outcomes, scores),
    ]


def own(path):
    """Tocsin's figures of each kind of model, as `evaluate --json` writes them."""
    names = ["average_precision", "auc_within", "f_weighted", "calibration_error"]
    of = lambda split: [split[name]["value"] if split[name] else float("nan") for name in names]
    return {f"tocsin {kind['kind']}": [of(split) for split in kind["splits"]] for kind in json.load(open(path))["kinds"]}


def main():
    features, categories, outcomes, within, folds = read(sys.argv[1])
    rows = own(sys.argv[2]) if len(sys.argv) > 2 else {}
    for name, fit in [("lightgbm", boosted), ("sklearn forest", forest)]:
        rows[name] = [judge(fit, features, categories, outcomes, within, fold_of) for fold_of in folds]
    print(f"{len(outcomes)} examples, {outcomes.sum()} positive, {features.shape[1]} features, {len(folds)} splits")
    print("| " + " | ".join(["mean over splits", *FIGURES]) + " |")
    print("|---" * (len(FIGURES) + 1) + "|")
    for name, splits in rows.items():
        print("| " + " | ".join([name, *(f"{mean:.4f}" for mean in np.mean(splits, axis=0))]) + " |")


if __name__ == "__main__":
    main()
