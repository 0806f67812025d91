"""Writes what every engine reads: registry, records, leads and a change log.

The same arguments give the same bytes. Rows are made and written in chunks, so
memory does not grow with their number.

  registry.csv        code,name
  records.csv         id,code,category,cents,date
  leads.csv           lead,account,code,cents,suspicion,bank,date
  batches.csv         batch,size: size is the number of changes
  record_changes.csv  batch,diff,id,code,category,cents,date
  lead_changes.csv    batch,diff,lead,account,code,cents,suspicion,bank,date

A change is a new row (+1), a withdrawn one (-1), or a correction (-1 of the old
row, then +1 of the new one with the same id).
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl

import query

CHUNK = 1_000_000
LEAD_SHARE = 20  # one lead for so many records
HOT_SHARE = 0.05
ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
INNER_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def credit_codes(index):
    """Unified social credit codes (GB 32100-2015) with both check characters."""
    codes = np.tile(np.frombuffer(b"91440300MA50000000", np.uint8), (len(index), 1))
    rest = index.astype(np.int64) * 7_919 % 31**5
    for at in range(15, 10, -1):
        codes[:, at] = ALPHABET[rest % 31]
        rest //= 31
    inner = codes[:, 8:16].astype(np.int64)
    inner = np.where(inner < 65, inner - 48, inner - 55) @ INNER_WEIGHTS
    digits = np.frombuffer(b"0123456789X0", np.uint8)
    codes[:, 16] = digits[11 - inner % 11]
    value = np.zeros(128, np.int64)
    value[ALPHABET] = np.arange(31)
    codes[:, 17] = ALPHABET[(31 - value[codes[:, :17]] @ WEIGHTS % 31) % 31]
    return codes.view("S18").reshape(-1)


def random_of(*seed):
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def enterprises_of(random, count, enterprises, hot):
    """Half of the rows evenly, half mostly of the first enterprises."""
    chosen = random.integers(0, enterprises, count)
    skewed = random.integers(0, enterprises, count) * random.integers(0, enterprises, count)
    chosen = np.where(random.integers(0, 2, count) == 1, chosen, skewed // enterprises)
    if hot:
        chosen[random.random(count) < HOT_SHARE] = 0
    return chosen


def cents_of(random, count):
    """Amounts of one cent to a hundred thousand yuan, small ones as often as large."""
    return random.integers(1, 1_001, count) * 10 ** random.integers(0, 5, count)


def records(seed, first, count, enterprises, hot):
    random = random_of(seed, 1, first)
    return {
        "id": np.arange(first, first + count),
        "enterprise": enterprises_of(random, count, enterprises, hot),
        "category": random.integers(0, query.CATEGORIES, count),
        "cents": cents_of(random, count),
        "date": random.integers(19_723, 20_089, count),
    }


def leads(seed, first, count, enterprises, hot):
    random = random_of(seed, 2, first)
    enterprise = enterprises_of(random, count, enterprises, hot)
    return {
        "lead": np.arange(first, first + count),
        "account": 6_217_000_000_000_000_000 + enterprise * 100 + random.integers(0, 5, count),
        "enterprise": enterprise,
        "cents": cents_of(random, count),
        "suspicion": random.integers(0, 101, count),
        "bank": random.integers(1, 21, count),
        "date": random.integers(19_723, 20_089, count),
    }


def frame(columns, codes):
    """As it is written: the code in place of the enterprise, days as dates."""
    made = {}
    for name, values in columns.items():
        if name == "enterprise":
            made["code"] = pl.Series(codes[values].astype(str))
        elif name == "date":
            made["date"] = pl.Series(values.astype(np.int32)).cast(pl.Date)
        else:
            made[name] = pl.Series(values)
    return pl.DataFrame(made)


class Writer:
    """Appends frames to one CSV file."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.header = True

    def write(self, rows):
        rows.write_csv(self.file, include_header=self.header)
        self.header = False

    def close(self):
        self.file.close()


def plan(arguments):
    """Size of each batch, in order."""
    counts = zip((1, 100, 10_000), map(int, arguments.batches.split(",")))
    return [size for size, count in counts for _ in range(count)]


def choose(arguments, sizes, lead_count):
    """Draws what each change is: (batch, table, kind, id). An id changes at most
    once in a batch; new rows get new ids."""
    random = random_of(arguments.seed, 3)
    changes, fresh = [], {"record": arguments.records, "lead": lead_count}
    live = {"record": arguments.records, "lead": lead_count}
    gone = {"record": set(), "lead": set()}
    for batch, size in enumerate(sizes):
        used = set()
        draws = random.random((size, 2))
        while draws.shape[0]:
            again = 0
            for of_table, of_kind in draws:
                table = "lead" if of_table < 0.2 else "record"
                kind = "correct" if of_kind < 0.7 else "insert" if of_kind < 0.9 else "withdraw"
                if kind == "insert":
                    row = fresh[table]
                    fresh[table] += 1
                else:
                    row = int(random.integers(0, live[table]))
                    if (table, row) in used or row in gone[table]:
                        again += 1
                        continue
                    if kind == "withdraw":
                        gone[table].add(row)
                used.add((table, row))
                changes.append((batch, table, kind, row))
            draws = random.random((again, 2))
    return changes


def gather(wanted, columns, into):
    """Keeps the rows of this chunk that a change will need."""
    first = int(next(iter(columns.values()))[0])
    last = first + len(next(iter(columns.values())))
    low, high = np.searchsorted(wanted, [first, last])
    names = list(columns)
    for row in wanted[low:high]:
        into[int(row)] = {name: int(columns[name][row - first]) for name in names}


def write_table(path, make, count, codes, wanted, arguments):
    """Writes a table; gives the rows that changes will need."""
    kept, writer = {}, Writer(path)
    for first in range(0, count, CHUNK):
        rows = make(arguments.seed, first, min(CHUNK, count - first), len(codes), arguments.hot)
        gather(wanted, rows, kept)
        writer.write(frame(rows, codes))
    writer.close()
    return kept


def fresh_row(random, table, row, old, enterprises):
    """The row as it is after the change: another amount always, now and then
    another category or enterprise."""
    make = leads if table == "lead" else records
    new = {name: int(values[0]) for name, values in
           make(int(random.integers(0, 2**31)), row, 1, enterprises, False).items()}
    if old is None:
        return new
    changed = dict(old, cents=new["cents"])
    chance = random.random()
    if table == "lead":
        changed.update(suspicion=new["suspicion"], bank=new["bank"])
    elif chance < 0.2:
        changed["category"] = new["category"]
    if chance > 0.95:
        changed["enterprise"] = new["enterprise"]
    return changed


def write_changes(folder, arguments, changes, live, codes):
    random = random_of(arguments.seed, 4)
    rows = {"record": [], "lead": []}
    for batch, table, kind, row in changes:
        old = live[table].get(row)
        if kind != "insert":
            rows[table].append({"batch": batch, "diff": -1, **old})
        if kind == "withdraw":
            del live[table][row]
            continue
        new = fresh_row(random, table, row, old, len(codes))
        live[table][row] = new
        rows[table].append({"batch": batch, "diff": 1, **new})
    for table, listed in rows.items():
        columns = {name: np.array([row[name] for row in listed], np.int64) for name in listed[0]}
        writer = Writer(folder / f"{table}_changes.csv")
        writer.write(frame(columns, codes))
        writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--enterprises", type=int, default=20_000)
    parser.add_argument("--batches", default="1000,100,20", help="of 1, 100 and 10,000 changes")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--hot", action="store_true", help="one enterprise has 5 %% of the rows")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    lead_count = max(arguments.records // LEAD_SHARE, 1)
    sizes = plan(arguments)
    codes = credit_codes(np.arange(arguments.enterprises))
    names = np.char.add("C", np.arange(arguments.enterprises).astype(str))
    pl.DataFrame({"code": codes.astype(str), "name": names}).write_csv(arguments.out / "registry.csv")
    changes = choose(arguments, sizes, lead_count)

    def wanted(table):
        return np.unique([c[3] for c in changes if c[1] == table and c[2] != "insert"]).astype(np.int64)

    tables = (("record", records, arguments.records), ("lead", leads, lead_count))
    live = {
        table: write_table(arguments.out / f"{table}s.csv", make, count, codes, wanted(table), arguments)
        for table, make, count in tables
    }
    pl.DataFrame({"batch": range(len(sizes)), "size": sizes}).write_csv(arguments.out / "batches.csv")
    write_changes(arguments.out, arguments, changes, live, codes)
    query.write_json(arguments.out / "scorecard.json")


if __name__ == "__main__":
    main()
