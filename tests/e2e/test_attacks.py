"""Whoever has no power here tries every entrance: another server's admins with our ids, banned members."""

from collections.abc import Iterable

from kleinbot.sandbox import InteractionHandle, Person, ShownMessage
from kleinbot.sandbox.server.state import Answer
from kleinbot.store.database import Database
from tests.chat.button_forms import BUTTONS, JOB_ID
from tests.e2e.pictures import WAIT_S, a_png, delivered, open_more, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

PROMPT = "a red fox named reynard"
OWN_PROMPT = "a dog"
BANNED = "have banned you from making pictures here"
_CASES = ("kb:case:7", "kb:judge:7:", "kb:judge:123456789012345678:")
_SELECTS = ("kb:set:", "kb:own:")
"""They choose for the server and the member they are pressed in and by; ``test_set_up`` forges them."""


async def _key(bot: RunningBot, number: int) -> str:
    row = await bot.app.container.base.database.read.one(
        "SELECT job_id FROM jobs WHERE number = ? AND server_id = ?", number, bot.server.id
    )
    assert row is not None
    return str(row[0])


async def _rows_of(database: Database, server_id: int) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that the database holds of a server."""
    tables = await database.read.all(
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.name = 'server_id' ORDER BY m.name"
    )
    return {
        name: sorted(
            (tuple(row) for row in await database.read.all(
                f"SELECT * FROM {name} WHERE server_id = ?", server_id)),
            key=repr,
        )
        for (name,) in tables
    }  # fmt: skip


class _List:
    """A list of one's own, in which a modified client presses what was never offered there."""

    def __init__(self, person: Person, own: ShownMessage) -> None:
        self._person = person
        self._own = own
        self._listed: ShownMessage | None = None
        self._shown: object = None

    async def pressed(self, custom_id: str) -> str:
        if self._listed is None or self._listed.is_deleted or self._listed.payload is not self._shown:
            self._listed = await open_more(self._person, self._own)
            self._shown = self._listed.payload
        if any(custom_id == button.custom_id for button in self._listed.buttons):
            return ""  # offered after all
        button = [row for row in self._listed.components if row.get("components")][-1]["components"][0]
        real, button["custom_id"] = button["custom_id"], custom_id
        try:
            handle = await self._person.press(self._listed, custom_id=custom_id)
        finally:
            button["custom_id"] = real
        return await _answer(handle)


async def _answer(handle: InteractionHandle) -> str:
    """Return what an attacker reads, which is never another's picture or prompt, nor a failure of ours."""
    if await handle.acknowledged(timeout_s=WAIT_S) is Answer.MODAL:
        return "a form"
    shown = await handle.message_where(lambda message: bool(message.text), timeout_s=WAIT_S)
    assert not shown.pictures or OWN_PROMPT in shown.text
    assert "reynard" not in shown.text
    assert "went wrong" not in shown.text
    return shown.text


def _custom_ids(key: str, case_id: int, message_id: int) -> Iterable[str]:
    for custom_id in BUTTONS:
        if custom_id.startswith((*_SELECTS, "kb:erase")):  # the last deletes what its reader has, everywhere
            continue
        changed = custom_id.replace(JOB_ID, key)
        for beginning in _CASES:
            if changed.startswith(beginning):
                changed = changed.replace(beginning, f"{beginning.rsplit(':', 2)[0]}:{case_id}:", 1)
        yield changed.replace("kb:unmake:123456789012345678", f"kb:unmake:{message_id}")


async def test_an_admin_of_another_server_moves_and_sees_nothing_here(environment: BotEnvironment) -> None:
    world = environment.standin.world
    place = world.add_channel(world.add_server("Other"), "place")
    boss = world.add_member(place.server, "boss", permissions=("administrator",)) if place.server else None
    assert boss is not None
    root = world.add_member(environment.server, "root", permissions=("manage_guild", "manage_messages"))
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT, count=2)
        await delivered(bot, prompt=PROMPT)
        report = await bot.bob.press(await open_more(bot.bob, done), label="Report")
        await report.modal_opened(timeout_s=WAIT_S)
        await said(await bot.bob.submit(report, {"What is wrong with it?": "Hateful"}), "Thank you")
        powers: tuple[tuple[str, dict[str, object]], ...] = (
            ("mod hide", {"job": "2", "reason": "no"}),
            ("mod ban", {"member": bot.bob, "reason": "no"}),
            ("admin quota set", {"member": bot.ada, "pictures": 50}),
            ("admin quota set-default", {"pictures": 40}),
            ("admin words add", {"word": "wug"}),
            ("admin channels deny", {"channel": world.add_channel(bot.server, "quiet")}),
        )
        for command, options in powers:
            await _answer(await root.command_with(bot.channel, command, options))
        await said_alone(await boss.command(place, "quota"), "You have")
        own = await result(await boss.command(place, "imagine", prompt=OWN_PROMPT))
        keys = [await _key(bot, number) for number in (1, 2)]
        for rows in ("refreshes", "removals", "outbox WHERE state != 'sent'"):
            await bot.until(f"SELECT COUNT(*) FROM {rows}", 0)
        before = await _rows_of(bot.app.container.base.database, bot.server.id)
        assert sum(map(len, before.values())) > 20
        listed = _List(boss, own)
        for key in keys:
            for custom_id in _custom_ids(key, 1, done.id):
                if key is keys[0] or key in custom_id:
                    await listed.pressed(custom_id)
            for command, forged in (
                ("edit", {"picture": f"{key}.0", "instruction": "a hat"}),
                ("variations", {"picture": f"picture:{key}.0"}),
                ("show", {"job": key}),
                ("info", {"picture": f"{key}.0"}),
                ("cancel", {"job": key}),
                ("mod hide", {"job": key, "reason": "no"}),
                ("mod unhide", {"job": key}),
                ("history", {"text": "reynard"}),
            ):
                await _answer(await boss.forge(place, command, **forged))
        for command in ("mod reports", "mod bans", "mod audit", "mod words list", "admin words list",
                        "admin audit", "admin quota rules", "admin quota top", "admin quota history",
                        "admin channels list", "admin doctor", "host servers", "host status"):  # fmt: skip
            told = await _answer(await boss.command(place, command))
            assert "wug" not in told
            assert str(bot.bob.id) not in told
        for command, option in (("show", "job"), ("edit", "picture"), ("cancel", "job")):
            offered = await boss.autocomplete(place, command, option, "", timeout_s=WAIT_S)
            assert not any("reynard" in choice.name for choice in offered)
        after = await _rows_of(bot.app.container.base.database, bot.server.id)
        assert [name for name, rows in after.items() if rows != before[name]] == []


async def test_a_banned_member_makes_and_posts_nothing_by_any_entrance(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, count=2)
        early = await bot.ada.press(done, label="E1")
        await early.modal_opened(timeout_s=WAIT_S)
        banned = await bot.moderator.command(bot.channel, "mod ban", member=bot.ada, reason="no")
        await said_alone(banned, "makes no pictures")
        key, mine = await _key(bot, 1), bot.ada.attach(bot.channel, "look", a_png())
        before = set(bot.channel.log)
        listed = _List(bot.ada, done)
        for custom_id in _custom_ids(key, 1, done.id):
            if custom_id.startswith(("kb:delyes", "kb:erase", "kb:recipe", "kb:do:", "kb:show", "kb:hist")):
                continue  # what is theirs they may see and delete
            told = await listed.pressed(custom_id)
            if custom_id.startswith((f"kb:vary:{key}:0", "kb:reroll")):
                assert BANNED in told, custom_id
        for handle in (
            await bot.ada.command(bot.channel, "imagine", prompt="a fox"),
            await bot.ada.command(bot.channel, "edit", picture=f"{key}.0", instruction="a hat"),
            await bot.ada.command(bot.channel, "variations", picture=f"{key}.0"),
            await bot.ada.command(bot.channel, "show", job="1"),
            await bot.ada.submit(early, {"What should change?": "a hat"}),
        ):
            assert BANNED in await _answer(handle)
        for message in (done, mine):
            for menu in ("Edit this image", "Make variations"):
                handle = await bot.ada.menu(message, menu)
                if await handle.acknowledged(timeout_s=WAIT_S) is Answer.MODAL:
                    hat: dict[str, object] = {"What should change?": "a hat"}
                    values = hat if menu.startswith("Edit") else {}
                    handle = await bot.ada.submit(handle, values)
                assert BANNED in await _answer(handle)
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 1
        assert {each for each in bot.channel.log if bot.channel.log[each].visible_to is None} <= before
