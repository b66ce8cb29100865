"""Downloads pictures from Discord's hosts only."""

import asyncio
from collections.abc import Callable, Coroutine, Set

import aiohttp
from yarl import URL

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.limits import MAX_BYTES, too_many_bytes

DISCORD_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Discord's hosts of attachments. https://docs.discord.com/developers/reference#image-formatting"""

_HTTPS_PORT = 443
_MAX_REDIRECTS = 2
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK_BYTES = 64 * 1024
_OK = 200
_NO_ANSWER = 0
_STEP_BYTES = 1024 * 1024
"""Reserved at a time for a file of unknown length."""
_OWN_TIMES = aiohttp.ClientTimeout(total=None)

Reserve = Callable[[int], None]
"""Reserves memory for so many bytes in total, or raises the Refusal that says why there is none."""


class Fetcher:
    """Downloads attachments over ``session``, which the caller closes.

    A download is aborted if it receives nothing for ``idle_s`` (detected within twice that time), and after
    ``total_s`` including redirects: 20 MiB at 1 Mbit/s take 168 s.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        hosts: Set[str] = DISCORD_HOSTS,
        idle_s: float = 15.0,
        total_s: float = 180.0,
    ) -> None:
        self._session = session
        self._clock = clock
        self._hosts = hosts
        self._idle_s = idle_s
        self._total_s = total_s

    async def fetch(self, address: str, reserve: Reserve) -> bytes:
        """Return the bytes at ``address``, at most 20 MiB. A larger response is aborted during the download.

        ``reserve`` is called before bytes are read; its Refusal ends the download.

        Raises Refusal PICTURE_HOST_REFUSED for an address that is not https on one of the hosts, also after
        a redirect; PICTURE_TOO_MANY_BYTES; PICTURE_UNREACHABLE with the HTTP ``status``, 0 without a
        response.
        """
        body = bytearray()
        try:
            await self._until_stalled(self._follow(_parsed(address), reserve, body), body)
            return bytes(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(_NO_ANSWER) from error

    async def _until_stalled(self, work: Coroutine[None, None, None], body: bytearray) -> None:
        """Run ``work``, which fills ``body``. Raises TimeoutError if it stalls or takes too long."""
        task = asyncio.create_task(work)
        ends_s, before = self._clock.monotonic_s() + self._total_s, -1
        try:
            while not task.done():
                left_s = ends_s - self._clock.monotonic_s()
                if len(body) == before or left_s <= 0:
                    raise TimeoutError
                before = len(body)
                idle = asyncio.create_task(self._clock.sleep(min(self._idle_s, left_s)))
                try:
                    await asyncio.wait({task, idle}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    idle.cancel()
            task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _follow(self, url: URL, reserve: Reserve, body: bytearray) -> None:
        for _ in range(1 + _MAX_REDIRECTS):
            self._check(url)
            # Compressed bytes could be counted only after unpacking, so none are requested.
            headers = {"Accept-Encoding": "identity"}
            async with self._session.get(
                url, headers=headers, allow_redirects=False, timeout=_OWN_TIMES
            ) as response:
                if response.status in _REDIRECTS:
                    url = url.join(_parsed(response.headers.get("Location", "")))
                    continue
                if (
                    response.status != _OK
                    or response.headers.get("Content-Encoding", "identity") != "identity"
                ):
                    raise _unreachable(response.status)
                await _read(response, reserve, body)
                return
        raise _unreachable(_NO_ANSWER)

    def _check(self, url: URL) -> None:
        allowed = url.scheme == "https" and url.host in self._hosts and url.port == _HTTPS_PORT
        if not allowed or url.user is not None or url.password is not None:
            raise _host_refused(url.host)


async def _read(response: aiohttp.ClientResponse, reserve: Reserve, body: bytearray) -> None:
    reserved = response.content_length or 0
    if reserved > MAX_BYTES:
        raise too_many_bytes()
    reserve(reserved)
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        if len(body) + len(chunk) > MAX_BYTES:
            raise too_many_bytes()
        if len(body) + len(chunk) > reserved:
            reserved = min(MAX_BYTES, reserved + _STEP_BYTES)
            reserve(reserved)
        body += chunk


def _parsed(address: str) -> URL:
    try:
        return URL(address)
    except ValueError as error:
        raise _host_refused(None) from error


def _host_refused(host: str | None) -> Refusal:
    return Refusal(Code.PICTURE_HOST_REFUSED, host=host or "")


def _unreachable(status: int) -> Refusal:
    return Refusal(Code.PICTURE_UNREACHABLE, status=status)
