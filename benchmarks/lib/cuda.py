"""The program that Java wrote, opened by Python's torch.jit.load on a GPU: its gradients and its speed beside PEFT. (DJL on CUDA is another matter: docs/cuda.md.)"""

import json
import shutil
import subprocess
from pathlib import Path

from .lathe import Lathe
from .peers import Failed, checked, say
from .table import table

GRADIENTS, SPEED = 1e-4, 1.2

# Sizes as their publishers' config.json have them; the weights are random.
SHAPES = {
    "tiny": dict(hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=512, tie_word_embeddings=True),
    "smollm2-135m": dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, vocab_size=49152, tie_word_embeddings=True, rope_theta=1e5),
    "llama-1b": dict(hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=True, rope_theta=5e5),
    "llama-3b": dict(hidden_size=3072, intermediate_size=8192, num_hidden_layers=28, num_attention_heads=24, num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=True, rope_theta=5e5),
    "llama-8b": dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=False, rope_theta=5e5),
}


def options(parser):
    parser.add_argument("--device", default="cuda" if shutil.which("nvidia-smi") else "cpu", help="cuda, or cpu to try it out (default: cuda where nvidia-smi is)")
    parser.add_argument("--shape", choices=SHAPES, default="llama-1b")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--sequences", type=int, default=4)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--python", help="an interpreter with torch, transformers and peft (default: the peers')")
    parser.add_argument("--prepare", metavar="DIR", help="only write config.json and decoder.pt there, for a machine without Java: run benchmarks/peers/archive_beside_peft.py DIR on it")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")


def measure(peers, given):
    folder = Path(given.prepare) if given.prepare else peers.folder / "cuda" / given.shape
    archive(peers, folder, given)
    if given.prepare:
        return {"folder": str(folder)}, f"{folder} holds config.json and decoder.pt.", True
    command = [given.python] if given.python else [str(peers.python())]
    command += [str(peers.scripts / "archive_beside_peft.py"), str(folder), "--device", given.device]
    for name in ("sequences", "length", "turns"):
        command += [f"--{name}", str(getattr(given, name))]
    say(f"{given.shape} on {given.device} …")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\nended with status {done.returncode}:\n{done.stderr[-3000:]}")
    found = {"shape": given.shape, **json.loads(done.stdout.splitlines()[-1])}
    return judged(found, given.device)


def archive(peers, folder, given):
    """Has Java write the program of a shape."""
    lathe = Lathe(peers.root, given.home)
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rms_norm_eps": 1e-5, "hidden_act": "silu", "max_position_embeddings": 8192, "bos_token_id": 1, "eos_token_id": 2, **SHAPES[given.shape]}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    command = [lathe.launcher, folder, given.rank, 2 * given.rank, folder / "decoder.pt"]
    checked(command, "It runs ArchiveMain of the engine.", env={**lathe.env, "LATHE_MAIN": "dev.lathe.engine.program.ArchiveMain"})


def judged(found, device):
    """The table, and whether the bounds hold: the gradients' anywhere, the speed's where there is a GPU."""
    rows = [[name, found["tokensPerSecond"].get(name), found["peakMiB"].get(name)] for name in ("Lathe", "PEFT") if name in found["tokensPerSecond"]]
    shown = [table(["", "tokens/s", "peak MiB"], rows)]
    exact = all(d <= GRADIENTS for d in found["gradients"].values())
    shown.append("Gradients of a tensor, relative difference in float32: " + ", ".join(f"{n} {d:.1e}" for n, d in found["gradients"].items()) + f" (bound {GRADIENTS:g}).")
    fast = True
    if "PEFT" in found["tokensPerSecond"]:
        found["ratio"] = found["tokensPerSecond"]["Lathe"] / found["tokensPerSecond"]["PEFT"]
        fast = not device.startswith("cuda") or found["ratio"] >= SPEED
        shown.append(f"{found['ratio']:.2f} times PEFT's speed" + (f" (bound {SPEED})." if device.startswith("cuda") else "; the bound is for GPUs."))
    return found, "\n".join(shown), exact and fast
