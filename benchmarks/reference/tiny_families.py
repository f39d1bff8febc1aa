"""Makes the committed reference numbers of every family of decoders: what transformers and PEFT say of a tiny random model of it.

usage: tiny_families.py [NAME …]        (default: all; into engine/src/test/resources/reference/families)

Forward and gradients are float64 throughout: wherever transformers asks for float32 (norms, rope tables, soft-max), it is given float64 here.
Weights and adapters are stored as float32, so what Java reads is exactly what was computed with. Each conversation is computed alone; logits stand at its labelled positions.
"""

import contextlib
import json
import pathlib
import shutil
import sys

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

OUT = pathlib.Path(__file__).resolve().parents[2] / "engine/src/test/resources/reference/families"
VOCABULARY, RANK, ALPHA = 96, 4, 8
LENGTHS = [(23, [(9, 14)]), (300, [(40, 44), (130, 134), (250, 253), (291, 300)]), (9, [(4, 6)])]  # tokens, labelled stretches
COMMON = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
    max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=None)
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def rope(kind, theta=10000.0, **more):
    return {"rope_type": kind, "rope_theta": theta, **more}


def llama(**more):
    return dict(COMMON, model_type="llama", rms_norm_eps=1e-5, **more), SEVEN


FAMILIES = {
    "llama-llama3": llama(rope_parameters=rope("llama3", 500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)),
    "llama-linear": llama(rope_parameters=rope("linear", factor=4.0)),
    "llama-dynamic": llama(max_position_embeddings=128, rope_parameters=rope("dynamic", factor=2.0)),
    "llama-yarn": llama(rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=128)),
    "llama-biases": llama(rope_parameters=rope("default"), attention_bias=True, mlp_bias=True),
    "mistral": (dict(COMMON, model_type="mistral", sliding_window=20, rms_norm_eps=1e-5, rope_parameters=rope("default", 1e6)), SEVEN),
    "qwen2": (dict(COMMON, model_type="qwen2", rope_parameters=rope("default", 1e6), tie_word_embeddings=True), SEVEN),
    "qwen3": (dict(COMMON, model_type="qwen3", rope_parameters=rope("default", 1e6), attention_bias=False), SEVEN),
    "gemma": (dict(COMMON, model_type="gemma", hidden_activation="gelu_pytorch_tanh", rope_parameters=rope("default")), SEVEN),
    "gemma2": (dict(COMMON, model_type="gemma2", sliding_window=20, query_pre_attn_scalar=12, attn_logit_softcapping=5.0, final_logit_softcapping=3.0, rope_parameters=rope("default")), SEVEN),
    "gemma3": (dict(COMMON, num_hidden_layers=3, model_type="gemma3_text", sliding_window=20, query_pre_attn_scalar=12,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters={"full_attention": rope("linear", 1e6, factor=8.0), "sliding_attention": rope("default")}), SEVEN),
    "phi": (dict({k: v for k, v in COMMON.items() if k not in ("head_dim", "num_key_value_heads")}, model_type="phi", rope_parameters=rope("default", partial_rotary_factor=0.5), partial_rotary_factor=0.5),
        ["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]),
    "phi3": (dict({k: v for k, v in COMMON.items() if k != "head_dim"}, model_type="phi3", sliding_window=20, pad_token_id=0, rope_parameters=rope("default")), ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
    "phi3-longrope": (dict({k: v for k, v in COMMON.items() if k != "head_dim"}, model_type="phi3", sliding_window=None, pad_token_id=0, original_max_position_embeddings=128,
        rope_parameters=rope("longrope", short_factor=[1.0, 1.1, 1.3, 1.5], long_factor=[1.0, 1.5, 2.5, 4.0], original_max_position_embeddings=128)), ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
    "gpt2": (dict(model_type="gpt2", vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512, bos_token_id=1, eos_token_id=2, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0), ["c_attn", "c_proj", "c_fc"]),
}


@contextlib.contextmanager
def nothing_rounded():
    """float64 wherever float32 is asked for."""
    def wider(function):
        def call(*args, **kwargs):
            swap = lambda v: torch.float64 if v is torch.float32 else v
            return function(*map(swap, args), **{k: swap(v) for k, v in kwargs.items()})
        return call

    places = [(torch.Tensor, "to"), (torch, "arange"), (torch, "tensor"), (torch, "softmax"), (F, "softmax"), (torch.nn.functional, "softmax")]
    kept = [(owner, name, getattr(owner, name)) for owner, name in places] + [(torch.Tensor, "float", torch.Tensor.float)]
    torch.set_default_dtype(torch.float64)
    for owner, name, function in kept[:-1]:
        setattr(owner, name, wider(function))
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        for owner, name, function in kept:
            setattr(owner, name, function)


def randomised(model, seed):
    """Weights large enough for attention, gates and caps to be far from linear."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            norm = "norm" in name or ".ln_" in name
            centre = 1.0 if norm and name.endswith("weight") and "gemma" not in model.config.model_type else 0.0
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float32) * (0.2 if norm else 0.25) + centre)


def examples(seed):
    generator, out = torch.Generator().manual_seed(seed), []
    for length, stretches in LENGTHS:
        ids = torch.randint(3, VOCABULARY, (length,), generator=generator).tolist()
        labelled = {i for a, b in stretches for i in range(a, b)}
        out.append({"input_ids": ids, "labels": [t if i in labelled else -100 for i, t in enumerate(ids)]})
    return out


def float32(tensors):
    return {n: t.detach().to(torch.float32).contiguous().clone() for n, t in tensors.items()}


def make(name, seed):
    settings, targets = FAMILIES[name]
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "base").mkdir(parents=True)
    (folder / "adapter").mkdir()
    settings = dict(settings)
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    conversations = examples(seed)
    (folder / "examples.json").write_text(json.dumps(conversations))

    plain = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    randomised(plain, seed + 1)
    plain.save_pretrained(folder / "base")
    (folder / "base/generation_config.json").unlink(missing_ok=True)

    with nothing_rounded():
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder / "base"), attn_implementation="eager", dtype=torch.float64).double().eval()
        missing, unexpected = model.load_state_dict({n: t.double() for n, t in load_file(folder / "base/model.safetensors").items()}, strict=False)
        assert not unexpected and all("lm_head" in m for m in missing), (missing, unexpected)
        model.tie_weights()
        logits = {"base": labelled_logits(model, conversations)[0].detach()}
        tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets, task_type="CAUSAL_LM", lora_dropout=0.0))
        generator = torch.Generator().manual_seed(seed + 2)
        adapter = {}
        with torch.no_grad():
            for n, p in sorted(tuned.named_parameters()):
                if "lora_" in n:
                    p.data = (torch.randn(p.shape, generator=generator, dtype=torch.float32) * 0.15).double()
                    adapter[n.replace(".default.", ".")] = p
        adapted, loss, labelled = labelled_logits(tuned, conversations)
        logits["adapted"] = adapted.detach()
        (loss / labelled).backward()
        assert all(t.dtype == torch.float64 for t in logits.values())
        save_file(logits, folder / "logits.safetensors")
        save_file({n.replace(".default.", "."): p.grad.contiguous() for n, p in tuned.named_parameters() if p.grad is not None}, folder / "gradients.safetensors")
    save_file(float32(adapter), folder / "adapter/adapter_model.safetensors")
    tuned.peft_config["default"].base_model_name_or_path = "tiny"
    tuned.peft_config["default"].save_pretrained(folder / "adapter")
    written = folder / "adapter/adapter_config.json"
    text = json.loads(written.read_text())
    text["target_modules"] = sorted(text["target_modules"])
    written.write_text(json.dumps(text, indent=1) + "\n")
    numbers = {"labelled": labelled, "loss": (loss / labelled).item()}
    (folder / "numbers.json").write_text(json.dumps(numbers, indent=1))
    print(name, numbers, len(adapter), "matrices", sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1024, "KiB")


def labelled_logits(model, conversations):
    """The logits that predict labelled tokens, (N, vocabulary), their summed loss, and N."""
    rows, loss, labelled = [], 0.0, 0
    for c in conversations:
        out = model(input_ids=torch.tensor([c["input_ids"]]), use_cache=False).logits[0]
        target = torch.tensor(c["labels"])[1:]
        at = (target != -100).nonzero()[:, 0]
        rows.append(out[at])
        loss = loss + F.cross_entropy(out[at], target[at], reduction="sum")
        labelled += len(at)
    return torch.cat(rows), loss, labelled


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, family in enumerate(FAMILIES):
        if len(sys.argv) == 1 or family in sys.argv[1:]:
            make(family, 100 + 10 * number)
