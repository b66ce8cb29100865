"""An installation of an earlier commit opens, works and answers: its queue, its results, its old messages."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.accounts import AccountCheck, Seen, rows
from tests.e2e.running_bot import RunningBot, has_pictures
from tests.golden import product
from tests.golden.carried import RestoredWorld, clock_of, restore_world
from tests.golden.product import BUTTONS, InteractionHandle, Person, ShownMessage

WAIT_S = 60.0


@asynccontextmanager
async def carried(folder: Path) -> AsyncIterator[RestoredWorld]:
    clock = clock_of()
    # The machine may be busy, and this is not about speed.
    async with product.FakeDiscord(
        now=clock.unix_s, limits=product.DiscordLimits(acknowledge_s=WAIT_S)
    ) as standin:
        yield restore_world(standin, clock, folder)


@dataclass
class Visit:
    """People who press buttons that were in the channel before today's program began."""

    world: RestoredWorld
    bot: RunningBot
    pressed: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    """Of all buttons that the world's messages have; later kinds are in none of them."""

    _old: list[tuple[ShownMessage, str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for message in self.world.old_messages:
            custom_ids = [button.custom_id or "" for button in message.buttons]
            self._old.append((message, message.text, custom_ids))
            self.kinds |= {kind_of(each) for each in custom_ids}

    def person(self, name: str) -> Person:
        permissions = ("manage_guild",) if name in ("root", "owner") else ()
        person = self.bot.standin.world.add_member(self.bot.server, name, permissions=permissions)
        assert person.id == self.world.facts["people"][name]
        return person

    async def begin(self, name: str, beginning: str, text: str = "", at: int = -1) -> InteractionHandle:
        """Press an old button of this kind, in a message in which nobody has pressed anything yet."""
        for entry in self._old:
            message, said, custom_ids = entry
            found = [each for each in custom_ids if each.startswith(beginning)]
            if found and text in said and message.visible_to in (None, self.person(name).id):
                self._old.remove(entry)
                self.pressed.add(kind_of(found[at]))
                return await self.person(name).press(message, custom_id=found[at])
        raise AssertionError(f"no old message {text!r} has a button {beginning}")

    async def press(self, name: str, beginning: str, expected: str, text: str = "") -> ShownMessage:
        handle = await self.begin(name, beginning, text)
        return await handle.message_where(lambda answer: expected in answer.text, timeout_s=WAIT_S)


def kind_of(custom_id: str) -> str:
    """Return the prefix of a custom id: what it does, without whom or what it concerns."""
    parts = custom_id.split(":")
    return ":".join(parts[:3] if parts[1] == "hq" else parts[:2])


async def test_a_carried_world_opens_and_everything_in_it_works(tmp_path: Path) -> None:
    async with carried(tmp_path) as world:
        await _everything_works(world)


async def test_a_carried_world_comes_back_from_a_backup_and_everything_in_it_works(tmp_path: Path) -> None:
    async with carried(tmp_path) as world:
        environment, left = world.environment, world.environment.folder
        product.back_up(left, tmp_path / "backup")
        environment.folder = tmp_path / "restored"
        product.restore(tmp_path / "backup", environment.folder)
        # 8-bit weights are in no backup, and in this world the files that they were made of are gone.
        shutil.copytree(left / "scratch", environment.folder / "scratch")
        shutil.rmtree(left)
        await _everything_works(world)


async def _everything_works(world: RestoredWorld) -> None:
    async with world.environment.running_bot(profile_transformer="int8", profile_text_encoder="int8") as bot:
        visit = Visit(world, bot)
        await bot.ready()
        await _delivered(visit)
        await _answered(visit)
        await _cancelled(visit)
        await _drawn(visit)
    assert visit.pressed == visit.kinds
    assert visit.pressed <= {kind_of(each) for each in BUTTONS}
    assert world.kept_now == world.kept
    async with world.environment.running_bot(profile_transformer="fp8", profile_text_encoder="fp8") as bot:
        await bot.ready()
        handle = await Visit(world, bot).begin("ada", "kb:reroll:", "picture 2")
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
    assert world.kept_now == world.kept
    _accounts(world)


async def _delivered(visit: Visit) -> None:
    """Results that Discord refused arrive as channel messages, undelivered ones at the next command."""
    bot = visit.bot
    late = await bot.channel.message_where(
        lambda message: "your pictures are ready" in message.text, timeout_s=WAIT_S
    )
    assert f"<@{bot.ada.id}>" in late.text
    assert len(late.pictures) == 1
    handle = await bot.bob.command(bot.channel, "quota")
    assert (await handle.message_where(has_pictures, timeout_s=WAIT_S)).is_ephemeral
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)


async def _answered(visit: Visit) -> None:
    """The buttons of results, lists and questions work as they did then."""
    bot = visit.bot
    await visit.press("bob", "kb:unfav:", "no favourite of yours")
    marked = await visit.begin("ada", "kb:fav:", "Which pictures of #2")
    await marked.message_where(lambda message: "♥ 3" in str(message.buttons), timeout_s=WAIT_S)
    assert await _favourites(bot) == [(bot.ada.id, 2, 2)]
    recipe = '/imagine prompt:"a red fox" aspect:1:1 seed:7'
    await visit.press("bob", "kb:recipe:", recipe, "a red fox")
    await visit.press("bob", "kb:del:", "belongs to somebody else", "drei Füchse")
    await visit.press("ada", "kb:delno:", "#8 stays", "Delete #8")
    await visit.press("ada", "kb:delyes:", "#8 is deleted", "Delete #8")
    older = await visit.press("ada", "kb:hist:", "drei Füchse: ö", "Your pictures")
    assert len(older.pictures) > 0
    shown = await visit.begin("ada", "kb:show:", "Your pictures", at=0)
    await shown.message_where(lambda message: has_pictures(message) and "picture 3" in message.text)
    form = await visit.begin("ada", "kb:edit:", "a hat")
    await form.modal_opened(timeout_s=WAIT_S)
    await visit.press("root", "kb:qkeep", "Nothing was changed", "limit of 2")
    await visit.press("root", "kb:qclear:", "no limit of their own any more", "limit of 2")
    waiting = await visit.begin("ada", "kb:vary:", "picture 0")
    await waiting.message_where(lambda message: bool(message.buttons), timeout_s=WAIT_S)
    waiting = await visit.begin("ada", "kb:reroll:", "picture 1")
    await waiting.message_where(lambda message: bool(message.buttons), timeout_s=WAIT_S)


async def _cancelled(visit: Visit) -> None:
    """The bot was paused and stays paused; a member cancels a job, the owner another one."""
    bot = visit.bot
    assert await bot.number("SELECT COUNT(*) FROM jobs WHERE state = 'queued'") == 7
    await visit.press("ada", "kb:cancel:", "#20 is cancelled", "**to be cancelled**")
    await visit.press("owner", "kb:hq:cancel:", "The whole line: 5 jobs", "The whole line")
    await visit.press("owner", "kb:hq:page:", "The whole line: 5 jobs", "The whole line")


async def _drawn(visit: Visit) -> None:
    """With the pause over, queued jobs are drawn by the model that was cached in 8 bits."""
    bot = visit.bot
    await visit.press("owner", "kb:hq:door:open", "The whole line", "The whole line")
    await bot.until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')", 0)
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)


async def _favourites(bot: RunningBot) -> list[tuple[int, int, int]]:
    found = await bot.app.container.base.database.read.all(
        "SELECT member_id, number, position FROM favourites"
    )
    return [(row[0], row[1], row[2]) for row in found]


def _accounts(world: RestoredWorld) -> None:
    """Each job has ended as expected; each picture is paid once, visible and on disk."""
    folder = world.environment.folder
    later = rows(folder, "SELECT number, prompt, state FROM jobs WHERE number > 14 ORDER BY number")
    assert [tuple(row) for row in later] == [
        (15, "not delivered", "done"),
        (16, "not delivered", "done"),
        (17, "being drawn", "done"),
        (18, "waiting", "done"),
        (19, "waits too", "done"),
        (20, "to be cancelled", "cancelled"),
        (21, "to be cancelled by the host", "cancelled"),
        (22, "picture 0", "done"),
        (23, "picture 1", "done"),
        (24, "picture 2", "done"),
    ]
    left = rows(
        folder, "SELECT grant_id, SUM(amount_tenths) FROM ledger WHERE grant_id IS NOT NULL GROUP BY 1"
    )
    assert [tuple(row) for row in left] == [(1, 40), (2, 20)]
    deleted = {row["job_id"] for row in rows(folder, "SELECT job_id FROM jobs WHERE deleted_ms IS NOT NULL")}
    shown = rows(folder, "SELECT job_id FROM jobs WHERE prompt = 'picture 3'")[0]["job_id"]
    findings = AccountCheck(folder, Seen((world.environment.channel,), uncertain={shown: 1})).check()
    assert sorted(findings) == [f"the message of job {job_id} is not there" for job_id in sorted(deleted)]
