#!/usr/bin/env python3
"""Writes a city in which every enterprise has an outcome and N features, to measure the command `tocsin train`.

    python3 benches/training/generate.py --out /tmp/wide --enterprises 1000000 --features 200
    tocsin run --once --no-fsync --config /tmp/wide/tocsin.toml --data /tmp/wide/state
    /usr/bin/time -v tocsin train --config /tmp/wide/tocsin.toml --data /tmp/wide/state --out /tmp/wide/card.json

Values are those of `cargo bench --bench training`: one in ten is missing, a third are counts that are
mostly 0, a third codes, one in six has a million different values, one in six a thousand. What is not
measured finely comes from a stock of pieces of lines, so that a million enterprises take a minute.
The outcome follows from two counts, one fine value and noise; some one in twenty is positive.
The run has a model that weighs one feature: it is there to take the records in. It needs more memory
than the training, as every value of every enterprise is a fact.
"""

import argparse
import random
from pathlib import Path

WIDTH = 50  # attributes of a source
STOCK = 4096  # pieces of lines to draw from
SOURCE = """agency = "{agency}"
resource = "{resource}"
basis = "generated"
purpose = "measuring"
sensitivity = "L1"
format = {{ type = "csv", encoding = "utf-8" }}
path = "{path}"
mode = "upsert"
key = ["id"]
{registers}
[columns]
id = {{ type = "text", required = true }}
{columns}

[enterprise]
id = "id"

{says}"""
OUTCOME = """[outcome]
positive = "positive = 1"
"""
HEAD = """[inputs]
root = "landing"

[clock]
type = "fixed"
at = "2025-07-01"

[model]
artifact = "first.json"
"""


def kind(feature):
    return "category" if feature % 3 == 2 else "number"


def coarse(random_, feature):
    """A value that is not measured finely, as text; empty: missing, or nothing to count."""
    if random_.random() < 0.1:
        return ""
    value = {0: max(random_.randrange(40) - 35, 0), 3: max(random_.randrange(40) - 35, 0),
                4: random_.randrange(1000)}.get(feature % 6, random_.randrange(60))
    return str(value or "")


def is_fine(feature):
    return feature % 6 == 1


def declare(out, place, features):
    names = [f"f{feature}" for feature in features]
    text = SOURCE.format(agency=f"bureau {place}", resource="register" if place == 0 else f"figures {place}",
                         path=f"figures-{place}.csv", registers="registers = true\n" if place == 0 else "",
                         columns="\n".join(f'{name} = "integer"' for name in names),
                         says="\n".join(f'[[attribute]]\nname = "{name}"\nvalue = "{name}"\n' for name in names))
    (out / "sources" / "market" / f"figures_{place}.toml").write_text(text)


def declare_all(out, blocks):
    for folder in ("sources/market", "sources/office", "landing"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for place, features in enumerate(blocks):
        declare(out, place, features)
    outcome = SOURCE.format(agency="office", resource="findings", path="outcomes.csv", registers="",
                            columns='positive = { type = "integer", required = true }', says=OUTCOME)
    (out / "sources" / "office" / "outcome.toml").write_text(outcome)
    every = [feature for features in blocks for feature in features]
    (out / "features.toml").write_text("\n".join(
        f'[[feature]]\nname = "f{f}"\ncategory = "{"ABCDEFGHR"[f % 9]}"\nfrom = "f{f}"\naggregate = "latest"\n'
        f'kind = "{kind(f)}"\ntitle = "f{f}"\n' for f in every))
    (out / "tocsin.toml").write_text(HEAD)
    cards = ", ".join(first(f) for f in every)
    (out / "first.json").write_text(f'{{"format": 1, "kind": "scorecard", "intercept": -3000000, "features": [{cards}]}}\n')


def first(feature):
    """Bins of a feature that say nothing."""
    rest = '{"from": null, "to": null, "weight": 0}' if kind(feature) == "number" else '{"other": true, "weight": 0}'
    return (f'{{"name": "f{feature}", "category": "{"ABCDEFGHR"[feature % 9]}", "kind": "{kind(feature)}", '
            f'"bins": [{{"missing": true, "weight": 0}}, {rest}]}}')


def write(out, blocks, enterprises, seed):
    """One file a source, and the outcomes; of the first block what decides them is drawn apart."""
    random_ = random.Random(seed)
    positive = bytearray(enterprises)
    for place, features in enumerate(blocks):
        plain = [f for f in features if not is_fine(f)]
        fine = [f for f in features if is_fine(f)]
        # With each piece how much it speaks for a positive outcome.
        stock = []
        for _ in range(STOCK):
            values = [coarse(random_, f) for f in plain]
            stock.append((sum(value not in ("", "0") for value, f in zip(values, plain) if f in (0, 3)), ",".join(values)))
        with open(out / "landing" / f"figures-{place}.csv", "w") as file:
            file.write(",".join(["id", *(f"f{f}" for f in plain + fine)]) + "\n")
            for enterprise in range(enterprises):
                weight, piece = stock[int(random_.random() * STOCK)]
                drawn = [int(random_.random() * 1_111_111) for _ in fine]
                tail = ",".join("" if value >= 1_000_000 else str(value) for value in drawn)
                file.write(f"E{enterprise},{piece}{',' if plain and fine else ''}{tail}\n")
                if place == 0:
                    weight += bool(drawn and 500_000 <= drawn[0] < 1_000_000)
                    positive[enterprise] = random_.random() < (0.01, 0.04, 0.15, 0.4)[weight]
    with open(out / "landing" / "outcomes.csv", "w") as file:
        file.write("id,positive\n")
        file.writelines(f"E{enterprise},{positive[enterprise]}\n" for enterprise in range(enterprises))
    return sum(positive)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--enterprises", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    every = range(options.features)
    blocks = [every[start:start + WIDTH] for start in range(0, options.features, WIDTH)]
    declare_all(options.out, blocks)
    positive = write(options.out, blocks, options.enterprises, options.seed)
    print(f"{options.enterprises} enterprises, {positive} positive, {options.features} features in {len(blocks)} sources")


if __name__ == "__main__":
    main()
