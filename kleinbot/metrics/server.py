"""Serves the metrics to this machine only."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from kleinbot.metrics.counters import BotMetrics
from kleinbot.metrics.readings import Reading

_log = logging.getLogger(__name__)
HOST = "127.0.0.1"
_CLOSING_S = 1.0
# IPv4's loopback network, IPv6's loopback address, and their name (RFC 6761), with any port.
_OWN_NAME = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)


def _is_own_name(host: str) -> bool:
    return _OWN_NAME.fullmatch(host) is not None


@asynccontextmanager
async def served(
    metrics: BotMetrics, read: Callable[[], Awaitable[Reading]], port: int | None
) -> AsyncIterator[None]:
    """Serve ``GET /metrics`` on ``port`` while the body runs; None: open no port.

    If the port is not available, log that and continue without metrics.
    """
    if port is None:
        yield
        return

    async def answer(request: web.Request) -> web.Response:
        if not _is_own_name(request.headers.get("Host", "")):
            # A web page in a browser on this machine may resolve its own name to 127.0.0.1 (DNS rebinding).
            return web.Response(status=421, text=f"Ask for http://{HOST}:{port}/metrics.\n")
        metrics.take(await read())
        # Runs on a thread: with many labels it takes milliseconds.
        body = await asyncio.to_thread(metrics.text)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSING_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
            _log.info("metrics: http://%s:%d/metrics", HOST, port)
        except OSError as error:
            _log.error(
                "port %d for the metrics cannot be opened (%s); the bot continues without them. "
                "Set KLEINBOT_METRICS_PORT to a free port.", port, error.strerror or error,
            )  # fmt: skip
        yield
    finally:
        await runner.cleanup()
