"""Our side, as its users call it: ./lathe, with a home of its own."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from .outside import environment, watch
from .peers import SMOLLM2, Failed

REAL = SMOLLM2


class Lathe:
    def __init__(self, root, home):
        self.root, self.launcher = root, root / "lathe"
        self.home = Path(home).resolve() if home else root / ".peers/home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.env = environment(LATHE_HOME=str(self.home))

    def call(self, *words):
        """A command with --json, its result."""
        command = [str(self.launcher), *map(str, words), "--json"]
        done = subprocess.run(command, env=self.env, cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{' '.join(command)}\nended with status {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def serving(self, runs):
        """Keeps the home's owner up, so that commands find it there; so many runs train at once."""
        with self.served(LATHE_RUNS_AT_ONCE=str(runs)):
            yield

    @contextlib.contextmanager
    def served(self, **env):
        """The server on this home, at a free port; its address."""
        command = [str(self.launcher), "serve", "--port", "0"]
        with subprocess.Popen(command, env={**self.env, **env}, cwd=self.root, stdout=subprocess.PIPE, text=True) as owner:
            try:
                said = owner.stdout.readline()
                if not said.startswith("serving"):
                    raise Failed(f"{' '.join(command)}\nended before it served. Does another command work on {self.home}?")
                yield said.split()[-1]
            finally:
                owner.terminate()
                owner.stdout.read()

    def timed(self, *words):
        """A command with --json: its result, and how it looked from outside."""
        seen = watch([self.launcher, *words, "--json"], self.env, self.root)
        return json.loads(seen.stdout), seen

    def pull(self, base):
        """Makes sure a base is there; it also builds Lathe, so that nothing timed does."""
        self.call("pull", base)
        return self.home / "bases" / base

    def export(self, ref, split, out):
        """A split as token ids; how many conversations it holds."""
        out.parent.mkdir(parents=True, exist_ok=True)
        out.unlink(missing_ok=True)
        self.call("dataset", "export", ref, "--format", "tokens", "--split", split, "--out", out)
        with open(out) as lines:
            return sum(1 for _ in lines)

    def journal(self, run):
        """A run's records of its own journal, those of one type under `type`."""
        records = []
        for line in (self.home / "runs" / run / "journal").read_text().splitlines():
            records.append(json.loads(line.partition(" ")[2]))
        return records


def sets(values):
    """{"steps": 4} as --set steps=4."""
    return [w for k, v in values.items() for w in ("--set", f"{k}={v}")]


def shared(root, name):
    """A file of the shared folder beside the checkout (LATHE_SHARED moves it)."""
    for folder in filter(None, (os.environ.get("LATHE_SHARED"), root.parent / "shared", root / "shared", "/work/shared")):
        if (Path(folder) / name).exists():
            return Path(folder) / name
    return None
