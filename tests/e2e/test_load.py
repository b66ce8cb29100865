"""A sample of the load that ``python -m tests.e2e.load`` puts on the bot."""

import random

from tests.e2e.load import ACTIONS, Load, Outcome, add_load_servers
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine

LONGEST_WAIT_S = 60.0
"""The suite may run on a busy machine; the program itself measures what is fast enough."""


async def test_whatever_a_sample_of_the_load_does_is_answered(environment: BotEnvironment) -> None:
    environment.standin.limits.acknowledge_s = LONGEST_WAIT_S
    load = Load(
        environment.standin, add_load_servers(environment.standin, members=40, servers=2), random.Random(1)
    )
    async with environment.running_bot(ScriptedEngine()) as bot:
        outcomes = [await load.act(rate=25.0, seconds=seconds) for seconds in (0.5, 1.5)]
        assert not any(outcome.unanswered for outcome in outcomes)
        assert {name for outcome in outcomes for name in outcome.actions} == ACTIONS.keys()
        asked = sum(outcome.actions["imagine"] for outcome in outcomes)
        assert await bot.number("SELECT COUNT(DISTINCT prompt) FROM jobs") == asked


def test_a_rate_holds_while_all_are_answered_and_99_in_a_hundred_within_a_second() -> None:
    def outcome(*waits_s: float) -> Outcome:
        return Outcome(1.0, 1.0, list(waits_s), behind_s=0.0)

    assert outcome(*[0.5] * 99, 2.9).holds
    assert not outcome(*[0.5] * 98, 1.0, 2.9).holds
    assert not outcome(*[0.5] * 199, float("inf")).holds
    assert outcome(*[0.5] * 199, float("inf")).unanswered == 1
    assert outcome(0.3, 0.1, 0.2).quantile_s(0.5) == 0.2
