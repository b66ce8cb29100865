"""Makes a world to be opened by later commits: ``python -m tests.golden.world OUT``.

A world is an installation in the middle of its use, as if its process had ended: members with grants and
limits, jobs in every state, delivered and undelivered results, and every message with its buttons. It was
made once and is kept; further worlds are added beside it.
"""

import asyncio
import io
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.e2e.running_bot import BotEnvironment, RunningBot, ShiftedClock, build_environment, has_pictures
from tests.golden import product
from tests.golden.carried import write_world
from tests.golden.model import build_model
from tests.golden.product import Person, ShownMessage
from tests.scripted_engine import ScriptedEngine

WAIT_S = 60.0
_TOKEN_LIFE_S = 16 * 60.0


async def make(out: Path, scratch: Path) -> None:
    """Perform everything that a world must contain, and write it while the bot still runs."""
    clock = ShiftedClock()
    async with product.FakeDiscord(now=clock.unix_s) as standin:
        environment = build_environment(standin, clock, scratch / "data", build_model(scratch / "model"))
        for form in ("int8", "fp8"):
            async with environment.running_bot(profile_transformer=form, profile_text_encoder=form) as bot:
                await bot.ready()
        engine = ScriptedEngine()
        async with environment.running_bot(engine) as bot:
            carl = environment.standin.world.add_member(environment.server, "carl")
            life = _Scenario(bot, engine, _root(environment), _host(environment), carl)
            await life.people()
            await life.results()
            await life.ends()
            await life.questions()
            await life.undelivered()
            await life.unfinished()
            write_world(environment, out, life.facts)
            engine.failures = [product.stopping() for _ in range(100)]
            engine.gate.set()
    _expire(out)


def _flat(colour: str) -> bytes:
    """Return a picture of one colour: its copy in the archive is small."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


def _root(environment: BotEnvironment) -> Person:
    return environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))


def _host(environment: BotEnvironment) -> Person:
    owner = environment.standin.world.owner
    return environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))


@dataclass
class _Scenario:
    bot: RunningBot
    engine: ScriptedEngine
    root: Person
    host: Person
    carl: Person

    @property
    def facts(self) -> dict[str, object]:
        return {"people": {each.name: each.id for each in (self.bot.ada, self.bot.bob, self.root, self.host)}}

    async def people(self) -> None:
        bob = self.bot.bob
        await self._say(self.root, "admin quota set", "2", member=bob, pictures=2)
        await self._say(self.root, "admin quota set-default", "40", pictures=40)
        await self._say(self.root, "admin quota grant", "5", member=bob, pictures=5, reason="won")
        await self._say(self.root, "admin quota set", "1", member=self.carl, pictures=1)
        await self._say(self.root, "admin quota grant", "3", member=self.carl, pictures=3, reason="late")
        await self._say(self.root, "admin weight", "2", member=bob, weight=2)
        await self._say(self.host, "host share", "2", server=str(self.bot.server.id), share=2, most=100)

    async def results(self) -> None:
        ada, bob = self.bot.ada, self.bot.bob
        one = await self._draw(ada, prompt="a red fox", seed=7)
        three = await self._draw(ada, prompt="drei Füchse: ö", count=3, aspect="3:2")
        await self._press(bob, one, "♥", "one of your favourites")
        await self._press(ada, three, "♥", "Which pictures")
        await self._choose(ada, one, "Recipe", "/imagine")
        handle = await ada.command_with(
            self.bot.channel, "edit", {"instruction": "a hat", "image": _flat("teal")}
        )
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
        varied = await ada.press(one, label="Subtle")
        await varied.message_where(has_pictures, timeout_s=WAIT_S)
        await self._draw(bob, prompt="a secret", count=2, private=True)
        await self._delivered()

    async def ends(self) -> None:
        ada = self.bot.ada
        gone = await self._draw(ada, prompt="to be deleted")
        asked = await self._choose(ada, gone, "Delete", "for good?")
        await self._press(ada, asked, "Delete for good", "is deleted")
        self.engine.failures = [product.failure() for _ in range(3)]
        await ada.command(self.bot.channel, "imagine", prompt="a failure")
        await self.bot.until("SELECT COUNT(*) FROM jobs WHERE state = 'failed'", 1)
        self.engine.failures = []
        self.engine.gate.clear()
        self.engine.started.clear()
        held = await ada.command(self.bot.channel, "imagine", prompt="in the way")
        await self.engine.started.wait()
        for prompt in ("cancelled", "expired"):
            waiting = await self._wait(ada, prompt=prompt)
            await ada.press(waiting, label="Cancel")
            await self.bot.until(
                f"SELECT COUNT(*) FROM jobs WHERE prompt = '{prompt}' AND state = 'cancelled'", 1
            )
        self.engine.gate.set()
        await held.message_where(has_pictures, timeout_s=WAIT_S)
        await self._delivered()

    async def questions(self) -> None:
        """Leave every question and list open whose buttons are still to be pressed."""
        ada = self.bot.ada
        last = [message for message in self.bot.channel.log.values() if has_pictures(message)][-1]
        for _ in range(2):
            await self._choose(ada, last, "Delete", "for good?")
            await self._say(self.root, "admin quota clear", "limit of 2", member=self.bot.bob)
        for number in range(4):
            await self._draw(ada, prompt=f"picture {number}")
        await self._delivered()
        for _ in range(2):
            await self._say(ada, "history", "#")

    async def undelivered(self) -> None:
        """Leave an undelivered result, and one that Discord refuses at the moment."""
        for person, options in ((self.bot.bob, {"private": True}), (self.bot.ada, {})):
            self.engine.gate.clear()
            self.engine.started.clear()
            await self._wait(person, prompt="not delivered", **options)
            await self.engine.started.wait()
            self.bot.clock.advance(_TOKEN_LIFE_S)
            self.bot.standin.break_next("POST /channels/*/messages", times=1000)
            self.engine.gate.set()
            await self.bot.until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')", 0)
        await self.bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        await self.bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'posting' OR attempts > 0", 1)

    async def unfinished(self) -> None:
        ada, carl = self.bot.ada, self.carl
        self.engine.gate.clear()
        self.engine.started.clear()
        await self._wait(ada, prompt="being drawn", count=2)
        await self.engine.started.wait()
        await self._wait(carl, prompt="waiting", count=2)  # one of the limit, one of the grant
        handle = await ada.command(self.bot.channel, "edit", instruction="waits too", image=_flat("orange"))
        await handle.message_where(lambda message: bool(message.buttons), timeout_s=WAIT_S)
        await self._wait(ada, prompt="to be cancelled")
        await self._wait(ada, prompt="to be cancelled by the host")
        await self._say(self.host, "host queue pause", "ause")
        for _ in range(3):
            await self._say(self.host, "host queue list", "The whole line")

    async def _draw(self, person: Person, **options: object) -> ShownMessage:
        handle = await person.command(self.bot.channel, "imagine", **options)
        return await handle.message_where(has_pictures, timeout_s=WAIT_S)

    async def _wait(self, person: Person, **options: object) -> ShownMessage:
        handle = await person.command(self.bot.channel, "imagine", **options)
        return await handle.message_where(lambda message: bool(message.buttons), timeout_s=WAIT_S)

    async def _say(self, person: Person, command: str, expected: str, **options: object) -> ShownMessage:
        handle = await person.command_with(self.bot.channel, command, options)
        return await handle.message_where(lambda message: expected in message.text, timeout_s=WAIT_S)

    async def _press(self, person: Person, message: ShownMessage, label: str, expected: str) -> ShownMessage:
        handle = await person.press(message, label=label)
        return await handle.message_where(lambda answer: expected in answer.text, timeout_s=WAIT_S)

    async def _choose(self, person: Person, message: ShownMessage, label: str, expected: str) -> ShownMessage:
        listed = await self._press(person, message, "More …", "What you can do")
        return await self._press(person, listed, label, expected)

    async def _delivered(self) -> None:
        await self.bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)


def _expire(out: Path) -> None:
    """Give one of the cancelled jobs the form that earlier versions wrote: no current version does."""
    dump = out / "database.sql"
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(dump.read_text("utf-8"))
        connection.execute("UPDATE jobs SET state = 'expired' WHERE prompt = 'expired'")
        pragmas = [line for line in dump.read_text("utf-8").splitlines() if line.startswith("PRAGMA ")]
        connection.commit()
        dump.write_text("\n".join([*connection.iterdump(), *pragmas, ""]), "utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(make(Path(sys.argv[1]), Path(scratch)))


if __name__ == "__main__":
    main()
