"""Makes the committed logits and greedy continuation of the real base for the slow test of the engine: transformers, float32, CPU.

usage: smollm2_logits.py MODEL_DIR [OUT]        (MODEL_DIR from `benchmarks/run peers`; default OUT: engine/src/test/resources/reference/smollm2-135m-instruct.json)
"""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

OUT = pathlib.Path(__file__).resolve().parents[2] / "engine/src/test/resources/reference/smollm2-135m-instruct.json"
QUESTION = "What is the capital of France?"
PROMPTS = ["The capital of France is", "def fibonacci(n):\n    ", "Grüße aus Zürich! Heute kosten 3 Äpfel 2,50 € und der Zug fährt um 14:05 Uhr. On the way home we talked about",
    "Counting: " + ", ".join(str(i) for i in range(1, 100)) + ","]
FIXED = [i * 49_152 // 64 + 7 for i in range(64)]


def last_position(model, tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
    top = logits.topk(32)
    return {"text": text, "ids": ids, "topIds": top.indices.tolist(), "topLogits": top.values.tolist(), "fixedLogits": logits[FIXED].tolist(),
            "logSumExp": logits.double().logsumexp(0).item()}


def main():
    torch.set_num_threads(1)
    folder = sys.argv[1]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    question = tokenizer.apply_chat_template([{"role": "user", "content": QUESTION}], tokenize=False, add_generation_prompt=True)
    with torch.no_grad():
        prompts = [last_position(model, tokenizer, p) for p in PROMPTS + [question]]
        ids = prompts[-1]["ids"]
        answer = model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=32, eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"))[0, len(ids):].tolist()
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else OUT
    out.write_text(json.dumps({"fixedIds": FIXED, "prompts": prompts, "greedy": {"ids": ids, "answerIds": answer, "answer": tokenizer.decode(answer)}}, indent=1) + "\n")
    print(repr(question), tokenizer.decode(answer), [p["logSumExp"] for p in prompts])


if __name__ == "__main__":
    main()
