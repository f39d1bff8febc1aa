"""The losses of peft_parity.py, an optimizer step's examples at once: transformers' logits, torch's cross entropy, TRL's DPO and KTO."""

import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))

DPO = dict(labelSmoothing=0.0, sftWeight=0.0)
KTO = dict(desirableWeight=1.0, undesirableWeight=1.0)


def summed(model, example):
    """Cross entropy over the labelled tokens, and how many there are. An encoder-decoder's source ends where its labels begin."""
    labels = torch.tensor(example["labels"])
    if model.config.is_encoder_decoder:
        first = int((labels != -100).nonzero()[0, 0])
        ids, start = example["input_ids"], model.config.decoder_start_token_id
        logits, target = model(input_ids=torch.tensor([ids[:first]]), decoder_input_ids=torch.tensor([[start] + ids[first:-1]]), use_cache=False).logits[0], labels[first:]
    else:
        logits, target = model(input_ids=torch.tensor([example["input_ids"]]), use_cache=False).logits[0, :-1], labels[1:]
    return F.cross_entropy(logits, target, ignore_index=-100, reduction="sum"), int((target != -100).sum())


class Supervised:
    """examples: conversations; a conversation at a time, so that nothing is padded."""

    def __init__(self, job, model, rows):
        self.rows = rows

    def backward(self, model, batch):
        examples = [self.rows[i] for i in batch]
        labelled = sum(y != -100 for e in examples for y in e["labels"][1:])
        loss = 0.0
        for example in examples:
            part = summed(model, example)[0] / labelled
            part.backward()
            loss += part.item()
        return loss


class Preferred:
    """TRL's losses, as reference/tiny_preference.py calls them; the reference is the model as it is when this is made."""

    def __init__(self, job, model, rows):
        import tiny_preference as trl

        self.trl, self.beta = trl, job["beta"]
        self.answers = [answer(row) for row in rows]
        self.pairs, self.liked = job["pairs"], job["liked"]
        self.kto = job["objective"] == "kto"
        self.known = {}
        for batch in job["batches"]:
            for prompt, said in self.mismatched(batch) if self.kto else ():
                self.known[prompt, said] = trl.log_probability(model, self.answers[prompt][0], self.answers[said][1])
            for i in batch if self.kto else [r for p in batch for r in self.pairs[p]]:
                self.known[i, i] = trl.log_probability(model, *self.answers[i])

    def mismatched(self, batch):
        """Each answer in the context of the next one."""
        return [(batch[i], batch[i - 1]) for i in range(len(batch))]

    def backward(self, model, batch):
        scored = self.trl.Scored(model)
        if self.kto:
            rows = [{"prompt_ids": self.answers[i][0], "completion_ids": self.answers[i][1], "KL_completion_ids": self.answers[j][1], "label": self.liked[i]} for i, j in self.mismatched(batch)]
            loss, _ = self.trl.kto(scored, rows, [self.known[i, i] for i in batch], [self.known[m] for m in self.mismatched(batch)], beta=self.beta, **KTO)
        else:
            pairs = [self.pairs[p] for p in batch]
            rows = [{"prompt_ids": self.answers[c][0], "chosen_ids": self.answers[c][1], "rejected_ids": self.answers[r][1]} for c, r in pairs]
            loss, _ = self.trl.dpo(scored, rows, ([self.known[c, c] for c, _ in pairs], [self.known[r, r] for _, r in pairs]), beta=self.beta, **DPO)
        loss.backward()
        return loss.item()


def answer(row):
    """A labelled answer and its context; what follows the answer (a line break of the template) has no part in the loss."""
    at = [i for i, y in enumerate(row["labels"]) if y != -100]
    if at != list(range(at[0], at[-1] + 1)):
        raise SystemExit("A row of a preference dataset has more than one labelled answer.")
    return row["input_ids"][: at[0]], row["input_ids"][at[0] : at[-1] + 1]


def of(job, model, rows):
    return (Supervised if job["objective"] == "sft" else Preferred)(job, model, rows)
