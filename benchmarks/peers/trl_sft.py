"""Peer: TRL's SFTTrainer with a PEFT LoRA, on exported token ids.

usage: trl_sft.py MODEL_DIR TOKENS.jsonl STEPS [--packing] [--no-checkpointing]
prints one JSON line: tokens (real ones, padding not counted) and label tokens of all steps, seconds inside the steps, losses
"""

import argparse
import json
import tempfile
import time

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class CountingTrainer(SFTTrainer):
    """Counts what each step is given and how long it takes; changes nothing."""

    tokens, labelled, seconds = 0, 0, 0.0

    def training_step(self, model, inputs, *arguments, **options):
        mask = inputs.get("attention_mask")
        self.tokens += int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
        self.labelled += int((inputs["labels"] != -100).sum())
        started = time.monotonic()
        try:
            return super().training_step(model, inputs, *arguments, **options)
        finally:
            self.seconds += time.monotonic() - started


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("tokens")
    parser.add_argument("steps", type=int)
    parser.add_argument("--packing", action="store_true")
    parser.add_argument("--no-checkpointing", action="store_true")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--max-length", type=int, default=512)
    given = parser.parse_args()
    with open(given.tokens) as lines:
        rows = [json.loads(line) for line in lines]
    settings = SFTConfig(output_dir=tempfile.mkdtemp(), max_steps=given.steps, per_device_train_batch_size=given.batch, max_length=given.max_length, packing=given.packing,
        gradient_checkpointing=not given.no_checkpointing, learning_rate=2e-4, optim="adamw_torch_fused", logging_steps=1, save_strategy="no", report_to=[],
        use_cpu=True, bf16=True, seed=7, disable_tqdm=True)
    trainer = CountingTrainer(model=AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.bfloat16, attn_implementation="sdpa"), args=settings,
        train_dataset=Dataset.from_list([{"input_ids": r["input_ids"], "labels": r["labels"]} for r in rows]), processing_class=AutoTokenizer.from_pretrained(given.model),
        peft_config=LoraConfig(r=8, lora_alpha=16, target_modules=PROJECTIONS))
    trainer.train()
    losses = [round(r["loss"], 4) for r in trainer.state.log_history if "loss" in r]
    print(json.dumps({"tokens": trainer.tokens, "labelTokens": trainer.labelled, "seconds": trainer.seconds, "losses": losses}))


if __name__ == "__main__":
    main()
