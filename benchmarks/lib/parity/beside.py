"""Runs of ours, and the same in PEFT: peers/peft_parity.py repeats each of them, micro-batch by micro-batch."""

import json

from ..lathe import REAL, sets
from ..peers import Failed, say
from .cases import KINDS
from .data import python

TORCH = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}  # AdamW's, on both sides
ADAPTER = {"rank": 8, "alpha": 16}
RECIPE = {"learningRate": 2e-4, "schedule": "cosine", "warmup": 2, "weightDecay": 0.01, "clip": 1.0, "batchTokens": 320, "precision": "fp32", "shuffle": "false", "evalEvery": 0, "checkpointEvery": 0}
PREFERENCES = {"beta": 0.1, "batchTokens": 512}  # so that a step has several answers, and KTO's KL others' contexts


class Beside:
    def __init__(self, peers, lathe, bases):
        self.peers, self.lathe, self.bases = peers, lathe, bases
        self.folder = peers.folder / "parity"
        self.runs, self.taken, self.loaded = {}, {}, {}

    def split(self, case):
        base = self.bases[case.base]
        return base.chats if case.objective == "sft" else base.judged

    def recipe(self, case):
        recipe = {**RECIPE, **KINDS[case.kind], "steps": case.steps, "gradients": case.way, "objective": case.objective}
        if case.kind != "full":
            recipe |= {**ADAPTER, "initFrom": self.folder / "initial" / case.adapter}
        if case.objective != "sft":
            recipe |= PREFERENCES
        return recipe if case.base == REAL else {**recipe, "threads": 1}

    def job(self, case):
        """A case as peft_parity.py takes it, but for what a run says."""
        base, split = self.bases[case.base], self.split(case)
        return {**TORCH, **ADAPTER, "name": case.job, "base": str(base.folder), "targets": base.targets, "kind": case.kind, "packing": case.packing, "objective": case.objective,
            "initial": str(self.folder / "initial" / case.adapter), "theirs": str(self.folder / "theirs" / case.job), "train": str(split.train), "validation": str(split.validation),
            "liked": split.liked, "pairs": split.pairs, **{k: v for k, v in self.recipe(case).items() if k in ("learningRate", "weightDecay", "clip", "warmup", "beta", "loraPlusRatio")}}

    def peft(self, command, jobs):
        if not jobs:
            return []
        say(f"PEFT: {command} …")
        file = self.folder / f"{command}.json"
        file.write_text(json.dumps(jobs))
        return python(self.peers, "peft_parity.py", command, file)

    def begin(self, cases):
        """The adapters that both sides begin with, by PEFT."""
        self.peft("init", list({c.adapter: self.job(c) for c in cases if c.kind != "full"}.values()))

    def run(self, case):
        run = self.trained(case, **self.recipe(case))
        self.runs[case] = run
        self.taken[case] = [r for r in self.lathe.journal(run["id"]) if r["type"] == "step"]

    def trained(self, case, **recipe):
        run = self.lathe.call("train", "--base", self.bases[case.base].name, "--dataset", self.split(case).ref, "--name", "parity", *sets(recipe))
        if run["state"] != "completed":
            raise Failed(f"{case}: our run {run['id']} ended as {run['state']}: {run.get('error')}")
        return run

    def result(self, case):
        return self.lathe.home / "runs" / self.runs[case]["id"] / ("model" if case.kind == "full" else "adapter")

    def replayed(self, cases):
        """What PEFT made of each job, by its name."""
        jobs = {}
        for case in cases:
            job = jobs.setdefault(case.job, {**self.job(case), "ours": {}})
            taken = batches(job, self.recipe(case)["batchTokens"], self.taken[case])
            if job.setdefault("batches", taken) != taken:
                raise Failed(f"{case.job}: the fast path and the tape were given other examples.")
            job["ours"][case.way] = str(self.result(case))
        return dict(zip(jobs, self.peft("replay", list(jobs.values())), strict=True))

    def theirs(self, case):
        """PEFT's trained adapter as a run of ours, unchanged, so that `eval` can name it: the run, and what eval says of it."""
        run = self.trained(case, **{**self.recipe(case), "steps": 1, "learningRate": 0, "initFrom": self.folder / "theirs" / case.job})
        return run["evalLossBefore"], self.lathe.call("eval", run["id"], "--dataset", self.split(case).ref)["loss"]


def batches(job, budget, taken):
    """The examples of each step: in the dataset's order, whole, as many as the token budget holds; held against what the run's journal says it took."""
    rows = [json.loads(line) for line in open(job["train"])]
    examples = job["pairs"] if job["objective"] == "dpo" else [[i] for i in range(len(rows))]
    tokens = [sum(len(rows[i]["input_ids"]) for i in e) for e in examples]
    learnable = [n for n, e in enumerate(examples) if all(any(y != -100 for y in rows[i]["labels"][1:]) for i in e)]
    out, total, at = [], 0, 0
    for record in taken:
        batch, filled = [], 0
        while at < len(learnable) and (not batch or filled + tokens[learnable[at]] <= budget):
            batch.append(learnable[at])
            filled, at = filled + tokens[learnable[at]], at + 1
        at %= len(learnable)
        out.append(batch)
        total += filled
        if total != record["tokens"]:
            raise Failed(f"{job['name']}, step {record['step']}: the run took {record['tokens']} tokens in all, the dataset's order gives {total}. The order of training data has changed; see lib/parity/beside.py.")
    return out
