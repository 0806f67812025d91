"""Pathway: one incremental graph, two worker threads.

The files are read by its CSV connector, the change log by a connector in this
process that commits after every batch. A row of another connector cannot be taken
back, so every row has a `sign`, and the query sums it: a suspicion or a bank counts
while the sum of its rows is above 0.
"""

import os
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("PATHWAY_THREADS", "2")
sys.path.insert(0, str(Path(__file__).parent.parent))
import pathway as pw
import harness
import query

# Time stands still until every connector has committed, so this one does so by
# itself too; batches are committed at once.
COMMIT_MS = 20


class Record(pw.Schema):
    code: str
    category: int
    cents: int


class Lead(pw.Schema):
    code: str
    cents: int
    suspicion: int
    bank: int


class Registry(pw.Schema):
    code: str


class Change(Lead):
    """A record has category -1 where it is a lead, and the other way round."""

    category: int
    sign: int


class Changes(pw.io.python.ConnectorSubject):
    """Hands on what the main thread puts in; ends when that ends."""

    def __init__(self):
        super().__init__()
        self.begun, self.over = threading.Event(), threading.Event()

    def run(self):
        self.begun.set()
        self.over.wait()

    @property
    def _deletions_enabled(self):
        return False


def points(card, row):
    total = query.INTERCEPT
    for name, cuts, weights in card:
        weight = 0
        for cut, value in zip(cuts, weights):
            weight = pw.if_else(row[name] >= cut, value, weight)
        total = total + weight
    return total


def graph(folder, subject):
    changes = pw.io.python.read(subject, schema=Change, autocommit_duration_ms=COMMIT_MS)
    registry = pw.io.csv.read(folder / "registry.csv", schema=Registry, mode="static")
    records = pw.io.csv.read(folder / "records.csv", schema=Record, mode="static")
    leads = pw.io.csv.read(folder / "leads.csv", schema=Lead, mode="static")
    records = pw.Table.concat_reindex(
        records.with_columns(sign=1),
        changes.filter(changes.category >= 0)[["code", "category", "cents", "sign"]],
    )
    leads = pw.Table.concat_reindex(
        leads.with_columns(sign=1),
        changes.filter(changes.category < 0)[["code", "cents", "suspicion", "bank", "sign"]],
    )
    sums = {}
    for c in range(query.CATEGORIES):
        of = records.category == c
        sums[f"n{c}"] = pw.reducers.sum(pw.if_else(of, records.sign, 0))
        sums[f"s{c}"] = pw.reducers.sum(pw.if_else(of, records.sign * records.cents, 0))
    of_records = records.groupby(records.code).reduce(records.code, **sums)
    amounts = leads.groupby(leads.code).reduce(
        leads.code, lead_n=pw.reducers.sum(leads.sign),
        lead_sum=pw.reducers.sum(leads.sign * leads.cents),
    )
    suspicions = leads.groupby(leads.code, leads.suspicion).reduce(
        leads.code, leads.suspicion, rows=pw.reducers.sum(leads.sign)
    )
    suspicions = suspicions.filter(suspicions.rows > 0)
    highest = suspicions.groupby(suspicions.code).reduce(
        suspicions.code, lead_max=pw.reducers.max(suspicions.suspicion)
    )
    banks = leads.groupby(leads.code, leads.bank).reduce(
        leads.code, leads.bank, rows=pw.reducers.sum(leads.sign)
    )
    banks = banks.filter(banks.rows > 0)
    distinct = banks.groupby(banks.code).reduce(banks.code, lead_banks=pw.reducers.count())
    rows = registry
    for right in (of_records, amounts, highest, distinct):
        names = [name for name in right.column_names() if name != "code"]
        rows = rows.join_left(right, rows.code == right.code).select(
            *[rows[name] for name in rows.column_names()],
            **{name: pw.coalesce(right[name], 0) for name in names},
        )
    scores = rows.select(rows.code, score=points(query.SCORECARD, rows))
    return scores, scores.filter(scores.score >= query.THRESHOLD)


class Listener:
    """Keeps the answer, and wakes who waits for a digest."""

    def __init__(self):
        self.answer, self.crossing = harness.Answer(), set()
        self.changed = threading.Condition()

    def score(self, key, row, time, is_addition):
        if is_addition:
            self.answer.set(row["code"], row["score"])
        elif self.answer.scores.get(row["code"]) == row["score"]:
            self.answer.drop(row["code"])

    def cross(self, key, row, time, is_addition):
        item = (row["code"], row["score"])
        (self.crossing.add if is_addition else self.crossing.discard)(item)

    def end(self, time):
        with self.changed:
            self.changed.notify_all()

    def wait(self, digest, seconds):
        """Until the answer is `digest`; whether it came to be."""
        with self.changed:
            return self.changed.wait_for(lambda: self.answer.digest.list() == digest, seconds)


def feed(report, listener, subject):
    oracle = report.oracle
    listener.wait(oracle["loaded"], float(os.environ.get("LOAD_SECONDS", 3_600)))
    report.loaded()
    report.check(listener.answer.digest.list())
    log = harness.change_log(report.folder)
    for batch in range(len(oracle["batches"])):
        records, leads = log.get(batch, ([], []))
        told = oracle["batches"][batch]
        started = time.perf_counter()
        for sign, (_, code, category, cents, _) in records:
            subject.next(code=code, category=int(category), cents=int(cents), suspicion=-1,
                         bank=-1, sign=sign)
        for sign, (_, _, code, cents, suspicion, bank, _) in leads:
            subject.next(code=code, category=-1, cents=int(cents), suspicion=int(suspicion),
                         bank=int(bank), sign=sign)
        subject.commit()
        listener.wait(told["digest"], 60)
        # What changes no score cannot be seen to be done.
        if told["moved"]:
            report.batch(batch, time.perf_counter() - started)
        report.check(listener.answer.digest.list(), batch)
    subject.over.set()


def main():
    arguments = harness.arguments()
    report = harness.Report("pathway", arguments.folder)
    subject = Changes()
    scores, crossing = graph(arguments.folder, subject)
    listener = Listener()
    pw.io.subscribe(scores, listener.score, on_time_end=listener.end)
    pw.io.subscribe(crossing, listener.cross)
    feeder = threading.Thread(target=feed, args=(report, listener, subject), daemon=True)
    feeder.start()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    feeder.join()
    if len(listener.crossing) != listener.answer.digest.values[3]:
        report.told["faults"].append("the crossing rows are not those of the scores")
    report.write(arguments.out)


main()
