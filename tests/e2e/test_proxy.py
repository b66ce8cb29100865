"""The whole bot behind an HTTP proxy, its only connection to the outside."""

import asyncio
import random
import ssl

import aiohttp

from kleinbot.app.container import Externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.faults import NoFaults
from tests.connect_proxy import connect_proxy
from tests.e2e.pictures import a_png, result
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine


async def test_gateway_api_replies_and_downloads_all_take_the_proxy(environment: BotEnvironment) -> None:
    address = environment.standin.address(environment.folder.parent)
    trust = ssl.create_default_context(cafile=str(address.ca_pem_path))
    settings = Settings(data_folder=environment.folder, weights=environment.weights, device="cpu", grace_s=5)
    async with connect_proxy(address.port) as proxy:
        options = {
            "connector": aiohttp.TCPConnector(ssl=trust),
            "proxy": proxy.address.replace("http://", "http://me:secret@"),
        }
        externals = Externals(environment.clock, random.Random(5), NoFaults(), options)
        async with opened(settings, externals, ScriptedEngine()) as app:
            running = asyncio.create_task(app.run(environment.standin.token))
            try:
                await environment.standin.registered("imagine", timeout_s=30)
                await environment.standin.online(timeout_s=30)
                handle = await environment.ada.command(
                    environment.channel, "edit", instruction="a hat", image=a_png()
                )
                await result(handle)
            finally:
                app.request_stop()
                assert await running == 0
        hosts = {each.partition(":")[0] for each in proxy.asked}
        assert hosts == {"discord.com", "gateway.discord.gg", "cdn.discordapp.com"}
        assert len(proxy.authorisations) == len(proxy.asked)
