"""Pushes corrections to a running `tocsin run` and says how long answers take.

    python3 benches/push/push.py --files 'city/landing/consumer-council/complaint/*.csv' \
        --column 争议金额 --to http://127.0.0.1:8080/api/v1/sources/consumer-council/complaint/records

Takes rows of a source's files, spread evenly over them, writes another amount into a
column, and pushes them, 1, 100 and 10,000 at once, each over a connection that stays
open, until the answer that they count. `--clients 4` has so many pushes under way at
the same time, each client with rows of its own. Needs Python alone. An answer that
refuses anything ends it with exit code 1.
"""

import argparse
import csv
import glob
import gzip
import http.client
import io
import json
import statistics
import sys
import threading
import time
import urllib.parse

SIZES = {1: 200, 100: 50, 10_000: 8}


def rows_of(pattern, wanted):
    """The header, and rows spread evenly over the files."""
    names = sorted(glob.glob(pattern))
    if not names:
        sys.exit(f"no file matches {pattern}")
    each, rows, header = -(-wanted // len(names)), [], None
    for name in names:
        opened = gzip.open if name.endswith(".gz") else open
        with opened(name, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader)
            held = list(reader)
        rows += held[:: max(len(held) // each, 1)][:each]
    return header, rows


def body(header, rows, column, amount):
    place = header.index(column)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([*row[:place], str(amount), *row[place + 1:]])
    return text.getvalue().encode()


class Client(threading.Thread):
    """Pushes its bodies one after another and notes what each answer took."""

    def __init__(self, url, bodies):
        super().__init__()
        self.url, self.bodies = urllib.parse.urlsplit(url), bodies
        self.ms, self.refused, self.corrected = [], [], 0

    def run(self):
        connection = http.client.HTTPConnection(self.url.netloc)
        for body in self.bodies:
            begun = time.perf_counter()
            connection.request("POST", self.url.path, body, {"content-type": "text/csv"})
            answer = connection.getresponse()
            told = answer.read().decode()
            self.ms.append((time.perf_counter() - begun) * 1e3)
            if answer.status != 200 or json.loads(told)["rejected"]:
                self.refused.append(f"{answer.status} {told[:300]}")
                return
            self.corrected += json.loads(told)["corrected"]


def play(arguments, header, rows, size, times):
    """`times` pushes of `size` corrections by each client."""
    # No amount is pushed twice, also not by an earlier call.
    clients, first = [], time.time_ns() // 1_000_000 % 10_000_000
    for number in range(arguments.clients):
        own = rows[number :: arguments.clients]
        bodies = []
        for turn in range(times):
            at = turn * size % max(len(own) - size + 1, 1)
            # Now small, now large: a correction moves the score.
            amount = first + turn if turn % 2 else 90_000_000 + first + turn
            bodies.append(body(header, own[at : at + size], arguments.column, amount))
        clients.append(Client(arguments.to, bodies))
    begun = time.perf_counter()
    [client.start() for client in clients]
    [client.join() for client in clients]
    seconds = time.perf_counter() - begun
    ms = sorted(ms for client in clients for ms in client.ms)
    corrected = sum(client.corrected for client in clients)
    p99 = ms[min(int(len(ms) * 0.99), len(ms) - 1)]
    print(f"{size:,} at once, {arguments.clients} clients: p50 {statistics.median(ms):.2f} ms, p99 {p99:.2f} ms"
          f" ({len(ms)} pushes), {corrected / seconds:,.0f} corrections/s", flush=True)
    refused = [refused for client in clients for refused in client.refused]
    if refused:
        sys.exit("\n".join(refused[:3]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", required=True, help="pattern of the source's CSV files, UTF-8")
    parser.add_argument("--column", required=True, help="the amount that is written anew")
    parser.add_argument("--to", required=True, help="URL of the source's records")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--sizes", default="1,100,10000")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    header, rows = rows_of(arguments.files, 2 * max(sizes) * arguments.clients)
    if len(rows) < max(sizes) * arguments.clients:
        sys.exit(f"{len(rows)} rows are too few for {arguments.clients} clients of {max(sizes)}")
    for size in sizes:
        play(arguments, header, rows, size, SIZES.get(size, 20))


main()
