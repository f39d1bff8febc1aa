"""Logs to a deduplicated, redacted, tokenized dataset, beside Hugging Face datasets and datasketch, both from outside.

Both sides start their program, read the same logs, drop exact and near duplicates, redact, render the chat template, tokenize and write."""

import json
import statistics

from .lathe import REAL, Lathe, shared
from .outside import environment, watch
from .peers import Failed, say
from .table import table

LOGS = ("coffee-orders", "topical-chat", "coffee-ratings")


def options(parser):
    parser.add_argument("logs", nargs="*", help="default: the three of ../shared/data")
    parser.add_argument("--rounds", type=int, default=1, help="how often both run, in turn; medians are shown (default 1)")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")


def measure(peers, given):
    logs = given.logs or [shared(peers.root, f"data/{name}.jsonl.gz") for name in LOGS]
    if None in logs:
        raise Failed("No conversations: ../shared/data is not there. Name logs.")
    lathe = Lathe(peers.root, given.home)
    base = peers.base(lathe.pull(REAL))
    sides = {"ours": [], "peer": []}
    for turn in range(given.rounds):
        say(f"round {turn + 1} of {given.rounds} …")
        result, seen = lathe.timed("dataset", "build", *map(str, logs), "--name", "benchmark", "--base", REAL)
        sides["ours"].append(figures(result["conversations"], result["kept"], result["tokens"], seen, result.get("seconds")))
        seen = watch(peers.script("dataset_build.py", base, *logs), environment(True))
        result = json.loads(seen.stdout.splitlines()[-1])
        sides["peer"].append({**figures(result["conversations"], result["kept"], result["tokens"], seen, result["seconds"]), "steps": result["steps"]})
    rows = [{"row": side, "title": title, **middle(sides[side])} for side, title in (("ours", "Lathe"), ("peer", "HF datasets + datasketch, two processes"))]
    ratio = rows[0]["conversationsPerSecond"] / rows[1]["conversationsPerSecond"]
    shown = table(["", "conversations/s", "tokens/s", "seconds", "read", "kept", "tokens", f"peak MiB ({rows[0]['memory']})"],
        [[r["title"], r["conversationsPerSecond"], r["tokensPerSecond"], r["wallSeconds"], r["conversations"], r["kept"], r["tokens"], r["peakMiB"]] for r in rows])
    return {"rows": rows, "speedOverPeer": ratio}, f"{shown}\n\nOurs reads {ratio:.2f} x the conversations a second, from start to end of the whole program.", True


def figures(conversations, kept, tokens, seen, inside):
    return {"conversations": conversations, "kept": kept, "tokens": tokens, "wallSeconds": seen.seconds, "insideSeconds": inside,
        "conversationsPerSecond": conversations / seen.seconds, "tokensPerSecond": tokens / seen.seconds, "peakMiB": seen.peak_mib, "memory": seen.memory}


def middle(runs):
    median = sorted(runs, key=lambda r: r["wallSeconds"])[(len(runs) - 1) // 2]
    return {**median, "peakMiB": statistics.median(r["peakMiB"] for r in runs)}
