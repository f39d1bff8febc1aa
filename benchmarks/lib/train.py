"""Training speed and memory beside TRL with PEFT, on the same token ids, both seen from outside.

Every row runs twice, short and long: its rate is the difference of tokens over the difference of wall time, so that what comes before and after the steps cancels.
Memory is the largest sum over the whole process tree at one moment (ours: launcher, owner and run process)."""

import json
import platform
import re
import statistics
from dataclasses import dataclass

from .lathe import REAL, Lathe, sets, shared
from .outside import environment, watch
from .peers import Failed, say
from .table import table

RECIPE = {"rank": 8, "alpha": 16, "learningRate": 2e-4, "precision": "bf16", "evalEvery": 0, "checkpointEvery": 0}  # what the peers' rows train


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    flags: tuple
    tuned: bool

    def allocator(self):
        return "tuned" if self.tuned else "default"


TRL = [Row(f"{key}-{'tuned' if tuned else 'default'}", f"TRL, {title}", flags, tuned) for key, title, flags in (
    ("untouched", "untouched (padding, gradient checkpointing)", ()),
    ("nogc", "gradient checkpointing off", ("--no-checkpointing",)),
    ("packing", "packing", ("--packing",))) for tuned in (False, True)]
MAIN = ("untouched-default", "nogc-tuned", "packing-default")


def options(parser):
    parser.add_argument("--rows", choices=("main", "all", "none"), default="main", help="main: untouched, the fastest and the leanest; all: every row with both allocators")
    parser.add_argument("--steps", default="4,14", help="the two run lengths (default 4,14)")
    parser.add_argument("--rounds", type=int, default=1, help="how often all rows run, in turn; medians are shown (default 1)")
    parser.add_argument("--log", help="conversations (default ../shared/data/topical-chat.jsonl.gz)")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="recipe of our run")


def measure(peers, given):
    short, long = (int(n) for n in given.steps.split(","))
    if not 3 <= short < long:
        raise Failed(f"The run lengths are {given.steps}. The shorter is at least 3 (fast_lora.py leaves out its first two steps), the longer longer.")
    log = given.log or shared(peers.root, "data/topical-chat.jsonl.gz")
    if log is None:
        raise Failed("No conversations: ../shared/data/topical-chat.jsonl.gz is not there. Name a log with --log.")
    lathe = Lathe(peers.root, given.home)
    base = peers.base(lathe.pull(REAL))
    dataset = built(lathe, "topical", log, 512)
    tokens = peers.folder / "tokens/topical-train.jsonl"
    conversations = lathe.export(dataset["dataset"], "train", tokens)

    def ours(steps):
        recipe = {**RECIPE, "steps": steps, **dict(s.split("=", 1) for s in given.set)}
        run, seen = lathe.timed("train", "--base", REAL, "--dataset", dataset["dataset"], "--name", "bench", *sets(recipe))
        if run["state"] != "completed":
            raise Failed(f"Our run {run['id']} ended as {run['state']}: {run.get('error')}")
        return run, seen

    def trl(row, steps):
        seen = watch(peers.script("trl_sft.py", base, tokens, steps, *row.flags), environment(row.tuned))
        return json.loads(seen.stdout.splitlines()[-1]), seen

    # A rate is the difference of two runs, so it must outweigh how much a start varies: faster rows, and those whose steps are smaller, take more of them.
    contestants = [("ours", "Lathe", "tuned", lambda n: ours(4 * n))]
    contestants += [(r.key, r.title, r.allocator(), lambda n, r=r: trl(r, n)) for r in TRL if given.rows == "all" or (given.rows == "main" and r.key in MAIN)]
    prototype = shared(peers.root, "reference/fast_lora.py")
    if prototype:
        contestants.append(("prototype", "fast_lora.py (prototype of the fast path)", "tuned", lambda n: fast_lora(peers, prototype, base, tokens, 2 * n)))

    measured = {key: [] for key, *_ in contestants}
    for turn in range(given.rounds):
        for key, title, _, run in contestants:
            say(f"round {turn + 1} of {given.rounds}: {title}, {short} and {long} steps …")
            measured[key].append(pair(run(short), run(long)))
            say(f"  {measured[key][-1]['tokensPerSecond']:.0f} tokens/s, {measured[key][-1]['peakMiB']:.0f} MiB")
    linear = json.loads(watch(peers.script("linear_rate.py", base), environment(True)).stdout)
    rows = [{"row": key, "title": title, "allocator": allocator, **median(measured[key])} for key, title, allocator, _ in contestants]
    result = {"dataset": {k: dataset[k] for k in ("dataset", "id")}, "conversations": conversations, "steps": [short, long], "rounds": given.rounds, "cpu": cpu(), "rows": rows,
        "linear": linear, **ratios(rows, linear)}
    return result, shown(result), True


def built(lathe, name, log, length):
    """The dataset of this name, built unless the home has it; little is kept for validation, whose time the difference of two runs must cancel."""
    for known in lathe.call("dataset", "list")["items"]:
        if known["dataset"] == f"{name}@1":
            return lathe.call("dataset", "show", known["dataset"])
    return lathe.call("dataset", "build", log, "--name", name, "--base", REAL, *sets({"maxLength": length, "validation": 0.01, "test": 0}))


def pair(short, long):
    (few, quick), (many, slow) = short, long
    tokens, seconds = many["tokens"] - few["tokens"], slow.seconds - quick.seconds
    return {"tokensPerSecond": tokens / seconds, "tokens": tokens, "seconds": seconds, "labelShare": many["labelTokens"] / many["tokens"] if many.get("labelTokens") else None,
        "peakMiB": slow.peak_mib, "memory": slow.memory, "processes": slow.processes, "wallSeconds": [quick.seconds, slow.seconds]}


def median(runs):
    middle = sorted(runs, key=lambda r: r["tokensPerSecond"])[(len(runs) - 1) // 2]
    return {**middle, "tokensPerSecond": statistics.median(r["tokensPerSecond"] for r in runs), "peakMiB": statistics.median(r["peakMiB"] for r in runs)}


def fast_lora(peers, script, base, tokens, steps):
    """The prototype reports the tokens of all steps but the first two, which the difference does not need."""
    seen = watch([peers.python(), script, base, tokens, steps], environment(True))
    found = re.search(r"(\d+) % labelled, (\d+) tokens", seen.stdout)
    return {"tokens": int(found[2]), "labelTokens": int(found[2]) * int(found[1]) / 100}, seen


def ratios(rows, linear):
    """Speed against the fastest and the untouched row, memory against the leanest, and our share of what the matrix products alone would take."""
    ours, trl = rows[0], [r for r in rows if r["row"] not in ("ours", "prototype")]
    out = {}
    if trl:
        fastest, leanest = max(trl, key=lambda r: r["tokensPerSecond"]), min(trl, key=lambda r: r["peakMiB"])
        untouched = next(r for r in trl if r["row"] == "untouched-default")
        out["ratios"] = {"speedOverFastest": ours["tokensPerSecond"] / fastest["tokensPerSecond"], "fastest": fastest["row"],
            "speedOverUntouched": ours["tokensPerSecond"] / untouched["tokensPerSecond"], "memoryOverLeanest": ours["peakMiB"] / leanest["peakMiB"], "leanest": leanest["row"]}
    prototype = [r for r in rows if r["row"] == "prototype"]
    if prototype:
        out.setdefault("ratios", {})["speedOverPrototype"] = ours["tokensPerSecond"] / prototype[0]["tokensPerSecond"]
    # Forward and input gradient of the frozen weights, the head at labelled positions only, and all three products of the adapters.
    flop = 4 * linear["weights"] + 4 * linear["headWeights"] * (ours["labelShare"] or 1) + 6 * RECIPE["rank"] * linear["loraWeightsPerRank"]
    out["flopPerToken"], out["shareOfLinear"] = flop, ours["tokensPerSecond"] * flop / (linear["gflops"] * 1e9)
    return out


def shown(result):
    ours = result["rows"][0]
    rows = [[r["title"], r["allocator"], r["tokensPerSecond"], r["tokensPerSecond"] / ours["tokensPerSecond"], r["peakMiB"], r["peakMiB"] / ours["peakMiB"]] for r in result["rows"]]
    steps = result["steps"]
    lines = [table(["LoRA r=8, bf16, " + REAL, "allocator", "tokens/s", "of ours", f"peak MiB ({ours['memory']})", "of ours"], rows), "",
        f"Real tokens from step {steps[0]} to {steps[1]} (Lathe: four times as many, smaller; the prototype: twice) over wall time from outside, {result['conversations']} conversations, the same token ids; {result['cpu']}."]
    r = result.get("ratios", {})
    if "fastest" in r:
        lines.append(f"Speed {r['speedOverFastest']:.2f} x the fastest ({r['fastest']}), {r['speedOverUntouched']:.2f} x the untouched; memory {r['memoryOverLeanest']:.2f} x the leanest ({r['leanest']}).")
    if "speedOverPrototype" in r:
        lines.append(f"Speed {r['speedOverPrototype']:.2f} x the prototype.")
    lines.append(f"bf16 linear: {result['linear']['gflops']:.0f} GFLOP/s; {result['flopPerToken'] / 1e9:.2f} GFLOP a token, so ours runs at {100 * result['shareOfLinear']:.0f} % of it.")
    return "\n".join(lines)


def cpu():
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return f"{len(names)} x {names[0]}"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()
