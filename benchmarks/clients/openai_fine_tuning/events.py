"""What happened in a job."""

import openai
from suite import refused


def calls(t, client):
    jobs, job = client.fine_tuning.jobs, t.seen["job"]

    with t.call("lists events, newest first"):
        page = jobs.list_events(job.id)
        assert len(page.data) == 20 and page.has_more
        first = page.data[0]
        assert first.object == "fine_tuning.job.event" and first.level == "info" and first.type == "message" and "completed" in first.message, first
    with t.call("tells the job's way from first to last"):
        told = [e.message for e in jobs.list_events(job.id, limit=1000)][::-1]
        order = ["Created", "Validating", "Files validated", "started", "Step 1/", "Checkpoint", "New fine-tuned model created", "completed"]
        places = [next(i for i, m in enumerate(told) if word in m) for word in order]
        assert places == sorted(places), told
    with t.call("tells each step's figures"):
        steps = [e for e in jobs.list_events(job.id, limit=1000) if e.type == "metrics" and "train_loss" in e.data]
        assert len(steps) == max(e.data["step"] for e in steps) and all(e.data["train_loss"] > 0 for e in steps)
    with t.call("tells the validation's figures"):
        assert any(e.data.get("valid_loss", 0) > 0 for e in jobs.list_events(job.id, limit=1000) if e.type == "metrics")
    with t.call("pages through all events, three at a time"):
        ids = [e.id for e in jobs.list_events(job.id, limit=1000)]
        assert [e.id for e in jobs.list_events(job.id, limit=3)] == ids and len(set(ids)) == len(ids)
    with t.call("goes on behind a given event"):
        ids = [e.id for e in jobs.list_events(job.id, limit=1000)]
        assert jobs.list_events(job.id, after=ids[4], limit=2).data[0].id == ids[5]
    with t.call("refuses an event that is not there, and a limit that is none"):
        refused(openai.BadRequestError, lambda: jobs.list_events(job.id, after="ftevent-nothing"), param="after")
        refused(openai.BadRequestError, lambda: jobs.list_events(job.id, limit=-1), param="limit")
    with t.call("no events of a job that is not there"):
        refused(openai.NotFoundError, lambda: jobs.list_events("ftjob-nothing"), code="fine_tune_not_found")
