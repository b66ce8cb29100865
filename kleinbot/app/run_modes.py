"""The two run modes: on Discord, and against the stand-in within this process."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import typer

from kleinbot.app.container import real_externals
from kleinbot.app.lifecycle import App
from kleinbot.app.opening import opened
from kleinbot.config.proxy import proxy_for, shown
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.process.disk_space import until_disk_space
from kleinbot.process.signals import stop_on_signals
from kleinbot.sandbox import FakeDiscord
from kleinbot.sandbox.people.outcome import Ending
from kleinbot.sandbox.terminal.terminal import Terminal
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)
WORDS_CODE = 3
_ONLINE_S = 60.0
_AT_DISCORD = {"en": "en-US"}
"""Discord's locale for a language of ours that it names differently."""

_WHO_MAY = {Code.NOT_AN_ADMIN: "admin", Code.NOT_A_MODERATOR: "admin", Code.NOT_THE_HOST: "owner"}
"""Who of the sandbox may do what was refused with these words."""


async def serve(settings: Settings, on_ending: Callable[[int, float], None]) -> int:
    """Run the bot on Discord until a signal; return the exit code. ``on_ending`` as in ``Externals``."""
    if settings.discord_token is None:
        raise StartError(Code.TOKEN_MISSING)
    externals = replace(real_externals(), on_ending=on_ending, client_options=_options(settings))
    if not await _has_disk_space(settings, externals.clock):
        return 0
    async with opened(settings, externals) as app:
        with stop_on_signals(app.request_stop):
            return await app.run(settings.discord_token.get_secret_value())


def _options(settings: Settings) -> dict[str, object]:
    """Return the options that make the client reach Discord."""
    proxy = proxy_for(settings)
    if proxy is None:
        return {}
    _log.info("Discord is reached through the proxy %s", shown(proxy))
    return {"proxy": proxy}


async def _has_disk_space(settings: Settings, clock: Clock) -> bool:
    """Wait until the disk has enough room for a start; return False if a signal came first."""
    stopping = asyncio.Event()
    waits = [
        asyncio.create_task(until_disk_space(settings.data_folder, clock)),
        asyncio.create_task(stopping.wait()),
    ]
    with stop_on_signals(stopping.set):
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
    return not stopping.is_set()


async def sandbox(
    settings: Settings, run: str | None, timeout_s: float, on_ending: Callable[[int, float], None]
) -> int:
    """Run the bot against the stand-in, in this process, with the terminal as its members.

    ``run`` executes one command; the exit code is then 0 if the answer had a picture, ``WORDS_CODE`` if it
    had only text, 1 if there was none.
    """
    externals = real_externals()
    async with FakeDiscord() as standin:
        standin.world.only_its_owner_invites()
        externals = replace(externals, client_options={"connector": standin.connector()}, on_ending=on_ending)
        locale = _AT_DISCORD.get(settings.locale, settings.locale)
        texts = Texts(settings.locale)
        folder = settings.data_folder
        terminal = Terminal(standin, folder / "pictures", folder / "conversation", locale=locale)
        remembered = await terminal.recall()
        # Pictures in the sandbox are for trying out: the small model suffices while the GPU is unavailable.
        async with opened(settings, externals, waits_for_gpu=False) as app:
            bot = asyncio.create_task(app.run(standin.token), name="bot")
            terminal.greeting = _greeting(texts, app, *remembered)
            terminal.hints.update(_hints(texts))
            person = asyncio.create_task(
                _converse(standin, app, terminal, texts, run, timeout_s), name="person"
            )
            if run is not None:
                _cancel_if_engine_fails(app, person, settings)

            def leave() -> None:
                person.cancel()

            try:
                with stop_on_signals(leave):
                    await asyncio.wait({bot, person}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                person.cancel()
                app.request_stop()
                await asyncio.gather(person, return_exceptions=True)
                try:
                    if run is None and app.container.scheduling.scheduler.queue.running:
                        terminal.say(texts.say(None, "sandbox-stopping"))
                    code = await bot
                finally:
                    await terminal.close()
            if run is None and (jobs := _waiting_jobs(app)):
                typer.echo(texts.say(None, "sandbox-waiting-after", jobs=jobs))
            if person.cancelled():
                return code or (
                    1 if app.container.scheduling.engines[0].state.phase is EnginePhase.FAILED else 0
                )
            return code or person.result()


def _hints(texts: Texts) -> dict[str, str]:
    """Return what to say below a refusal, by its sentence: in the sandbox anybody can be who may."""
    return {
        texts.say(None, refused): texts.say(None, "sandbox-be-somebody-else", name=name)
        for refused, name in _WHO_MAY.items()
    }


def _greeting(texts: Texts, app: App, remembered: int, latest: str) -> tuple[str, ...]:
    """Return a prompt to begin with, what the small model draws if it is the one, and what is still here."""
    prompt = "a red circle left of a blue square" if app.is_small else "a lighthouse in a storm, oil painting"
    lines = [texts.say(None, "sandbox-try", prompt=prompt)]
    if app.is_small:
        lines.append(texts.say(None, "sandbox-small"))
    if remembered:
        lines.append(texts.say(None, "sandbox-remembers", messages=remembered, latest=latest))
    return tuple(lines)


async def _converse(
    standin: FakeDiscord, app: App, terminal: Terminal, texts: Texts, run: str | None, timeout_s: float
) -> int:
    await standin.registered("imagine", timeout_s=_ONLINE_S)
    await standin.online(timeout_s=_ONLINE_S)
    if run is None:
        if jobs := _waiting_jobs(app):
            terminal.say(texts.say(None, "sandbox-waiting-before", jobs=jobs))
        await terminal.interact()
        return 0
    outcome = await terminal.run_once(run, timeout_s)
    for path in outcome.paths:
        typer.echo(path)
    if outcome.ending is Ending.UNFINISHED:
        typer.echo(texts.say(None, "sandbox-unfinished", seconds=f"{timeout_s:g}"), err=True)
    if outcome.has_pictures:
        return 0
    return WORDS_CODE if outcome.ending in (Ending.TEXT, Ending.REFUSED, Ending.FORM) else 1


def _waiting_jobs(app: App) -> int:
    """Return how many jobs wait or run."""
    return len(
        {
            image.key.job_id
            for image in (
                *app.container.scheduling.scheduler.queue.waiting,
                *app.container.scheduling.scheduler.queue.running,
            )
        }
    )


def _cancel_if_engine_fails(app: App, person: "asyncio.Task[int]", settings: Settings) -> None:
    """End a single command once the model has failed to start, because it would wait in vain."""

    def look(state: EngineState) -> None:
        if (
            state.phase is EnginePhase.FAILED
            and app.container.scheduling.scheduler.queue.waiting
            and not person.done()
        ):
            if state.error is not None:
                typer.echo(Texts(settings.locale).error(state.error), err=True)
            person.cancel()

    app.container.scheduling.engines[0].watch(look)
