"""Both clients ask Anthropic, Cohere and Ollama through us; `standin.py` is all three."""

import anthropic
import openai
from anthropic_messages.messages import WEATHER, client_of
from suite import refused

HI = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather of a town", "parameters": WEATHER["input_schema"]}}


def calls(t, client):
    theirs = client_of(client)
    for provider in ("claude", "cohere", "box"):
        of_openai(t, client, provider)
        of_anthropic(t, theirs, provider)


def of_openai(t, client, provider):
    name, ask = provider + ":m", client.chat.completions.create

    with t.call(f"{provider}: a whole answer, and what was dropped"):
        raw = client.chat.completions.with_raw_response.create(model=name, messages=[{"role": "system", "content": "s"}, *HI], temperature=0.5, store=True, metadata={"a": "b"})
        a = raw.parse()
        assert (a.choices[0].message.content, a.choices[0].finish_reason, a.usage.completion_tokens, a.model) == ("Paris.", "stop", 8, name), a
        assert raw.headers["x-lathe-ignored"] == "store, metadata", raw.headers
    with t.call(f"{provider}: a call, and what the tool found"):
        said = ask(model=name, messages=HI, tools=[TOOL]).choices[0]
        call = said.message.tool_calls[0]
        assert (call.function.name, call.function.arguments.replace(" ", ""), said.finish_reason) == ("weather", '{"town":"Oslo"}', "tool_calls"), said
        b = ask(model=name, tools=[TOOL], messages=[*HI, said.message, {"role": "tool", "tool_call_id": call.id, "content": "cold"}])
        assert b.choices[0].message.content == "Paris.", b
    with t.call(f"{provider}: a streamed call, put together by the client"):
        with client.chat.completions.stream(model=name, messages=HI, tools=[TOOL], stream_options={"include_usage": True}) as s:
            f = s.get_final_completion()
        assert f.choices[0].message.content == "Paris." and f.choices[0].message.tool_calls[0].function.arguments.replace(" ", "") == '{"town":"Oslo"}', f
        assert f.usage.completion_tokens == 8, f
    with t.call(f"{provider}: a limit tells when to ask again"):
        e = refused(openai.RateLimitError, lambda: ask(model=provider + ":limited", messages=HI), says="slow down", code="rate_limit_exceeded")
        assert e.response.headers["retry-after"] == "3"
    with t.call(f"{provider}: what cannot be said"):
        refused(openai.BadRequestError, lambda: ask(model=name, messages=HI, n=2), param="n", code="unsupported_parameter")
    with t.call(f"{provider}: a stream that is cut"):
        refused(openai.APIError, lambda: list(ask(model=provider + ":cut", messages=HI, stream=True)), says="broke off")


def of_anthropic(t, client, provider):
    name, ask = provider + ":m", client.messages.create

    with t.call(f"{provider}: a call and its result, by Anthropic's client"):
        m = ask(model=name, max_tokens=50, messages=HI, tools=[WEATHER])
        assert [b.type for b in m.content] == ["text", "tool_use"] and m.content[1].input == {"town": "Oslo"} and m.stop_reason == "tool_use", m
        result = {"type": "tool_result", "tool_use_id": m.content[1].id, "content": "cold"}
        b = ask(model=name, max_tokens=50, tools=[WEATHER], messages=[*HI, {"role": "assistant", "content": m.content}, {"role": "user", "content": [result]}])
        assert (b.content[0].text, b.stop_reason) == ("Paris.", "end_turn"), b
    with t.call(f"{provider}: streamed, by Anthropic's client"):
        with client.messages.stream(model=name, max_tokens=50, messages=HI, tools=[WEATHER]) as s:
            f = s.get_final_message()
        assert [b.type for b in f.content] == ["text", "tool_use"] and f.content[1].input == {"town": "Oslo"} and f.usage.output_tokens == 8, f
    with t.call(f"{provider}: a stream that is cut, by Anthropic's client"):
        refused(anthropic.APIStatusError, lambda: list(ask(model=provider + ":cut2", max_tokens=5, messages=HI, stream=True)), says="broke off")
