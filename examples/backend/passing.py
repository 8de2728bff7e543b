"""A response that is lamd's answer, passed on as it comes, to be returned from any route.

A caller that leaves ends the request to lamd at once, which frees the model server's slot, also while nothing has come yet.
"""

import asyncio
import json
import logging

import httpx
from fastapi.responses import JSONResponse, Response

_log = logging.getLogger("uvicorn.error")
_KEPT = ("content-type", "content-length", "retry-after", "x-request-id", "lam-server", "lam-transport", "lam-attempts",
         "lam-model", "lam-stream", "lam-resumable")


class Passed(Response):
    """`choose(event)`: for lamd's own events, what the caller is to see of one; `extra`: more headers."""

    def __init__(self, client, request, choose=None, extra=None):
        self._client, self._request, self._choose = client, request, choose
        self._extra = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(extra or {})}  # nginx must not gather
        self.background = None

    async def __call__(self, scope, receive, send):
        passing = asyncio.ensure_future(self._pass(scope, receive, send))
        leaving = asyncio.ensure_future(_leave(receive))
        await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (passing, leaving):
            task.cancel()
        await asyncio.wait({passing, leaving})
        if not passing.cancelled():
            passing.result()  # raises what went wrong

    async def _pass(self, scope, receive, send):
        try:
            answer = await self._client.send(self._request, stream=True)
        except httpx.TransportError as problem:
            return await _unreachable(problem)(scope, receive, send)
        try:
            fields = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            head = [(name.lower().encode(), value.encode()) for name, value in {**fields, **self._extra}.items()]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": head})
            async for chunk in self._chosen(answer) if self._choose else answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except httpx.TransportError as problem:
            _log.warning("lamd went away within an answer: %s", problem)  # which ends here, and not like a whole one
        finally:
            await answer.aclose()

    async def _chosen(self, answer):
        rest = b""
        async for chunk in answer.aiter_raw():
            *events, rest = (rest + chunk).split(b"\n\n")
            for line in (line for event in events for line in event.split(b"\n") if line.startswith(b"data:")):
                for data in self._choose(json.loads(line[5:])):
                    yield f"data: {data}\n\n".encode()


async def _leave(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def _unreachable(problem):
    error = {"message": f"lamd cannot be reached: {problem}", "type": "server_error", "param": None, "code": "no_lamd"}
    return JSONResponse({"error": error}, 503, {"Retry-After": "1"})
