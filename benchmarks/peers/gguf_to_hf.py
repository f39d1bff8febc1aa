"""A GGUF file as a Hugging Face directory with float32 weights, through transformers' own reader.

usage: gguf_to_hf.py FILE.gguf OUT
"""

import pathlib
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

given, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
# In a folder of its own: beside other files of a base, transformers would take some of them instead of the GGUF's metadata.
alone = tempfile.TemporaryDirectory()
source = pathlib.Path(alone.name) / given.name
source.symlink_to(given)
model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
# A model read from GGUF counts as quantized and refuses to be saved; its weights are plain float32, so a fresh model takes them.
config = model.config
if hasattr(config, "quantization_config"):
    del config.quantization_config
config.dtype = torch.float32
plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
plain.load_state_dict(model.state_dict())
plain.tie_weights()
plain.save_pretrained(out)
AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(out)
print(out)
