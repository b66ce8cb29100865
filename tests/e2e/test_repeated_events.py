"""Discord may send an event several times: the second changes nothing and shows nothing."""

import asyncio
import functools
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage
from tests.e2e.pictures import a_png, result, said
from tests.e2e.running_bot import LOOKS_EVERY_S, BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

WAIT_S = 60.0


@dataclass
class EventRepeater:
    """Sends each event of a person twice, and all of them once more on request."""

    bot: RunningBot
    handles: list[InteractionHandle] = field(default_factory=list)

    def doubled(self, handle: InteractionHandle) -> InteractionHandle:
        for _ in range(2):
            self.bot.standin.send_again(handle)
        self.handles.append(handle)
        return handle

    async def settled(self, repeats: int) -> None:
        """Wait until this many repeats have been processed."""
        async with asyncio.timeout(WAIT_S):
            while self.bot.app.container.discord.repeats.count < repeats:
                await asyncio.sleep(LOOKS_EVERY_S)

    async def command(self, person: Person, name: str, **values: object) -> InteractionHandle:
        return self.doubled(await person.command(self.bot.channel, name, **values))

    async def press(self, person: Person, message: ShownMessage, label: str) -> InteractionHandle:
        return self.doubled(await person.press(message, label=label))


def rows(environment: BotEnvironment) -> list[str]:
    """Return the whole content of the database but the search index, which is filled behind the events."""
    with closing(sqlite3.connect(environment.folder / "kleinbot.sqlite3")) as connection:
        columns = connection.execute(
            "SELECT m.name, group_concat(c.name) FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name NOT LIKE 'search_tokens%'"
            " AND c.name NOT IN ('search_no', 'searched') GROUP BY m.name"
        ).fetchall()
        return [
            f"{name} {row}"
            for name, some in columns
            for row in connection.execute(f"SELECT {some} FROM {name}")
        ]


def shown(environment: BotEnvironment) -> list[tuple[int, str, bool]]:
    """Return what everybody sees in the channel."""
    return [(each.id, each.text, each.is_deleted) for each in environment.channel.log.values()]


def answers(handles: Iterable[InteractionHandle]) -> list[list[str]]:
    return [[message.text for message in handle.messages] for handle in handles]


async def make(repeat: EventRepeater) -> ShownMessage:
    """Make pictures in every possible way; return the first result."""
    bot, bob = repeat.bot, repeat.bot.bob
    first = await result(await repeat.command(bot.ada, "imagine", prompt="a fox", count=2))
    await result(await repeat.command(bob, "edit", instruction="a hat", image=a_png()))
    await result(await repeat.command(bob, "variations", image=a_png(), count=2))
    await result(await repeat.press(bob, first, "V1"))
    await result(await repeat.press(bob, first, "Reroll"))
    form = await repeat.press(bob, first, "E2")
    await form.modal_opened(timeout_s=WAIT_S)
    sent = repeat.doubled(await bob.submit(form, {"What should change?": "more fog"}))
    await result(sent)
    menu = repeat.doubled(await bob.menu(first, "Make variations"))
    await menu.modal_opened(timeout_s=WAIT_S)
    await result(repeat.doubled(await bob.submit(menu, {})))
    return first


def _has_button(label: str, message: ShownMessage) -> bool:
    return label in [each.label for each in message.buttons]


async def keep(repeat: EventRepeater, first: ShownMessage) -> None:
    """Mark, unmark and mark again, look, post again, and delete."""
    ada, bob = repeat.bot.ada, repeat.bot.bob
    asked = await (await repeat.press(bob, first, "♥")).message_where(lambda m: m.buttons)
    for label, then in (("♡ 2", "♥ 2"), ("♥ 2", "♡ 2"), ("♡ 2", "♥ 2")):
        pressed = await repeat.press(bob, asked, label)
        await pressed.message_where(functools.partial(_has_button, then))
    listed = await said(await repeat.press(bob, first, "More …"), "What you can do")
    await said(await repeat.press(bob, listed, "2"), "picture 2")
    await said(await repeat.press(bob, listed, "Recipe"), "checkpoint")
    await said(await repeat.press(bob, listed, "Copy as command"), "/imagine")
    await said(await repeat.press(bob, listed, "Original file"), "as I keep it")
    await said(await repeat.command(ada, "history"), "#1")
    await result(await repeat.command(ada, "show", job="1"))
    listed = await said(await repeat.press(ada, first, "More …"), "What you can do")
    asked = await said(await repeat.press(ada, listed, "Delete"), "for good?")
    await said(await repeat.press(ada, asked, "Delete for good"), "is deleted")
    await repeat.bot.until("SELECT COUNT(*) FROM removals", 0)


async def rule(repeat: EventRepeater, root: Person, host: Person) -> None:
    """Do everything that admins and the owner can do."""
    bob = repeat.bot.bob
    await said(await repeat.command(root, "admin quota set", member=bob, pictures=50), "50")
    await said(await repeat.command(root, "admin quota set-default", pictures=40), "40")
    await said(await repeat.command(root, "admin quota grant", member=bob, pictures=5, reason="won"), "5")
    await said(await repeat.command(root, "admin quota reset", member=bob), "back")
    await said(await repeat.command(root, "admin weight", member=bob, weight=2), "2")
    server = str(repeat.bot.server.id)
    await said(await repeat.command(host, "host share", server=server, share=2, most=100), "2")
    await said(await repeat.command(host, "host queue pause"), "Paused")
    for prompt in ("a fox", "a cat", "an owl"):
        waiting = await repeat.command(bob, "imagine", prompt=prompt)
        await waiting.message_where(lambda m: m.buttons)
    await said(await repeat.command(bob, "cancel"), "is cancelled")
    assert waiting.response is not None
    listed = await (await repeat.command(host, "host queue list")).message_where(lambda m: m.buttons)
    cancel = next(each.label for each in listed.buttons if each.label and each.label.startswith("Cancel"))
    await said(await repeat.press(host, listed, cancel), "is cancelled")
    await said(await repeat.press(host, listed, "Drain"), "I finish what is in line")
    await said(await repeat.press(host, listed, "Resume"), "Working as usual")
    await repeat.bot.until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')", 0)


async def test_each_event_of_everything_that_can_be_done_counts_once(environment: BotEnvironment) -> None:
    root = environment.standin.world.add_member(environment.server, "root", permissions=("manage_guild",))
    owner = environment.standin.world.owner
    host = environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        repeat = EventRepeater(bot)
        await keep(repeat, await make(repeat))
        await rule(repeat, root, host)
        await repeat.settled(2 * len(repeat.handles))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        jobs = await bot.number("SELECT COUNT(*) FROM jobs")
        assert jobs == 7 + 3
        assert await bot.number("SELECT COUNT(*) FROM grants") == 1
        assert await bot.number("SELECT COUNT(*) FROM audit") == 5 + 2 + 1 + 2
    before = rows(environment), shown(environment), answers(repeat.handles)
    async with environment.running_bot(ScriptedEngine()) as bot:
        for handle in repeat.handles:
            bot.standin.send_again(handle)
        await EventRepeater(bot).settled(await bot.number("SELECT COUNT(*) FROM accepted_events"))
        await said(await bot.ada.command(bot.channel, "quota"), "pictures left")
    assert rows(environment) == before[0]
    assert shown(environment)[: len(before[1])] == before[1]
    assert answers(repeat.handles) == before[2]


async def test_events_replayed_after_a_lost_connection_count_once(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await said(await bot.ada.command(bot.channel, "quota"), "pictures left")
        await bot.standin.drop_gateway()
        await bot.standin.offline()
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        for _ in range(3):
            bot.standin.send_again(handle)
        await bot.standin.resumed(timeout_s=WAIT_S)
        await result(handle)
        await EventRepeater(bot).settled(3)
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 1
        assert len(handle.messages) == 1
