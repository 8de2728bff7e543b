"""What a streamed answer says, and how it ended."""

import http.client
import json

from . import unix_http


def _data(body):
    return [event["data"] for event in unix_http.sse_events(body) if "data" in event]


def content(body):
    """The text of a complete streamed answer, without ids and times that differ from run to run."""
    text = ""
    for data in _data(body):
        if data == "[DONE]":
            return text
        for choice in json.loads(data)["choices"]:
            text += choice["delta"].get("content") or ""
    raise AssertionError(f"no [DONE]: {body[-300:]!r}")


def stream_failure(stream):
    """The error that ends a stream; fails if the answer could be taken for a complete one."""
    try:
        body = stream.read_all()
    except http.client.IncompleteRead:
        body = stream.body()
    assert b"[DONE]" not in body and b'"finish_reason": "stop"' not in body
    events = [json.loads(data) for data in _data(body) if data.startswith("{")]
    assert events and "error" in events[-1], f"ends like a complete answer: {body!r}"
    assert events[-1]["error"]["message"] and not any("error" in event for event in events[:-1])
    return events[-1]["error"]
