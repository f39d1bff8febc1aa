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
NEWS = 1.005  # how much higher resident memory must stand to be looked at closely
YOUNG = 2.0  # seconds in which a process may still become one of ours: fork, then exec with the mark
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
        self.mark, self.known, self.seen = mark, {root: True}, {}

    def run(self):
        highest = 0
        while not self.over.wait(EVERY):
            ours = [p for p in self._processes() if self._is_ours(p)]
            resident = sum(_field(f"/proc/{p}/status", "VmRSS:") for p in ours)
            # The kernel walks all pages of a process for its PSS: tens of milliseconds that the measured program, on two cores, has to wait for. So
            # it is asked only when the resident sizes, which it counts anyway, stand higher than ever.
            if resident > highest * NEWS:
                highest = resident
                self.peak = max(self.peak, sum(map(self._kib, ours)))
            self.most = max(self.most, len(ours))

    def _processes(self):
        alive = {int(p) for p in os.listdir("/proc") if p.isdigit()}
        self.known = {p: ours for p, ours in self.known.items() if p in alive}
        self.seen = {p: self.seen.get(p, time.monotonic()) for p in alive}
        return alive

    def _is_ours(self, pid):
        # Looking costs the program that is measured: two cores are all it has. So what is no one of ours is looked at while it is young.
        if not self.known.get(pid) and time.monotonic() - self.seen[pid] < YOUNG:
            try:
                self.known[pid] = self.mark in Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                return False
        return self.known.get(pid, False)

    def _kib(self, pid):
        try:
            return _field(f"/proc/{pid}/smaps_rollup", "Pss:")
        except PermissionError:
            self.kind = "RSS"
        return _field(f"/proc/{pid}/status", "VmRSS:")


def _field(file, name):
    """A number of kibibytes; 0 when there is none, or the process has just ended."""
    try:
        lines = Path(file).read_text().splitlines()
    except PermissionError:
        raise
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
