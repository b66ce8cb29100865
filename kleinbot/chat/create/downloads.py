"""Downloads attachments over the Discord client's connections."""

from collections.abc import Callable

import aiohttp
import discord

from kleinbot.domain.clock import Clock
from kleinbot.images.fetch import Fetcher, Reserve


class Downloads:
    """Owns an HTTP session on the client's connector, which exists only after the login."""

    def __init__(self, client: Callable[[], discord.Client], clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, address: str, reserve: Reserve) -> bytes:
        """Return an attachment's bytes. Raises the refusals of ``Fetcher.fetch``."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._client().http.connector,
                connector_owner=False,
                proxy=self._client().http.proxy,
            )
        return await Fetcher(self._session, self._clock).fetch(address, reserve)

    async def close(self) -> None:
        """Close the session. The client closes the connector. Idempotent."""
        if self._session is not None:
            await self._session.close()
