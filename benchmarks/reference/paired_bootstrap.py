"""Reference intervals for the gate `better`: the paired bootstrap over conversations.

    pip install numpy==2.4.6
    python benchmarks/reference/paired_bootstrap.py \
        > registry/src/test/resources/dev/lathe/registry/promotion/paired_bootstrap.json

Each case holds per-conversation losses and label counts, and two percentile intervals of the label-weighted difference:
`low`, `high` with the gate's own random numbers (SplitMix64, so that they must agree to rounding), and `numpyLow`,
`numpyHigh` with numpy's generator and 200,000 resamples (they must agree as far as 10,000 resamples can).
"""

import json

import numpy as np

MASK = (1 << 64) - 1
SEED = 20261121
RESAMPLES = 10_000


def splitmix64(seed):
    # Steele, Lea and Flood 2014, figure 17, as java.util.SplittableRandom has it.
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def interval(difference, labels, draws):
    means = difference[draws].sum(axis=1) / labels[draws].sum(axis=1)
    return np.quantile(means, [0.025, 0.975]).tolist()


def case(name, random, n, shift, spread):
    labels = random.integers(5, 200, n)
    incumbent = labels * random.gamma(4, 0.4, n)
    candidate = incumbent + labels * random.normal(shift, spread, n)
    difference = candidate - incumbent
    bits = splitmix64(SEED)
    draws = np.array([(next(bits) * n) >> 64 for _ in range(RESAMPLES * n)]).reshape(RESAMPLES, n)
    low, high = interval(difference, labels, draws)
    numpy_low, numpy_high = interval(difference, labels, random.integers(0, n, (200_000, n)))
    return {
        "name": name,
        "candidate": candidate.tolist(),
        "incumbent": incumbent.tolist(),
        "labels": labels.tolist(),
        "mean": difference.sum() / labels.sum(),
        "low": low,
        "high": high,
        "numpyLow": numpy_low,
        "numpyHigh": numpy_high,
    }


random = np.random.default_rng(7)
cases = [
    case("clearly better", random, 24, -0.3, 0.2),
    case("no difference", random, 40, 0.0, 0.2),
    case("a little better", random, 90, -0.03, 0.1),
    case("worse", random, 6, 0.2, 0.1),
]
print(json.dumps({"resamples": RESAMPLES, "seed": SEED, "cases": cases}, indent=1))
