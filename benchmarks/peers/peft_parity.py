"""Peer: the same training as a plain PEFT user writes it, float32 on the CPU, one conversation at a time.

usage: peft_parity.py init MODEL_DIR OUT RANK ALPHA          an adapter with A and B both non-zero
       peft_parity.py train MODEL_DIR ADAPTER JOB.json OUT   JOB: examples, batches (indexes, one list a step), learningRate, beta1, … (benchmarks/lib/parity.py)
       peft_parity.py score MODEL_DIR ADAPTER TOKENS.jsonl   mean loss over the labelled tokens
       peft_parity.py compare INITIAL OURS THEIRS            cosine between the two updates, of each module and of each tensor
each prints one JSON line
"""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, get_cosine_schedule_with_warmup

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")


def init(folder, out, rank, alpha):
    model = get_peft_model(base(folder), LoraConfig(r=int(rank), lora_alpha=int(alpha), target_modules=PROJECTIONS, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if "lora_" in name:
                scale = 0.01 if "lora_B" in name else weight.shape[1] ** -0.5
                weight.copy_(torch.randn(weight.shape, generator=generator) * scale)
    model.save_pretrained(out)
    return {"adapter": out}


def summed_loss(model, example):
    target = torch.tensor(example["labels"])[1:]
    logits = model(input_ids=torch.tensor([example["input_ids"]])).logits[0, :-1]
    return F.cross_entropy(logits, target, ignore_index=-100, reduction="sum"), int((target != -100).sum())


def train(folder, adapter, job, out):
    job = json.loads(pathlib.Path(job).read_text())
    model = PeftModel.from_pretrained(base(folder), adapter, is_trainable=True).train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=job["learningRate"], betas=(job["beta1"], job["beta2"]), eps=job["epsilon"], weight_decay=job["weightDecay"], foreach=False, fused=False)
    schedule = get_cosine_schedule_with_warmup(optimizer, job["warmupSteps"], len(job["batches"]))
    losses, norms = [], []
    for batch in job["batches"]:
        examples = [job["examples"][i] for i in batch]
        labelled = sum(y != -100 for e in examples for y in e["labels"][1:])
        losses.append(0.0)
        for example in examples:
            part = summed_loss(model, example)[0] / labelled
            part.backward()
            losses[-1] += part.item()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, job["clip"]).item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.save_pretrained(out)
    return {"losses": losses, "gradNorms": norms}


def score(folder, adapter, tokens):
    model, total, count = PeftModel.from_pretrained(base(folder), adapter).eval(), 0.0, 0
    with torch.no_grad(), open(tokens) as lines:
        for line in lines:
            part, labelled = summed_loss(model, json.loads(line))
            total, count = total + part.item(), count + labelled
    return {"loss": total / count, "tokens": count}


def cosine(a, b):
    return float(F.cosine_similarity(a.flatten(), b.flatten(), dim=0, eps=0.0))


def compare(initial, ours, theirs):
    start, left, right = ({k: v.double() for k, v in load_file(f"{d}/adapter_model.safetensors").items()} for d in (initial, ours, theirs))
    if not start.keys() == left.keys() == right.keys():
        raise SystemExit(f"The adapters hold different tensors: {sorted(start.keys() ^ left.keys())[:4]} {sorted(start.keys() ^ right.keys())[:4]}")
    tensors = {k: cosine(left[k] - v, right[k] - v) for k, v in start.items()}
    modules = {}
    for a in (k for k in start if ".lora_A." in k):
        b = a.replace(".lora_A.", ".lora_B.")
        product = [s[b] @ s[a] for s in (start, left, right)]
        modules[a.partition(".lora_A.")[0]] = cosine(product[1] - product[0], product[2] - product[0])
    return {"modules": modules, "tensors": tensors}


if __name__ == "__main__":
    print(json.dumps({"init": init, "train": train, "score": score, "compare": compare}[sys.argv[1]](*sys.argv[2:])))
