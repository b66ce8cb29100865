"""Getting a picture's bytes from Discord, and from nowhere else."""

import asyncio
from collections.abc import Set

import aiohttp
from yarl import URL

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.limits import MAX_BYTES, too_many_bytes

DISCORD_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps attachments. https://docs.discord.com/developers/reference#image-formatting"""

_HTTPS_PORT = 443
_MAX_REDIRECTS = 2
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE_BYTES = 64 * 1024
_OK = 200
_NO_ANSWER = 0


class Fetcher:
    """Downloads attachments over ``session``, which stays its owner's to close.

    ``time_limit_s`` is for one picture with all its redirects.
    """

    def __init__(
        self, session: aiohttp.ClientSession, hosts: Set[str] = DISCORD_HOSTS, time_limit_s: float = 20.0
    ) -> None:
        self._session = session
        self._hosts = hosts
        self._time_limit_s = time_limit_s

    async def fetch(self, address: str) -> bytes:
        """Return the bytes at ``address``, at most 20 MiB; a larger answer is cut off while it comes.

        Raises Refusal PICTURE_HOST_REFUSED for an address that is not https on one of the hosts, also after
        a redirect; PICTURE_TOO_MANY_BYTES; PICTURE_UNREACHABLE with the HTTP ``status``, 0 without an answer.
        """
        try:
            async with asyncio.timeout(self._time_limit_s):
                return await self._follow(_parsed(address))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(_NO_ANSWER) from error

    async def _follow(self, url: URL) -> bytes:
        for _ in range(1 + _MAX_REDIRECTS):
            self._check(url)
            # Unpacked bytes would be counted only after they were unpacked, so none are asked for.
            headers = {"Accept-Encoding": "identity"}
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in _REDIRECTS:
                    url = url.join(_parsed(response.headers.get("Location", "")))
                    continue
                if (
                    response.status != _OK
                    or response.headers.get("Content-Encoding", "identity") != "identity"
                ):
                    raise _unreachable(response.status)
                return await _body(response)
        raise _unreachable(_NO_ANSWER)

    def _check(self, url: URL) -> None:
        allowed = url.scheme == "https" and url.host in self._hosts and url.port == _HTTPS_PORT
        if not allowed or url.user is not None or url.password is not None:
            raise _host_refused(url.host)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > MAX_BYTES:
        raise too_many_bytes()
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE_BYTES):
        body += piece
        if len(body) > MAX_BYTES:
            raise too_many_bytes()
    return bytes(body)


def _parsed(address: str) -> URL:
    try:
        return URL(address)
    except ValueError as error:
        raise _host_refused(None) from error


def _host_refused(host: str | None) -> Refusal:
    return Refusal(Code.PICTURE_HOST_REFUSED, host=host or "")


def _unreachable(status: int) -> Refusal:
    return Refusal(Code.PICTURE_UNREACHABLE, status=status)
