"""Reading requests, writing answers exactly as Discord does, and keeping a log of both."""

import asyncio
import fnmatch
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.typedefs import Middleware

from kleinbot.sandbox.cdn import Upload
from kleinbot.sandbox.errors import Json, OldEditsError, RefusedError, invalid_json, too_large
from kleinbot.sandbox.message_writing import Body
from kleinbot.sandbox.rate_limits import RateLimits
from kleinbot.sandbox.state import State

API = "/api/v10"
_FORM = "multipart/form-data"
_FILE_PART = re.compile(r"^files\[(\d+)\]$")
BODY: web.RequestKey[Body] = web.RequestKey("body", Body)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Exchange:
    """One HTTP request of the bot and its answer. ``route`` is the template, ``path`` what was asked for."""

    method: str
    route: str
    path: str
    query: str
    body: Any
    files: tuple[tuple[str, int], ...]
    status: int
    answer: Any
    started_at: float
    took_s: float


@dataclass
class Break:
    """A fault to inject into the next ``times`` requests whose "METHOD /path" fits ``pattern``."""

    pattern: str
    status: int
    code: int
    drop: bool
    drop_answer: bool
    retry_after_s: float
    times: int
    html: bool = False
    via: bool = True
    uploads_only: bool = False
    hangs_s: float = 0.0

    def fits(self, request: web.Request) -> bool:
        asked = f"{request.method} {request.path.removeprefix(API)}"
        is_meant = not self.uploads_only or request.content_type == _FORM
        return self.times > 0 and is_meant and fnmatch.fnmatchcase(asked, self.pattern)


def answer(value: object, status: int = 200) -> web.Response:
    """Answer with JSON. The type must be bare: with a charset the client takes the body for text."""
    return web.Response(
        body=json.dumps(value).encode(), status=status, headers={"Content-Type": "application/json"}
    )


def nothing() -> web.Response:
    return web.Response(status=204)


def fields_of(request: web.Request) -> Json:
    """Give the JSON object a request carries. Raises RefusedError 50109 for anything else."""
    fields = request[BODY].fields
    if not isinstance(fields, dict):
        raise invalid_json()
    return fields


async def read_body(request: web.Request, most_bytes: int) -> Body:
    """Read JSON or a form with ``payload_json`` and ``files[n]``. Raises RefusedError 40005, 50109."""
    files: dict[int, Upload] = {}
    text = b""
    total = 0
    if request.content_type == _FORM:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise invalid_json()
            data = bytes(await part.read())
            total += len(data)
            number = _FILE_PART.match(part.name or "")
            if number is not None:
                files[int(number[1])] = Upload(part.filename or "unknown", data)
            elif part.name == "payload_json":
                text = data
    else:
        text = await request.read()
        total = len(text)
    if total > most_bytes:
        raise too_large()
    try:
        return Body(json.loads(text) if text else {}, files)
    except ValueError:
        raise invalid_json() from None


@dataclass
class Traffic:
    """The middleware around every route: faults on demand, refusals as JSON, the log."""

    state: State
    exchanges: list[Exchange] = field(default_factory=list)
    hooks: list[Callable[[Exchange], None]] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rate_limits = RateLimits(self.state.now, self.state.limits)

    def middleware(self) -> Middleware:
        """Give aiohttp the function to put around all handlers."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not request.path.startswith(API):
                return await handler(request)
            return await self._exchange(request, handler)

        return around

    async def _exchange(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        started_at, started_s = self.state.now(), time.monotonic()
        fault = next((each for each in self.breaks if each.fits(request)), None)
        request[BODY] = Body({}, {})
        verdict = self.rate_limits.judge(request.method, request.path.removeprefix(API))
        if verdict.banned:
            response: web.Response = _page(Break("", 429, 0, False, False, 600.0, 1, html=True, via=False))
        elif verdict.body is not None:
            request[BODY] = await read_body(request, self.state.limits.request_bytes)
            response = answer(verdict.body, 429)
            response.headers["Via"] = "1.1 stand-in"
        else:
            response = await self._answered(request, handler, fault)
        response.headers.update(verdict.headers)
        self.rate_limits.answered(response.status, verdict.headers.get("X-RateLimit-Scope"))
        took_s = time.monotonic() - started_s
        self._log(request, response, started_at, took_s)
        if fault is not None and (fault.drop or fault.drop_answer):
            _hang_up(request)
        return response

    async def _answered(self, request: web.Request, handler: Handler, fault: Break | None) -> web.Response:
        try:
            if self.state.miseries.late_answers_s:
                await asyncio.sleep(self.state.miseries.late_answers_s)
            request[BODY] = await read_body(request, self.state.limits.request_bytes)
            if (unbearable := self._unbearable(request[BODY])) is not None:
                return unbearable
            if fault is not None:
                fault.times -= 1
                if not fault.drop_answer:
                    await asyncio.sleep(fault.hangs_s)
                    return _broken(fault)
            response = await handler(request)
            if fault is not None:
                await asyncio.sleep(fault.hangs_s)
        except RefusedError as refused:
            return _refusal(refused)
        except web.HTTPNotFound:
            return answer({"code": 0, "message": "404: Not Found"}, 404)
        except web.HTTPMethodNotAllowed:
            return answer({"code": 0, "message": "405: Method Not Allowed"}, 405)
        if not isinstance(response, web.Response):
            raise TypeError("routes of the API answer at once")
        return response

    def _unbearable(self, body: Body) -> web.Response | None:
        """Answer 500 to heavy components and to many media, as Discord has done.

        discord-api-docs #8554 and #7528.
        """
        most = self.state.limits.components_bytes
        fields = body.fields if isinstance(body.fields, dict) else {}
        components = (fields.get("data") or fields).get("components")
        if not components:
            return None
        is_heavy = most is not None and len(json.dumps(components, ensure_ascii=False).encode()) > most
        if not is_heavy and json.dumps(components).count('"media":') <= self.state.limits.media:
            return None
        return answer({"message": "500: Internal Server Error", "code": 0}, 500)

    def _log(self, request: web.Request, response: web.Response, started_at: float, took_s: float) -> None:
        resource = request.match_info.route.resource
        template = request.path if resource is None else resource.canonical
        body = request[BODY]
        exchange = Exchange(
            method=request.method,
            route=template.removeprefix(API),
            path=request.path.removeprefix(API),
            query=request.query_string,
            body=body.fields if request.can_read_body or body.fields else None,
            files=tuple((each.filename, len(each.data)) for each in body.files.values()),
            status=response.status,
            answer=_logged_answer(response),
            started_at=started_at,
            took_s=took_s,
        )
        self.exchanges.append(exchange)
        for hook in self.hooks:
            hook(exchange)
        self.state.changes.tell()


def _refusal(refused: RefusedError) -> web.Response:
    response = answer(refused.body(), refused.status)
    if isinstance(refused, OldEditsError):
        response.headers.update({"Via": "1.1 stand-in", "Retry-After": f"{refused.retry_after_s:g}"})
    return response


def _page(fault: Break) -> web.Response:
    """Answer as the network in front of Discord does, which knows nothing of its API."""
    headers = {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"}
    if fault.status == 429:
        headers["Retry-After"] = f"{fault.retry_after_s:g}"
    if fault.via:
        headers["Via"] = "1.1 stand-in"
    body = f"<!DOCTYPE html><html><title>{fault.status} | discord.com</title></html>"
    return web.Response(body=body.encode(), status=fault.status, headers=headers)


def _broken(fault: Break) -> web.Response:
    if fault.html:
        return _page(fault)
    if fault.status == 429:
        body: Json = {"code": fault.code, "message": "You are being rate limited."}
        body |= {"retry_after": fault.retry_after_s, "global": False}
        response = answer(body, 429)
        # Without Via the client takes a 429 for a ban by the network in front of Discord and gives up.
        response.headers.update({"Via": "1.1 stand-in", "Retry-After": f"{fault.retry_after_s:g}"})
        return response
    return answer({"code": fault.code, "message": f"{fault.status}: broken on purpose"}, fault.status)


def _logged_answer(response: web.Response) -> Any:  # noqa: ANN401 - JSON of any kind
    if not isinstance(response.body, bytes) or not response.body:
        return None
    return json.loads(response.body) if response.content_type == "application/json" else response.text


def _hang_up(request: web.Request) -> None:
    transport = request.transport
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
