"""Preferences, tools and weights."""

from openai_files.files import lines
from openai_fine_tuning.jobs import ended


def pair(i):
    return {
        "input": {"messages": [{"role": "user", "content": f"Where is parcel {i}?"}]},
        "preferred_output": [{"role": "assistant", "content": f"Parcel {i} is on its way."}],
        "non_preferred_output": [{"role": "assistant", "content": f"No idea about {i}."}],
    }


def call_of_a_tool(i):
    tool = {"type": "function", "function": {"name": "track", "description": "Finds a parcel", "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}}}}
    asked = {"id": "call_1", "type": "function", "function": {"name": "track", "arguments": '{"id": %d}' % i}}
    return {"tools": [tool], "parallel_tool_calls": False, "messages": [
        {"role": "system", "content": "You help."}, {"role": "user", "content": f"Where is {i}?"}, {"role": "assistant", "content": "A moment.", "weight": 0},
        {"role": "user", "content": "Well?"}, {"role": "assistant", "tool_calls": [asked]}, {"role": "tool", "tool_call_id": "call_1", "content": "on its way"},
        {"role": "assistant", "content": "It is on its way.", "weight": 1}]}


def calls(t, client):
    jobs = client.fine_tuning.jobs

    with t.call("trains on preferences"):
        file = client.files.create(file=("pairs.jsonl", lines(pair(i) for i in range(30))), purpose="fine-tune")
        valid = client.files.create(file=("valid.jsonl", lines(pair(i) for i in range(40, 46))), purpose="fine-tune")
        j = jobs.create(model="tiny", training_file=file.id, validation_file=valid.id, method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 1, "batch_size": 6}}})
        assert j.method.type == "dpo" and j.method.dpo.hyperparameters.beta == 0.2, j
        done = ended(jobs, j.id)
        assert done.status == "succeeded", done
        rows = client.files.content(done.result_files[0]).text.splitlines()
        assert "rewards/" in rows[0] and "evalRewards/" in rows[0], rows[0]
    with t.call("the preferences' model answers"):
        assert client.chat.completions.create(model=done.fine_tuned_model, messages=[{"role": "user", "content": "hi"}], max_tokens=4).usage.completion_tokens
    with t.call("trains on calls of tools and on weights"):
        file = client.files.create(file=("tools.jsonl", lines(call_of_a_tool(i) for i in range(20))), purpose="fine-tune")
        j = ended(jobs, jobs.create(model="tiny", training_file=file.id, hyperparameters={"n_epochs": 1}).id)
        assert j.status == "succeeded", j
    with t.call("two jobs with the same file share its dataset, and the same seed gives the same losses"):
        def trained():
            done = ended(jobs, jobs.create(model="tiny", training_file=file.id, seed=5, hyperparameters={"n_epochs": 1}).id)
            assert done.status == "succeeded", done
            return done.lathe["dataset"], client.files.content(done.result_files[0]).text

        assert trained() == trained()
