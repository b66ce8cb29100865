"""Bytes come from Discord's hosts only, over TLS, in bounded size, time and number of redirects."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.fetch import Fetcher
from kleinbot.images.limits import MAX_BYTES

CDN = "https://cdn.discordapp.com"


class Loopback(AbstractResolver):
    """Every host is this machine, on one port."""

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
    """Answers by path and notes which hosts were asked."""

    asked: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

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
                await response.write(piece[: length - start])
                self.sent_bytes += len(piece)
        except ConnectionError:
            pass  # the other side has heard enough
        return response


def redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


@dataclass
class Net:
    server: Server
    port: int
    session: aiohttp.ClientSession
    fetcher: Fetcher


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
        yield Net(server, port, session, Fetcher(session))
    server.gate.set()
    await runner.cleanup()


async def refusal(net: Net, address: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await net.fetcher.fetch(address)
    return refused.value


async def test_a_picture_comes_whatever_its_type_is_called(net: Net) -> None:
    assert await net.fetcher.fetch(f"{CDN}/picture.png?ex=1&is=2&hm=3") == b"picture"
    assert await net.fetcher.fetch("https://media.discordapp.net/picture.png") == b"picture"


@pytest.mark.parametrize("path", ["/to-media", "/relative", "/twice"])
async def test_two_redirects_between_discords_hosts_are_followed(net: Net, path: str) -> None:
    assert await net.fetcher.fetch(CDN + path) == b"picture"


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
    assert len(await net.fetcher.fetch(f"{CDN}/largest")) == MAX_BYTES


@pytest.mark.parametrize("path", ["/declared", "/endless"])
async def test_more_than_the_limit_is_cut_off(net: Net, path: str) -> None:
    assert (await refusal(net, CDN + path)).code is Code.PICTURE_TOO_MANY_BYTES
    assert net.server.sent_bytes < 2 * MAX_BYTES


async def test_a_server_that_does_not_answer_is_left(net: Net) -> None:
    refused = None
    try:
        await Fetcher(net.session, time_limit_s=0.05).fetch(f"{CDN}/silent")
    except Refusal as error:
        refused = error
    assert refused is not None
    assert refused.code is Code.PICTURE_UNREACHABLE


async def test_a_certificate_nobody_vouches_for_is_refused(net: Net) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback(net.port))) as session:
        with pytest.raises(Refusal) as refused:
            await Fetcher(session).fetch(f"{CDN}/picture.png")
    assert refused.value.code is Code.PICTURE_UNREACHABLE
    assert net.server.asked == []
