"""Makes the committed reference numbers of full fine-tuning: what transformers says of the gradients of all weights of the tiny models of tiny_llama.py and tiny_families.py.

usage: tiny_full.py [NAME …]        (default: all; into full.json of the model's folder in engine/src/test/resources/reference)

Of every tensor: its norm, its products with four fixed vectors cos((i + 1)(k + 1)), and its first three values, all float64. A tied head's gradient is in the embedding's.
"""

import json
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from tiny_families import OUT, labelled_logits, nothing_rounded

# A tied head and one of its own; biases; the heads' norms and norms that add one; norms behind, caps; side by side; fused; learned positions.
CHOSEN = ["../tiny-llama", "llama-llama3", "qwen2", "gemma2", "gemma3", "phi", "phi3", "gpt2"]


def told(t):
    flat = t.detach().reshape(-1)
    along = [torch.dot(flat, torch.cos(torch.arange(1, len(flat) + 1, dtype=torch.float64) * (k + 1))).item() for k in range(4)]
    return {"norm": flat.norm().item(), "along": along, "first": flat[:3].tolist()}


def make(name):
    folder = OUT / name
    conversations = json.loads((folder / "examples.json").read_text())
    with nothing_rounded():
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder / "base"), attn_implementation="eager", dtype=torch.float64).double().eval()
        _, unexpected = model.load_state_dict({n: t.double() for n, t in load_file(folder / "base/model.safetensors").items()}, strict=False)
        assert not unexpected
        model.tie_weights()
        logits, loss, labelled = labelled_logits(model, conversations)
        assert logits.dtype == torch.float64
        (loss / labelled).backward()
    gradients = {n: told(p.grad) for n, p in model.named_parameters()}
    text = json.dumps({"labelled": labelled, "loss": (loss / labelled).item(), "gradients": gradients})
    (folder / "full.json").write_text(text.replace('}, "', '},\n "') + "\n")
    print(name, labelled, (loss / labelled).item(), len(gradients), "tensors", len(text) // 1024, "KiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for family in CHOSEN:
        if len(sys.argv) == 1 or family in sys.argv[1:]:
            make(family)
