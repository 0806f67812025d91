"""What the runners written in Python share: the change log, the clock, CPU and
memory of a process with its children, and the report."""

import json
import os
import time
from pathlib import Path

import query

TICKS = os.sysconf("SC_CLK_TCK")


def family():
    """This process and its living descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(text.rsplit(")", 1)[1].split()[1])
    found = [os.getpid()]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def cpu_seconds():
    """CPU of the family so far, user and system, ended children included."""
    total = 0
    for pid in family():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def peak_bytes():
    """The peaks of the family's resident memory, added up."""
    total = 0
    for pid in family():
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
    return total


class Report:
    """What a runner found out; written as JSON for `run.py`."""

    def __init__(self, engine, folder):
        self.folder = Path(folder)
        self.started = time.perf_counter()
        self.cpu = cpu_seconds()
        self.oracle = json.loads((self.folder / "oracle.json").read_text())
        self.told = {"engine": engine, "batches": [], "faults": []}

    def loaded(self):
        """The answer over the loaded files stands: notes what it took."""
        self.told["load"] = {
            "wall": time.perf_counter() - self.started,
            "cpu": cpu_seconds() - self.cpu,
            "peak": peak_bytes(),
        }

    def check(self, digest, batch=None):
        """Compares a digest with the oracle's after the load or after a batch."""
        told = self.oracle
        wanted = told["loaded"] if batch is None else told["batches"][batch]["digest"]
        if list(digest) != wanted:
            at = "load" if batch is None else f"batch {batch}"
            names = [n for n, a, b in zip(told["names"], digest, wanted) if a != b]
            self.told["faults"].append(f"{at}: {', '.join(names)}: {list(digest)} for {wanted}")
        self.told["checked"] = self.told.get("checked", 0) + 1

    def batch(self, number, seconds):
        size = self.oracle["batches"][number]["size"]
        self.told["batches"].append({"batch": number, "size": size, "ms": seconds * 1e3})

    def write(self, path):
        self.told["peak"] = peak_bytes()
        self.told["cpu"] = cpu_seconds() - self.cpu
        Path(path).write_text(json.dumps(self.told))


def answered(oracle, limit):
    """Numbers of the batches that an engine that computes everything anew answers:
    the first `limit` of each size, all without a limit. The others are applied."""
    seen, chosen = {}, set()
    for number, batch in enumerate(oracle["batches"]):
        seen[batch["size"]] = seen.get(batch["size"], 0) + 1
        if not limit or seen[batch["size"]] <= limit:
            chosen.add(number)
    return chosen


def arguments():
    """`DIR --out FILE [--answers N]`, the same for every runner."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", required=True)
    parser.add_argument("--answers", type=int, default=0)
    return parser.parse_args()


def change_log(folder):
    """The change log as {batch: ([record row], [lead row])}; a row is its diff and
    its columns, as text."""
    import csv

    log = {}
    for place, name in enumerate(("record_changes.csv", "lead_changes.csv")):
        with open(Path(folder) / name, newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for batch, diff, *row in rows:
                log.setdefault(int(batch), ([], []))[place].append((int(diff), row))
    return log


class Answer:
    """An answer that arrives as rows that come and go, digested as it does."""

    def __init__(self):
        self.scores, self.digest = {}, query.Digest()

    def set(self, code, points):
        self.drop(code)
        self.scores[code] = points
        self.digest.add(code, points)

    def drop(self, code):
        if code in self.scores:
            self.digest.add(code, self.scores.pop(code), -1)
