"""What is compared: bases, adapters, objectives, and the two ways to gradients."""

from dataclasses import dataclass

from ..lathe import REAL
from ..peers import Failed

FAMILIES = ["llama-llama3", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi", "phi3", "gpt2", "t5"]
KINDS = {  # what a recipe adds; rsLoRA comes with the adapter that a run begins from
    "lora": {},
    "rslora": {},
    "lora+": {"loraPlusRatio": 16},
    "dora": {"adapter": "dora"},
    "nf4": {"baseFormat": "nf4"},
    "int8": {"baseFormat": "int8"},
    "full": {"adapter": "full"},
}
OBJECTIVES = ["sft", "dpo", "kto"]
WAYS = ["fast", "tape"]
REAL_TAPE_STEPS = 5  # autograd on the real base takes its time


@dataclass(frozen=True)
class Case:
    base: str
    kind: str
    objective: str
    way: str
    steps: int

    @property
    def job(self):
        """What PEFT repeats once for both ways."""
        return f"{self.base}-{self.kind}-{self.objective}-{self.steps}"

    @property
    def adapter(self):
        """The files that it begins from, and those of other cases of the same base."""
        return f"{self.base}-{'lora' if self.kind not in ('rslora', 'dora') else self.kind}"

    @property
    def packing(self):
        return self.kind if self.kind in ("nf4", "int8") else None


def chosen(given):
    families = some("--families", given.families, FAMILIES)
    kinds = some("--kinds", given.kinds, KINDS)
    objectives = some("--objectives", given.objectives, OBJECTIVES)
    out = []
    for base in given.bases.split(","):
        if base not in ("tiny", REAL):
            raise Failed(f"--bases: {base} is neither tiny nor {REAL}.")
        if base == REAL:
            out += [Case(base, "lora", "sft", way, given.steps if way == "fast" else REAL_TAPE_STEPS) for way in WAYS if "lora" in kinds and "sft" in objectives]
            continue
        out += [Case(base, kind, "sft", way, given.steps) for kind in kinds if "sft" in objectives for way in WAYS]
        out += [Case(base, "lora", objective, way, given.steps) for objective in objectives if objective != "sft" and "lora" in kinds for way in WAYS]
        out += [Case(base, "nf4", "dpo", way, given.steps) for way in WAYS if "dpo" in objectives and "nf4" in kinds]
    return out + [Case(family, "lora", "sft", way, given.steps) for family in families for way in ways(family)]


def ways(family):
    return ["tape"] if family == "t5" else WAYS  # an encoder-decoder has no fast path


def some(option, words, known):
    names = {"all": list(known), "none": []}.get(words) if words in ("all", "none") else words.split(",")
    for name in names:
        if name not in known:
            raise Failed(f"{option}: {name} is unknown. Known: {', '.join(known)}, all, none.")
    return names
