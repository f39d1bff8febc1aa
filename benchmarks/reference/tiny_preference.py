"""Makes the committed reference numbers of preference tuning: TRL's own DPO and KTO losses on the tiny Llama, and their gradients by autograd.

usage: tiny_preference.py        (after tiny_llama.py; into engine/src/test/resources/reference/tiny-llama)

The policy is the committed adapter on the committed base, the reference model the base alone, float64 throughout. The losses are computed by TRL's trainers' own `_compute_loss`, called without a
trainer around it: log-probabilities come from the float64 model instead of TRL's float32 head, one sequence at a time without padding.
"""

import collections
import json
import types

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama
from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference, KTOTrainer

from tiny_llama import OUT, VOCABULARY, without_rounding

FOLDER = OUT / "tiny-llama"
PAIRS = [(7, 9, 4), (20, 3, 11), (12, 30, 30)]  # tokens of the prompt and of the two answers
JUDGED = [(7, 9, True), (20, 11, False), (5, 2, True), (12, 30, False), (9, 6, False)]
SEED = 35  # one whose KL estimate is above zero, and whose accuracy is neither 0 nor 1
DPO = {"plain": dict(beta=0.1, labelSmoothing=0.0, sftWeight=0.0), "smoothed": dict(beta=0.5, labelSmoothing=0.2, sftWeight=0.7)}
KTO = {"even": dict(beta=0.1, desirableWeight=1.0, undesirableWeight=1.0), "weighted": dict(beta=0.5, desirableWeight=1.5, undesirableWeight=0.8)}


class Gathering:
    """What an accelerator does on one device: nothing."""
    device = torch.device("cpu")
    num_processes = 1

    def gather(self, x):
        return x

    gather_for_metrics = gather

    def unwrap_model(self, model):
        return model


class Scored:
    """The model as TRL calls it: per-token log-probabilities (rows, tokens - 1), zero where nothing is labelled."""

    def __init__(self, model):
        self.model, self.training = model, True

    def __call__(self, input_ids, attention_mask, labels, **ignored):
        rows = []
        for ids, seen, target in zip(input_ids, attention_mask, labels):
            n = int(seen.sum())
            logits = self.model(input_ids=ids[None, :n], use_cache=False).logits[0, :-1]
            own = torch.log_softmax(logits, -1).gather(1, ids[1:n, None])[:, 0] * (target[1:n] != -100)
            rows.append(torch.cat([own, own.new_zeros(len(ids) - n)]))
        own = torch.stack(rows)
        nothing = torch.zeros_like(own).detach()
        return types.SimpleNamespace(log_probs=own, entropy=nothing, mean_logits=nothing, is_top1=nothing.bool(), log_sum_sq_probs=nothing)


def trainer(model, **more):
    return types.SimpleNamespace(model=model, accelerator=Gathering(), aux_loss_enabled=False, precompute_ref_logps=True, use_weighting=False,
        _metrics=collections.defaultdict(lambda: collections.defaultdict(list)), _total_train_tokens=0, _tp_size=1, args=types.SimpleNamespace(), **more)


def dpo(model, rows, references, beta, labelSmoothing, sftWeight):
    # TRL 1.16 has no loss of conservative DPO's name: its sigmoid loss, and that with the sides swapped, weighted 1 - e and e.
    me = trainer(model, ld_alpha=None, f_divergence_type="reverse_kl", beta=beta, label_smoothing=0.0,
        loss_types=["sigmoid", "sft"], loss_weights=[1.0 - labelSmoothing, sftWeight])
    batch = DataCollatorForPreference(pad_token_id=0)(rows)
    batch["ref_chosen_logps"], batch["ref_rejected_logps"] = (torch.tensor(r, dtype=torch.float64) for r in references)
    loss = DPOTrainer._compute_loss(me, model, dict(batch), False)
    if labelSmoothing:
        other = DataCollatorForPreference(pad_token_id=0)([dict(r, chosen_ids=r["rejected_ids"], rejected_ids=r["chosen_ids"]) for r in rows])
        other["ref_chosen_logps"], other["ref_rejected_logps"] = batch["ref_rejected_logps"], batch["ref_chosen_logps"]
        swapped = trainer(model, ld_alpha=None, f_divergence_type="reverse_kl", beta=beta, label_smoothing=0.0, loss_types=["sigmoid"], loss_weights=[labelSmoothing])
        loss = loss + DPOTrainer._compute_loss(swapped, model, dict(other), False)
    return loss, {k: v[-1] for k, v in me._metrics["train"].items() if k.startswith(("rewards", "logps"))}


def kto(model, rows, references, kl_references, beta, desirableWeight, undesirableWeight):
    me = trainer(model, calculate_KL=True, loss_type="kto", beta=beta, desirable_weight=desirableWeight, undesirable_weight=undesirableWeight)
    me._compute_kl_logps = lambda m, b: KTOTrainer._compute_kl_logps(me, m, b)
    batch = DataCollatorForUnpairedPreference(pad_token_id=0)(rows)
    batch["ref_logps"], batch["ref_KL_logps"] = (torch.tensor(r, dtype=torch.float64) for r in (references, kl_references))
    loss = KTOTrainer._compute_loss(me, model, dict(batch), False)
    return loss, {k: v[-1] for k, v in me._metrics["train"].items() if k.startswith(("rewards", "logps", "kl"))}


def gradients(model):
    found = {n.replace(".default.", "."): p.grad.contiguous().clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def log_probability(model, prompt, answer):
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + answer]), use_cache=False).logits[0, len(prompt) - 1:-1]
        return torch.log_softmax(logits, -1).gather(1, torch.tensor(answer)[:, None]).sum().item()


def numbers():
    generator = torch.Generator().manual_seed(SEED)
    tokens = lambda n: torch.randint(3, VOCABULARY, (n,), generator=generator).tolist()
    pairs = [{"prompt_ids": tokens(p), "chosen_ids": tokens(c), "rejected_ids": tokens(r)} for p, c, r in PAIRS]
    judged = [{"prompt_ids": tokens(p), "completion_ids": tokens(c), "label": label} for p, c, label in JUDGED]
    for row, before in zip(judged, judged[-1:] + judged[:-1]):  # TRL's rotation within a batch
        row["KL_completion_ids"] = before["completion_ids"]

    base = without_rounding(LlamaForCausalLM.from_pretrained(FOLDER / "base", dtype=torch.float64, attn_implementation="eager"))
    reference = {"chosen": [log_probability(base, r["prompt_ids"], r["chosen_ids"]) for r in pairs],
                 "rejected": [log_probability(base, r["prompt_ids"], r["rejected_ids"]) for r in pairs],
                 "judged": [log_probability(base, r["prompt_ids"], r["completion_ids"]) for r in judged],
                 "kl": [log_probability(base, r["prompt_ids"], r["KL_completion_ids"]) for r in judged]}
    tuned = PeftModel.from_pretrained(base, FOLDER / "adapter", is_trainable=True).double()
    out = {"pairs": pairs, "judged": judged, "reference": reference, "dpo": {}, "kto": {}}
    for name, settings in DPO.items():
        loss, metrics = dpo(Scored(tuned), pairs, (reference["chosen"], reference["rejected"]), **settings)
        loss.backward()
        save_file(gradients(tuned), FOLDER / f"preference-dpo-{name}.safetensors")
        out["dpo"][name] = {**settings, "loss": loss.item(), "metrics": metrics}
    for name, settings in KTO.items():
        loss, metrics = kto(Scored(tuned), judged, reference["judged"], reference["kl"], **settings)
        loss.backward()
        save_file(gradients(tuned), FOLDER / f"preference-kto-{name}.safetensors")
        out["kto"][name] = {**settings, "loss": loss.item(), "metrics": metrics}
    return out


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.set_default_dtype(torch.float64)
    modeling_llama.nn.functional.softmax = lambda x, dim, dtype=None: torch.softmax(x, dim)  # eager attention asks for float32
    found = numbers()
    (FOLDER / "preference.json").write_text(json.dumps(found, indent=1) + "\n")
    for objective in ("dpo", "kto"):
        print(objective, json.dumps(found[objective], indent=1))
