"""What is trained on: bases, the log's first conversations as chats and as pairs of answers, and their token ids."""

import filecmp
import gzip
import json
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..lathe import REAL, sets
from ..peers import Failed, say

DATASET = {"maxLength": 128, "validation": 0.15, "test": 0}
CONVERSATIONS = 120
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass
class Split:
    """A dataset as both sides read it: its name here, its rows there."""

    ref: str
    train: Path
    validation: Path
    liked: list  # of judged answers, a row each
    pairs: list  # rows


@dataclass
class Base:
    name: str  # here
    folder: Path  # there
    targets: list
    chats: Split
    judged: Split | None = None


def bases(peers, lathe, names, log, preferences):
    """The bases by their names in the table; decoders with the tiny base's tokenizer share its dataset."""
    folder = peers.folder / "parity"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say("bases and datasets …")
    chats, pairs = logs(log, folder)
    names = list(dict.fromkeys(["tiny", *names]))
    tiny = Base("tiny", lathe.home / "bases/tiny", PROJECTIONS, built(lathe, "tiny", chats, folder))
    if preferences:
        tiny.judged = built(lathe, "tiny", pairs, folder)
    out = {"tiny": tiny}
    families = [n for n in names if n not in ("tiny", REAL)]
    if families:
        for name, targets in python(peers, "parity_bases.py", tiny.folder, folder / "bases", *families).items():
            pull(lathe, folder / "bases" / name, f"parity-{name}")
            own = built(lathe, f"parity-{name}", chats, folder) if name == "t5" else tiny.chats
            out[name] = Base(f"parity-{name}", lathe.home / "bases" / f"parity-{name}", targets, own)
    if REAL in names:
        pulled = lathe.pull(REAL)
        out[REAL] = Base(REAL, peers.base(pulled), PROJECTIONS, built(lathe, REAL, chats, folder))
    return out


def python(peers, *words):
    """A peer's script: what it prints as JSON."""
    done = subprocess.run(peers.script(*words), env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def pull(lathe, made, name):
    """The home's base of that name is the one made just now."""
    there = lathe.home / "bases" / name
    if there.exists() and not filecmp.cmp(there / "model.safetensors", made / "model.safetensors", shallow=False):
        lathe.call("bases", "remove", name)
    if not there.exists():
        named = made.rename(made.with_name(name))
        lathe.call("pull", named)


def logs(log, folder):
    """The log's first conversations, and a pair of each: its first answer, and that of the next one."""
    chats, pairs = folder / "chats.jsonl", folder / "pairs.jsonl"
    with gzip.open(log, "rt") if str(log).endswith(".gz") else open(log) as lines:
        taken = list(islice(lines, CONVERSATIONS))
    chats.write_text("".join(taken))
    said = [first_answer(json.loads(line)["messages"]) for line in taken]
    said = [s for s in said if s]
    with open(pairs, "w") as out:
        for (before, answer), (_, other) in zip(said, said[1:]):
            out.write(json.dumps({"prompt": before, "chosen": [answer], "rejected": [other]}) + "\n")
    return chats, pairs


def first_answer(messages):
    at = next((i for i, m in enumerate(messages) if m["role"] == "assistant" and i), None)
    return at and (messages[:at], messages[at])


def built(lathe, base, log, folder):
    name = f"parity-{base.removeprefix('parity-')}-{log.stem}"
    ref = lathe.call("dataset", "build", log, "--name", name, "--base", base, *sets(DATASET))["dataset"]
    files = {split: folder / name / f"{split}.jsonl" for split in ("train", "validation")}
    for split, file in files.items():
        lathe.export(ref, split, file)
    rows = sum(1 for _ in open(files["train"]))
    liked, pairs = judged(lathe.home / "datasets" / ref.replace("@", "/") / "examples/train.shard", rows)
    say(f"  {ref}: {rows} rows" + (f", {len(pairs)} pairs" if pairs else ""))
    return Split(ref, files["train"], files["validation"], liked, pairs)


def judged(shard, rows):
    """What a shard says of its rows (datasets/tokens/ShardFormat.java): which were liked, and the pairs."""
    content = shard.read_bytes()
    at, pairs = struct.unpack_from("<qi", content, 128)
    if not at:
        return [], []
    words = struct.unpack_from(f"<{(rows + 31) // 32}I", content, at)
    numbers = struct.unpack_from(f"<{2 * pairs}i", content, at + 4 * len(words))
    return [bool(words[i // 32] >> i % 32 & 1) for i in range(rows)], [list(p) for p in zip(numbers[::2], numbers[1::2])]
