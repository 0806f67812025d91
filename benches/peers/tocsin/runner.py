"""Tocsin: the same files by the real pipeline, validated, landed and committed.

Writes a configuration beside the files, lets `tocsin bench --peers` load them and
play the change log (in this process's child, so that no HTTP client is timed), and
then reads what was published from the state directory, epoch by epoch: the scores
of every epoch are compared with the oracle, not what the engine says of them.

A correction is pushed as the new row alone: the key tells which row goes. A
withdrawal is pushed as the row with -1 cents, which the declaration reads as such.

With PEERS_IN_FLIGHT=n so many batches are on their way before the first of them is
answered; those that wait become one epoch, so answers are compared where an epoch
ends with a batch.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import polars as pl
import harness
import query

SCALE = 10_000  # stored units of a value
LETTERS = "ABCDE"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]


def category_of(name):
    return LETTERS[int(name[1:]) // 2] if name[1:].isdigit() else "H"


def model():
    """The scorecard as the engine reads it."""
    features = []
    for name, cuts, weights in query.SCORECARD:
        edges = [None, *(cut * SCALE for cut in cuts), None]
        bins = [{"missing": True, "weight": 0}]
        for place, weight in enumerate([0, *weights]):
            bins.append({"from": edges[place], "to": edges[place + 1], "weight": weight})
        features.append({"name": name, "category": category_of(name), "kind": "number", "bins": bins})
    return {
        "format": 1, "version": "", "kind": "scorecard", "intercept": query.INTERCEPT,
        "provenance": {"data_hash": "", "config_hash": "", "created": "", "note": "expert"},
        "anchors": [[4000, -2944439], [6000, query.THRESHOLD], [7000, -405465], [8000, 847298]],
        "features": features,
    }


def prepare(folder, work):
    """Configuration, links to the files, and the change log as pushes, one file a
    batch and table."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(Path(__file__).parent / "config", work)
    (work / "model.json").write_text(json.dumps(model()))
    (work / "landing").mkdir()
    for name in ("registry", "records", "leads"):
        (work / "landing" / f"{name}.csv").symlink_to(folder.resolve() / f"{name}.csv")
    (work / "pushes").mkdir()
    headers = ("id,code,category,cents,date", "lead,account,code,cents,suspicion,bank,date")
    for batch, tables in harness.change_log(folder).items():
        for name, header, rows in zip(("records", "leads"), headers, tables):
            latest = {}
            cents = header.split(",").index("cents")
            for sign, row in rows:
                latest[row[0]] = row if sign > 0 else [*row[:cents], "-1", *row[cents + 1:]]
            lines = [",".join(row) for row in latest.values()]
            if lines:
                path = work / "pushes" / f"{batch:06}-{name}.csv"
                path.write_text("\n".join([header, *lines, ""]))


def code_of(key):
    """The credit code in a key of 16 bytes: base 31, the last character checks."""
    packed, digits = int.from_bytes(key[1:], "big"), []
    for _ in range(17):
        packed, digit = divmod(packed, 31)
        digits.insert(0, digit)
    check = (31 - sum(d * w for d, w in zip(digits, WEIGHTS)) % 31) % 31
    return "".join(ALPHABET[digit] for digit in [*digits, check])


def published(state):
    """{epoch: [(enterprise, score)]}: small epochs are in the store, large ones in
    files of their own."""
    epochs = {}
    base = sqlite3.connect(f"file:{state / 'tocsin.db'}?mode=ro", uri=True)
    for key, epoch, points in base.execute("SELECT enterprise, epoch, log_odds FROM score_history"):
        epochs.setdefault(epoch, []).append((key, points))
    for path in sorted((state / "history").glob("*.parquet")):
        rows = pl.read_parquet(path, columns=["enterprise", "epoch", "log_odds"])
        for key, epoch, points in rows.iter_rows():
            epochs.setdefault(epoch, []).append((key, points))
    return epochs


def check(report, told, state):
    """The published scores after the load and after every batch."""
    epochs, answer, codes = published(state), harness.Answer(), {}
    last = 0

    def advance(to):
        nonlocal last
        for epoch in range(last + 1, to + 1):
            for key, points in epochs.pop(epoch, []):
                code = codes.get(key) or codes.setdefault(key, code_of(key))
                answer.set(code, points)
        last = max(last, to)
        return answer.digest.list()

    report.check(advance(told["loaded"]))
    for number, batch in enumerate(told["batches"]):
        if batch["epoch"] is not None:
            report.check(advance(batch["epoch"]), number)
    if epochs:
        report.told["faults"].append(f"epochs of no batch: {sorted(epochs)[:5]}")


def main():
    arguments = harness.arguments()
    fsync = os.environ.get("PEERS_FSYNC", "0") == "1"
    work = Path(arguments.out).with_suffix(".tocsin")
    prepare(arguments.folder, work)
    in_flight = os.environ.get("PEERS_IN_FLIGHT")
    name = "tocsin with fsync" if fsync else "tocsin"
    name += f", {in_flight} batches in flight" if in_flight else ""
    report = harness.Report(name, arguments.folder)
    command = [os.environ["TOCSIN"], "bench", "--peers", str(work)]
    command += [] if fsync else ["--no-fsync"]
    command += ["--in-flight", in_flight] if in_flight else []
    subprocess.run(command, check=True)
    told = json.loads((work / "told.json").read_text())
    report.told["load"] = told["load"]
    for number, batch in enumerate(told["batches"]):
        report.batch(number, batch["ms"] / 1e3)
        timed = {key: batch[key] for key in ("idle_ms", "until_ms") if key in batch}
        report.told["batches"][-1].update(timed)
    check(report, told, work / "state")
    report.told.update(peak=told["peak"], cpu=told["cpu"])
    Path(arguments.out).write_text(json.dumps(report.told))
    shutil.rmtree(work)


main()
