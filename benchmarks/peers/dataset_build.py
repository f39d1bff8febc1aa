"""Peer: logs to a tokenized dataset with Hugging Face datasets and datasketch, two processes.

usage: dataset_build.py MODEL_DIR LOG.jsonl.gz…
prints one JSON line: conversations read, kept, tokens, seconds, steps (seconds of each)
"""

import gzip
import hashlib
import json
import re
import sys
import tempfile
import time

from datasets import Dataset
from datasketch import MinHash, MinHashLSH
from transformers import AutoTokenizer

BANDS, ROWS, SHINGLE = 20, 13, 5
TEMPLATE = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
PRIVATE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?:\d[ -]?){13,19}|\+?\d[\d ()-]{7,}\d|\b\d{1,3}(?:\.\d{1,3}){3}\b")
started, last, steps = time.monotonic(), time.monotonic(), {}


def done(step):
    global last
    steps[step], last = round(time.monotonic() - last, 3), time.monotonic()


def read(paths):
    for path in paths:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                yield {"messages": [{"role": m["role"], "content": m.get("content") or json.dumps(m.get("tool_calls"))} for m in json.loads(line)["messages"]]}


def text(row):
    return "\n".join(m["content"] for m in row["messages"])


def without_private(row):
    return {"messages": [{**m, "content": PRIVATE.sub("[redacted]", m["content"])} for m in row["messages"]]}


def signatures(rows):
    """A batch at a time: datasketch then draws its permutations once."""
    shingles = [[t[i:i + SHINGLE].encode() for i in range(max(1, len(t) - SHINGLE + 1))] for t in rows["text"]]
    return {"signature": [sketch.hashvalues for sketch in MinHash.bulk(shingles, num_perm=BANDS * ROWS)]}


def main():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    tokenizer.chat_template = TEMPLATE
    done("start")
    rows = list(read(sys.argv[2:]))
    done("read")
    unique = {hashlib.sha256(text(r).encode()).digest(): r for r in rows}
    done("exact duplicates")
    data = Dataset.from_list([{**r, "text": text(r)} for r in map(without_private, unique.values())])
    done("redaction")
    signed = data.select_columns("text").map(signatures, batched=True, num_proc=2, remove_columns="text")
    scheme = MinHash(num_perm=BANDS * ROWS).scheme
    index, kept = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS)), []
    for i, values in enumerate(signed.with_format("numpy")["signature"]):
        sketch = MinHash(num_perm=BANDS * ROWS, hashvalues=values, scheme=scheme)
        if not index.query(sketch):
            index.insert(i, sketch)
            kept.append(i)
    data = data.select(kept)
    done("near duplicates")
    data = data.map(lambda rows: {"input_ids": [tokenizer.apply_chat_template(m, return_dict=True)["input_ids"] for m in rows["messages"]]}, batched=True, num_proc=2)
    done("tokens")
    data.save_to_disk(tempfile.mkdtemp())
    tokens = sum(map(len, data["input_ids"]))
    done("write")
    print(json.dumps({"conversations": len(rows), "kept": len(kept), "tokens": tokens, "seconds": time.monotonic() - started, "steps": steps}))


if __name__ == "__main__":
    main()
