"""The query, once, for every engine, and the digest that answers are compared by.

Per enterprise of the registry: count and sum (cents) of its records in ten
categories, and of its leads their count, sum (cents), highest suspicion and
number of distinct banks. The score is an intercept plus, for each of these 24
figures, the weight of the range that it falls in: a scorecard, integers only. An
enterprise crosses when its score is at least THRESHOLD.

Score and weights are millionths of log-odds.
"""

import json

CATEGORIES = 10
FIGURES = (
    [f"n{c}" for c in range(CATEGORIES)]
    + [f"s{c}" for c in range(CATEGORIES)]
    + ["lead_n", "lead_sum", "lead_max", "lead_banks"]
)
INTERCEPT = -4_570_000
THRESHOLD = -1_386_294

_COUNTS = [1, 2, 3, 4, 6, 8, 12]
_SUMS = [1_000, 10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000]
_SUMS += [5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000]


def _ramp(cuts, step):
    """A weight a range, rising, none the multiple of another."""
    return [step * rank + rank * rank * 11 for rank in range(1, len(cuts) + 1)]


def _scorecard():
    cuts = [_COUNTS] * CATEGORIES + [_SUMS] * CATEGORIES
    cuts += [_COUNTS, _SUMS, [20, 40, 60, 75, 90, 98], [1, 2, 3, 4, 5]]
    steps = [23_003 + 1_009 * c for c in range(CATEGORIES)]
    steps += [9_001 + 503 * c for c in range(CATEGORIES)]
    steps += [70_001, 30_011, 110_017, 60_013]
    return [(name, list(c), _ramp(c, step)) for name, c, step in zip(FIGURES, cuts, steps)]


# (figure, cuts, weights): below the first cut the weight is 0, from cut k up to
# cut k + 1 it is weights[k].
SCORECARD = _scorecard()


def score(figures):
    """The score of one row of figures, in the order of FIGURES."""
    total = INTERCEPT
    for value, (_, cuts, weights) in zip(figures, SCORECARD):
        passed = sum(cut <= value for cut in cuts)
        total += weights[passed - 1] if passed else 0
    return total


def score_sql(kind="BIGINT"):
    """The score as an SQL expression over columns named as FIGURES."""
    parts = [f"CAST({INTERCEPT} AS {kind})"]
    for name, cuts, weights in SCORECARD:
        whens = zip(reversed(cuts), reversed(weights))
        cases = " ".join(f"WHEN {name} >= {cut} THEN {weight}" for cut, weight in whens)
        parts.append(f"CASE {cases} ELSE 0 END")
    return " + ".join(parts)


_MASK = (1 << 64) - 1


def _mix(x):
    """The finaliser of splitmix64."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return x ^ (x >> 31)


def row_hash(code, points):
    """64 bits of one enterprise and its score."""
    padded = code.encode().ljust(24, b"\0")
    state = 0
    for word in (padded[0:8], padded[8:16], padded[16:24]):
        state = _mix(state ^ int.from_bytes(word, "little"))
    return _mix(state ^ (points & _MASK))


class Digest:
    """What there is to compare of a whole answer; kept as rows come and go."""

    NAMES = ("enterprises", "score_sum", "hash", "crossing", "crossing_hash")

    def __init__(self):
        self.values = [0] * 5

    def add(self, code, points, sign=1):
        h = row_hash(code, points)
        over = points >= THRESHOLD
        v = self.values
        v[0] += sign
        v[1] += sign * points
        v[2] = (v[2] + sign * h) & _MASK
        v[3] += sign * over
        v[4] = (v[4] + sign * over * h) & _MASK

    def list(self):
        return list(self.values)


def digest_arrays(codes, points):
    """The digest of a whole answer: an array of 18-byte codes (numpy 'S18') and
    one of scores (int64), in the same order."""
    import numpy as np

    words = np.zeros((len(codes), 24), np.uint8)
    words[:, :18] = np.ascontiguousarray(codes, "S18").view(np.uint8).reshape(-1, 18)
    words = words.view("<u8")

    def mix(x):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    state = np.zeros(len(codes), np.uint64)
    for at in range(3):
        state = mix(state ^ words[:, at])
    points = np.asarray(points, np.int64)
    hashes = mix(state ^ points.view(np.uint64))
    over = points >= THRESHOLD
    return [
        len(codes),
        int(points.sum()),
        int(hashes.sum(dtype=np.uint64)),
        int(over.sum()),
        int(hashes[over].sum(dtype=np.uint64)),
    ]


def write_json(path):
    """The scorecard for engines that are not written in Python."""
    figures = [{"name": n, "cuts": c, "weights": w} for n, c, w in SCORECARD]
    card = {"intercept": INTERCEPT, "threshold": THRESHOLD, "figures": figures}
    path.write_text(json.dumps(card, indent=1))
