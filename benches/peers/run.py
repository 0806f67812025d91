"""Runs the comparison: data, oracle, every engine one after another, the table.

    python3 benches/peers/run.py --work DIR [--records N --enterprises M] [ENGINE …]

Environments are made below --work, nothing in the tree. With `--rounds 2` the
engines take turns twice and the better load of each counts. Exit code 1 when any
engine's answer was wrong anywhere.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENGINES = ["tocsin", "tocsin-fsync", "tocsin-in-flight", "dbsp", "duckdb", "polars", "pathway", "flink"]
# These compute every answer anew: so many answers of each size are enough.
RECOMPUTES = {"duckdb", "polars"}
SIZES = (1, 100, 10_000)


def environment(work, name):
    """The Python of an engine's own environment, made on first use."""
    folder = work / "venv" / name
    python = folder / "bin" / "python"
    done = folder / "done"
    wanted = (HERE / name / "requirements.txt").read_text()
    if not done.exists() or done.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        requirements = str(HERE / name / "requirements.txt")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        done.write_text(wanted)
    return python


def binary(work, name, folder, package, *more):
    """A Rust binary, built into --work unless the environment names one."""
    given = os.environ.get(name.upper().replace("-", "_"))
    if given:
        return given
    target = work / f"target-{name}"
    build = ["cargo", "build", "--release", "--locked", *more, "--target-dir", str(target)]
    subprocess.run(build, cwd=folder, check=True)
    return str(target / "release" / package)


def command(work, engine):
    """What runs an engine, and its environment."""
    around = dict(os.environ, POLARS_MAX_THREADS="2", PATHWAY_THREADS="2")
    if engine == "dbsp":
        return [binary(work, "peer-dbsp", HERE / "dbsp", "peer-dbsp")], around
    name = "tocsin" if engine.startswith("tocsin") else engine
    if name == "tocsin":
        around["TOCSIN"] = binary(work, "tocsin", HERE.parent.parent, "tocsin", "--workspace")
        around["PEERS_FSYNC"] = "1" if engine == "tocsin-fsync" else "0"
        in_flight = around.pop("PEERS_IN_FLIGHT", "4")
        if engine == "tocsin-in-flight":
            around["PEERS_IN_FLIGHT"] = in_flight
    return [str(environment(work, name)), str(HERE / name / "runner.py")], around


def run(work, engine, data, answers, minutes):
    """One run of one engine: its report, or why there is none."""
    out = work / "out" / f"{data.name}-{engine}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    words, around = command(work, engine)
    words += [str(data), "--out", str(out)]
    if engine in RECOMPUTES:
        words += ["--answers", str(answers)]
    log = out.with_suffix(".log")
    with open(log, "w") as file:
        try:
            ended = subprocess.run(words, env=around, stdout=file, stderr=file, timeout=minutes * 60)
            why = f"ended with {ended.returncode}, see {log}"
        except subprocess.TimeoutExpired:
            why = f"not done after {minutes} minutes"
    if not out.exists():
        return {"engine": engine, "failed": why}
    return json.loads(out.read_text())


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)]


def latency(report, size):
    times = [batch["ms"] for batch in report["batches"] if batch["size"] == size]
    if not times:
        return "–"
    p50, p99 = statistics.median(times), percentile(times, 0.99)
    told = [f"{time:,.0f}" if time >= 100 else f"{time:.3g}" for time in (p50, p99)]
    return f"{told[0]} / {told[1]} ({len(times)})"


def sustained(report):
    """Changes a second in the largest batches, one after another or as they were
    in flight."""
    batches = [batch for batch in report["batches"] if batch["size"] == SIZES[-1]]
    if not batches:
        return "–"
    seconds = sum(batch["ms"] for batch in batches) / 1e3
    if "until_ms" in batches[-1]:
        before = [b["until_ms"] for b in report["batches"] if b["size"] != SIZES[-1]]
        seconds = (batches[-1]["until_ms"] - max(before, default=0)) / 1e3
    return f"{SIZES[-1] * len(batches) / seconds:,.0f}"


def ratio(report, base, value):
    if base is None or report is base:
        return ""
    return f" ({value(report) / value(base):.2f}×)"


def table(reports, rows):
    """Markdown; ratios are to Tocsin without fsync in the same run."""
    base = next((r for r in reports if r["engine"] == "tocsin" and "load" in r), None)
    yield ("| engine | load, wall s | rows/s | load, CPU s | CPU µs a row | peak of load, MB | "
           + " | ".join(f"{size:,} changes: p50 / p99 ms (n)" for size in SIZES)
           + " | changes/s in the largest | answers checked |")
    yield "|---|" + "---:|" * (7 + len(SIZES))
    for report in reports:
        if "load" not in report:
            yield f"| {report['engine']} | {report['failed']} |" + " |" * (6 + len(SIZES))
            continue
        load = report["load"]
        cells = [
            report["engine"],
            f"{load['wall']:.1f}" + ratio(report, base, lambda r: r["load"]["wall"]),
            f"{rows / load['wall']:,.0f}",
            f"{load['cpu']:.1f}" + ratio(report, base, lambda r: r["load"]["cpu"]),
            f"{load['cpu'] / rows * 1e6:.2f}",
            f"{load['peak'] / 1e6:,.0f}" + ratio(report, base, lambda r: r["load"]["peak"]),
            *(latency(report, size) for size in SIZES),
            sustained(report),
            f"{report['checked']}, {len(report['faults'])} wrong",
        ]
        yield "| " + " | ".join(cells) + " |"


def count_rows(data):
    total = 0
    for name in ("registry", "records", "leads"):
        with open(data / f"{name}.csv", "rb") as file:
            total += sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b"")) - 1
    return total


def prepare(arguments):
    """Data and oracle, unless they are there."""
    batches = arguments.batches.replace(",", "-")
    name = f"{arguments.records}-{arguments.enterprises}-{batches}"
    name += "-hot" if arguments.hot else ""
    data = arguments.work / name
    if not (data / "oracle.json").exists():
        python = environment(arguments.work, "polars")
        words = [python, HERE / "generate.py", "--out", data, "--records", str(arguments.records)]
        words += ["--enterprises", str(arguments.enterprises), "--batches", arguments.batches]
        subprocess.run(words + (["--hot"] if arguments.hot else []), check=True)
        subprocess.run([sys.executable, HERE / "oracle.py", data], check=True)
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--work", type=Path, required=True, help="data, environments, results")
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--enterprises", type=int, default=20_000)
    parser.add_argument("--batches", default="1000,100,20", help="of 1, 100 and 10,000 changes")
    parser.add_argument("--hot", action="store_true", help="one enterprise has 5 %% of the rows")
    parser.add_argument("--answers", type=int, default=5, help="of each size, where computed anew")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=60, help="at most, an engine")
    arguments = parser.parse_args()
    unknown = set(arguments.engines) - set(ENGINES)
    if unknown:
        parser.error(f"no engine: {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data, best = prepare(arguments), {}
    for _ in range(arguments.rounds):
        for engine in arguments.engines or ENGINES:
            report = run(arguments.work, engine, data, arguments.answers, arguments.minutes)
            for fault in report.get("faults", [])[:3]:
                print(f"{engine}: {fault}", file=sys.stderr)
            known = best.get(engine)
            if known is None or "load" not in known or (
                "load" in report and report["load"]["wall"] < known["load"]["wall"]
            ):
                best[engine] = report
    text = "\n".join(table(list(best.values()), count_rows(data)))
    (arguments.work / "out" / f"{data.name}.md").write_text(text + "\n")
    print(text)
    wrong = [r for r in best.values() if "load" not in r or r["faults"]]
    sys.exit(1 if wrong else 0)


main()
