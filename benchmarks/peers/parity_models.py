"""The models of peft_parity.py: a base as a PEFT user opens it, packed by bitsandbytes where that is asked for, and what is trained of it by which optimizer."""

import bitsandbytes.functional as bnb
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM


def base(job, folder=None):
    """float32, in a directory of Hugging Face's."""
    folder = folder or job["base"]
    config = AutoConfig.from_pretrained(folder)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    eager = config.is_encoder_decoder or getattr(config, "attn_logit_softcapping", None)  # scaled_dot_product_attention knows neither distances' biases nor soft caps
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager" if eager else "sdpa")
    if job.get("packing"):
        pack(model, job["packing"])
    return model


def pack(model, how):
    """The values that the layers' matrices have once bitsandbytes has packed them: QLoRA's frozen base, in float32 arithmetic."""
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear) and ".layers." in name:
                module.weight.copy_({"nf4": nf4, "int8": int8}[how](module.weight.data))


def nf4(weight):
    """bitsandbytes' codes and scales, the scales packed in turn as its portable kernel does it, to the nearest level: its CPU kernel looks levels up in a table that misses the nearest now and then."""
    packed, state = bnb.quantize_4bit(weight.contiguous(), blocksize=64, compress_statistics=False, quant_type="nf4")
    levels, offset = bnb.create_dynamic_map(), state.absmax.mean()
    blocks = (state.absmax - offset).split(256)
    nearest = [levels[torch.bucketize(b / b.abs().max(), (levels[1:] + levels[:-1]) / 2)] * b.abs().max() for b in blocks]
    state.absmax = torch.cat(nearest) + offset
    return bnb.dequantize_4bit(packed, state).view_as(weight)


def int8(weight):
    codes, largest, _ = bnb.int8_vectorwise_quant(weight.contiguous())
    return codes.float() * (largest.float().unsqueeze(1) / 127)


def initial(job):
    """An adapter with nothing at zero, and magnitudes that have left where they begin."""
    encodes = AutoConfig.from_pretrained(job["base"]).is_encoder_decoder
    model = get_peft_model(base(job), LoraConfig(r=job["rank"], lora_alpha=job["alpha"], target_modules=job["targets"], task_type="SEQ_2_SEQ_LM" if encodes else "CAUSAL_LM",
        use_rslora=job["kind"] == "rslora", use_dora=job["kind"] == "dora"))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator) if "lora_" in name else None
            if "magnitude" in name:
                weight.mul_(1 + 0.01 * noise)
            elif noise is not None:
                weight.copy_(noise * (0.01 if "lora_B" in name else weight.shape[1] ** -0.5))
    model.save_pretrained(job["initial"])


def opened(job, adapter=None):
    """The model with the adapter that it begins with, or another; where all weights are trained, with those of a folder."""
    if job["kind"] == "full":
        model = base(job, adapter)
        model.get_input_embeddings().padding_idx = None  # else a padding token's embedding never learns, though it ends every turn here
        return model
    return PeftModel.from_pretrained(base(job), adapter or job["initial"], is_trainable=True)


def optimizer(job, model):
    """torch's AdamW, in the groups of the kind."""
    how = dict(betas=(job["beta1"], job["beta2"]), eps=job["epsilon"], foreach=False, fused=False)
    if job["kind"] == "lora+":
        return create_loraplus_optimizer(model, torch.optim.AdamW, lr=job["learningRate"], loraplus_lr_ratio=job["loraPlusRatio"], loraplus_weight_decay=job["weightDecay"], **how)
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    still = [p for n, p in trained if p.ndim < 2 or "magnitude" in n]  # norms and biases of a whole model, DoRA's magnitudes: they do not decay
    rest = [p for n, p in trained if not (p.ndim < 2 or "magnitude" in n)]
    return torch.optim.AdamW([{"params": rest, "weight_decay": job["weightDecay"]}, {"params": still, "weight_decay": 0.0}], lr=job["learningRate"], **how)
