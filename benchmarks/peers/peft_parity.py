"""Peer: the same training as a plain PEFT user writes it, float32 on the CPU, one conversation at a time.

usage: peft_parity.py init JOBS.json       the adapters that both sides begin with
       peft_parity.py replay JOBS.json     trains each job, and holds what came out beside what Lathe made of it

JOBS: a list; what stands in a job: benchmarks/lib/parity/jobs.py. Each prints one JSON line.
"""

import gc
import json
import pathlib
import sys

import parity_losses as losses
import parity_models as models
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import get_cosine_schedule_with_warmup
from transformers.utils import logging


def read(file):
    return [json.loads(line) for line in open(file)]


def replay(job):
    model = models.opened(job).train()
    objective = losses.of(job, model, read(job["train"]))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = models.optimizer(job, model)
    schedule = get_cosine_schedule_with_warmup(optimizer, job["warmup"], len(job["batches"]))
    found = {"losses": [], "gradNorms": []}
    for batch in job["batches"]:
        found["losses"].append(objective.backward(model, batch))
        found["gradNorms"].append(torch.nn.utils.clip_grad_norm_(parameters, job["clip"]).item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.save_pretrained(job["theirs"])
    found["cosines"] = {way: compare(job, ours) for way, ours in job["ours"].items()}
    if job["objective"] == "sft":
        held = {"initial": None, **job["ours"], "theirs": job["theirs"]}
        found["scores"] = {name: score(job, adapter) for name, adapter in held.items()}
    gc.collect()
    return found


def score(job, adapter):
    """Mean loss over the labelled tokens of the validation split."""
    model, total, count = models.opened(job, adapter).eval(), 0.0, 0
    with torch.no_grad():
        for example in read(job["validation"]):
            part, labelled = losses.summed(model, example)
            total, count = total + part.item(), count + labelled
    return total / count


def cosine(a, b):
    return float(F.cosine_similarity(a.flatten(), b.flatten(), dim=0, eps=0.0))


def compare(job, ours):
    """Cosines between the two updates: of each product B A, of magnitudes, or of each tensor of a whole model."""
    full = job["kind"] == "full"
    name = "model" if full else "adapter_model"
    start, left, right = ({k: v.double() for k, v in load_file(f"{d}/{name}.safetensors").items()} for d in (job["base"] if full else job["initial"], ours, job["theirs"]))
    if not start.keys() == left.keys() == right.keys():
        raise SystemExit(f"{job['name']}: the two hold different tensors: {sorted(start.keys() ^ left.keys())[:4]} {sorted(start.keys() ^ right.keys())[:4]}")
    single = {k: cosine(left[k] - v, right[k] - v) for k, v in start.items() if full or "magnitude" in k}
    for a in (k for k in start if ".lora_A." in k):
        b = a.replace(".lora_A.", ".lora_B.")
        product = [s[b] @ s[a] for s in (start, left, right)]
        single[a.partition(".lora_A.")[0]] = cosine(product[1] - product[0], product[2] - product[0])
    return single


if __name__ == "__main__":
    logging.set_verbosity_error()
    jobs = json.loads(pathlib.Path(sys.argv[2]).read_text())
    print(json.dumps([{"init": models.initial, "replay": replay}[sys.argv[1]](job) for job in jobs]))
