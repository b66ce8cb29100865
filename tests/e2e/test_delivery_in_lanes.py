"""What cannot be read, sent or handed over costs nobody else anything, and has an end."""

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.running_bot import House, Stage, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
SIXTEEN_MINUTES_S = 16 * 60


def _unreadable(stage: Stage, file: str) -> None:
    """Make reading ``file`` fail with an error of the system, as EIO and EACCES do."""
    path = stage.folder / "archive" / file
    path.unlink()
    path.mkdir()


async def _files(house: House) -> list[str]:
    rows = await house.app.container.base.database.read.all(
        "SELECT file FROM images ORDER BY finished_ms, position"
    )
    return [row[0] for row in rows]


async def _kept(house: House) -> None:
    """Take every result back from Discord's side: what was sent is kept for its member again."""
    async with house.app.container.base.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'kept', attempts = 0")
        await transaction.change("DELETE FROM posted_images")


async def _sent(house: House, count: int) -> None:
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", count)


async def test_of_four_pictures_the_readable_three_arrive_and_the_fourth_is_told(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        handle = await house.ada.command(house.channel, "imagine", prompt="a fox", count=4)
        await engine.started.wait()
        house.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=1)
        engine.gate.set()
        await house.until("SELECT attempts FROM outbox", 1)
        _unreadable(stage, (await _files(house))[1])
        house.clock.advance(5)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert len(done.pictures) == 3
        assert "Picture 2 could not be read from the archive just now. Nothing is lost by that:" in done.text
        assert "try /show #1 later." in done.text
        await _sent(house, 1)


async def test_a_kept_result_that_cannot_be_read_does_not_block_the_next_one(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        for count in (1, 2):
            await house.ada.command(house.channel, "imagine", prompt=f"fox {count}")
            await _sent(house, count)
        _unreadable(stage, (await _files(house))[0])
        await _kept(house)
        handle = await house.ada.command(house.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await handle.message_where(lambda m: "Picture 1 could not be read" in m.text, timeout_s=QUICK_S)
        await _sent(house, 2)
        listed = await house.ada.command(house.channel, "history")
        page = await listed.message_where(lambda m: "fox 2" in m.text, timeout_s=QUICK_S)
        assert "fox 1" in page.text
        assert len(page.pictures) == 1


async def test_a_kept_result_that_discord_refuses_comes_last_at_the_next_command(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        for count in range(1, 5):
            await house.ada.command(house.channel, "imagine", prompt=f"fox {count}")
            await _sent(house, count)
        await _kept(house)
        house.standin.break_next("POST /webhooks/*", status=400, code=0, times=3)
        await house.ada.command(house.channel, "queue")
        await house.until("SELECT SUM(attempts) FROM outbox WHERE state = 'kept'", 3)
        handle = await house.ada.command(house.channel, "queue")
        await handle.message_where(lambda m: "fox 4" in m.text and bool(m.pictures), timeout_s=QUICK_S)
        await _sent(house, 3)
        await house.ada.command(house.channel, "queue")
        await _sent(house, 4)


@pytest.mark.parametrize("status", [400, 503])
async def test_what_discord_never_takes_is_kept_after_a_while_and_handed_over(
    stage: Stage, status: int
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        await house.ada.command(house.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        house.standin.break_next("POST /channels/*/messages", status=status, code=0, times=10_000)
        async with (
            house.app.container.base.database.transaction() as transaction
        ):  # as after an hour of attempts
            await transaction.change(
                "CREATE TRIGGER old AFTER INSERT ON outbox BEGIN"
                " UPDATE outbox SET refused = ? WHERE outbox_id = NEW.outbox_id; END".replace(
                    "?", "20" if status == 503 else "5"
                )
            )
        house.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert await house.number("SELECT -SUM(amount_tenths) FROM ledger") == 10
        handle = await house.ada.command(house.channel, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert "This could not be delivered earlier:" in handed.text
        assert await house.number("SELECT -SUM(amount_tenths) FROM ledger") == 10


async def test_hanging_uploads_of_one_channel_hold_up_no_other(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        elsewhere = house.standin.world.add_channel(house.server, "elsewhere")
        hanging = [await house.ada.command(house.channel, "imagine", prompt=f"slow {i}") for i in range(4)]
        for handle in hanging:
            await handle.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        # The client waits as long as it is told to, as it does where a line takes no bytes any more.
        house.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0, times=4)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox", 4)
        for _ in range(4):
            await house.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        quick = await house.bob.command(elsewhere, "imagine", prompt="quick")
        await quick.message_where(has_pictures, timeout_s=QUICK_S)
        same = await house.bob.command(house.channel, "imagine", prompt="same channel")
        await house.until("SELECT COUNT(*) FROM outbox", 6)
        house.clock.advance(6)  # the four are slow from here on
        await same.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, 2)
        house.clock.advance(181)
        await house.until("SELECT SUM(attempts) FROM outbox", 4)


async def test_an_attempt_that_never_ends_is_cut_off_and_made_again(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        handle = await house.ada.command(house.channel, "imagine", prompt="slow")
        await engine.started.wait()
        house.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0, times=1)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox", 1)
        await house.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        house.clock.advance(181)
        await house.until("SELECT attempts FROM outbox", 1)
        assert await house.number("SELECT refused FROM outbox") == 0
        house.clock.advance(2)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, 1)


async def test_a_message_with_what_was_deleted_meanwhile_goes_at_once(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        handle = await house.ada.command(house.channel, "imagine", prompt="a fox")
        await engine.started.wait()

        def gone(message: ShownMessage) -> bool:
            return message.id not in {each.id for each in house.channel.messages}

        async with house.app.container.base.database.transaction() as transaction:
            await transaction.change(
                "CREATE TRIGGER deleted AFTER INSERT ON outbox BEGIN"
                " UPDATE jobs SET deleted_ms = 1, deleted_by = 1 WHERE job_id = NEW.job_id; END"
            )
        engine.gate.set()
        done = await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        await _sent(house, 1)
        await house.until("SELECT COUNT(*) FROM removals", 0)
        await house.standin.exchange_where(
            lambda exchange: exchange.method == "DELETE" and exchange.path.endswith(f"/{done.id}"),
            timeout_s=QUICK_S,
        )
        assert gone(done)
