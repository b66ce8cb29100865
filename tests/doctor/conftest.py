"""Fixtures for all tests of the doctor."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from kleinbot.doctor import discord_account
from tests.doctor.examining import TOKEN


@pytest.fixture(autouse=True)
def in_a_clean_folder(clean_folder: Path) -> Path:
    return clean_folder


@pytest.fixture
def api() -> Iterator[str]:
    """Simulate Discord's API on loopback: one server where the bot may do everything but attach files."""
    loop = asyncio.new_event_loop()

    def allowed(request: web.Request) -> None:
        if request.headers["Authorization"] != f"Bot {TOKEN}":
            raise web.HTTPUnauthorized

    async def me(request: web.Request) -> web.Response:
        allowed(request)
        return web.json_response({"id": "42", "username": "kleinbot"})

    async def guilds(request: web.Request) -> web.Response:
        allowed(request)
        lacking = sum(discord_account.NEEDED.values()) - discord_account.NEEDED["Attach Files"]
        return web.json_response(
            [
                {"id": "1", "name": "All", "permissions": "8"},
                {"id": "2", "name": "Some", "permissions": str(lacking)},
            ]
        )

    async def application(request: web.Request) -> web.Response:
        allowed(request)
        return web.json_response({"id": "42", "name": "kleinbot", "bot_public": True, "owner": {"id": "7"}})

    async def guild(request: web.Request) -> web.Response:
        allowed(request)
        own = request.match_info["id"] == "1"
        return web.json_response({"owner_id": "7" if own else "8"})

    async def start() -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.add_routes(
            [
                web.get("/users/@me", me),
                web.get("/users/@me/guilds", guilds),
                web.get("/guilds/{id}", guild),
                web.get("/oauth2/applications/@me", application),
            ]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    runner, port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kleinbot.doctor.model.complete_in_cache", lambda _: None)
