"""Tiny random models of other families, as Hugging Face writes them, with the tokenizer and chat template of Lathe's tiny base.

usage: parity_bases.py TINY OUT NAME…     one directory OUT/NAME each, always the same bytes; prints {NAME: the projections that get an adapter}

Sizes and settings are those of reference/tiny_families.py (sliding windows of 20 tokens), but for the vocabulary, which is the tokenizer's.
"""

import json
import pathlib
import shutil
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM, T5Config, T5ForConditionalGeneration

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
import tiny_families  # noqa: E402
import tiny_t5  # noqa: E402

TOKENIZER = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
T5 = dict(d_model=32, d_kv=8, d_ff=40, num_heads=4, num_layers=2, num_decoder_layers=3, dropout_rate=0.0, feed_forward_proj="relu", decoder_start_token_id=0)


def decoder(name, seed, **tokens):
    settings, targets = tiny_families.FAMILIES[name]
    settings = {**settings, **tokens}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(settings.pop("model_type"), **settings), attn_implementation="eager")
    tiny_families.randomised(model, seed)
    return model, targets


def t5(seed, **tokens):
    model = T5ForConditionalGeneration(T5Config(**T5, **tokens, tie_word_embeddings=True))
    tiny_t5.randomised(model, seed)
    return model, ["q", "k", "v", "o", "wi", "wo"]


def make(tiny, folder, name, seed):
    vocabulary = json.loads((tiny / "config.json").read_text())["vocab_size"]
    tokens = dict(vocab_size=vocabulary, bos_token_id=1, eos_token_id=2, pad_token_id=2)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model, targets = t5(seed, **tokens) if name == "t5" else decoder(name, seed, **tokens)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in TOKENIZER[: 2 if name == "t5" else 3]:  # T5s come without a chat template
        shutil.copyfile(tiny / file, folder / file)
    if name == "t5":
        written = folder / "config.json"
        config = json.loads(written.read_text())
        config.pop("scale_decoder_outputs", None)  # as the models' own files have it
        written.write_text(json.dumps(config, indent=1) + "\n")
    return targets


if __name__ == "__main__":
    torch.set_num_threads(1)
    tiny, out = map(pathlib.Path, sys.argv[1:3])
    numbers = {name: 500 + 10 * number for number, name in enumerate([*tiny_families.FAMILIES, "t5"])}
    print(json.dumps({name: make(tiny, out / name, name, numbers[name]) for name in sys.argv[3:]}))
