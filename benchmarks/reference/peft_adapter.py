"""A tiny adapter saved by Hugging Face PEFT, and a check that PEFT loads ours like its own.

    pip install torch transformers==5.23.0 peft==0.21.2
    python benchmarks/reference/peft_adapter.py make \
        checkpoints/src/test/resources/dev/lathe/checkpoints/adapters/peft
    python benchmarks/reference/peft_adapter.py compare PEFT_DIR OUR_DIR

`compare` wants two adapters of the tiny model below, such as the one made and what
`PeftAdapter.read(made).write(ours)` wrote, and prints the largest difference of their logits.
"""

import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


def tiny() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=32,
            hidden_size=8,
            intermediate_size=12,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=4,
        )
    ).eval()


def make(folder: str) -> None:
    lora = LoraConfig(
        r=2,
        lora_alpha=6,
        lora_dropout=0.1,
        use_rslora=True,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    model = get_peft_model(tiny(), lora)
    model.peft_config["default"].base_model_name_or_path = "tiny"
    model.to(torch.bfloat16).save_pretrained(folder)
    (pathlib.Path(folder) / "README.md").unlink(missing_ok=True)
    for name, value in model.state_dict().items():
        if "q_proj.lora_A" in name:
            print(name, value.float().flatten().tolist())


def compare(theirs: str, ours: str) -> None:
    ids = torch.arange(20)[None]
    with torch.no_grad():
        base = tiny()(ids).logits
        a, b = (PeftModel.from_pretrained(tiny(), d).eval()(ids).logits for d in (theirs, ours))
    print(f"difference {(a - b).abs().max().item()}, the adapter moves {(a - base).abs().max().item()}")


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])
