"""Makes the committed reference numbers of DoRA: what PEFT says of the tiny models of tiny_families.py with magnitudes beside their adapters' A and B.

usage: tiny_dora.py [NAME …]        (default: all; into engine/src/test/resources/reference/families/NAME/dora)

Base, A, B and conversations are those of the family's folder. Magnitudes are the norms of W + scale B A, up to a fifth more or less, rounded to float32. All else is float64, as there.
"""

import json
import shutil
import sys

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from tiny_families import ALPHA, FAMILIES, OUT, RANK, labelled_logits, nothing_rounded

# Separate projections, biases, a tied head; fused ones; transposed ones; norms behind; attention and feed-forward side by side.
CHOSEN = ["llama-llama3", "qwen2", "phi3", "gpt2", "gemma2", "phi"]


def rounded(t):
    """In float32, also where nothing else is rounded."""
    return torch.from_numpy(t.detach().numpy().astype("float32"))


def make(name, seed):
    targets = FAMILIES[name][1]
    family = OUT / name
    folder = family / "dora"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    conversations = json.loads((family / "examples.json").read_text())
    with nothing_rounded():
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(family / "base"), attn_implementation="eager", dtype=torch.float64).double().eval()
        model.load_state_dict({n: t.double() for n, t in load_file(family / "base/model.safetensors").items()}, strict=False)
        model.tie_weights()
        tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets, task_type="CAUSAL_LM", lora_dropout=0.0, use_dora=True)).double()
        stored = {n.replace(".weight", ".default.weight"): t.double() for n, t in load_file(family / "adapter/adapter_model.safetensors").items()}
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            parameters = dict(tuned.named_parameters())
            for n, t in stored.items():
                parameters[n].copy_(t)
            for n, module in sorted(tuned.named_modules()):
                if getattr(module, "lora_magnitude_vector", None):
                    layer, delta = module.lora_magnitude_vector["default"], module.get_delta_weight("default")
                    turned = (lambda w: w.T) if module.fan_in_fan_out else (lambda w: w)
                    norm = layer.get_weight_norm(module.get_base_layer().weight, turned(delta), scaling=1)
                    spread = torch.rand(norm.shape, generator=generator, dtype=torch.float32).double() * 0.4 + 0.8
                    layer.weight.copy_(rounded(norm * spread).double())
        logits, loss, labelled = labelled_logits(tuned, conversations)
        (loss / labelled).backward()
        assert logits.dtype == torch.float64
        save_file({"adapted": logits.detach()}, folder / "logits.safetensors")
        gradients = {n.replace(".default", "").replace("magnitude_vector.weight", "magnitude_vector"): p.grad.contiguous() for n, p in tuned.named_parameters() if p.grad is not None}
        save_file(gradients, folder / "gradients.safetensors")
        adapter = {n: rounded(t) for n, t in get_peft_model_state_dict(tuned).items()}
        assert adapter.keys() == gradients.keys(), adapter.keys() ^ gradients.keys()
        save_file(adapter, folder / "adapter_model.safetensors")
    numbers = {"labelled": labelled, "loss": (loss / labelled).item()}
    (folder / "numbers.json").write_text(json.dumps(numbers, indent=1))
    print(name, numbers, len(adapter), "tensors", sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1024, "KiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, family in enumerate(CHOSEN):
        if len(sys.argv) == 1 or family in sys.argv[1:]:
            make(family, 500 + 10 * number)
