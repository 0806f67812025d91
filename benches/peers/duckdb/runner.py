"""DuckDB: tables in memory; every answer is computed anew."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import duckdb
import harness
import query

COUNTS = ", ".join(
    f"count(*) FILTER (category = {c}) AS n{c}, "
    f"CAST(sum(cents) FILTER (category = {c}) AS BIGINT) AS s{c}"
    for c in range(query.CATEGORIES)
)
FILLED = ", ".join(f"coalesce({name}, 0) AS {name}" for name in query.FIGURES)
ANSWER = f"""
CREATE OR REPLACE TABLE answer AS
SELECT code, {query.score_sql()} AS score FROM (
  SELECT code, {FILLED} FROM registry
  LEFT JOIN (SELECT code, {COUNTS} FROM records GROUP BY code) USING (code)
  LEFT JOIN (
    SELECT code, count(*) AS lead_n, CAST(sum(cents) AS BIGINT) AS lead_sum,
           max(suspicion) AS lead_max, count(DISTINCT bank) AS lead_banks
    FROM leads GROUP BY code
  ) USING (code)
)
"""
CROSSING = f"SELECT code FROM answer WHERE score >= {query.THRESHOLD}"
TABLES = {
    "registry": "code VARCHAR, name VARCHAR",
    "records": "id BIGINT, code VARCHAR, category TINYINT, cents BIGINT, date DATE",
    "leads": "lead BIGINT, account BIGINT, code VARCHAR, cents BIGINT, suspicion TINYINT, "
    "bank TINYINT, date DATE",
}
CHANGES = {"records": ("record_changes", "id"), "leads": ("lead_changes", "lead")}


def load(base, name, columns, path):
    pairs = ", ".join("'{}': '{}'".format(*column.split()) for column in columns.split(", "))
    base.execute(
        f"CREATE TABLE {name} AS FROM read_csv('{path}', header = true, columns = {{{pairs}}})"
    )


def answer(base):
    base.execute(ANSWER)
    return base.execute(CROSSING).fetchnumpy()


def digest(base):
    rows = base.execute("SELECT code, score FROM answer").fetchnumpy()
    return query.digest_arrays(rows["code"].astype("S18"), rows["score"])


def apply(base, batch):
    base.execute("BEGIN")
    for table, (changes, key) in CHANGES.items():
        base.execute(
            f"DELETE FROM {table} WHERE {key} IN "
            f"(SELECT {key} FROM {changes} WHERE batch = ? AND diff < 0)", [batch]
        )
        base.execute(
            f"INSERT INTO {table} SELECT * EXCLUDE (batch, diff) FROM {changes} "
            "WHERE batch = ? AND diff > 0", [batch]
        )
    base.execute("COMMIT")


def main():
    arguments = harness.arguments()
    report = harness.Report("duckdb", arguments.folder)
    base = duckdb.connect(config={"threads": 2})
    for name, columns in TABLES.items():
        load(base, name, columns, arguments.folder / f"{name}.csv")
    answer(base)
    report.loaded()
    report.check(digest(base))
    for table, (changes, _) in CHANGES.items():
        columns = "batch INTEGER, diff TINYINT, " + TABLES[table]
        load(base, changes, columns, arguments.folder / f"{changes}.csv")
    chosen = harness.answered(report.oracle, arguments.answers)
    for batch in range(len(report.oracle["batches"])):
        started = time.perf_counter()
        apply(base, batch)
        if batch in chosen:
            answer(base)
            report.batch(batch, time.perf_counter() - started)
            report.check(digest(base), batch)
    report.write(arguments.out)


main()
