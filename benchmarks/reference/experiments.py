"""Makes the committed numbers for the statistics of A/B experiments: written apart from the Java code, with numpy and scipy.

usage: experiments.py [OUT]        (default OUT: serving/src/test/resources/reference/experiments.json; about a minute)
"""

import hashlib
import json
import math
import pathlib
import sys

import numpy as np
from scipy import integrate, optimize, stats

OUT = pathlib.Path(__file__).resolve().parents[2] / "serving/src/test/resources/reference/experiments.json"
STAKES = ((np.arange(32) + 0.5) / 32) ** 2


def log_wealth(x, m):
    """Of 32 gamblers who claim that the mean of x in [0, 1] exceeds m, with equal parts of the wealth."""
    growth = np.log1p(STAKES[:, None] * (np.asarray(x)[None, :] / m - 1)).sum(axis=1)
    return np.logaddexp.reduce(growth) - math.log(len(STAKES))


def lowest(x, alpha):
    threshold = math.log(2 / alpha)
    if len(x) == 0 or log_wealth(x, 1e-9) < threshold:
        return 0.0
    return optimize.brentq(lambda m: log_wealth(x, m) - threshold, 1e-9, 1.0, xtol=1e-13)


def interval(d, alpha):
    x = (1 + np.asarray(d, float)) / 2
    wealth = max(log_wealth(x, 0.5), log_wealth(1 - x, 0.5)) if len(x) else 0.0
    return {"alpha": alpha, "low": 2 * lowest(x, alpha) - 1, "high": 1 - 2 * lowest(1 - x, alpha), "pValue": min(1.0, 2 * math.exp(-wealth))}


def continuous(d):
    """The p-value with stakes of density 1 / (2 sqrt u) instead of 32 of them: what the 32 stand for."""
    x = (1 + np.asarray(d, float)) / 2
    wealth = max(integrate.quad(lambda r: math.exp(np.log1p(r * r * (2 * y - 1)).sum()), 0, 1, limit=200)[0] for y in (x, 1 - x))
    return min(1.0, 2 / wealth)


def intervals():
    rng = np.random.default_rng(20261121)
    samples = {"none": [], "one": [1.0], "all the best": [1.0] * 20, "all the worst": [-1.0] * 12, "no difference": [0.0] * 200}
    samples["thumbs"] = (rng.random(150) < 0.7) * 1.0 - (rng.random(150) < 0.5)
    samples["rare thumbs down"] = (rng.random(400) < 0.97) * 1.0 - (rng.random(400) < 0.95)
    samples["ratings"] = (rng.integers(0, 5, 120) - rng.integers(0, 4, 120)) / 4
    samples["means of four"] = (rng.binomial(16, 0.55, 300) - rng.binomial(16, 0.5, 300)) / 16
    rows = []
    for name, d in samples.items():
        d = np.asarray(d, float)
        row = {"name": name, "differences": d.tolist(), "intervals": [interval(d, a) for a in (0.05, 0.025, 0.01)]}
        if name in ("thumbs", "ratings", "means of four"):
            row["continuousPValue"] = continuous(d)
        rows.append(row)
    return rows


def sample_ratios():
    cases = [([1, 1], [0, 0]), ([1, 1], [50, 50]), ([1, 1], [60, 40]), ([1, 1], [600, 400]), ([9, 1], [880, 120]), ([9, 1], [840, 160]),
        ([0.5, 0.25, 0.25], [500, 250, 250]), ([0.5, 0.25, 0.25], [520, 300, 180]), ([1, 1, 1, 1], [1000, 1010, 990, 600]), ([1, 1], [100000, 101500])]
    rows = []
    for weights, subjects in cases:
        share = np.asarray(weights, float) / sum(weights)
        log = stats.dirichlet_multinomial.logpmf(subjects, 100 * share, sum(subjects)) - stats.multinomial.logpmf(subjects, sum(subjects), share)
        rows.append({"weights": weights, "subjects": subjects, "pValue": min(1.0, math.exp(-log))})
    return rows


def assignments():
    rows = []
    for experiment in ("voice", "a.b-c_1"):
        for phase in (1, 2, 13):
            for subject in ("", "u-7", "Zoë Ünal", "会員42", "chatcmpl-81f", "x" * 300, "\U0001f600"):
                first = hashlib.sha256(f"{experiment}\0{phase}\0{subject}".encode()).digest()
                point = (int.from_bytes(first[:8], "big") >> 11) / 2**53
                arms = {}
                for name, weights in (("even", [1, 1]), ("canary", [9, 1]), ("three", [2, 1, 1])):
                    arms[name] = min(int(np.searchsorted(np.cumsum(weights), point * sum(weights), side="right")), len(weights) - 1)
                rows.append({"experiment": experiment, "phase": phase, "subject": subject, "point": point, "arms": arms})
    return rows


def peeking():
    """Share of experiments without a difference in which a look after every pair of raters finds one at 5 %, and raters until half of those with one are decided."""
    rng = np.random.default_rng(7)
    thumb = lambda p: lambda shape: (rng.random(shape) < p).astype(float)
    stars = lambda shape: rng.choice([0, 0.25, 0.5, 0.75, 1], shape, p=[0.1, 0.05, 0.1, 0.25, 0.5])
    classical = stats.norm.ppf(0.975)

    def ever(a, b, pairs, runs):
        d = b((runs, pairs)) - a((runs, pairs))
        log = np.full((2, runs, pairs), -np.inf)
        for side, x in enumerate((1 + d, 1 - d)):
            for stake in STAKES:
                log[side] = np.logaddexp(log[side], np.cumsum(np.log1p(stake * (x - 1)), axis=1))
        found = log.max(axis=0) - math.log(len(STAKES)) >= math.log(2 / 0.05)
        n = np.arange(1, pairs + 1)
        mean = np.cumsum(d, axis=1) / n
        sd = np.sqrt(np.maximum(np.cumsum(d * d, axis=1) / n - mean**2, 1e-12))
        fooled = ((np.abs(mean) > classical * sd / np.sqrt(n)) & (n >= 10)).any(axis=1).mean()
        return found.any(axis=1).mean(), float(np.median(np.where(found.any(axis=1), found.argmax(axis=1) + 1, np.inf))) * 2, fooled

    null = {}
    for name, draw in {"thumbs 50 %": thumb(0.5), "thumbs 95 %": thumb(0.95), "stars": stars}.items():
        share, _, fooled = ever(draw, draw, 1000, 500)
        null[name] = {"found": share, "foundByRepeatedTTests": fooled}
    power = {f"{a} to {b}": ever(thumb(a), thumb(b), 2000, 200)[1] for a, b in ((0.5, 0.6), (0.5, 0.7), (0.2, 0.9), (0.9, 0.95))}
    return {"looks": 1000, "nothingThere": null, "medianRatersUntilFound": power, "asymptoticInstead": asymptotic(rng)}


def asymptotic(rng, best_at=500):
    """The same of the asymptotic confidence sequence (Waudby-Smith et al., arXiv 2103.06476, theorem 2.2), which was not taken: subjects one by one, a tenth of them in the second arm, variances with
    one rater of variance 1/4 added ("floor") or without, no look before ten raters an arm."""
    rho2 = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05) + 1)) / best_at

    def ever(a, b, share, subjects, runs, floor):
        arm = rng.random((runs, subjects)) < share
        y = np.where(arm, rng.random(arm.shape) < b, rng.random(arm.shape) < a).astype(float)
        n, total = np.cumsum((~arm, arm), axis=2), np.cumsum((y * ~arm, y * arm), axis=2)
        k = np.maximum(n, 1)
        variance = ((total - total**2 / k + floor / 4) / (k + floor) / k).sum(axis=0)  # y is 0 or 1, so its squares sum to the total
        z2, t = (total[1] / k[1] - total[0] / k[0]) ** 2 / np.maximum(variance, 1e-12), k.sum(axis=0)
        found = (rho2 * t * z2 / (2 * (t * rho2 + 1)) - np.log(t * rho2 + 1) / 2 >= math.log(20)) & (n.min(axis=0) >= 10)
        return found.any(axis=1).mean(), float(np.median(np.where(found.any(axis=1), found.argmax(axis=1) + 1, np.inf)))

    null = {name: {"floor": ever(p, p, 0.1, 2000, 1000, 1)[0], "none": ever(p, p, 0.1, 2000, 1000, 0)[0]} for name, p in (("thumbs 50 %", 0.5), ("thumbs 95 %", 0.95))}
    power = {f"{a} to {b}": ever(a, b, 0.5, 4000, 200, 1)[1] for a, b in ((0.5, 0.6), (0.5, 0.7), (0.2, 0.9), (0.9, 0.95))}
    return {"nothingThereTenthInSecondArm": null, "medianRatersUntilFound": power}


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    numbers = {"intervals": intervals(), "sampleRatios": sample_ratios(), "assignments": assignments(), "peeking": peeking()}
    out.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(numbers["peeking"], indent=1))
    for row in numbers["intervals"]:
        print(row["name"], row["intervals"][0], row.get("continuousPValue"))


if __name__ == "__main__":
    main()
