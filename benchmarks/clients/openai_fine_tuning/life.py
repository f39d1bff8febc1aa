"""Pausing, going on and cancelling."""

import openai
from openai_fine_tuning.jobs import OVER, ended
from suite import refused, until


def calls(t, client):
    jobs = client.fine_tuning.jobs

    def begin(steps, **more):
        return jobs.create(model="tiny", training_file=t.seen["train"].id, extra_body={"recipe": {"steps": steps, "batchTokens": 128}}, **more)

    def stepping(id):
        return until(lambda: [e for e in jobs.list_events(id, limit=5) if e.type == "metrics"], bool)

    with t.call("pauses a job that trains"):
        j = begin(120)
        stepping(j.id)
        assert jobs.pause(j.id).status == "paused"
        refused(openai.BadRequestError, lambda: jobs.pause(j.id), code="invalid_job_state")
        until(lambda: [e.message for e in jobs.list_events(j.id, limit=5)], lambda told: any("paused at step" in m for m in told))
        assert jobs.retrieve(j.id).status == "paused"
    with t.call("resumes it where it was, and it succeeds"):
        assert jobs.resume(j.id).status in ("queued", "running")
        refused(openai.BadRequestError, lambda: jobs.resume(j.id), code="invalid_job_state")
        done = ended(jobs, j.id)
        assert done.status == "succeeded", done
        told = [e for e in jobs.list_events(j.id, limit=1000)]
        steps = [e.data["step"] for e in told if e.type == "metrics" and "train_loss" in e.data]
        assert sorted(set(steps)) == list(range(1, 121)) and any("goes on" in e.message for e in told)
    with t.call("pauses and resumes at once"):
        j = begin(60)
        stepping(j.id)
        jobs.pause(j.id)
        jobs.resume(j.id)
        assert ended(jobs, j.id).status == "succeeded"
    with t.call("cancels a job that trains"):
        j = begin(5000)
        stepping(j.id)
        gone = jobs.cancel(j.id)
        assert gone.status == "cancelled" and gone.finished_at and gone.fine_tuned_model is None, gone
        refused(openai.BadRequestError, lambda: jobs.cancel(j.id), code="invalid_job_state", says="cancelled")
    with t.call("cancels a job that waits for its turn"):
        first, second = begin(5000), begin(5)
        stepping(first.id)
        until(lambda: jobs.retrieve(second.id).status, lambda s: s == "queued")
        assert jobs.cancel(second.id).status == "cancelled"
        jobs.cancel(first.id)
        assert jobs.retrieve(second.id).status == "cancelled" and not jobs.retrieve(second.id).trained_tokens
    with t.call("cancels a job before its files are read"):
        j = begin(5)
        assert jobs.cancel(j.id).status == "cancelled" and jobs.retrieve(j.id).status in OVER
    with t.call("the next job is not held up"):
        assert ended(jobs, begin(3, seed=11).id).status == "succeeded"
