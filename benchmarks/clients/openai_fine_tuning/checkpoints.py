"""A job's checkpoints, which answer too."""

import openai
from suite import refused


def calls(t, client):
    listed, job = client.fine_tuning.jobs.checkpoints.list, t.seen["job"]

    with t.call("lists checkpoints, newest first"):
        all = t.seen["checkpoints"] = list(listed(job.id))
        steps = [c.step_number for c in all]
        assert len(all) >= 2 and steps == sorted(steps, reverse=True)
        assert all[0].object == "fine_tuning.job.checkpoint" and all[0].fine_tuning_job_id == job.id, all[0]
    with t.call("tells a checkpoint's figures"):
        m = t.seen["checkpoints"][0].metrics
        assert m.step == t.seen["checkpoints"][0].step_number and m.train_loss > 0 and m.valid_loss > 0 and 0 <= m.valid_mean_token_accuracy <= 1, m
    with t.call("pages through checkpoints, one at a time"):
        assert [c.id for c in listed(job.id, limit=1)] == [c.id for c in t.seen["checkpoints"]]
    with t.call("each checkpoint answers under its name"):
        for c in t.seen["checkpoints"]:
            r = client.chat.completions.create(model=c.fine_tuned_model_checkpoint, messages=[{"role": "user", "content": "hi"}], max_tokens=4)
            assert r.model == c.fine_tuned_model_checkpoint and r.usage.completion_tokens > 0
    with t.call("a checkpoint that was not kept"):
        name = t.seen["checkpoints"][0].fine_tuned_model_checkpoint.rsplit("-", 1)[0] + "-999"
        refused(openai.NotFoundError, lambda: client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}]), code="model_not_found", says="step 999")
