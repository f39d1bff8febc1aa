"""The official clients against ./lathe serve on an empty home: one suite of calls, errors and paging among them."""

import contextlib
import hashlib
import json
import shutil
import subprocess
import tempfile
import venv
from pathlib import Path

from .lathe import Lathe
from .peers import Failed, checked, say
from .table import table

SLOWEST = 1800
PROVIDERS = """providers:
  claude: {{type: anthropic, baseUrl: "http://127.0.0.1:{0}", apiKey: k3y}}
  cohere: {{type: cohere, baseUrl: "http://127.0.0.1:{0}", apiKey: k3y}}
  box: {{type: ollama, baseUrl: "http://127.0.0.1:{0}"}}
"""


def options(parser):
    parser.add_argument("--areas", nargs="*", default=[], help="of the suite: files, jobs, events, … (default all; later ones use what earlier ones made)")
    parser.add_argument("--calls", action="store_true", help="a row for every call")


def measure(peers, given):
    python = installed(peers)
    with tempfile.TemporaryDirectory(prefix="lathe-clients.") as home, standin(peers, python) as port:
        Path(home, "lathe.yaml").write_text(PROVIDERS.format(port))
        lathe = Lathe(peers.root, home)
        lathe.pull("tiny")
        say("Calling …")
        with lathe.served() as address:
            command = [str(python), "-B", str(peers.root / "benchmarks/clients/main.py"), address, *given.areas]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\nended with status {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return told([json.loads(line) for line in done.stdout.splitlines()], given.calls)


@contextlib.contextmanager
def standin(peers, python):
    """Anthropic, Cohere and Ollama in one process; its port."""
    command = [str(python), "-B", str(peers.root / "benchmarks/clients/standin.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as providers:
        try:
            yield int(providers.stdout.readline())
        finally:
            providers.terminate()


def told(rows, every):
    areas = list(dict.fromkeys(r["area"] for r in rows))
    of = {a: [r for r in rows if r["area"] == a] for a in areas}
    sums = [[a, len(of[a]), sum(r["ok"] for r in of[a]), sum(r["seconds"] for r in of[a])] for a in areas]
    parts = [table(["area", "calls", "right", "seconds"], [*sums, ["all", len(rows), sum(r["ok"] for r in rows), sum(r["seconds"] for r in rows)]])]
    if every:
        parts.append(table(["area", "call", "", "seconds"], [[r["area"], r["call"], "ok" if r["ok"] else "FAILED", r["seconds"]] for r in rows]))
    failed = [r for r in rows if not r["ok"]]
    parts += [f"FAILED {r['area']}: {r['call']}\n  {r['problem']}" for r in failed]
    return {"calls": rows, "ok": not failed}, "\n\n".join(parts), not failed


def installed(peers):
    """An environment with the clients of clients/requirements.txt, made once."""
    wanted, home = peers.root / "benchmarks/clients/requirements.txt", peers.folder / "clients"
    python, stamp = home / "bin/python", home / "installed"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        say(f"Installing the clients into {home} (once) …")
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        checked([python, "-m", "pip", "install", "-q", "-r", wanted], "They come from PyPI: look at the network or pip's configuration, then run this again.")
        Path(stamp).write_text(digest)
    return python
