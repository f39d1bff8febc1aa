"""Runs inside the environment that has the clients: main.py ADDRESS [AREA…], one JSON object a line and call on stdout."""

import json
import sys

import openai
from anthropic_messages import messages
from openai_files import files
from openai_fine_tuning import checkpoints, dpo, events, job_errors, jobs, life
from providers import translated
from suite import Suite

# Later areas use what earlier ones made: a job of `jobs` is looked at by `events` and `checkpoints`.
AREAS = {"messages": messages, "providers": translated, "files": files, "jobs": jobs, "events": events, "checkpoints": checkpoints, "job-errors": job_errors, "life": life, "dpo": dpo}


def main(address, *only):
    client = openai.OpenAI(base_url=address + "/v1", api_key="any", max_retries=0, timeout=120)
    Suite(client, only, lambda row: print(json.dumps(row), flush=True)).run(AREAS)


if __name__ == "__main__":
    main(*sys.argv[1:])
