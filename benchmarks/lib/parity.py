"""The same training as PEFT's, step by step, and adapters that mean the same on both sides.

float32, the same initial adapter, token ids and order, on the real base and on the tiny one. Bounds: every loss within 1e-4, every module's update at cosine 0.999,
validation losses within 0.5 % both ways. Exit status 1 when one is broken."""

import gzip
import json
import os
import shutil
import subprocess
from itertools import islice

from .lathe import REAL, Lathe, sets, shared
from .peers import Failed, say
from .table import table

LOSS, COSINE, SCORE = 1e-4, 0.999, 0.005
TORCH = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}  # AdamW's, on both sides
DATASET = {"maxLength": 128, "validation": 0.15, "test": 0}
RECIPE = {"rank": 8, "alpha": 16, "learningRate": 2e-4, "schedule": "cosine", "warmup": 2, "weightDecay": 0.01, "clip": 1.0, "batchTokens": 320,
    "precision": "fp32", "shuffle": "false", "evalEvery": 0, "checkpointEvery": 0}


def options(parser):
    parser.add_argument("--bases", default=f"tiny,{REAL}", help=f"default tiny,{REAL}")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--log", help="conversations (default the first 120 of ../shared/data/topical-chat.jsonl.gz)")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")


def measure(peers, given):
    lathe = Lathe(peers.root, given.home)
    log = given.log or some(peers, shared(peers.root, "data/topical-chat.jsonl.gz"), 120)
    bases = [one(peers, lathe, name, log, given.steps) for name in given.bases.split(",")]
    ok = all(c["passed"] for b in bases for c in b["checks"])
    rows = [[b["base"], c["name"], c["expected"], c["found"], "yes" if c["passed"] else "NO"] for b in bases for c in b["checks"]]
    return {"passed": ok, "bases": bases}, table(["base", "check", "expected", "found", "passed"], rows), ok


def some(peers, log, count):
    """The first conversations of a log, as a log of its own: twenty steps need no more, and the validation split stays small."""
    if log is None:
        raise Failed("No conversations: ../shared/data/topical-chat.jsonl.gz is not there. Name a log with --log.")
    out = peers.folder / "parity/log.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(log, "rt") as lines:
        out.write_text("".join(islice(lines, count)))
    return out


def one(peers, lathe, base, log, steps):
    say(f"parity on {base} …")
    folder = peers.folder / "parity" / base
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ours = lathe.pull(base)
    theirs = peers.base(ours) if base == REAL else ours  # the tiny base is a Hugging Face directory as it stands
    ref = lathe.call("dataset", "build", log, "--name", f"parity-{base}", "--base", base, *sets(DATASET))["dataset"]
    for split in ("train", "validation"):
        lathe.export(ref, split, folder / f"{split}.jsonl")

    def python(*words):
        done = subprocess.run(peers.script("peft_parity.py", *words), env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"peft_parity.py {' '.join(map(str, words))}\n{done.stderr[-3000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    python("init", theirs, folder / "initial", RECIPE["rank"], RECIPE["alpha"])

    def trained(**recipe):
        run = lathe.call("train", "--base", base, "--dataset", ref, "--name", f"parity-{base}", *sets({**RECIPE, **recipe}))
        if run["state"] != "completed":
            raise Failed(f"Our run {run['id']} ended as {run['state']}: {run.get('error')}")
        return run

    run = trained(steps=steps, initFrom=folder / "initial")
    taken = [r for r in lathe.journal(run["id"]) if r["type"] == "step"]
    examples = [json.loads(line) for line in open(folder / "train.jsonl")]
    hyperparameters = {**TORCH, "learningRate": RECIPE["learningRate"], "weightDecay": RECIPE["weightDecay"], "clip": RECIPE["clip"], "warmupSteps": RECIPE["warmup"]}
    (folder / "job.json").write_text(json.dumps({**hyperparameters, "examples": examples, "batches": batches(examples, taken)}))
    say("  the same in PEFT …")
    peft = python("train", theirs, folder / "initial", folder / "job.json", folder / "peft")
    adapter = lathe.home / "runs" / run["id"] / "adapter"
    cosines = python("compare", folder / "initial", adapter, folder / "peft")
    say("  scores …")
    scores = {name: python("score", theirs, d, folder / "validation.jsonl")["loss"] for name, d in (("initial", folder / "initial"), ("ours", adapter), ("peft", folder / "peft"))}
    loaded = trained(steps=1, learningRate=0, initFrom=folder / "peft")  # PEFT's adapter as a run of ours, unchanged, so that `eval` can name it
    evaluated = lathe.call("eval", loaded["id"], "--dataset", ref)["loss"]
    losses = [r["loss"] for r in taken]
    worst = max(abs(a - b) for a, b in zip(losses, peft["losses"], strict=True))
    module = min(cosines["modules"].values())
    checks = [
        check(f"{steps} losses, largest difference", f"<= {LOSS:g}", f"{worst:.2e}", worst <= LOSS),
        check(f"update of {len(cosines['modules'])} modules, smallest cosine", f">= {COSINE}", f"{module:.7f}", module >= COSINE),
        scored("our adapter: loss there against here", scores["ours"], run["evalLoss"]),
        scored("PEFT's trained adapter: a run from it here against there", loaded["evalLossBefore"], scores["peft"]),
        scored("PEFT's trained adapter: ./lathe eval here against there", evaluated, scores["peft"]),
        scored("PEFT's fresh adapter: a run from it here against there", run["evalLossBefore"], scores["initial"]),
    ]
    for c in checks:
        say(f"  {c['name']}: {c['found']} ({c['expected']})")
    return {"base": base, "checks": checks, "run": run["id"], "losses": {"ours": losses, "peft": peft["losses"]}, "gradNorms": {"ours": [r["gradNorm"] for r in taken], "peft": peft["gradNorms"]},
        "smallestTensorCosine": min(cosines["tensors"].values()), "scores": {**scores, "evalLoss": run["evalLoss"], "evalLossBefore": run["evalLossBefore"], "peftHere": loaded["evalLossBefore"], "peftEvaluated": evaluated}}


def batches(examples, taken):
    """The conversations of each step: in the dataset's order, whole, as many as the token budget holds; held against what the run's journal says it took."""
    learnable = [i for i, e in enumerate(examples) if any(y != -100 for y in e["labels"][1:])]
    out, total, at = [], 0, 0
    for record in taken:
        batch, tokens = [], 0
        while at < len(learnable) and (not batch or tokens + len(examples[learnable[at]]["input_ids"]) <= RECIPE["batchTokens"]):
            batch.append(learnable[at])
            tokens, at = tokens + len(examples[learnable[at]]["input_ids"]), at + 1
        if at == len(learnable):
            at = 0
        out.append(batch)
        total += tokens
        if total != record["tokens"]:
            raise Failed(f"Step {record['step']}: the run took {record['tokens']} tokens in all, the dataset's order gives {total}. The order of training data has changed; see lib/parity.py.")
    return out


def check(name, expected, found, passed):
    return {"name": name, "expected": expected, "found": found, "passed": bool(passed)}


def scored(name, left, right):
    apart = abs(left - right) / right
    return check(name, f"within {SCORE:.1%}", f"{left:.5f}, {right:.5f}: {apart:.4%}", apart <= SCORE)
