"""Reference intervals for evaluation suites: shares, and differences of shares over the same units.

    pip install scipy==1.17.1
    python benchmarks/reference/suite_intervals.py \
        > pipelines/src/test/resources/dev/lathe/pipelines/suites/intervals.json

`shares` are scipy's Wilson intervals. `differences` are Newcombe's intervals for paired proportions (Statistics in
Medicine 17, 1998, 2635-2650, method 10), on scipy's Wilson limits; `covered` is how often such intervals held the true
difference in 20,000 draws of 36 paired units from the shares given.
"""

import json
from math import sqrt

import numpy as np
from scipy.stats import binomtest


def wilson(count, of):
    interval = binomtest(count, of).proportion_ci(0.95, "wilson")
    return interval.low, interval.high


def newcombe(both, first, second, neither):
    n = both + first + second + neither
    p, q = (both + first) / n, (both + second) / n
    (p_low, p_high), (q_low, q_high) = wilson(both + first, n), wilson(both + second, n)
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    product = both * neither - first * second
    numerator = max(product - n / 2, 0) if product > 0 else product
    phi = numerator / sqrt(margins) if margins else 0.0

    def half(a, b):
        return sqrt(max(a * a - 2 * phi * a * b + b * b, 0))

    return p - q, max(-1, p - q - half(p - p_low, q_high - q)), min(1, p - q + half(p_high - p, q - q_low))


def covered(table):
    random = np.random.default_rng(7)
    shares = np.array(table) / sum(table)
    true = shares[1] - shares[2]
    cache = {}
    hits = 0
    for draw in map(tuple, random.multinomial(36, shares, 20_000).tolist()):
        if draw not in cache:
            _, low, high = newcombe(*draw)
            cache[draw] = low <= true <= high
        hits += cache[draw]
    return hits / 20_000


shares = []
for count, of in [(0, 1), (1, 1), (0, 18), (18, 18), (21, 36), (35, 36), (1, 36), (7, 30), (500, 1000)]:
    low, high = wilson(count, of)
    shares.append({"count": count, "of": of, "low": low, "high": high})

differences = []
for table in [(20, 12, 2, 16), (1, 1, 7, 12), (36, 0, 0, 0), (0, 0, 0, 36), (0, 36, 0, 0), (10, 8, 8, 10), (30, 5, 1, 0), (2, 17, 15, 2)]:
    difference, low, high = newcombe(*table)
    differences.append(
        {"both": table[0], "first": table[1], "second": table[2], "neither": table[3],
         "difference": difference, "low": low, "high": high, "covered": covered(table)}
    )

print(json.dumps({"shares": shares, "differences": differences}, indent=1))
