"""The machine's rate of torch's bf16 `linear`, at the shapes of a Llama's projections.

usage: linear_rate.py MODEL_DIR [TOKENS]
prints one JSON line: gflops of each shape, gflops (all projections of one layer together), weights (of all projections), headWeights
"""

import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F


def rate(tokens, inward, outward, seconds=0.7):
    x, w = torch.randn(tokens, inward).bfloat16(), torch.randn(outward, inward).bfloat16()
    for _ in range(3):
        F.linear(x, w)
    best, until = float("inf"), time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        F.linear(x, w)
        best = min(best, time.perf_counter() - started)
    return 2 * tokens * inward * outward / best / 1e9


def main():
    config = json.loads(pathlib.Path(sys.argv[1], "config.json").read_text())
    tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    hidden, wide, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    narrow = config["num_key_value_heads"] * head
    shapes = {"q": (hidden, heads * head), "k": (hidden, narrow), "v": (hidden, narrow), "o": (heads * head, hidden), "gate": (hidden, wide), "up": (hidden, wide), "down": (wide, hidden)}
    with torch.no_grad():
        rates = {n: rate(tokens, *s) for n, s in shapes.items()}
        rates["head"] = rate(min(tokens, 512), hidden, config["vocab_size"])
    weights = {n: a * b for n, (a, b) in shapes.items()}
    together = sum(weights.values()) / sum(weights[n] / rates[n] for n in weights)
    print(json.dumps({"gflops": together, "shapes": rates, "weights": sum(weights.values()) * config["num_hidden_layers"], "headWeights": hidden * config["vocab_size"],
        "loraWeightsPerRank": sum(a + b for a, b in shapes.values()) * config["num_hidden_layers"], "threads": torch.get_num_threads(), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
