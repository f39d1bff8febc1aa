"""A program seen from outside: its wall time, and the memory of every process it started."""

import os
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from .peers import Failed

MARK = "LATHE_BENCHMARK_RUN"
EVERY = 0.25  # seconds between two looks
TUNED = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "MALLOC_MMAP_THRESHOLD_": "8589934592", "MALLOC_TRIM_THRESHOLD_": "8589934592"}


@dataclass(frozen=True)
class Seen:
    stdout: str
    seconds: float
    peak_mib: float  # of the whole tree at one moment
    memory: str  # "PSS" (shared pages counted once) or "RSS"
    processes: int  # the most at one moment


def environment(tuned=False, **more):
    """This environment without anything that would hold a program back, with or without the allocator's settings."""
    held = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", *TUNED}
    plain = {k: v for k, v in os.environ.items() if k not in held}
    return {**plain, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", **(TUNED if tuned else {}), **more}


def watch(command, env, cwd=None, limit=3600):
    """Runs a command to its end; the processes are those that inherited a mark in their environment, wherever they were reparented to."""
    mark = uuid.uuid4().hex
    started = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], env={**env, MARK: mark}, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    tree = _Tree(process.pid, f"{MARK}={mark}".encode())
    tree.start()
    try:
        out, err = process.communicate(timeout=limit)
        seconds = time.monotonic() - started
    except BaseException:
        process.kill()
        raise
    finally:
        tree.over.set()
        tree.join()
    if process.returncode:
        raise Failed(f"{' '.join(map(str, command))}\nended with status {process.returncode}:\n{(out + err)[-3000:]}")
    return Seen(out, seconds, tree.peak / 1024, tree.kind, tree.most)


class _Tree(threading.Thread):
    def __init__(self, root, mark):
        super().__init__(daemon=True)
        self.over, self.peak, self.most, self.kind = threading.Event(), 0, 0, "PSS"
        self.mark, self.known = mark, {root: True}

    def run(self):
        while not self.over.wait(EVERY):
            ours = [p for p in self._processes() if self._is_ours(p)]
            self.peak, self.most = max(self.peak, sum(map(self._kib, ours))), max(self.most, len(ours))

    def _processes(self):
        alive = {int(p) for p in os.listdir("/proc") if p.isdigit()}
        self.known = {p: ours for p, ours in self.known.items() if p in alive}
        return alive

    def _is_ours(self, pid):
        if not self.known.get(pid):  # a process that was no one of ours may since have become one: fork, then exec with the mark
            try:
                self.known[pid] = self.mark in Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                return False
        return self.known[pid]

    def _kib(self, pid):
        try:
            return _field(f"/proc/{pid}/smaps_rollup", "Pss:")
        except PermissionError:
            self.kind = "RSS"
        except OSError:
            return 0  # it has just ended
        try:
            return _field(f"/proc/{pid}/status", "VmRSS:")
        except OSError:
            return 0


def _field(file, name):
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0
