"""Writes REPORT.md: what the models and their alerts are worth, every figure with
its 95 % interval, seed and command.

    cargo build --release
    python3 benches/report/run.py --work /tmp/report --out benches/report/REPORT.md

Python's own library is enough. It runs `tocsin` as anybody would: trains every
kind of model on one simulated city, plays three fresh cities day by day under
the rule index and each of these models, and judges them by the cities' truth. With `--ccf2020` it also judges all kinds on that sample, and with
`--peers TABLE` it adds what `benches/peers/models/run.py` printed. `--bench FILE`
adds what `cargo bench --bench training` printed. What a step wrote below
`--work` is not computed again: remove it to start afresh. About an hour on two
cores.

Intervals: shares are Wilson's; medians are of 2,000 resamples of the schemes
(seed 1); figures of cross-validation are `evaluate`'s own, resampled by
enterprise.
"""

import argparse
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

MODELS = ["rule index", "scorecard", "forest", "blend"]
FIGURES = [
    ("average_precision", "average precision"),
    ("auc", "AUC"),
    ("auc_within", "AUC within sectors"),
    ("f_weighted", "0.5 P + 0.3 R + 0.2 F1"),
    ("brier", "Brier score"),
    ("calibration_error", "calibration error"),
    ("calibration_chance", "calibration error by chance alone"),
]


class Runner:
    """Runs each command once, and remembers it for the report."""

    def __init__(self, tocsin, work):
        self.tocsin, self.work = tocsin, work

    def run(self, name, arguments):
        """The output of `tocsin ARGUMENTS`, from the file NAME when it is there."""
        done = self.work / name
        if not done.exists():
            started = time.monotonic()
            print("tocsin " + " ".join(arguments), file=sys.stderr)
            part = done.with_suffix(".part")
            with open(part, "w") as out:
                subprocess.run([self.tocsin, *arguments], cwd=self.work, stdout=out, check=True)
            part.rename(done)
            print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr)
        return done.read_text()

    def json(self, name, arguments):
        return json.loads(self.run(name, arguments))


def shown(arguments):
    return "    tocsin " + " ".join(arguments)


def wilson(hits, of):
    """A share with its 95 % interval."""
    if of == 0:
        return "-"
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{share:.3f} ({max(0, middle - half):.3f} to {min(1, middle + half):.3f})"


def median(days):
    ordered = sorted(days)
    return ordered[len(ordered) // 2]


def resampled_median(days):
    """A median of days with its 95 % interval, by resampling."""
    if not days:
        return "-"
    lot = random.Random(1)
    medians = sorted(median(lot.choices(days, k=len(days))) for _ in range(2_000))
    return f"{median(days)} ({medians[50]} to {medians[1949]}; {len(days)} schemes)"


def of_interval(figure):
    if figure is None:
        return "-"
    return f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def cross_validated(kinds):
    """First split with its intervals, then the mean of all splits."""
    rows = []
    for key, name in FIGURES:
        # Figures that an older run wrote may lack one.
        if any(split.get(key) is None for kind in kinds for split in kind["splits"]):
            continue
        row = [name]
        for kind in kinds:
            values = [split[key]["value"] for split in kind["splits"]]
            row += [of_interval(kind["splits"][0][key]), f"{sum(values) / len(values):.4f}"]
        rows.append(row)
    head = ["figure"]
    for kind in kinds:
        head += [f"{kind['kind']}, first split", f"mean of {len(kind['splits'])} splits"]
    first = kinds[0]["splits"][0]
    said = f"{first['rows']} examples of {first['enterprises']} enterprises, {first['positives']} positive."
    return [said, "", *table(head, rows)]


def train(runner, options):
    city = ["demo", "--data", "training", "--enterprises", str(options.training), "--schemes", "1000",
            "--seed", str(options.train_seed), "--days-per-second", "12", "--once", "--listen", "127.0.0.1:0"]
    state = ["--config", "training/city/tocsin.toml", "--data", "training"]
    judge = ["evaluate", *state, "--json"]
    runner.run("training.txt", city)
    kinds = runner.json("evaluate.json", judge)["kinds"]
    commands = [shown(city), shown(judge)]
    # Every kind that there is; which of them are played is another matter.
    for kind in (kind["kind"] for kind in kinds):
        step = ["train", *state, "--kind", kind, "--out", f"{kind}.json"]
        runner.run(f"{kind}.txt", step)
        commands.append(shown(step))
    return ["## Trained on a simulated city", "", *commands, "", *cross_validated(kinds)]


def played(runner, options, seed, model):
    """The report by the truth of one city under one model."""
    name = f"city-{seed}-{model.replace(' ', '-')}"
    data = runner.work / "state"
    demo = ["demo", "--once", "--data", "state", "--enterprises", str(options.enterprises),
            "--schemes", str(options.schemes), "--days-per-second", "40", "--seed", str(seed), "--listen", "127.0.0.1:0"]
    if model != "rule index":
        demo += ["--model", f"{model}.json"]
    judge = ["evaluate", "--json", "--config", "state/city/tocsin.toml", "--data", "state",
             "--truth", "state/city/truth.csv"]
    if not (runner.work / f"{name}.json").exists():
        shutil.rmtree(data, ignore_errors=True)
        (runner.work / f"{name}.txt").unlink(missing_ok=True)
        runner.run(f"{name}.txt", demo)
    report = runner.json(f"{name}.json", judge)
    (runner.work / f"{name}.txt").unlink(missing_ok=True)
    return report, [shown(demo), shown(judge)]


def counted(reports, depth):
    """Members of schemes among the first `depth` of each city, and the places."""
    hits = sum(count for report in reports for at, _, count in report["precision"] if at == depth)
    return hits, sum(min(depth, report["alerted"]) for report in reports)


def cities(runner, options):
    judged, commands = {}, []
    for seed in options.seeds:
        for model in options.models:
            report, ran = played(runner, options, seed, model)
            judged.setdefault(model, []).append(report)
            if seed == options.seeds[0]:
                commands += ran
    of = lambda figure: [str(figure(judged[model])) for model in options.models]
    each = lambda key: of(lambda reports: ", ".join(str(report[key]) for report in reports))
    rows = [["members of schemes, by seed", *each("members")],
            ["enterprises with an alert, by seed", *each("alerted")],
            ["of them yellow or higher, by seed", *each("with_task")]]
    for depth in [50, 100, 200]:
        rows.append([f"precision at {depth}", *of(lambda reports: wilson(*counted(reports, depth)))])
    members = lambda reports: sum(report["members"] for report in reports)
    rows.append(["members among the first 200",
                 *of(lambda reports: wilson(counted(reports, 200)[0], members(reports)))])
    for key, what in [("before_complaint", "first complaint"), ("before_collapse", "collapse")]:
        days = lambda reports: [found[key] for report in reports for found in report["schemes"] if found[key] is not None]
        rows.append([f"median days from yellow to {what}", *of(lambda reports: resampled_median(days(reports)))])
    schemes = lambda reports: [found for report in reports for found in report["schemes"]]
    share = lambda told: lambda reports: wilson(sum(map(told, schemes(reports))), len(schemes(reports)))
    rows.append(["schemes with any alert", *of(share(lambda found: found["seen"]))])
    rows.append(["schemes with a yellow alert", *of(share(lambda found: found["with_task"]))])
    rows.append(["... before the collapse", *of(share(lambda found: (found["before_collapse"] or 0) > 0))])
    for typology in sorted({found["typology"] for found in schemes(judged[options.models[0]])}):
        recall = lambda reports: yellow_of(schemes(reports), typology)
        rows.append([f"recall of {typology}", *of(recall)])
    for kind in sorted(judged[options.models[0]][0]["lawful"]):
        rows.append([f"yellow though lawful: {kind}", *of(lambda reports: false_alerts(reports, kind))])
    seeds = ", ".join(map(str, options.seeds))
    return ["## By the truth of fresh cities", "",
            f"{options.enterprises:,} enterprises, two years day by day, seeds {seeds}. Of 100,000 enterprises {options.schemes} "
            "belong to a scheme: more than in life, so that there are enough to tell models apart; precision at a "
            "depth is to be read beside the number of members. The commands of the first:", "",
            *commands, "", *table(["figure", *options.models], rows)]


def yellow_of(schemes, typology):
    told = [found["with_task"] for found in schemes if found["typology"] == typology]
    return f"{sum(told)} of {len(told)}; {wilson(sum(told), len(told))}"


def false_alerts(reports, kind):
    """How many of the lawful that look alike had a task; of the ordinary nobody counts all."""
    told, of = (sum(report["lawful"].get(kind, {}).get(name) or 0 for report in reports)
                for name in ["with_task", "members"])
    return f"{told} of {of}; {wilson(told, of)}" if of else str(told)


def sample(runner, options):
    """Both kinds on the labelled sample."""
    judge = ["evaluate", "--config", str(options.ccf2020.resolve()), "--json"]
    text = ["## On the labelled sample ccf2020", "", "    tocsin evaluate --config testdata/ccf2020/tocsin.toml --json", "",
            *cross_validated(runner.json("ccf2020.json", judge)["kinds"])]
    if options.peers:
        text += ["", "What others reach in the same folds, from the same features (`benches/peers/models/run.py`):", "",
                 options.peers.read_text().rstrip()]
    return text


def costs(options):
    """What the bench printed: what one enterprise costs as a table, then all of it."""
    printed = options.bench.read_text().rstrip().splitlines()
    kinds, rows = [], {}
    for line in printed:
        if not line.startswith(" "):
            kinds.append(line)
        elif (cost := re.fullmatch(r"  (.+): (\d+) ns", line)) and kinds:
            rows.setdefault(cost[1], {})[kinds[-1]] = int(cost[2])
    shown = lambda of: "-" if of is None else f"{of:,} ns" if of < 10_000 else f"{of / 1000:,.0f} µs"
    costs = [[what, *(shown(of.get(kind)) for kind in kinds)] for what, of in rows.items()]
    return ["## What it costs", "", "One enterprise, the fastest of 20 rounds; all that the bench printed is below.", "",
            *table(["of one enterprise", *kinds], costs), "", "    cargo bench --bench training -- 100000 200", "",
            *("    " + line for line in printed)]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", default=shutil.which("tocsin") or "target/release/tocsin")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[301, 302, 303])
    parser.add_argument("--train-seed", type=int, default=101)
    parser.add_argument("--training", type=int, default=150_000, help="enterprises of the training city")
    parser.add_argument("--enterprises", type=int, default=30_000, help="enterprises of each fresh city")
    parser.add_argument("--schemes", type=int, default=400, help="of 100,000 enterprises of a fresh city so many belong to a scheme")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS, help="those played on the fresh cities")
    parser.add_argument("--ccf2020", type=Path, help="testdata/ccf2020/tocsin.toml, where the sample is there")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--bench", type=Path)
    return parser.parse_args()


def main():
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    runner = Runner(os.path.abspath(options.tocsin), options.work.resolve())
    version = subprocess.run([runner.tocsin, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    text = ["# What the models are worth", "",
            f"Written by `benches/report/run.py` with {version}; do not edit. Intervals are of 95 %.", ""]
    if options.ccf2020:
        text += [*sample(runner, options), ""]
    text += [*train(runner, options), "", *cities(runner, options), ""]
    if options.bench:
        text += [*costs(options), ""]
    options.out.write_text("\n".join(text))


if __name__ == "__main__":
    main()
