"""Flink: one SQL job, run by `Peer.java` on the jars that the Python package ships."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import pyflink
import harness
import query

# For so long Flink gathers rows before it works on them.
BUNDLE_MS = os.environ.get("PEERS_FLINK_BUNDLE_MS", "2")
HEAP = os.environ.get("PEERS_FLINK_HEAP", "12g")
# What Flink's own start script opens to its serialisers.
OPENS = "java.base/java.lang java.base/java.net java.base/java.io java.base/java.nio "
OPENS += "java.base/java.math java.base/java.time java.base/java.text java.base/java.util "
OPENS += "java.base/java.lang.reflect java.base/sun.nio.ch java.base/java.util.concurrent "
OPENS += "java.base/java.util.concurrent.atomic java.base/java.util.concurrent.locks"


def table(name, columns, path):
    """A CSV file; its header is a row whose numbers cannot be read."""
    return (
        f"CREATE TEMPORARY TABLE {name} ({columns}) WITH ('connector' = 'filesystem', "
        f"'path' = 'file://{path}', 'format' = 'csv', 'csv.ignore-parse-errors' = 'true')"
    )


def statements(folder):
    counts = ", ".join(
        f"COUNT(*) FILTER (WHERE category = {c}) AS n{c}, "
        f"SUM(cents) FILTER (WHERE category = {c}) AS s{c}"
        for c in range(query.CATEGORIES)
    )
    filled = ", ".join(f"COALESCE({name}, 0) AS {name}" for name in query.FIGURES)
    yield table("registry_file", "code STRING, name STRING", folder / "registry.csv")
    yield table("records_file", "id BIGINT, code STRING, category INT, cents BIGINT, "
                "`day` STRING", folder / "records.csv")
    yield table("leads_file", "lead_id BIGINT, account BIGINT, code STRING, cents BIGINT, "
                "suspicion INT, bank INT, `day` STRING", folder / "leads.csv")
    yield ("CREATE TEMPORARY VIEW records AS SELECT code, category, cents FROM records_file "
           "WHERE id IS NOT NULL UNION ALL SELECT code, category, cents FROM changes "
           "WHERE category >= 0")
    yield ("CREATE TEMPORARY VIEW leads AS SELECT code, cents, suspicion, bank FROM leads_file "
           "WHERE lead_id IS NOT NULL UNION ALL SELECT code, cents, suspicion, bank FROM changes "
           "WHERE category < 0")
    yield f"CREATE TEMPORARY VIEW of_records AS SELECT code, {counts} FROM records GROUP BY code"
    yield ("CREATE TEMPORARY VIEW of_leads AS SELECT code, COUNT(*) AS lead_n, "
           "SUM(cents) AS lead_sum, MAX(suspicion) AS lead_max, "
           "COUNT(DISTINCT bank) AS lead_banks FROM leads GROUP BY code")
    yield ("CREATE TEMPORARY VIEW registry AS SELECT code, COUNT(*) AS rows_of FROM registry_file "
           "WHERE code <> 'code' GROUP BY code")
    yield (f"CREATE TEMPORARY VIEW figures AS SELECT registry.code AS code, {filled} FROM registry "
           "LEFT JOIN of_records ON registry.code = of_records.code "
           "LEFT JOIN of_leads ON registry.code = of_leads.code")
    yield f"SELECT code, {query.score_sql()} AS score FROM figures"


def compile_job(jars, target):
    target.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).parent / "Peer.java"
    subprocess.run(["javac", "-nowarn", "-cp", jars, "-d", str(target), str(source)], check=True)


def main():
    arguments = harness.arguments()
    folder = arguments.folder.resolve()
    jars = str(Path(pyflink.__file__).parent / "lib" / "*")
    work = Path(arguments.out).with_suffix(".flink")
    compile_job(jars, work / "classes")
    (work / "job.sql").write_text(";\n".join(statements(folder)))
    report = harness.Report("flink", folder)
    oracle = report.oracle
    digests = [oracle["loaded"]] + [batch["digest"] for batch in oracle["batches"]]
    lines = [str(query.THRESHOLD)] + [" ".join(map(str, digest)) for digest in digests]
    (work / "digests").write_text("\n".join(lines))
    command = ["java", f"-Xmx{HEAP}", "-XX:+UseParallelGC"]
    for package in OPENS.split():
        command += ["--add-opens", f"{package}=ALL-UNNAMED"]
    command += ["-cp", f"{work / 'classes'}:{jars}", "Peer", str(folder)]
    command += [str(work / "job.sql"), str(work / "digests"), "3600", BUNDLE_MS]
    with open(work / "log", "w") as log:
        job = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=log, text=True)
        for line in job.stdout:
            word, *rest = line.split()
            if word == "loaded":
                report.loaded()
                report.check(list(map(int, rest)))
                job.stdin.write("\n")
                job.stdin.flush()
            elif word == "batch":
                number, nanoseconds, *digest = map(int, rest)
                # What changes no score cannot be seen to be done.
                if oracle["batches"][number]["moved"]:
                    report.batch(number, nanoseconds / 1e9)
                report.check(digest, number)
            elif word == "done":
                report.write(arguments.out)
                job.stdin.close()
        job.wait()


main()
