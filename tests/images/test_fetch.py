"""Bytes come from Discord's hosts only, over TLS, in bounded size, time and number of redirects."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.fetch import Fetcher
from kleinbot.images.limits import MAX_BYTES, MIB
from tests.manual_clock import ManualClock

WAIT_S = 30.0
CDN = "https://cdn.discordapp.com"


class Loopback(AbstractResolver):
    """Resolves every host to this machine, on one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return


@dataclass
class Server:
    """Answers by path and records the requested hosts."""

    asked: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    drops: "asyncio.Queue[bytes]" = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.host + request.path)
        match request.path:
            case "/picture.png":
                return web.Response(body=b"picture", content_type="text/plain")
            case "/gone":
                return web.Response(status=404)
            case "/to-media":
                return redirect("https://media.discordapp.net/picture.png")
            case "/relative":
                return redirect("/picture.png")
            case "/to-elsewhere":
                return redirect("https://example.org/picture.png")
            case "/to-plain":
                return redirect("http://cdn.discordapp.com/picture.png")
            case "/to-nowhere":
                return web.Response(status=302)
            case "/twice":
                return redirect("/relative")
            case "/thrice":
                return redirect("/twice")
            case "/round":
                return redirect("/round")
            case "/declared":
                return await self.stream(request, MAX_BYTES + 1, declared=True)
            case "/endless":
                return await self.stream(request, 100 * MAX_BYTES, declared=False)
            case "/largest":
                return await self.stream(request, MAX_BYTES, declared=False)
            case "/dripping":
                return await self.drip(request)
            case "/packed":
                return web.Response(body=gzip.compress(bytes(1000)), headers={"Content-Encoding": "gzip"})
            case "/cut":
                response = web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b"x")
                assert request.transport is not None
                request.transport.close()
                return response
        await self.gate.wait()
        return web.Response()

    async def stream(self, request: web.Request, length: int, *, declared: bool) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(length)} if declared else {})
        await response.prepare(request)
        piece = bytes(1024 * 1024)
        try:
            for start in range(0, length, len(piece)):
                # The loop notices a closed connection in a turn of its own; writing to one waits for nothing.
                await asyncio.sleep(0)
                if request.transport is None or request.transport.is_closing():
                    break
                await response.write(piece[: length - start])
                self.sent_bytes += len(piece)
        except ConnectionError:
            pass  # the client has closed the connection
        return response

    async def drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while piece := await self.drops.get():
                await response.write(piece)
        return response


def redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


@dataclass
class Net:
    server: Server
    port: int
    session: aiohttp.ClientSession
    clock: ManualClock
    fetcher: Fetcher
    reserved: list[int] = field(default_factory=list)

    async def fetch(self, address: str) -> bytes:
        return await self.fetcher.fetch(address, self.reserved.append)

    async def until_watched(self, fetching: "asyncio.Task[Refusal] | None" = None) -> None:
        """Wait until the download has scheduled its next stall check."""
        async with asyncio.timeout(WAIT_S):
            while all(woken.done() for _, woken in self.clock._sleepers):
                if fetching is not None and fetching.done():
                    return
                await asyncio.sleep(0)

    async def drop(self) -> None:
        """Send another mebibyte, wait for its arrival, and let 15 s pass."""
        before = len(self.reserved)
        self.server.drops.put_nowait(bytes(MIB))
        async with asyncio.timeout(WAIT_S):
            while len(self.reserved) == before:
                await asyncio.sleep(0)
        await self.pass_15_s()

    async def pass_15_s(self, fetching: "asyncio.Task[Refusal] | None" = None) -> None:
        await self.until_watched(fetching)
        self.clock.advance(15)
        await asyncio.sleep(0)


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(ours)
    names = ("cdn.discordapp.com", "media.discordapp.net", "example.org")
    authority.issue_cert(*names).configure_cert(theirs)
    server = Server()
    application = web.Application()
    application.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=theirs)
    await site.start()
    port = runner.addresses[0][1]
    connector = aiohttp.TCPConnector(resolver=Loopback(port), ssl=ours)
    async with aiohttp.ClientSession(connector=connector) as session:
        clock = ManualClock()
        yield Net(server, port, session, clock, Fetcher(session, clock))
    server.gate.set()
    server.drops.put_nowait(b"")
    await runner.cleanup()


async def refusal(net: Net, address: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await net.fetch(address)
    return refused.value


async def test_a_picture_comes_whatever_its_type_is_called(net: Net) -> None:
    assert await net.fetch(f"{CDN}/picture.png?ex=1&is=2&hm=3") == b"picture"
    assert await net.fetch("https://media.discordapp.net/picture.png") == b"picture"


@pytest.mark.parametrize("path", ["/to-media", "/relative", "/twice"])
async def test_two_redirects_between_discords_hosts_are_followed(net: Net, path: str) -> None:
    assert await net.fetch(CDN + path) == b"picture"


@pytest.mark.parametrize("path", ["/thrice", "/round"])
async def test_three_redirects_are_too_many(net: Net, path: str) -> None:
    refused = await refusal(net, CDN + path)
    assert refused.code is Code.PICTURE_UNREACHABLE
    assert len(net.server.asked) == 3


@pytest.mark.parametrize(
    "address",
    [
        "http://cdn.discordapp.com/picture.png",
        "https://cdn.discordapp.com:8443/picture.png",
        "https://cdn.discordapp.com.example.org/picture.png",
        "https://cdn.discordapp.com@example.org/picture.png",
        "https://user:word@cdn.discordapp.com/picture.png",
        "https://example.org/picture.png",
        "https://127.0.0.1/picture.png",
        "https://[::1]/picture.png",
        "https://cdn.discordapp.com:99999/",
        "https://[broken/",
        "ftp://cdn.discordapp.com/x",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "//cdn.discordapp.com/picture.png",
        "cdn.discordapp.com",
        "",
    ],
)
async def test_other_addresses_are_refused_unasked(net: Net, address: str) -> None:
    assert (await refusal(net, address)).code is Code.PICTURE_HOST_REFUSED
    assert net.server.asked == []


@pytest.mark.parametrize(
    ("path", "host"), [("/to-elsewhere", "example.org"), ("/to-plain", "cdn.discordapp.com")]
)
async def test_a_redirect_to_elsewhere_is_refused(net: Net, path: str, host: str) -> None:
    refused = await refusal(net, CDN + path)
    assert refused.code is Code.PICTURE_HOST_REFUSED
    assert refused.parameters == {"host": host}
    assert net.server.asked == ["cdn.discordapp.com" + path]


@pytest.mark.parametrize(("path", "status"), [("/gone", 404), ("/packed", 200), ("/cut", 0)])
async def test_what_does_not_come_is_said(net: Net, path: str, status: int) -> None:
    refused = await refusal(net, CDN + path)
    assert refused.code is Code.PICTURE_UNREACHABLE
    assert refused.parameters == {"status": status}


async def test_exactly_the_limit_comes(net: Net) -> None:
    assert len(await net.fetch(f"{CDN}/largest")) == MAX_BYTES


@pytest.mark.parametrize("path", ["/declared", "/endless"])
async def test_more_than_the_limit_is_cut_off(net: Net, path: str) -> None:
    assert (await refusal(net, CDN + path)).code is Code.PICTURE_TOO_MANY_BYTES
    assert net.server.sent_bytes < 2 * MAX_BYTES


async def test_a_server_that_does_not_answer_is_left(net: Net) -> None:
    fetching = asyncio.create_task(refusal(net, f"{CDN}/silent"))
    await net.pass_15_s()
    assert (await fetching).code is Code.PICTURE_UNREACHABLE


async def test_what_flows_may_take_far_longer_than_what_stands_still(net: Net) -> None:
    fetching = asyncio.create_task(net.fetch(f"{CDN}/dripping"))
    for _ in range(11):
        await net.drop()
    assert net.clock.monotonic_s() == 165
    net.server.drops.put_nowait(b"")
    assert len(await fetching) == 11 * MIB


async def test_what_stops_flowing_is_left(net: Net) -> None:
    fetching = asyncio.create_task(refusal(net, f"{CDN}/dripping"))
    await net.drop()
    while not fetching.done():
        await net.pass_15_s(fetching)
    assert net.clock.monotonic_s() <= 60
    assert (await fetching).code is Code.PICTURE_UNREACHABLE


async def test_what_flows_for_ever_ends(net: Net) -> None:
    fetching = asyncio.create_task(refusal(net, f"{CDN}/dripping"))
    while net.clock.monotonic_s() < 180:
        await net.drop()
    assert (await fetching).code is Code.PICTURE_UNREACHABLE


async def test_room_is_reserved_before_the_bytes_come(net: Net) -> None:
    await net.fetch(f"{CDN}/picture.png")
    assert net.reserved == [len(b"picture")]
    net.reserved.clear()
    await net.fetch(f"{CDN}/largest")
    assert net.reserved == [0, *range(MIB, MAX_BYTES + 1, MIB)], "in steps, where no length is said"


async def test_without_room_nothing_more_is_read(net: Net) -> None:
    def none(byte_count: int) -> None:
        if byte_count:
            raise Refusal(Code.DOWNLOADS_FULL)

    for path in ("/picture.png", "/endless"):
        with pytest.raises(Refusal) as refused:
            await net.fetcher.fetch(CDN + path, none)
        assert refused.value.code is Code.DOWNLOADS_FULL
    assert net.server.sent_bytes < MAX_BYTES


async def test_a_download_that_is_cancelled_ends(net: Net) -> None:
    fetching = asyncio.create_task(net.fetch(f"{CDN}/dripping"))
    await net.drop()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching


async def test_a_certificate_nobody_vouches_for_is_refused(net: Net) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback(net.port))) as session:
        with pytest.raises(Refusal) as refused:
            await Fetcher(session, net.clock).fetch(f"{CDN}/picture.png", net.reserved.append)
    assert refused.value.code is Code.PICTURE_UNREACHABLE
    assert net.server.asked == []
