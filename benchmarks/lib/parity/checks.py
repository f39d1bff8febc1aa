"""What has to hold of a case, as rows of the table."""

from ..lathe import REAL, sets
from ..peers import Failed
from .beside import ADAPTER, RECIPE

LOSS, COSINE, SCORE = 1e-4, 0.999, 0.005
BF16, LAST = 0.01, 10  # the mean loss of the last ten steps


def checked(case, beside, peft):
    """A case of its own against what PEFT made of it."""
    run, taken = beside.runs[case], beside.taken[case]
    losses = [r["loss"] for r in taken]
    worst = max(abs(a - b) for a, b in zip(losses, peft["losses"], strict=True))
    cosines = peft["cosines"][case.way]
    least = min(cosines.values())
    checks = [
        check("losses", f"{len(losses)} losses, largest difference", f"<= {LOSS:g}", f"{worst:.1e}", worst, worst <= LOSS),
        check("updates", f"{len(cosines)} updates, smallest cosine ({min(cosines, key=cosines.get)})", f">= {COSINE}", f"{least:.7f}", -least, least >= COSINE),
    ]
    if "scores" in peft:
        scores = peft["scores"]
        checks += [
            scored("what we trained: loss there against here", scores[case.way], run["evalLoss"]),
            scored("what both begin with: here against there", run["evalLossBefore"], scores["initial"]),
        ]
        if case.base in ("tiny", REAL) and case.kind == "lora" and case.way == "fast":
            before, evaluated = beside.theirs(case)
            checks += [
                scored("PEFT's trained adapter: a run from it here against there", before, scores["theirs"]),
                scored("PEFT's trained adapter: ./lathe eval here against there", evaluated, scores["theirs"]),
            ]
    return row(case.base, case.kind, case.objective, case.way, case.steps, checks, run=run["id"], losses={"ours": losses, "peft": peft["losses"]},
        gradNorms={"ours": [r["gradNorm"] for r in taken], "peft": peft["gradNorms"]})


def bf16(lathe, base, name, steps):
    """Two runs that differ in precision alone, from the adapter that the seed makes."""
    last = {}
    for precision in ("fp32", "bf16"):
        recipe = {**RECIPE, **ADAPTER, "precision": precision, "steps": steps, "schedule": "constant"}
        run = lathe.call("train", "--base", base.name, "--dataset", base.chats.ref, "--name", "parity", *sets(recipe))
        if run["state"] != "completed":
            raise Failed(f"Our run {run['id']} ended as {run['state']}: {run.get('error')}")
        losses = [r["loss"] for r in lathe.journal(run["id"]) if r["type"] == "step"]
        last[precision] = sum(losses[-LAST:]) / len(losses[-LAST:])
    apart = abs(last["bf16"] - last["fp32"]) / last["fp32"]
    found = check("losses", f"mean loss of the last {LAST} steps, bf16 against fp32", f"<= {BF16:.0%}", f"{apart:.2%}", apart, apart <= BF16)
    return row(name, "lora, bf16 beside fp32", "sft", "fast", steps, [found], lastLosses=last)


def row(base, adapter, objective, gradients, steps, checks, **more):
    return {"base": base, "adapter": adapter, "objective": objective, "gradients": gradients, "steps": steps, "checks": checks, **more}


def check(kind, name, expected, found, badness, passed):
    """found: in words; badness: a number that is larger the worse it is."""
    return {"kind": kind, "name": name, "expected": expected, "found": found, "brief": found, "badness": badness, "passed": bool(passed)}


def scored(name, left, right):
    apart = abs(left - right) / right
    return {**check("scores", name, f"within {SCORE:.1%}", f"{left:.5f}, {right:.5f}: {apart:.4%}", apart, apart <= SCORE), "brief": f"{apart:.4%}"}
