"""A web backend that asks language models through lamd: one code path, and no knowledge of tunnels, brokers or modes.

    python3 -m uvicorn --app-dir examples/backend backend:app --port 3000

LAMD_SOCKET is the path of lamd's socket. What lamd answers is passed on as it comes, with its status and its error objects.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict
from urllib.parse import quote
from uuid import uuid4

import httpx
from fastapi import Body, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from passing import Passed

JsonObject = Dict[str, Any]

app = FastAPI(title="A backend on lamd")
# lamd has deadlines of its own for each answer; the only thing to wait for here is lamd itself.
lamd = httpx.AsyncClient(
    transport=httpx.AsyncHTTPTransport(uds=os.environ.get("LAMD_SOCKET", "/run/lamd/lamd.sock"),
                                       limits=httpx.Limits(max_connections=None, max_keepalive_connections=20)),
    base_url="http://lamd", timeout=httpx.Timeout(None, connect=5.0))


def passed(method, target, body=None, headers=None, **options):
    return Passed(lamd, lamd.build_request(method, target, json=body, headers=headers), **options)


def lam_headers(request, body):
    """For whom the backend asks, so that its users take turns; and that a stream goes on while a page is loaded again."""
    headers = {"Lam-Caller": request.client.host if request.client else "unknown"}
    return {**headers, "Lam-Resumable": "1"} if body.get("stream") else headers


@app.get("/api/llm/health")
async def health():
    """lamd's verdict: 200 when all is well, else 503 with the reasons."""
    return passed("GET", "/healthz")


@app.get("/api/llm/mode")
async def mode():
    return passed("GET", "/lam/v1/mode")


@app.post("/api/llm/chat")
async def chat(request: Request, body: JsonObject = Body(...)):
    """OpenAI's chat completion: `{"messages": […]}`; with `"stream": true` as server-sent events."""
    return passed("POST", "/v1/chat/completions", body, lam_headers(request, body))


@app.get("/api/llm/chat/stream/{stream}")
async def resume(stream: str, request: Request):
    """Goes on with a stream behind `Last-Event-ID`."""
    last = request.headers.get("Last-Event-ID")
    return passed("GET", stream_at(stream), headers={} if last is None else {"Last-Event-ID": last})


@app.delete("/api/llm/chat/stream/{stream}")
async def stop(stream: str):
    """A resumable stream outlives its reader, so a stop button has to say so."""
    return passed("DELETE", stream_at(stream))


@app.get("/api/llm/chat/stream/{stream}/failovers")
async def failovers(stream: str):
    """Server-sent events: each time that this stream went on elsewhere. Other people's are nobody's business."""
    return passed("GET", "/lam/v1/events", choose=lambda change: failovers_of(stream, change))


@app.post("/api/llm/chat/session")
async def say(request: Request, body: JsonObject = Body(...)):
    """`{"session_id"?, "content", "system_prompt"?, "stream"?}`: lamd remembers the conversation. A new one's id is in
    `X-Session-Id`. Whoever knows an id can read its conversation: bind ids to your own logins."""
    session = str(body.pop("session_id", None) or uuid4())
    return passed("POST", session_at(session) + "/messages", body, lam_headers(request, body),
                  extra={"X-Session-Id": session})


@app.get("/api/llm/chat/session/{session}")
async def history(session: str):
    return passed("GET", session_at(session) + "/messages")


@app.delete("/api/llm/chat/session/{session}")
async def forget(session: str):
    return passed("DELETE", session_at(session))


def stream_at(stream):
    return f"/lam/v1/streams/{quote(stream, safe='')}"


def session_at(session):
    return f"/lam/v1/sessions/{quote(session, safe='')}"


def failovers_of(stream, change):
    """Of one event of lamd's: the first one, a snapshot, has those that were before."""
    told = change["snapshot"]["failovers"]["last"] if "snapshot" in change else [change.get("failover")]
    return [json.dumps(failover) for failover in told if failover and failover["stream"] == stream]


class Page(StaticFiles):
    """The page, which may load nothing from elsewhere and runs no script but its own."""

    def file_response(self, *arguments, **options):
        response = super().file_response(*arguments, **options)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-cache"
        return response


app.mount("/", Page(directory=Path(__file__).parent / "page", html=True))
