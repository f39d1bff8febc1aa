"""Makes the committed reference numbers of modules_to_save and trainable_token_indices: adapters that PEFT made with embeddings and vocabulary heads trained whole, or in the rows of some tokens, and what it says of their loss and gradients.

usage: tiny_saved.py        (into saved/CASE of tiny-llama and tiny-llama-untied in engine/src/test/resources/reference; needs both, see tiny_llama.py)

On tied embeddings PEFT copies what is named and lets the copies part (cases "embedding", "head", "copies"), unless ensure_weight_tying holds them together ("tied").
Gradients are float64, each told as tiny_full.py tells it; the tensors' names are those of the adapter's file.
"""

import json
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama

from tiny_full import told
from tiny_llama import ALPHA, OUT, RANK, random_like, save_adapter, summed_loss, without_rounding

ROWS = list(range(280, 300))
CASES = {
    "tiny-llama-untied": {
        "both": dict(modules_to_save=["embed_tokens", "lm_head"]),
        "head": dict(modules_to_save=["lm_head"]),
        "rows": dict(trainable_token_indices={"embed_tokens": ROWS, "lm_head": ROWS}),
    },
    "tiny-llama": {
        "tied": dict(modules_to_save=["embed_tokens"], ensure_weight_tying=True),
        "embedding": dict(modules_to_save=["embed_tokens"]),
        "head": dict(modules_to_save=["lm_head"]),
        "copies": dict(modules_to_save=["embed_tokens", "lm_head"]),
        "rows": dict(trainable_token_indices=ROWS),
    },
}


def learns(name):
    return any(part in name for part in ["lora_", "modules_to_save", "trainable_tokens_delta"])


def make_adapter(base, folder, seed, settings):
    model = get_peft_model(LlamaForCausalLM.from_pretrained(base, dtype=torch.float32), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM", **settings))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if "lora_" in name:
                weight.copy_(random_like(weight.shape, 0.1, generator))
            elif learns(name):
                weight.add_(random_like(weight.shape, 0.05, generator))
    save_adapter(model, folder)


def gradients(base, folder, conversations):
    torch.set_default_dtype(torch.float64)
    model = without_rounding(LlamaForCausalLM.from_pretrained(base, dtype=torch.float64, attn_implementation="eager"))
    modeling_llama.nn.functional.softmax, kept = (lambda x, dim, dtype=None: torch.softmax(x, dim)), modeling_llama.nn.functional.softmax
    try:
        tuned = PeftModel.from_pretrained(model, folder, is_trainable=True, autocast_adapter_dtype=False).double()
        loss, labelled = 0.0, 0
        for c in conversations:
            total, count = summed_loss(tuned(input_ids=torch.tensor([c["input_ids"]])).logits[0], c["labels"])
            loss, labelled = loss + total, labelled + count
        (loss / labelled).backward()
    finally:
        modeling_llama.nn.functional.softmax = kept
        torch.set_default_dtype(torch.float32)
    found = {n.replace(".default.", ".").removesuffix(".default").replace(".modules_to_save.", "."): told(p.grad) for n, p in tuned.named_parameters() if p.grad is not None}
    return {"labelled": labelled, "loss": (loss / labelled).item(), "gradients": found}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for model, cases in CASES.items():
        for number, (case, settings) in enumerate(cases.items()):
            folder = OUT / model / "saved" / case
            shutil.rmtree(folder, ignore_errors=True)
            make_adapter(OUT / model / "base", folder, 31 + number, settings)
            config = json.loads((folder / "adapter_config.json").read_text())
            numbers = gradients(OUT / model / "base", folder, json.loads((OUT / model / "examples.json").read_text()))
            stored = load_file(folder / "adapter_model.safetensors")
            assert all(n in stored for n in numbers["gradients"]), set(numbers["gradients"]) - set(stored)
            (folder / "numbers.json").write_text(json.dumps(numbers).replace('}, "', '},\n "') + "\n")
            print(model, case, numbers["labelled"], numbers["loss"], {k: config[k] for k in ["modules_to_save", "ensure_weight_tying", "trainable_token_indices"]})
            print("  ", {n: tuple(t.shape) for n, t in stored.items() if "lora_" not in n}, sorted(n for n in numbers["gradients"] if "lora_" not in n), file=sys.stdout)
