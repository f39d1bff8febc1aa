"""Anthropic, Cohere and Ollama on one loopback port, by their documented protocols. Prints its port. The model's name chooses the manners: limited, cut…, or an answer, with a call where there are tools."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ("Pa", "ris", ".")
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": '{"town":"Oslo"}'}}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = body["messages"][-1]
        found = last["role"] == "tool" or (isinstance(last["content"], list) and last["content"][0].get("type") == "tool_result")
        if body["model"] == "limited":
            told = "slow down" if self.path == "/api/chat" else {"type": "rate_limit_error", "message": "slow down"}
            return self.json({"type": "error", "error": told}, 429)
        speak = {"/v1/messages": self.anthropic, "/v2/chat": self.cohere, "/api/chat": self.ollama}[self.path]
        return speak(body, bool(body.get("tools")) and not found)

    def json(self, body, status=200):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(text))), ("retry-after", "3")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def stream(self, body, events, kind="text/event-stream"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for i, event in enumerate(events):
            if body["model"].startswith("cut") and i == len(events) - 2:
                self.close_connection = True
                return
            line = json.dumps(event)
            text = (f"event: {event['type']}\ndata: {line}\n\n" if kind.startswith("text") else line + "\n").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def anthropic(self, body, tools):
        roles = [m["role"] for m in body["messages"]]
        assert self.headers["anthropic-version"] == "2023-06-01" and self.headers["x-api-key"] == "k3y" and body["max_tokens"] > 0
        assert roles[0] == "user" and all(a != b for a, b in zip(roles, roles[1:])), roles
        end, used = "tool_use" if tools else "end_turn", {"input_tokens": 12, "cache_read_input_tokens": 4, "output_tokens": 8}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_reason": None, "stop_sequence": None, "usage": used}
        use = {"type": "tool_use", "id": "toolu_1", "name": "weather"}
        if not body.get("stream"):
            called = [{**use, "input": {"town": "Oslo"}}] if tools else []
            return self.json({**message, "content": [{"type": "text", "text": "".join(WORDS)}, *called], "stop_reason": end})
        blocks = [({"type": "text", "text": ""}, [{"type": "text_delta", "text": w} for w in WORDS])]
        if tools:
            blocks.append(({**use, "input": {}}, [{"type": "input_json_delta", "partial_json": p} for p in ("", '{"to', 'wn": "Oslo"}')]))
        events = [{"type": "message_start", "message": {**message, "content": []}}, {"type": "ping"}]
        for i, (begun, deltas) in enumerate(blocks):
            events.append({"type": "content_block_start", "index": i, "content_block": begun})
            events += [{"type": "content_block_delta", "index": i, "delta": d} for d in deltas]
            events.append({"type": "content_block_stop", "index": i})
        events.append({"type": "message_delta", "delta": {"stop_reason": end, "stop_sequence": None}, "usage": {"output_tokens": 8}})
        return self.stream(body, [*events, {"type": "message_stop"}])

    def cohere(self, body, tools):
        assert self.headers["authorization"] == "Bearer k3y"
        end = {"finish_reason": "TOOL_CALL" if tools else "COMPLETE", "usage": {"tokens": {"input_tokens": 12, "output_tokens": 8}}}
        if not body["stream"]:
            said = {"tool_plan": "".join(WORDS), "tool_calls": [CALL]} if tools else {"content": [{"type": "text", "text": "".join(WORDS)}]}
            return self.json({"id": "1", "message": {"role": "assistant", **said}, **end})
        events = [("message-start", {"role": "assistant"})]
        if tools:
            events += [("tool-plan-delta", {"tool_plan": w}) for w in WORDS]
            events.append(("tool-call-start", {"tool_calls": {**CALL, "function": {"name": "weather", "arguments": ""}}}))
            events += [("tool-call-delta", {"tool_calls": {"function": {"arguments": p}}}) for p in ('{"town":', '"Oslo"}')]
        else:
            events.append(("content-start", {"content": {"type": "text", "text": ""}}))
            events += [("content-delta", {"content": {"text": w}}) for w in WORDS]
        events = [{"type": kind, "index": 0, "delta": {"message": message}} for kind, message in events]
        return self.stream(body, [*events, {"type": "debug"}, {"type": "message-end", "delta": end}])

    def ollama(self, body, tools):
        call = {"tool_calls": [{"function": {"name": "weather", "arguments": {"town": "Oslo"}}}]} if tools else {}
        end = {"model": body["model"], "done": True, "done_reason": "stop", "prompt_eval_count": 12, "eval_count": 8}
        if not body["stream"]:
            return self.json({**end, "message": {"role": "assistant", "content": "".join(WORDS), **call}})
        events = [{"model": body["model"], "message": {"role": "assistant", "content": w}, "done": False} for w in WORDS]
        if tools:
            events.append({"model": body["model"], "message": {"role": "assistant", "content": "", **call}, "done": False})
        return self.stream(body, [*events, {**end, "message": {"role": "assistant", "content": ""}}], "application/x-ndjson")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_address[1], flush=True)
    server.serve_forever()
