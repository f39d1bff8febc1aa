"""Lathe's program, the archive that Java wrote, beside PEFT on one device: the same gradients, and how fast.

usage: archive_beside_peft.py FOLDER [--device cuda] [--sequences N] [--length T] [--turns K]
FOLDER holds config.json (a Llama) and decoder.pt (ArchiveMain made it for that config). Weights are random, labels the second half of every
sequence. Needs torch; transformers and peft for the other side (without them the archive is held to its own autograd, and timed alone).
prints one JSON line: gradients (the largest relative difference of a tensor, float32), tokensPerSecond and peakMiB of both sides (bf16)
"""

import argparse
import json
import time
from pathlib import Path

import torch

PROJECTIONS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


class Sizes:
    def __init__(self, config):
        self.hidden, self.layers, self.ffn, self.vocab = (config[k] for k in ("hidden_size", "num_hidden_layers", "intermediate_size", "vocab_size"))
        self.heads, self.kv = config["num_attention_heads"], config["num_key_value_heads"]
        self.head = config.get("head_dim") or self.hidden // self.heads
        self.theta, self.tied = config.get("rope_theta", 1e4), config.get("tie_word_embeddings", False)

    def linear(self):
        """(out, in) of every projection, by PEFT's names."""
        h, q, k, f = self.hidden, self.heads * self.head, self.kv * self.head, self.ffn
        return dict(zip(PROJECTIONS, [(q, h), (k, h), (k, h), (h, q), (f, h), (f, h), (h, f)]))


def weights(sizes, device):
    """Random ones under Hugging Face's names, float32; the same on every device."""
    random = torch.Generator().manual_seed(0)
    made = lambda *shape: torch.randn(*shape, generator=random).div_(shape[-1] ** 0.5).to(device)
    norm = lambda: (1 + 0.1 * torch.randn(sizes.hidden, generator=random)).to(device)
    named = {"model.embed_tokens.weight": made(sizes.vocab, sizes.hidden), "model.norm.weight": norm()}
    if not sizes.tied:
        named["lm_head.weight"] = made(sizes.vocab, sizes.hidden)
    for i in range(sizes.layers):
        named[f"model.layers.{i}.input_layernorm.weight"], named[f"model.layers.{i}.post_attention_layernorm.weight"] = norm(), norm()
        for name, shape in sizes.linear().items():
            named[f"model.layers.{i}.{name}.weight"] = made(*shape)
    return named


class Ours:
    """The archive, with its weights as Java hands them over: what reads the same input is stacked."""

    def __init__(self, program, sizes, named, dtype, device):
        self.program, self.sizes, self.device = program, sizes, device
        none = torch.zeros(0, dtype=dtype, device=device)
        to = lambda t: t.to(dtype)
        stacked = lambda i, *names: to(torch.cat([named[f"model.layers.{i}.{n}.weight"] for n in names]))
        embed = to(named["model.embed_tokens.weight"])
        self.w = [embed, none, to(named["model.norm.weight"]), none, embed if sizes.tied else to(named["lm_head.weight"]), none]
        for i in range(sizes.layers):
            before, after = (to(named[f"model.layers.{i}.{n}_layernorm.weight"]) for n in ("input", "post_attention"))
            self.w += [before, none, stacked(i, *PROJECTIONS[:3]), none, stacked(i, PROJECTIONS[3]), none]
            self.w += [after, none, stacked(i, *PROJECTIONS[4:6]), none, stacked(i, PROJECTIONS[6]), none, none, none, none]
        half = torch.arange(0, sizes.head, 2, dtype=torch.float64, device=device)
        self.frequencies = (sizes.theta ** (-half / sizes.head)).view(1, 1, -1)
        self.places = [(f"model.layers.{i}.{name}.lora_{m}", (program.a_at if m == "A" else program.b_at)[7 * i + j], shape)
            for i in range(sizes.layers) for j, name in enumerate(PROJECTIONS)
            for m, shape in (("A", (program.ranks[j], program.ins[j])), ("B", (program.outs[j], program.ranks[j])))]
        self.size = max(at + shape[0] * shape[1] for _, at, shape in self.places)

    def adapter(self):
        random = torch.Generator().manual_seed(1)
        return (torch.randn(self.size, generator=random) * 0.02).to(self.device)

    def tensors(self, flat):
        return {name: flat[at:at + r * c].view(r, c) for name, at, (r, c) in self.places}

    def gradient(self, method, flat, ids):
        """Of the mean loss over the labels, flat, in float32."""
        n, t = ids.shape
        at = torch.cat([torch.arange(t // 2 - 1, t - 1) + row * t for row in range(n)]).to(self.device)
        gradient = torch.zeros(self.size, device=self.device)
        lengths = torch.full((n,), t, dtype=torch.int64)
        loss = getattr(self.program, method)(self.w, flat, gradient, ids.flatten(), lengths, self.frequencies, at, ids.flatten()[at + 1], torch.tensor(1 / len(at), dtype=torch.float64))
        return float(loss) / len(at), gradient


class Peft:
    def __init__(self, config, sizes, named, tensors, rank, alpha, dtype, device):
        from peft import LoraConfig, get_peft_model
        from transformers import LlamaConfig, LlamaForCausalLM
        with torch.device(device):
            model = LlamaForCausalLM._from_config(LlamaConfig(**config), attn_implementation="sdpa", dtype=dtype)
        missing, unknown = model.load_state_dict(named, strict=False)
        if unknown or set(missing) - {"lm_head.weight"}:
            raise SystemExit(f"transformers' model lacks {missing} and does not know {unknown}")
        self.model = get_peft_model(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=[p.split(".")[1] for p in PROJECTIONS]))
        self.parameters = {n.removeprefix("base_model.model.").replace(".default.weight", ""): p for n, p in self.model.named_parameters() if p.requires_grad}
        with torch.no_grad():
            for name, value in tensors.items():
                self.parameters[name].copy_(value)

    def step(self, ids):
        labels = ids.clone()
        labels[:, :ids.shape[1] // 2] = -100
        self.model.zero_grad(set_to_none=True)
        loss = self.model(input_ids=ids, labels=labels).loss
        loss.backward()
        return loss


def farthest(found, expected):
    """The largest difference of a tensor, relative to its norm."""
    return max(float((found[n].double() - e.double()).norm() / e.double().norm()) for n, e in expected.items())


def timed(device, turns, work):
    """Seconds of the median turn after two, and the most memory that PyTorch held meanwhile."""
    cuda = device.startswith("cuda")
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(turns + 2):
        began = time.monotonic()
        work()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.monotonic() - began)
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else None
    return sorted(seconds[2:])[turns // 2], peak


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=10)
    given = parser.parse_args()
    config = json.loads((given.folder / "config.json").read_text())
    sizes, device = Sizes(config), given.device
    torch._C._set_graph_executor_optimize(False)
    torch.backends.cuda.matmul.allow_tf32 = False
    program = torch.jit.load(given.folder / "decoder.pt", map_location=device)
    rank, alpha = program.ranks[0], program.scale * program.ranks[0]
    named = weights(sizes, device)
    try:
        import peft, transformers  # noqa: F401, E401
        beside = True
    except ImportError:
        beside = False
    tokens = given.sequences * given.length
    result = {"device": torch.cuda.get_device_name() if device.startswith("cuda") else "cpu", "torch": torch.__version__, "sequences": given.sequences, "length": given.length, "gradients": {}, "tokensPerSecond": {}, "peakMiB": {}}

    ids = torch.randint(0, sizes.vocab, (2, 96), generator=torch.Generator().manual_seed(2)).to(device)
    ours = Ours(program, sizes, named, torch.float32, device)
    flat = ours.adapter()
    loss, fast = ours.gradient("fast", flat, ids)
    result["gradients"]["fast beside tape"] = farthest(ours.tensors(fast), ours.tensors(ours.gradient("tape", flat, ids)[1]))
    if beside:
        peft_side = Peft(config, sizes, named, ours.tensors(flat), rank, alpha, torch.float32, device)
        result["losses"] = {"Lathe": loss, "PEFT": float(peft_side.step(ids))}
        result["gradients"]["fast beside PEFT"] = farthest(ours.tensors(fast), {n: p.grad for n, p in peft_side.parameters.items()})
        del peft_side
    del ours

    ids = torch.randint(0, sizes.vocab, (given.sequences, given.length), generator=torch.Generator().manual_seed(3)).to(device)
    ours = Ours(program, sizes, named, torch.bfloat16, device)
    half = flat.bfloat16()
    sides = {"Lathe": lambda: ours.gradient("fast", half, ids)}
    for name in ("Lathe", "PEFT") if beside else ("Lathe",):
        if name == "PEFT":
            tensors = ours.tensors(flat)
            del ours, sides
            other = Peft(config, sizes, named, tensors, rank, alpha, torch.bfloat16, device)
            sides = {"PEFT": lambda: other.step(ids)}
            named = None
        seconds, peak = timed(device, given.turns, sides[name])
        result["tokensPerSecond"][name], result["peakMiB"][name] = tokens / seconds, peak
    print(json.dumps(result))


if __name__ == "__main__":
    main()
