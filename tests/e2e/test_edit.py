import pytest

from kleinbot.chat.create.downloads import Downloads
from kleinbot.domain.errors import Code, RenderError
from kleinbot.images.fetch import Reserve
from tests.e2e.pictures import a_png, imagined, parameters, result, said, size
from tests.e2e.running_bot import BotEnvironment, has_pictures
from tests.scripted_engine import ScriptedEngine


async def test_an_attachment_is_edited_on_its_own_grid(environment: BotEnvironment) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        handle = await bot.ada.command(
            bot.channel, "edit", instruction="make the sky purple", image=a_png(600, 400), seed=5, count=2
        )
        done = await result(handle)
        assert [size(picture) for picture in done.pictures] == [(304, 208), (304, 208)]
        assert done.text.startswith(f"**make the sky purple** — <@{bot.ada.id}> · #1\n304×208 · seed 5 · ")
        text = parameters(done.pictures[0])
        assert text.startswith("make the sky purple\n")
        assert "References: 1" in text
        rows = await bot.app.container.base.database.read.all("SELECT kind, columns, rows FROM jobs")
        assert [tuple(row) for row in rows] == [("edit", 19, 13)]


async def test_a_small_picture_is_scaled_up(environment: BotEnvironment) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        handle = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(64, 64))
        assert size((await result(handle)).pictures[0]) == (256, 256)


async def test_the_price_of_an_edit_is_shown_with_the_reason(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        edit = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(512, 512))
        first = (await edit.message_where(has_pictures)).texts_so_far[0]
        assert "Costs 2.1 pictures once it is done; 57.9 left after that. A picture made from others" in first
        plain = await bot.ada.command(bot.channel, "imagine", prompt="a hat")
        assert "made from" not in (await plain.message_where(has_pictures)).texts_so_far[0]


async def test_small_further_pictures_stay_small_and_cost_little(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        further = {"reference-1": a_png(64, 128, 2)}
        edit = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(64, 64), **further)
        first = (await edit.message_where(has_pictures)).texts_so_far[0]
        assert "Costs 2.1 pictures once it is done" in first
        grids = await bot.app.container.base.database.read.all(
            "SELECT columns, rows FROM job_references ORDER BY position"
        )
        assert [tuple(row) for row in grids] == [(16, 16), (4, 8)]


async def test_the_same_seed_gives_the_same_edit_and_a_further_reference_changes_it(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        common = {"instruction": "a hat", "image": a_png(seed=1), "seed": 9}
        further = {
            "reference-1": a_png(seed=2),
            "reference-2": a_png(128, 64, 3),
            "reference-3": a_png(seed=4),
        }
        command = bot.ada.command
        first = await result(await command(bot.channel, "edit", **common))
        again = await result(await command(bot.channel, "edit", **common))
        more = await result(await command(bot.channel, "edit", **common, **further))
        assert first.pictures[0].data == again.pictures[0].data != more.pictures[0].data
        grids = await bot.app.container.base.database.read.all(
            "SELECT r.columns, r.rows FROM job_references r JOIN jobs USING (job_id) WHERE number = 3"
            " ORDER BY r.position"
        )
        assert [tuple(row) for row in grids] == [(16, 16), (16, 16), (8, 4), (16, 16)]


async def test_without_a_picture_the_members_newest_is_edited(environment: BotEnvironment) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        await imagined(bot, aspect="3:2", count=2)
        handle = await bot.ada.command(bot.channel, "edit", instruction="a hat")
        assert size((await result(handle)).pictures[0]) == (304, 208)
        files = await bot.app.container.base.database.read.all("SELECT file FROM job_references")
        assert len(files) == 1


async def test_an_edit_without_a_picture_is_refused_in_a_sentence(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot)
        handle = await bot.bob.command(bot.channel, "edit", instruction="a hat")
        assert (await said(handle, "You have no picture here yet")).is_ephemeral


async def test_a_queued_edit_survives_a_restart_and_the_end_of_its_address(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(seed=3), seed=4)
        await said(handle, "a hat")
        await engine.started.wait()
        engine.failures = [RenderError(Code.STOPPING)] * 10_000
        bot.app.request_stop()
        engine.gate.set()
    environment.clock.advance(2 * 24 * 60 * 60)  # the file's URL and the reply's token have expired now
    async with environment.running_bot() as bot:
        await bot.ready()
        late = await bot.channel.message_where(has_pictures, timeout_s=60)
        direct = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(seed=3), seed=4)
        assert late.pictures[0].data == (await result(direct)).pictures[0].data


async def test_an_edit_whose_stored_picture_is_lost_is_refunded_with_a_sentence(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.bob.command(bot.channel, "imagine", prompt="in the way")
        await engine.started.wait()
        handle = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png())
        await said(handle, "a hat")
        for file in environment.folder.rglob("references/*/*.png"):
            file.unlink()
        engine.gate.set()
        await said(handle, "Picture 1 that this was to be made from is no longer there. You were not charged")
        assert await bot.number("SELECT SUM(amount_tenths) FROM ledger JOIN jobs USING (job_id)"
                                  " WHERE number = 2") == 0  # fmt: skip
        await result(await bot.ada.command(bot.channel, "imagine", prompt="the line goes on"))


async def test_a_refused_edit_leaves_no_files(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), quota_pictures=1) as bot:
        handle = await bot.ada.command(
            bot.channel, "edit", instruction="a hat", image=a_png(), count=4, private=True
        )
        assert (await said(handle, "Nothing was charged")).is_ephemeral
        assert list(environment.folder.rglob("references/*/*.png")) == []
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"image": b"no picture at all"}, "That file is not a picture"),
        ({"image": a_png(32, 32)}, "too small"),
        ({"image": a_png(), "picture": "#1"}, "either a file or one of your pictures"),
        ({"picture": "#77"}, "I know no such picture"),
        ({"picture": "the fox"}, "I know no such picture"),
        ({"picture": "f" * 24 + ".0"}, "I know no such picture"),
    ],
)
async def test_what_cannot_be_edited_is_refused_to_the_caller_alone(
    environment: BotEnvironment, options: dict[str, object], sentence: str
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await bot.ada.command(bot.channel, "edit", instruction="a hat", **options)
        assert (await said(handle, sentence)).is_ephemeral
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 0


async def test_nothing_is_downloaded_for_who_cannot_pay_the_cheapest_picture(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, fetched = Downloads.fetch, []

    async def noted(downloads: Downloads, address: str, reserve: Reserve) -> bytes:
        fetched.append(address)
        return await fetch(downloads, address, reserve)

    monkeypatch.setattr(Downloads, "fetch", noted)
    async with environment.running_bot(ScriptedEngine(), quota_pictures=1) as bot:
        await imagined(bot)
        for command, options in (("edit", {"instruction": "a hat"}), ("variations", {})):
            values: dict[str, object] = {**options, "image": a_png(seed=2)}
            handle = await bot.ada.command_with(bot.channel, command, values)
            await said(handle, "You have 0 of 1 pictures left for now")
        assert fetched == []
        # Whether the member has enough quota left is known only with the price, and that requires the file.
        handle = await bot.bob.command(bot.channel, "edit", instruction="a hat", image=a_png(seed=2))
        await said(handle, "You have 1 of 1 pictures left for now")
        assert len(fetched) == 1
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 1
