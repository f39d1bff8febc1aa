"""Anthropic's client asks a local model: whole, streamed, with tools, counted, refused."""

import json

import anthropic
from suite import refused

HI = [{"role": "user", "content": "Where is my parcel?"}]
WEATHER = {"name": "weather", "description": "The weather of a town", "input_schema": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}}


def client_of(openai_client):
    return anthropic.Anthropic(base_url=str(openai_client.base_url).rstrip("/").removesuffix("/v1"), api_key="any", max_retries=0, timeout=120)


def read(message):
    """Tokens of the request, those that stood in the engine's cache among them."""
    return message.usage.input_tokens + message.usage.cache_read_input_tokens


def calls(t, openai_client):
    client = client_of(openai_client)
    ask = client.messages.create

    with t.call("a whole answer"):
        m = ask(model="tiny", max_tokens=12, messages=HI)
        assert (m.type, m.role, m.model, m.stop_reason) == ("message", "assistant", "tiny", "max_tokens"), m
        assert m.usage.output_tokens == 12 and read(m) > 0 and m.content[0].type == "text", m
    with t.call("its headers"):
        raw = client.messages.with_raw_response.create(model="tiny", max_tokens=3, messages=HI, metadata={"user_id": "u"})
        assert raw.headers["x-lathe-id"] == raw.parse().id and raw.headers["x-lathe-base"] == "tiny", raw.headers
        assert raw.headers["x-lathe-ignored"] == "metadata", raw.headers
    with t.call("the system's words, as a text and as blocks"):
        for system in ("Be brief.", [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]):
            assert read(ask(model="tiny", max_tokens=3, system=system, messages=HI)) > read(m)
    with t.call("a stream, put together by the client"):
        with client.messages.stream(model="tiny", max_tokens=12, messages=HI) as s:
            text = "".join(s.text_stream)
            f = s.get_final_message()
        assert f.content[0].text == text and f.usage.output_tokens == 12 and read(f) == read(m), f
    with t.call("a stream's events, in their order"):
        kinds = [e.type for e in ask(model="tiny", max_tokens=5, messages=HI, stream=True)]
        assert kinds[:2] == ["message_start", "content_block_start"] and kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"], kinds
        assert set(kinds[2:-3]) == {"content_block_delta"}, kinds
    with t.call("tools, and what one found"):
        turn = [{"type": "text", "text": "I look."}, {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"town": "Oslo"}}]
        found = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "cold"}, {"type": "text", "text": "And tomorrow?"}]
        assert ask(model="tiny", max_tokens=3, tools=[WEATHER], messages=[*HI, {"role": "assistant", "content": turn}, {"role": "user", "content": found}]).type == "message"
    with t.call("a schema"):
        schema = {"type": "object", "properties": {"town": {"enum": ["Oslo", "Rome"]}}, "required": ["town"], "additionalProperties": False}
        a = ask(model="tiny", max_tokens=60, messages=HI, output_config={"format": {"type": "json_schema", "schema": schema}})
        assert json.loads(a.content[0].text)["town"] in ("Oslo", "Rome"), a
    with t.call("tokens are counted as they are used"):
        for more in ({}, {"system": "Be brief."}, {"tools": [WEATHER]}):
            counted = client.messages.count_tokens(model="tiny", messages=HI, **more).input_tokens
            assert counted == read(ask(model="tiny", max_tokens=1, messages=HI, **more)), more
    with t.call("a model that is not there"):
        refused(anthropic.NotFoundError, lambda: ask(model="nothing", max_tokens=1, messages=HI), says="does not exist", status_code=404)
    with t.call("no messages"):
        refused(anthropic.BadRequestError, lambda: ask(model="tiny", max_tokens=1, messages=[]), says="is missing or empty")
    with t.call("a tool of Anthropic's servers"):
        refused(anthropic.BadRequestError, lambda: ask(model="tiny", max_tokens=1, messages=HI, tools=[{"type": "web_search_20250305", "name": "web_search"}]), says="web_search_20250305")
    with t.call("a picture, for a model that reads text"):
        picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
        refused(anthropic.BadRequestError, lambda: ask(model="tiny", max_tokens=1, messages=[{"role": "user", "content": [picture]}]), says="reads text")
