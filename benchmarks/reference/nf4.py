"""Makes the committed reference numbers of NF4 with double quantization: what bitsandbytes packs (checkpoints/src/test/resources/reference/nf4.safetensors).

usage: nf4.py        wants torch, bitsandbytes and safetensors
"""

import pathlib

import bitsandbytes.functional as bnb
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "checkpoints/src/test/resources/reference/nf4.safetensors"

if __name__ == "__main__":
    torch.manual_seed(5)
    tensors = {}
    for name, values in {"normal": torch.randn(96, 192) * 0.05, "wide": torch.randn(40, 64) ** 3, "small": torch.randn(1, 64) * 1e-4}.items():
        packed, state = bnb.quantize_4bit(values, blocksize=64, compress_statistics=True, quant_type="nf4")
        tensors |= {f"{name}.values": values, f"{name}.codes": packed.flatten(), f"{name}.scales": state.absmax, f"{name}.outer": state.state2.absmax,
            f"{name}.offset": state.offset.reshape(1).float(), f"{name}.unpacked": bnb.dequantize_4bit(packed, state)}
        code, scales = state.code, state.state2.code
    tensors |= {"levels": code, "scaleLevels": scales}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file({n: t.contiguous() for n, t in tensors.items()}, OUT)
    print({n: tuple(t.shape) for n, t in tensors.items()}, OUT.stat().st_size // 1024, "KiB")
