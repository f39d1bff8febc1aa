"""Makes the committed reference numbers of T5: what transformers and PEFT say of tiny random models of its two versions.

usage: tiny_t5.py        (into engine/src/test/resources/reference/t5)

As tiny_families.py, which it borrows from: float64 throughout, but for the buckets of distances, whose borders transformers finds in float32.
An example is what the encoder reads and then what the decoder says; the decoder's input is that, one place later. Logits stand where a labelled token is predicted.
"""

import json
import shutil

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, T5Config, T5ForConditionalGeneration

from tiny_families import ALPHA, OUT, RANK, VOCABULARY, float32, nothing_rounded

T5 = OUT.parent / "t5"
START, END, MOST = 0, 1, 12
EXAMPLES = [(21, 6, 1), (150, 40, 9), (3, 1, 1)]  # tokens of the source, of the target, and every how many of the target's one is not labelled
COMMON = dict(vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=40, num_heads=4, dropout_rate=0.0, pad_token_id=0, eos_token_id=END, decoder_start_token_id=START)
VERSIONS = {
    "v1-0": (dict(COMMON, num_layers=2, feed_forward_proj="relu"), True, ["q", "k", "v", "o", "wi", "wo"]),
    "v1-1": (dict(COMMON, num_layers=2, num_decoder_layers=3, feed_forward_proj="gated-gelu", relative_attention_num_buckets=16, relative_attention_max_distance=40), False,
        ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]),
}


def opened(config, tied):
    model = T5ForConditionalGeneration(config)
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(torch.zeros(VOCABULARY, config.d_model))
    model.set_attn_implementation("eager")
    return model.eval()


def randomised(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            norm, wide = "norm" in name, "relative" in name or "shared" in name
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float32) * (0.2 if norm else 1.0 if wide else 0.25) + (1.0 if norm else 0.0))


def examples(seed):
    generator, out = torch.Generator().manual_seed(seed), []
    for source, target, every in EXAMPLES:
        ids = torch.randint(3, VOCABULARY, (source + target,), generator=generator).tolist()
        ids[source - 1] = ids[-1] = END
        labels = [-100] * source + [-100 if every > 1 and i % every == every - 1 else t for i, t in enumerate(ids[source:])]
        out.append({"input_ids": ids, "labels": labels, "source": source})
    return out


def labelled_logits(model, conversations):
    rows, loss, labelled = [], 0.0, 0
    for c in conversations:
        source, target = c["input_ids"][:c["source"]], c["input_ids"][c["source"]:]
        out = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([[START] + target[:-1]]), use_cache=False).logits[0]
        labels = torch.tensor(c["labels"][c["source"]:])
        at = (labels != -100).nonzero()[:, 0]
        rows.append(out[at])
        loss = loss + F.cross_entropy(out[at], labels[at], reduction="sum")
        labelled += len(at)
    return torch.cat(rows), loss, labelled


def generated(model, conversations):
    return [model.generate(input_ids=torch.tensor([c["input_ids"][:c["source"]]]), do_sample=False, num_beams=1, use_cache=False, max_new_tokens=MOST)[0, 1:].tolist() for c in conversations]


def make(name, seed):
    settings, tied, targets = VERSIONS[name]
    folder = T5 / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "base").mkdir(parents=True)
    (folder / "adapter").mkdir()
    conversations = examples(seed)
    (folder / "examples.json").write_text(json.dumps(conversations))

    plain = opened(T5Config(**settings, tie_word_embeddings=tied), tied)
    randomised(plain, seed + 1)
    plain.save_pretrained(folder / "base")
    (folder / "base/generation_config.json").unlink(missing_ok=True)
    written = folder / "base/config.json"
    text = json.loads(written.read_text())
    text.pop("scale_decoder_outputs", None)
    text["tie_word_embeddings"] = tied  # as the models' own files have it
    written.write_text(json.dumps(text, indent=1) + "\n")

    single = torch.Tensor.float
    with nothing_rounded():
        torch.Tensor.float = single
        model = opened(AutoConfig.from_pretrained(folder / "base"), tied).double()
        missing, unexpected = model.load_state_dict({n: t.double() for n, t in load_file(folder / "base/model.safetensors").items()}, strict=False)
        assert not unexpected and all("embed_tokens" in m or tied and "lm_head" in m for m in missing), (missing, unexpected)
        if tied:
            model.tie_weights()
        assert (model.lm_head.weight is model.shared.weight) == tied and model.encoder.embed_tokens.weight is model.shared.weight
        model.generation_config.decoder_start_token_id, model.generation_config.eos_token_id, model.generation_config.pad_token_id = START, END, 0
        logits = {"base": labelled_logits(model, conversations)[0].detach()}
        said = {"base": generated(model, conversations)}
        tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets, task_type="SEQ_2_SEQ_LM", lora_dropout=0.0)).eval()
        generator = torch.Generator().manual_seed(seed + 2)
        adapter = {}
        for n, p in sorted(tuned.named_parameters()):
            if "lora_" in n:
                p.data = (torch.randn(p.shape, generator=generator, dtype=torch.float32) * 0.15).double()
                adapter[n.replace(".default.", ".")] = p
        adapted, loss, labelled = labelled_logits(tuned, conversations)
        logits["adapted"] = adapted.detach()
        (loss / labelled).backward()
        assert all(t.dtype == torch.float64 for t in logits.values())
        said["adapted"] = generated(tuned, conversations)
        save_file(logits, folder / "logits.safetensors")
        save_file({n.replace(".default.", "."): p.grad.contiguous() for n, p in tuned.named_parameters() if p.grad is not None}, folder / "gradients.safetensors")
    save_file(float32(adapter), folder / "adapter/adapter_model.safetensors")
    tuned.peft_config["default"].base_model_name_or_path = "tiny"
    tuned.peft_config["default"].save_pretrained(folder / "adapter")
    written = folder / "adapter/adapter_config.json"
    text = json.loads(written.read_text())
    text["target_modules"] = sorted(text["target_modules"])
    written.write_text(json.dumps(text, indent=1) + "\n")
    numbers = {"labelled": labelled, "loss": (loss / labelled).item(), "generated": said}
    (folder / "numbers.json").write_text(json.dumps(numbers))
    print(name, numbers, len(adapter), "matrices", sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1024, "KiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for number, version in enumerate(VERSIONS):
        make(version, 500 + 10 * number)
