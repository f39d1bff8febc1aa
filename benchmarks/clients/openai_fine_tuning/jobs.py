"""Makes a job, follows it, and asks the model that it made."""

import openai
from openai_files.files import chat, lines
from suite import until

OVER = ("succeeded", "failed", "cancelled")


def ended(jobs, id):
    return until(lambda: jobs.retrieve(id), lambda j: j.status in OVER)


def calls(t, client):
    jobs = client.fine_tuning.jobs
    if "train" not in t.seen:
        t.seen["train"] = client.files.create(file=("train.jsonl", lines(chat(i) for i in range(60))), purpose="fine-tune")
    t.seen["valid"] = client.files.create(file=("valid.jsonl", lines(chat(i) for i in range(100, 110))), purpose="fine-tune")
    hyper = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": 2}

    with t.call("creates a job"):
        j = t.seen["job"] = jobs.create(
            model="tiny", training_file=t.seen["train"].id, validation_file=t.seen["valid"].id, suffix="Desk", seed=3, metadata={"team": "desk", "try": "1"},
            method={"type": "supervised", "supervised": {"hyperparameters": hyper}}, integrations=[{"type": "wandb", "wandb": {"project": "desk", "tags": ["a"]}}])
        assert j.object == "fine_tuning.job" and j.id.startswith("ftjob-") and j.status == "validating_files", j
        assert (j.model, j.training_file, j.validation_file, j.seed) == ("tiny", t.seen["train"].id, t.seen["valid"].id, 3)
        assert j.fine_tuned_model is None and j.finished_at is None and j.trained_tokens is None and j.result_files == [] and j.error is None
        assert j.metadata == {"team": "desk", "try": "1"} and j.integrations[0].wandb.project == "desk"
        assert j.method.type == "supervised" and j.method.supervised.hyperparameters.batch_size == 8
    with t.call("an older client's hyperparameters"):
        j = t.seen["older"] = jobs.create(model="tiny", training_file=t.seen["train"].id, hyperparameters={"n_epochs": 1, "batch_size": "auto"}, metadata={"team": "other"})
        assert j.hyperparameters.n_epochs == 1 and j.hyperparameters.batch_size == "auto" and j.method.type == "supervised", j
    with t.call("polls until it has succeeded"):
        j = t.seen["job"] = ended(jobs, t.seen["job"].id)
        assert j.status == "succeeded", j
        assert j.finished_at >= j.created_at and j.trained_tokens > 0 and j.estimated_finish is None and j.error is None
        assert j.hyperparameters.n_epochs == 2 and j.hyperparameters.learning_rate_multiplier == 2
    with t.call("tells its model under a name with base and suffix"):
        assert t.seen["job"].fine_tuned_model.startswith("ft-tiny-desk-"), t.seen["job"]
    with t.call("the model stands in the list of models"):
        name = t.seen["job"].fine_tuned_model
        assert name in [m.id for m in client.models.list()] and client.models.retrieve(name).id == name
    with t.call("the model answers under the name it returned"):
        raw = client.chat.completions.with_raw_response.create(model=t.seen["job"].fine_tuned_model, messages=[{"role": "user", "content": "Where is parcel 7?"}], max_tokens=8)
        assert raw.parse().model == t.seen["job"].fine_tuned_model and raw.parse().usage.completion_tokens > 0
        assert raw.headers["x-lathe-version"] == t.seen["job"].fine_tuned_model
    with t.call("and streams"):
        pieces = list(client.chat.completions.create(model=t.seen["job"].fine_tuned_model, messages=[{"role": "user", "content": "hi"}], max_tokens=8, stream=True))
        assert pieces[-1].choices[0].finish_reason in ("length", "stop")
    with t.call("its figures are a file of CSV"):
        file = client.files.retrieve(t.seen["job"].result_files[0])
        rows = client.files.content(file.id).text.splitlines()
        assert file.purpose == "fine-tune-results" and rows[0].startswith("step,train_loss,valid_loss,valid_mean_token_accuracy"), rows[0]
        # A batch is filled by tokens: 60 examples in batches of about 8, twice, and the evaluation before step 1.
        assert 14 <= len(rows) - 2 <= 20 and rows[1].startswith("0,,"), rows[:3]
    with t.call("the older job, with what was left open decided"):
        j = ended(jobs, t.seen["older"].id)
        assert j.status == "succeeded" and isinstance(j.hyperparameters.batch_size, int) and j.seed >= 0, j
    with t.call("goes on with a model that was fine-tuned"):
        j = ended(jobs, jobs.create(model=t.seen["job"].fine_tuned_model, training_file=t.seen["train"].id, hyperparameters={"n_epochs": 1}, extra_body={"recipe": {"steps": 2}}).id)
        assert j.status == "succeeded" and j.fine_tuned_model != t.seen["job"].fine_tuned_model, j
        t.seen["further"] = j
    listing(t, client)


def listing(t, client):
    jobs = client.fine_tuning.jobs
    with t.call("lists jobs, newest first"):
        ids = [j.id for j in jobs.list()]
        assert ids == sorted(ids, reverse=True) and len(ids) >= 3
    with t.call("pages through jobs, one at a time"):
        page = jobs.list(limit=1)
        assert len(page.data) == 1 and page.has_more and [j.id for j in page] == [j.id for j in jobs.list()]
    with t.call("goes on behind a given job"):
        ids = [j.id for j in jobs.list()]
        assert [j.id for j in jobs.list(after=ids[0])] == ids[1:]
    with t.call("filters by metadata"):
        assert [j.id for j in jobs.list(metadata={"team": "desk"})] == [t.seen["job"].id]
        assert [j.id for j in jobs.list(metadata={"team": "desk", "try": "2"})] == []
    with t.call("filters those without metadata"):
        ids = [j.id for j in jobs.list(extra_query={"metadata": "null"})]
        assert t.seen["further"].id in ids and t.seen["job"].id not in ids
    with t.call("an older file's job does not change when the file goes"):
        client.files.delete(t.seen["valid"].id)
        assert jobs.retrieve(t.seen["job"].id).validation_file == t.seen["valid"].id
    with t.call("does not delete a model, and says why"):
        try:
            client.models.delete(t.seen["job"].fine_tuned_model)
        except openai.PermissionDeniedError as e:
            assert e.code == "model_not_deletable", e
        else:
            raise AssertionError("deleted")
        assert client.models.retrieve(t.seen["job"].fine_tuned_model)
