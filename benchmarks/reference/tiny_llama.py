"""Makes the committed reference numbers for the quick tests of the engine: what transformers and PEFT say of two tiny random Llamas.

usage: tiny_llama.py [OUT]        (default: engine/src/test/resources/reference; layout and conventions in README.md beside this script)

Forward and gradients are float64 throughout. Three places of transformers round to float32 whatever the model's type is: the RMS norm, the rope table and
the loss. The first two are replaced here by the same formula without the rounding, the loss is computed here. Training is transformers' and PEFT's own float32, untouched.
"""

import json
import pathlib
import shutil
import sys

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, get_cosine_schedule_with_warmup
from transformers.models.llama import modeling_llama

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parents[1] / "engine/src/test/resources/reference"
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
VOCABULARY, RANK, ALPHA = 300, 4, 8
LENGTHS = [(23, [(6, 13), (17, 23)]), (41, [(11, 20), (30, 41)]), (9, [(4, 9)])]  # tokens, labelled stretches
TRAINING = dict(steps=20, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.01, clip=1.0, warmupSteps=2, schedule="cosine")


def random_like(shape, scale, generator, centre=0.0):
    return torch.randn(shape, generator=generator, dtype=torch.float32) * scale + centre


def base(folder, seed, **config):
    """A random Llama whose weights are large enough for attention and the gate to be far from linear."""
    model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, head_dim=16,
        rms_norm_eps=1e-5, rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, max_position_embeddings=256,
        bos_token_id=1, eos_token_id=2, pad_token_id=None, attention_bias=False, mlp_bias=False, **config))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            norm = "norm" in name
            weight.copy_(random_like(weight.shape, 0.2 if norm else 0.15, generator, 1.0 if norm else 0.0))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def initial_adapter(base_folder, folder, seed):
    model = get_peft_model(LlamaForCausalLM.from_pretrained(base_folder, dtype=torch.float32), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=PROJECTIONS, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if "lora_" in name:
                weight.copy_(random_like(weight.shape, 0.1, generator))
    save_adapter(model, folder)


def save_adapter(model, folder):
    model.peft_config["default"].base_model_name_or_path = "tiny-llama"  # not the path of the machine that ran this
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()  # a set in PEFT, so in another order every time
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def examples(seed, lengths):
    """Token ids and labels; a label stands at its own token's position, -100 where nothing is learnt."""
    generator, out = torch.Generator().manual_seed(seed), []
    for length, stretches in lengths:
        ids = torch.randint(3, VOCABULARY, (length,), generator=generator).tolist()
        labelled = {i for a, b in stretches for i in range(a, b)}
        out.append({"input_ids": ids, "labels": [t if i in labelled else -100 for i, t in enumerate(ids)]})
    return out


def summed_loss(logits, labels):
    """Position i predicts label i + 1; the sum over labelled tokens, and how many there are."""
    target = torch.tensor(labels)[1:]
    return F.cross_entropy(logits[:-1], target, ignore_index=-100, reduction="sum"), int((target != -100).sum())


class Float64Norm(torch.nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.weight, self.epsilon = norm.weight, norm.variance_epsilon

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon))


class Float64Rope(torch.nn.Module):
    def __init__(self, head, theta):
        super().__init__()
        self.frequency = theta ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)

    def forward(self, x, position_ids):
        angle = position_ids[..., None].double() * self.frequency
        angle = torch.cat([angle, angle], -1)
        return angle.cos(), angle.sin()


def without_rounding(model):
    """The same model in float64 with no float32 rounding left in it."""
    model = model.double()
    for name, module in list(model.named_modules()):
        if isinstance(module, modeling_llama.LlamaRMSNorm):
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, Float64Norm(module))
    model.model.rotary_emb = Float64Rope(16, 10000.0)
    return model


def forward_and_gradients(folder, conversations):
    torch.set_default_dtype(torch.float64)  # rope and masks follow it
    model = without_rounding(LlamaForCausalLM.from_pretrained(folder / "base", dtype=torch.float64, attn_implementation="eager"))
    modeling_llama.nn.functional.softmax, kept = (lambda x, dim, dtype=None: torch.softmax(x, dim)), modeling_llama.nn.functional.softmax  # eager attention asks for float32
    try:
        plain, labelled = [model(input_ids=torch.tensor([c["input_ids"]])).logits[0].detach() for c in conversations], 0
        base_loss = sum(summed_loss(l, c["labels"])[0] for l, c in zip(plain, conversations))
        tuned = PeftModel.from_pretrained(model, folder / "adapter", is_trainable=True).double()
        logits, loss = [], 0.0
        for c in conversations:
            out = tuned(input_ids=torch.tensor([c["input_ids"]])).logits[0]
            total, count = summed_loss(out, c["labels"])
            logits.append(out.detach())
            loss, labelled = loss + total, labelled + count
        (loss / labelled).backward()
    finally:
        modeling_llama.nn.functional.softmax = kept
        torch.set_default_dtype(torch.float32)
    assert all(l.dtype == torch.float64 for l in logits)
    save_file({**{f"base.{i}": l for i, l in enumerate(plain)}, **{f"adapted.{i}": l for i, l in enumerate(logits)}}, folder / "logits.safetensors")
    gradients = {n.replace(".default.", "."): p.grad.contiguous() for n, p in tuned.named_parameters() if p.grad is not None}
    assert len(gradients) == 2 * 2 * len(PROJECTIONS) and all(g.dtype == torch.float64 for g in gradients.values())
    save_file(gradients, folder / "gradients.safetensors")
    return {"labelled": labelled, "baseLoss": (base_loss / labelled).item(), "loss": (loss / labelled).item(),
            "gradientNorm": torch.sqrt(sum(g.pow(2).sum() for g in gradients.values())).item()}


def training(folder, conversations):
    """Twenty steps as a plain PEFT user writes them: torch's AdamW (not fused), transformers' cosine schedule, clipping; float32."""
    model = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(folder / "base", dtype=torch.float32), folder / "adapter", is_trainable=True)
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=TRAINING["learningRate"], betas=(TRAINING["beta1"], TRAINING["beta2"]), eps=TRAINING["epsilon"],
        weight_decay=TRAINING["weightDecay"], foreach=False, fused=False)
    schedule = get_cosine_schedule_with_warmup(optimizer, TRAINING["warmupSteps"], TRAINING["steps"])
    batches = [[(2 * s + j) % len(conversations) for j in range(2 + s % 2)] for s in range(TRAINING["steps"])]
    rows = []
    for step, batch in enumerate(batches):
        labelled = sum(summed_loss(torch.zeros(len(conversations[i]["labels"]), VOCABULARY), conversations[i]["labels"])[1] for i in batch)
        loss = 0.0
        for i in batch:
            part = summed_loss(model(input_ids=torch.tensor([conversations[i]["input_ids"]])).logits[0], conversations[i]["labels"])[0] / labelled
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(parameters, TRAINING["clip"]).item()
        rows.append({"step": step + 1, "loss": loss, "gradNorm": norm, "learningRate": schedule.get_last_lr()[0], "labelled": labelled})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    save_adapter(model, folder / "training/adapter")
    (folder / "training/training.json").write_text(json.dumps({**TRAINING, "batches": batches, "conversations": conversations, "rows": rows}, indent=1))
    return rows


def variant(name, seed, **config):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base(folder / "base", seed, **config)
    initial_adapter(folder / "base", folder / "adapter", seed + 1)
    conversations = examples(seed + 2, LENGTHS)
    (folder / "examples.json").write_text(json.dumps(conversations))
    numbers = forward_and_gradients(folder, conversations)
    (folder / "numbers.json").write_text(json.dumps(numbers, indent=1))
    rows = training(folder, examples(seed + 3, LENGTHS + [(30, [(8, 30)]), (15, [(3, 7), (9, 15)])]))
    print(name, numbers)
    print("  losses", [round(r["loss"], 4) for r in rows], "\n  norms", [round(r["gradNorm"], 3) for r in rows], "\n  rates", [round(r["learningRate"], 7) for r in rows])
    for f in sorted(folder.rglob("*")):
        if f.is_file():
            assert f.stat().st_size < 500_000, f


if __name__ == "__main__":
    OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    variant("tiny-llama", 11, num_key_value_heads=2, tie_word_embeddings=True)
    variant("tiny-llama-untied", 21, num_key_value_heads=4, tie_word_embeddings=False)
