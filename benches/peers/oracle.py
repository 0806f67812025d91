"""The exact answer after the load and after every batch, by plain counting.

Reads the generated files row by row, keeps every enterprise's figures in lists
of Python's unbounded integers, and writes `oracle.json`: a digest (see
`query.Digest`) after the load and after each batch, and of each batch the rows
of its answer that changed. It shares with the engines the scorecard's table and
nothing else.
"""

import csv
import json
import sys
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

import query


class Enterprise:
    __slots__ = ("counts", "sums", "leads", "amount", "suspicions", "banks")

    def __init__(self):
        self.counts = [0] * query.CATEGORIES
        self.sums = [0] * query.CATEGORIES
        self.leads = self.amount = 0
        self.suspicions = self.banks = None

    def record(self, category, cents, diff):
        self.counts[category] += diff
        self.sums[category] += diff * cents

    def lead(self, cents, suspicion, bank, diff):
        if self.suspicions is None:
            self.suspicions, self.banks = Counter(), Counter()
        self.leads += diff
        self.amount += diff * cents
        self.suspicions[suspicion] += diff
        self.banks[bank] += diff

    def score(self):
        highest, banks = 0, 0
        if self.suspicions is not None:
            highest = max((s for s, n in self.suspicions.items() if n), default=0)
            banks = sum(n > 0 for n in self.banks.values())
        return query.score([*self.counts, *self.sums, self.leads, self.amount, highest, banks])


def rows(path):
    with open(path, newline="") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def main(folder):
    enterprises = {code: Enterprise() for code, _ in rows(folder / "registry.csv")}
    for _, code, category, cents, _ in rows(folder / "records.csv"):
        enterprises[code].record(int(category), int(cents), 1)
    for _, _, code, cents, suspicion, bank, _ in rows(folder / "leads.csv"):
        enterprises[code].lead(int(cents), int(suspicion), int(bank), 1)
    digest = query.Digest()
    scores = {code: enterprise.score() for code, enterprise in enterprises.items()}
    for code, points in scores.items():
        digest.add(code, points)
    loaded = digest.list()

    changes = defaultdict(list)
    for batch, diff, _, code, category, cents, _ in rows(folder / "record_changes.csv"):
        changes[int(batch)].append((code, "record", (int(category), int(cents), int(diff))))
    for batch, diff, _, _, code, cents, suspicion, bank, _ in rows(folder / "lead_changes.csv"):
        said = (int(cents), int(suspicion), int(bank), int(diff))
        changes[int(batch)].append((code, "lead", said))
    after = []
    for batch, size in rows(folder / "batches.csv"):
        moved = 0
        for code, told in groupby(sorted(changes[int(batch)]), lambda change: change[0]):
            enterprise = enterprises[code]
            for _, what, said in told:
                getattr(enterprise, what)(*said)
            old, new = scores[code], enterprise.score()
            if old != new:
                digest.add(code, old, -1)
                digest.add(code, new)
                scores[code] = new
                moved += 1
        after.append({"size": int(size), "moved": moved, "digest": digest.list()})
    answer = {"names": query.Digest.NAMES, "loaded": loaded, "batches": after}
    (folder / "oracle.json").write_text(json.dumps(answer))
    print(f"loaded: {dict(zip(query.Digest.NAMES, loaded))}; {len(after)} batches")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
