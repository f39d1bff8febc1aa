"""Reference vectors for the block codecs: numbers packed and unpacked by the gguf package.

    pip install gguf==0.19.0
    python benchmarks/reference/gguf_blocks.py \
        > checkpoints/src/test/resources/dev/lathe/checkpoints/quantized/blocks.json

Each entry holds the packed bytes and the float32 they unpack to, both as hexadecimal, little endian.
"""

import json

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import quants

random = np.random.default_rng(20261121)
values = np.concatenate(
    [
        random.normal(0, 0.05, 96),
        np.zeros(32),
        random.normal(0, 30, 32),
        np.linspace(-1, 1, 32),
        np.full(32, 0.3),
        random.normal(0, 1e-6, 32),
    ]
).astype(np.float32)

entries = {}
for kind in (T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q8_0):
    packed = quants.quantize(values, kind)
    unpacked = quants.dequantize(packed, kind).astype("<f4")
    entries[kind.name] = {
        "packed": packed.tobytes().hex(),
        "unpacked": unpacked.tobytes().hex(),
    }

# Rounding to bfloat16: ties to even both ways, subnormals, signs, the largest, and a carry.
edges = np.array(
    [0x3F808000, 0x3F818000, 0x3F808001, 0x3F817FFF, 0x00000001, 0x00008000, 0x00018000,
     0x80000000, 0xBF808000, 0x3FFFFFFF, 0x7F7F0000, 0x7F7FFFFF, 0x7F800000, 0xFF800000],
    dtype=np.uint32,
)
rounded = quants.quantize(edges.view(np.float32), T.BF16)
entries["rounding"] = {"float32": edges.astype("<u4").tobytes().hex(), "bfloat16": rounded.tobytes().hex()}

print(json.dumps(entries, indent=1))
