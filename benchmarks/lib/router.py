"""The bare router in front of an upstream that answers at once, beside LiteLLM and Portkey: what it adds, and what it carries."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import venv

from .lathe import Lathe, shared
from .peers import Failed, checked, say
from .table import table

UPSTREAM, PORTKEY = "reference/router/mock_upstream.go", "@portkey-ai/gateway@1.15.2"
ADDED_MS, OVER_LITELLM = 0.3, 40
WARM = 3  # times as long as a measurement, for every row


def options(parser):
    parser.add_argument("--seconds", type=float, default=10, help="of one measurement (default 10)")
    parser.add_argument("--only-ours", action="store_true", help="without the peers")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")


def measure(peers, given):
    tools = Tools(peers)
    rows = []
    with tools.upstream() as upstream:
        rows.append(tools.row("direct", upstream, "mock", given.seconds))
        with tools.lathe(upstream, given.home) as address:
            rows.append(tools.row("Lathe", address, "mock:mock", given.seconds))
        for title, start in () if given.only_ours else (("LiteLLM", tools.litellm), ("Portkey", tools.portkey)):
            try:
                with start(upstream) as (address, model, headers):
                    rows.append(tools.row(title, address, model, given.seconds, headers))
            except Failed as failure:
                say(f"{title} was not measured: {failure}")
    return judged(rows)


def judged(rows):
    """The table, and whether the bounds hold."""
    by = {r["row"]: r for r in rows}
    for r in rows:
        r["addedP50"] = r["one"]["p50"] - by["direct"]["one"]["p50"]
    ours, lite, portkey = by["Lathe"], by.get("LiteLLM"), by.get("Portkey")
    over = ours["many"]["perSecond"] / lite["many"]["perSecond"] if lite else None
    portkey_over = ours["many"]["perSecond"] / portkey["many"]["perSecond"] if portkey else None
    failed = sum(r[k]["failed"] for r in rows for k in ("one", "many") if r is ours)
    shown = table(["", "p50 ms, 1", "added ms", "req/s, 1", "req/s, 16", "p50 ms, 16", "p99 ms, 16", "failed"],
        [[r["row"], r["one"]["p50"], r["addedP50"], r["one"]["perSecond"], r["many"]["perSecond"], r["many"]["p50"], r["many"]["p99"], r["one"]["failed"] + r["many"]["failed"]] for r in rows])
    words = [f"Lathe adds {ours['addedP50']:.3f} ms at the median of 1 connection (bound {ADDED_MS})."]
    if over:
        words.append(f"At 16 connections it carries {over:.0f} x LiteLLM's requests a second (bound {OVER_LITELLM}).")
    if portkey_over:
        words.append(f"That is {portkey_over:.1f} x Portkey's.")
    ok = ours["addedP50"] <= ADDED_MS and (over is None or over >= OVER_LITELLM) and not failed
    return {"rows": rows, "addedMs": ours["addedP50"], "overLiteLLM": over, "overPortkey": portkey_over, "ok": ok}, shown + "\n\n" + "\n".join(words), ok


class Tools:
    def __init__(self, peers):
        self.peers, self.folder = peers, peers.folder / "router"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not shutil.which("go"):
            raise Failed("go is not here: the upstream and the load generator are built with it (apt-get install golang, or https://go.dev/dl).")
        self.load = self.built(peers.root / "benchmarks/router/load.go", "load")

    def built(self, source, name):
        """A Go program of one file."""
        if source is None:
            raise Failed(f"{UPSTREAM} is not in ../shared; LATHE_SHARED moves it.")
        checked(["go", "build", "-o", self.folder / name, source], "See the compiler's words above.", cwd=self.folder, env={**os.environ, "GO111MODULE": "off"})
        return self.folder / name

    @contextlib.contextmanager
    def running(self, name, command, ready, limit=120, **environment):
        """A server in a process group of its own, until its address answers; its output lies in .peers/router/NAME.log."""
        log = self.folder / f"{name}.log"
        with open(log, "w") as out:
            process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out, cwd=self.folder, env={**os.environ, **environment}, start_new_session=True)
        try:
            deadline = time.monotonic() + limit
            while not answers(ready):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failed(f"{name} did not come up:\n{log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def upstream(self):
        program, address = self.built(shared(self.peers.root, UPSTREAM), "upstream"), f"http://127.0.0.1:{free_port()}"
        with self.running("upstream", [program, "-addr", address[7:]], address):
            yield address

    @contextlib.contextmanager
    def lathe(self, upstream, home):
        config = self.folder / "lathe.yaml"
        config.write_text(f'providers:\n  mock: {{type: openai, baseUrl: "{upstream}/v1", models: [mock]}}\n')
        ours = Lathe(self.peers.root, home)
        ours.call("bases", "list")  # builds Lathe when it must be
        address = f"http://127.0.0.1:{free_port()}"
        with self.running("lathe", [ours.launcher, "serve", "--port", address.rpartition(":")[2], "--config", config], address + "/api/health", **ours.env):
            yield address

    @contextlib.contextmanager
    def litellm(self, upstream):
        config = self.folder / "litellm.yaml"
        config.write_text(f"model_list:\n  - model_name: mock\n    litellm_params: {{model: openai/mock, api_base: {upstream}/v1, api_key: none}}\n")
        port = free_port()
        command = [self.python().parent / "litellm", "--config", config, "--host", "127.0.0.1", "--port", port]
        with self.running("litellm", command, f"http://127.0.0.1:{port}/health/liveliness", LITELLM_LOG="ERROR",
                LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY="true"):  # nobody here checks keys
            yield f"http://127.0.0.1:{port}", "mock", []

    def python(self):
        """An interpreter with LiteLLM: that of LATHE_PEERS where it has it, else one in .peers/router."""
        given = os.environ.get("LATHE_PEERS")
        if given and os.path.exists(os.path.join(given, "bin/litellm")):
            return (self.folder / given / "bin/python").absolute()
        home = self.folder / "venv"
        if not (home / "bin/litellm").exists():
            say(f"Installing LiteLLM into {home} (once) …")
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, with_pip=True)
            checked([home / "bin/python", "-m", "pip", "install", "-q", "-r", self.peers.root / "benchmarks/router/requirements.txt"], "LiteLLM comes from PyPI: look at the network or pip's configuration.")
        return home / "bin/python"

    @contextlib.contextmanager
    def portkey(self, upstream):
        home = self.folder / "portkey"
        server = home / "node_modules/@portkey-ai/gateway/build/start-server.js"
        if not server.exists():
            say(f"Installing Portkey into {home} (once) …")
            home.mkdir(exist_ok=True)
            checked(["npm", "install", "--no-audit", "--no-fund", "--prefix", home, PORTKEY], "Portkey comes from npm: look at the network or npm's configuration.")
        port = free_port()
        with self.running("portkey", ["node", server, f"--port={port}", "--headless"], f"http://127.0.0.1:{port}/"):
            yield f"http://127.0.0.1:{port}", "mock", ["x-portkey-provider: openai", f"x-portkey-custom-host: {upstream}/v1", "Authorization: Bearer none"]

    def row(self, title, address, model, seconds, headers=()):
        say(f"{title} …")
        self.asked(address, model, headers, 16, WARM * seconds)  # a JVM compiles what is hot for as long as half a minute
        return {"row": title, "one": self.asked(address, model, headers, 1, seconds), "many": self.asked(address, model, headers, 16, seconds)}

    def asked(self, address, model, headers, connections, seconds):
        command = [self.load, "-url", f"{address}/v1/chat/completions", "-model", model, "-connections", connections, "-seconds", seconds]
        for header in headers:
            command += ["-header", header]
        found = json.loads(checked(command, "See the server's log in .peers/router."))
        if not found["requests"]:
            raise Failed(f"no request was answered: {found['why']}")
        return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(address):
    try:
        urllib.request.urlopen(address, timeout=2).close()
        return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
