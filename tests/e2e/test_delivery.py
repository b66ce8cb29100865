"""Results arrive once, whatever has gone meanwhile."""

import pytest

from kleinbot.sandbox import InteractionHandle, ShownMessage
from tests.e2e.running_bot import House, Stage, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
SIXTEEN_MINUTES_S = 16 * 60


async def _held(
    house: House, engine: ScriptedEngine, **options: object
) -> tuple[InteractionHandle, ShownMessage]:
    """Have a job accepted that is not drawn before the test lets it."""
    engine.gate.clear()
    handle = await house.ada.command(house.channel, "imagine", **options)
    waiting = await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
    await engine.started.wait()
    return handle, waiting


async def _sent(house: House, way: str) -> None:
    await house.until(f"SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = '{way}'", 1)


async def test_shortly_before_the_token_dies_it_is_no_longer_relied_on(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        _, waiting = await _held(house, engine, prompt="a fox")
        house.clock.advance(14.5 * 60)
        engine.gate.set()
        late = await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        await _sent(house, "channel")


async def test_after_the_token_has_died_the_result_is_a_channel_message(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        _, waiting = await _held(house, engine, prompt="a fox", count=2)
        house.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        late = await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        assert f"<@{house.ada.id}>, your pictures are ready." in late.text
        assert len(late.pictures) == 2
        await _sent(house, "channel")
        (post,) = house.standin.exchanges_of("POST", "/channels/*/messages")
        assert post.body["allowed_mentions"]["users"] == [house.ada.id]
        assert post.body["enforce_nonce"] is True


async def test_a_message_that_was_deleted_meanwhile_is_replaced_by_a_channel_message(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        _, waiting = await _held(house, engine, prompt="a fox")
        house.standin.delete_message(waiting)
        engine.gate.set()
        late = await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        await _sent(house, "channel")


@pytest.mark.parametrize("how", ["deleted", "denied"])
async def test_where_no_way_is_open_the_result_is_handed_over_at_the_next_command(
    stage: Stage, how: str
) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        elsewhere = house.standin.world.add_channel(house.server, "elsewhere")
        await _held(house, engine, prompt="a fox")
        house.clock.advance(SIXTEEN_MINUTES_S)
        if how == "deleted":
            house.standin.delete_channel(house.channel)
        else:
            house.standin.deny(house.channel, "send_messages")
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        handle = await house.ada.command(elsewhere, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral
        await _sent(house, "handed_over")
        again = await house.ada.command(elsewhere, "queue")
        await again.message_where(lambda m: "nothing in line" in m.text, timeout_s=QUICK_S)
        assert not any(message.pictures for message in again.messages)


async def test_a_private_result_never_goes_to_the_channel(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _held(house, engine, prompt="a secret", private=True)
        house.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert house.channel.messages == []
        other = await house.bob.command(house.channel, "queue")
        await other.message_where(lambda m: "nothing in line" in m.text, timeout_s=QUICK_S)
        assert not any(message.pictures for message in other.messages)
        mine = await house.ada.command(house.channel, "queue")
        handed = await mine.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral


def _shown(house: House) -> int:
    """Return how many messages that anybody sees show pictures."""
    return sum(bool(message.pictures) for message in house.channel.log.values())


async def _kept_secret(house: House, engine: ScriptedEngine) -> None:
    """Make a private result that no way can deliver."""
    await _held(house, engine, prompt="a secret", private=True, count=2)
    house.clock.advance(SIXTEEN_MINUTES_S)
    engine.gate.set()
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_hand_over_whose_answer_is_lost_shows_its_pictures_once(stage: Stage, is_done: bool) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _kept_secret(house, engine)
        house.standin.hang_next_upload(0.0, is_done=is_done)
        await house.ada.command(house.channel, "queue")
        await _sent(house, "handed_over")
        assert _shown(house) == 1
        assert await house.number("SELECT COUNT(*) FROM hand_overs") == 0
        assert await house.number("SELECT COUNT(*) FROM posted_images") == 2


async def test_what_a_process_handed_over_just_before_its_end_is_found_by_the_next_one(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _kept_secret(house, engine)
        house.standin.hang_next_upload(QUICK_S, is_done=True)
        handle = await house.ada.command(house.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await house.number("SELECT COUNT(*) FROM outbox WHERE state = 'kept'") == 1
    async with stage.house(ScriptedEngine()) as house:
        await _sent(house, "handed_over")
        assert _shown(house) == 1
        assert await house.number("SELECT COUNT(*) FROM posted_images") == 2


async def test_where_nobody_can_tell_any_more_whether_it_was_shown_it_is_shown_again(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _kept_secret(house, engine)
        for _ in range(2):
            house.standin.hang_next_upload(0.0, is_done=False)
        await house.ada.command(house.channel, "queue")
        await house.until("SELECT attempts FROM outbox WHERE state = 'kept'", 1)
        house.clock.advance(SIXTEEN_MINUTES_S)  # and the token of that command is dead, too
        handle = await house.ada.command(house.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, "handed_over")


async def test_an_error_of_discord_is_tried_again(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        handle, _ = await _held(house, engine, prompt="a fox")
        house.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=2)
        engine.gate.set()
        await house.until("SELECT attempts FROM outbox", 1)
        house.clock.advance(5)
        await house.until("SELECT attempts FROM outbox", 2)
        house.clock.advance(10)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, "reply")
        assert house.channel.messages[-1].pictures


async def test_a_message_whose_answer_was_lost_is_not_posted_twice(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _held(house, engine, prompt="a fox")
        house.clock.advance(SIXTEEN_MINUTES_S)
        house.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        house.clock.advance(60)
        await _sent(house, "channel")
        assert sum(bool(message.pictures) for message in house.channel.messages) == 1


async def test_a_file_that_has_gone_is_said_and_the_rest_is_delivered(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        handle, _ = await _held(house, engine, prompt="a fox", count=2)
        house.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=1)
        engine.gate.set()
        await house.until("SELECT attempts FROM outbox", 1)
        (row,) = await house.app.container.base.database.read.all(
            "SELECT file FROM images WHERE position = 0"
        )
        (stage.folder / "archive" / row[0]).unlink()
        house.clock.advance(5)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert len(done.pictures) == 1
        assert "Picture 1 is no longer in the archive." in done.text
