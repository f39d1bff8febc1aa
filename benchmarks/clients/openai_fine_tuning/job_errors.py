"""What of a job is refused, and what makes one fail."""

import openai
from openai_files.files import chat, lines
from openai_fine_tuning.jobs import ended
from suite import refused


def calls(t, client):
    jobs, bad = client.fine_tuning.jobs, openai.BadRequestError
    train = t.seen["train"].id

    def create(**more):
        return lambda: jobs.create(**{"model": "tiny", "training_file": train, **more})

    for title, param, more in (
        ("a model that is not there", "model", {"model": "gpt-9"}),
        ("a provider's model", "model", {"model": "openai:gpt-4o-mini"}),
        ("a training file that is not there", "training_file", {"training_file": "file-nothing"}),
        ("a validation file that is not there", "validation_file", {"validation_file": "file-nothing"}),
        ("a file for another purpose", "training_file", {"training_file": t.seen["batch"].id}),
        ("a suffix that is too long", "suffix", {"suffix": "x" * 65}),
        ("a seed below 0", "seed", {"seed": -1}),
        ("no epochs", "hyperparameters.n_epochs", {"hyperparameters": {"n_epochs": 0}}),
        ("half a batch", "method.supervised.hyperparameters.batch_size", {"method": {"type": "supervised", "supervised": {"hyperparameters": {"batch_size": 1.5}}}}),
        ("a rate that is no number", "hyperparameters.learning_rate_multiplier", {"hyperparameters": {"learning_rate_multiplier": "fast"}}),
        ("reinforcement", "method.type", {"method": {"type": "reinforcement"}}),
        ("beta without dpo", "hyperparameters.beta", {"hyperparameters": {"beta": 0.1}}),
        ("hyperparameters twice", "hyperparameters", {"hyperparameters": {"n_epochs": 1}, "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}}),
        ("an integration that is none", "integrations[0].type", {"integrations": [{"type": "comet"}]}),
        ("metadata that is no text", "metadata", {"metadata": {"a": 7}}),
        ("too much metadata", "metadata", {"metadata": {str(i): "" for i in range(17)}}),
        ("a field that nobody knows", "learning_rate", {"extra_body": {"learning_rate": 1}}),
        ("a recipe key that nobody knows", "recipe", {"extra_body": {"recipe": {"rang": 8}}}),
    ):
        with t.call("refuses " + title):
            refused(bad, create(**more), param=param)
    with t.call("refuses a job without a model"):
        refused(bad, lambda: client.post("/fine_tuning/jobs", body={"training_file": train}, cast_to=object), param="model", code="missing_required_parameter")
    with t.call("refuses a body that is no JSON"):
        refused(bad, lambda: client.post("/fine_tuning/jobs", content=b"{", options={"headers": {"content-type": "application/json"}}, cast_to=object), code="invalid_json")
    with t.call("a job that is not there: retrieve, cancel, pause, resume"):
        for call in (jobs.retrieve, jobs.cancel, jobs.pause, jobs.resume):
            refused(openai.NotFoundError, lambda call=call: call("ftjob-nothing"), code="fine_tune_not_found", param="fine_tuning_job_id")
    with t.call("refuses to list behind a job that is not there"):
        refused(bad, lambda: jobs.list(after="ftjob-nothing"), param="after")
    with t.call("refuses to cancel, pause or resume a job that is over"):
        for call in (jobs.cancel, jobs.pause, jobs.resume):
            refused(bad, lambda call=call: call(t.seen["job"].id), code="invalid_job_state", says="succeeded")

    def failing(content, **more):
        file = client.files.create(file=("bad.jsonl", content), purpose="fine-tune")
        return ended(jobs, jobs.create(**{"model": "tiny", "training_file": file.id, **more}).id)

    with t.call("a line of another role fails the job, and is named"):
        j = failing(lines([chat(1), {"messages": [{"role": "king", "content": "x"}]}]))
        assert j.status == "failed" and j.error.code == "invalid_training_file" and j.error.param == "training_file" and "line 2" in j.error.message, j
        assert j.fine_tuned_model is None and j.finished_at
    with t.call("so does a file that ends with a question"):
        j = failing(lines([{"messages": [{"role": "user", "content": "x"}]}]))
        assert j.status == "failed" and "line 1" in j.error.message, j
    with t.call("so do chats for dpo"):
        j = failing(lines([chat(1)]), method={"type": "dpo"})
        assert j.status == "failed" and "preferred_output" in j.error.message, j
    with t.call("a validation file that is wrong is told as such"):
        file = client.files.create(file=("bad.jsonl", lines([{"messages": []}])), purpose="fine-tune")
        j = ended(jobs, jobs.create(model="tiny", training_file=train, validation_file=file.id).id)
        assert j.status == "failed" and (j.error.code, j.error.param) == ("invalid_validation_file", "validation_file"), j
    with t.call("a failed job's events end with the error"):
        last = jobs.list_events(j.id, limit=1).data[0]
        assert last.level == "error" and "line 1" in last.message, last
