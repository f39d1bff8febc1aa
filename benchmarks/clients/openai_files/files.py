"""Uploads, lists, reads and deletes files."""

import io
import json
import tempfile
import time

import openai
from suite import refused


def chat(i):
    return {"messages": [{"role": "user", "content": f"Where is parcel {i}?"}, {"role": "assistant", "content": f"Parcel {i} is on its way."}]}


def lines(of):
    return "".join(json.dumps(x) + "\n" for x in of).encode()


def calls(t, client):
    files, content = client.files, lines(chat(i) for i in range(60))

    with t.call("uploads bytes for fine-tuning"):
        f = t.seen["train"] = files.create(file=("train.jsonl", content), purpose="fine-tune")
        assert (f.object, f.bytes, f.filename, f.purpose, f.status) == ("file", len(content), "train.jsonl", "fine-tune", "processed"), f
        assert f.id.startswith("file-") and abs(f.created_at - time.time()) < 60 and f.expires_at is None
    with t.call("uploads a file from a path"), tempfile.NamedTemporaryFile(suffix=".jsonl") as disk:
        disk.write(content)
        disk.flush()
        with open(disk.name, "rb") as opened:
            f = files.create(file=opened, purpose="fine-tune")
        assert f.filename == disk.name.rsplit("/", 1)[-1], f
        files.delete(f.id)
    with t.call("uploads a name beyond ASCII, its path left out"):
        f = files.create(file=("../höhe.jsonl", content), purpose="fine-tune")
        assert f.filename == "höhe.jsonl", f
        files.delete(f.id)
    for purpose in ("batch", "evals", "user_data"):
        with t.call(f"uploads for {purpose}"):
            f = t.seen[purpose] = files.create(file=(purpose, b'{"custom_id": "1"}\n'), purpose=purpose)
            assert f.purpose == purpose
            left = f.expires_at and f.expires_at - f.created_at
            assert left == (30 * 86400 if purpose == "batch" else None), f
    with t.call("keeps what is no JSON Lines for user_data"):
        f = files.create(file=("a.bin", bytes(range(256))), purpose="user_data")
        assert files.content(f.id).read() == bytes(range(256))
        assert files.delete(f.id).deleted
    with t.call("uploads 20 MB as a stream"):
        large = io.BytesIO(b"x" * 20_000_000)
        f = files.create(file=("large.txt", large), purpose="user_data")
        assert f.bytes == 20_000_000 and len(files.content(f.id).read()) == 20_000_000
        files.delete(f.id)
    with t.call("an expiry that the client wants"):
        f = files.create(file=("a.jsonl", content), purpose="fine-tune", expires_after={"anchor": "created_at", "seconds": 3600})
        assert f.expires_at == f.created_at + 3600, f
        files.delete(f.id)
    with t.call("retrieves a file"):
        assert files.retrieve(t.seen["train"].id) == t.seen["train"]
    with t.call("reads its content back, byte for byte"):
        assert files.content(t.seen["train"].id).read() == content
    with t.call("waits for processing"):
        assert files.wait_for_processing(t.seen["train"].id).status == "processed"
    listing(t, client, content)
    refusals(t, client, content)


def listing(t, client, content):
    files = client.files
    with t.call("lists all, newest first"):
        page = files.list()
        ids = [f.id for f in page.data]
        assert t.seen["train"].id in ids and ids == sorted(ids, reverse=True) and not page.has_more
    with t.call("lists the oldest first"):
        ids = [f.id for f in files.list(order="asc")]
        assert ids == sorted(ids) and len(ids) >= 4
    with t.call("lists those of a purpose"):
        assert {f.purpose for f in files.list(purpose="batch")} == {"batch"}
        assert not files.list(purpose="assistants").data
    with t.call("pages through all, two at a time"):
        page = files.list(limit=2)
        assert len(page.data) == 2 and page.has_more
        assert [f.id for f in page] == [f.id for f in files.list()]
    with t.call("goes on behind a given file"):
        ids = [f.id for f in files.list(order="asc")]
        assert [f.id for f in files.list(order="asc", after=ids[0])] == ids[1:]
    with t.call("pages on while it deletes what it was shown"):
        mine = [files.create(file=(f"{i}.jsonl", content), purpose="evals").id for i in range(5)]
        met = 0
        for f in files.list(limit=2, purpose="evals"):
            if f.id in mine:
                met += files.delete(f.id).deleted
        assert met == 5, met
    with t.call("deletes a file"):
        gone = files.delete(t.seen["evals"].id)
        assert (gone.id, gone.object, gone.deleted) == (t.seen["evals"].id, "file", True)
        refused(openai.NotFoundError, lambda: files.retrieve(gone.id), code="file_not_found", param="id")


def refusals(t, client, content):
    files, bad = client.files, openai.BadRequestError

    def upload(name, data, **more):
        return lambda: files.create(file=(name, data), **{"purpose": "fine-tune", **more})

    with t.call("refuses a purpose that is none"):
        refused(bad, upload("a", content, purpose="lunch"), param="purpose", code="invalid_value", says="'fine-tune'")
    with t.call("refuses a line that is no JSON, and names it"):
        refused(bad, upload("a", content + b"{oops\n"), param="file", code="invalid_jsonl", says="Line 61")
    with t.call("refuses a line that is no object, and names it"):
        refused(bad, upload("a", b"{}\n[1]\n"), param="file", says="Line 2")
    with t.call("refuses an empty file"):
        refused(bad, upload("a", b""), param="file", says="empty")
    with t.call("refuses an expiry out of range"):
        refused(bad, upload("a", content, expires_after={"anchor": "created_at", "seconds": 60}), param="expires_after.seconds")
    with t.call("refuses an upload without a file"):
        refused(bad, lambda: client.post("/files", body={"purpose": "fine-tune"}, cast_to=object), code="invalid_multipart")
    with t.call("refuses a limit and an order that are none"):
        refused(bad, lambda: files.list(limit=0), param="limit")
        refused(bad, lambda: files.list(limit=10001), param="limit")
        refused(bad, lambda: files.list(order="up"), param="order")
    with t.call("a file that is not there: retrieve, content, delete"):
        for call in (files.retrieve, files.content, files.delete):
            refused(openai.NotFoundError, lambda call=call: call("file-nothing"), code="file_not_found", param="id", says="file-nothing")
    with t.call("refuses what climbs out of its folder"):
        refused(openai.NotFoundError, lambda: files.retrieve("..%2f..%2fdatabase"))
    with t.call("a method that a file has not"):
        refused(openai.NotFoundError, lambda: client.put("/files", cast_to=object), code="unknown_url")
