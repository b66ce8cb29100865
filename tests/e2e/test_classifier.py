"""The whole bot with a tiny classifier of the published layout, which blocks what is red."""

from pathlib import Path

from kleinbot.domain.pictures import Pixels
from kleinbot.domain.ports.picture_judge import JudgePhase
from kleinbot.domain.work import RenderTask, StageSeconds
from tests.classifier.tiny import write_classifier
from tests.e2e.pictures import result, said
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine

_SENTENCE = "not pass the automatic check here"


def _drawn(task: RenderTask) -> Pixels:
    grid, is_red = task.spec.grid, task.spec.prompt == "all red" or task.key.position == 1
    colour = b"\xff\x00\x00" if is_red else b"\x00\xff\x00"
    return Pixels(grid.width_px, grid.height_px, colour * (grid.width_px * grid.height_px))


async def test_what_is_blocked_is_seen_by_nobody_and_costs_nothing(
    environment: BotEnvironment, tmp_path: Path
) -> None:
    engine = ScriptedEngine()
    engine.draw = _drawn
    engine.seconds = StageSeconds(2.0, 20.0, 2.0)  # long enough for a preview
    folder = write_classifier(tmp_path / "classifier")
    async with environment.running_bot(engine, classifier=folder) as bot:
        asked = await bot.ada.command(bot.channel, "imagine", prompt="all red")
        await said(asked, f"One picture does {_SENTENCE}")
        two = await result(await bot.bob.command(bot.channel, "imagine", prompt="two", count=2))
        assert f"One picture does {_SENTENCE}" in two.text
        assert not any(task.previews for batch in engine.batches for task in batch)
        assert await bot.number("SELECT COUNT(*) FROM images WHERE file IS NOT NULL") == 1
        stored = [path for path in environment.folder.rglob("*.png") if path.is_file()]
        assert len(stored) == 1
        assert await bot.number("SELECT SUM(amount_tenths) FROM ledger") == -10
        assert await bot.number("SELECT COUNT(*) FROM audit WHERE action = 'picture-blocked'") == 2
        state = bot.app.container.base.judge.state
        assert (state.phase, state.blocked, state.passed) == (JudgePhase.READY, 2, 1)
        admin = environment.standin.world.add_member(environment.server, "adm", permissions=("manage_guild",))
        await said(await admin.command(bot.channel, "admin audit"), "was blocked by the automatic check")
        await said(await admin.command(bot.channel, "admin doctor"), "A classifier of the host looks at each")
        await said(await bot.bob.command(bot.channel, "privacy policy"), "looks at each picture that I draw")
