"""The same training as PEFT's, step by step, for every family, adapter and objective, by the fast path and by the tape.

float32, the same initial adapter, token ids and order. Bounds: every loss within 1e-4, every module's update at cosine 0.999, validation losses within 0.5 % both ways;
bf16 within 1 % of fp32's loss after 50 steps. Exit status 1 when one is broken.
"""

from concurrent.futures import ThreadPoolExecutor

from ..lathe import REAL, Lathe, shared
from ..peers import Failed, say
from ..table import table
from . import cases, data
from .beside import Beside
from .checks import bf16, checked

AT_ONCE = 2  # runs of tiny bases, a thread each


def options(parser):
    parser.add_argument("--bases", default=f"tiny,{REAL}", help=f"those that everything but families is tried on (default tiny,{REAL})")
    parser.add_argument("--families", default="all", help=f"tiny random bases of other families: all, none, or some of {','.join(cases.FAMILIES)}")
    parser.add_argument("--kinds", default="all", help=f"adapters, on the tiny base: all, none, or some of {','.join(cases.KINDS)}")
    parser.add_argument("--objectives", default="all", help=f"on the tiny base: all, none, or some of {','.join(cases.OBJECTIVES)}")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--bf16-steps", type=int, default=50, help="0 leaves bf16 out")
    parser.add_argument("--log", help="conversations (default the first 120 of ../shared/data/topical-chat.jsonl.gz)")
    parser.add_argument("--home", help="LATHE_HOME of the benchmark (default .peers/home)")


def measure(peers, given):
    lathe = Lathe(peers.root, given.home)
    log = given.log or shared(peers.root, "data/topical-chat.jsonl.gz")
    if log is None:
        raise Failed("No conversations: ../shared/data/topical-chat.jsonl.gz is not there. Name a log with --log.")
    wanted = cases.chosen(given)
    lathe.pull("tiny")  # it also builds Lathe, and the other tiny bases have its tokenizer
    with lathe.serving(AT_ONCE):
        bases = data.bases(peers, lathe, [*given.bases.split(","), *(c.base for c in wanted)], log, any(c.objective != "sft" for c in wanted))
        beside = Beside(peers, lathe, bases)
        beside.begin(wanted)
        for small in (True, False):  # the real base has the machine to itself
            some = [c for c in wanted if (c.base != REAL) == small]
            if some:
                say(f"{len(some)} runs of {'tiny bases' if small else REAL} …")
            with ThreadPoolExecutor(AT_ONCE if small else 1) as turns:
                list(turns.map(beside.run, some))
        found = beside.replayed(wanted)
        rows = [checked(c, beside, found[c.job]) for c in wanted]
        for base in given.bases.split(","):
            if given.bf16_steps:
                say(f"bf16 beside fp32 on {base} …")
                rows.append(bf16(lathe, bases[base], base, given.bf16_steps))
    ok = all(c["passed"] for row in rows for c in row["checks"])
    return {"passed": ok, "cases": rows}, table(HEADINGS, [cells(row) for row in rows]), ok


HEADINGS = ["base", "adapter", "objective", "gradients", "steps", "losses apart", "updates, cosine", "scores apart", "passed"]


def cells(row):
    """The worst of each kind of check."""
    found = {kind: max((c for c in row["checks"] if c["kind"] == kind), key=lambda c: c["badness"], default=None) for kind in ("losses", "updates", "scores")}
    return [row["base"], row["adapter"], row["objective"], row["gradients"], row["steps"], *(c["brief"] if c else "-" for c in found.values()),
        "yes" if all(c["passed"] for c in row["checks"]) else "NO"]
