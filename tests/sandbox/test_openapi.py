"""The checker against Discord's OpenAPI document."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.sandbox import Exchange
from tests.openapi import VARIABLE, Checker
from tests.sandbox.conftest import Scene

needs_document = pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} is not set")


def test_the_document_may_be_absent_but_not_in_ci() -> None:
    assert not Checker.from_environment({}).is_active
    with pytest.raises(RuntimeError, match=VARIABLE):
        Checker.from_environment({"CI": "true"})


async def recorded(scene: Scene) -> Exchange:
    handle = await scene.ada.command(scene.channel, "imagine", prompt="a fox")
    await handle.message_where(lambda each: each.buttons)
    return await scene.standin.exchange_where(lambda each: each.method == "PATCH" and each.status == 200)


@needs_document
@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"content": "x" * 2001}, "is too long"),
        ({"kontent": "x"}, "'kontent' was unexpected"),
        ({"components": [{"type": 1, "components": [{"type": 2, "style": 9}]}]}, "components"),
        ({"allowed_mentions": {"parse": ["all"]}}, "all"),
    ],
)
async def test_what_the_bot_sends_is_checked(scene: Scene, change: dict[str, object], finding: str) -> None:
    exchange = await recorded(scene)
    checker = Checker(Path(os.environ[VARIABLE]))
    checker.check(exchange)
    assert checker.findings == []
    checker.check(replace(exchange, body=exchange.body | change))
    assert finding in checker.findings[0]


@needs_document
async def test_what_the_stand_in_answers_is_checked(scene: Scene) -> None:
    exchange = await recorded(scene)
    checker = Checker(Path(os.environ[VARIABLE]))
    checker.check(
        replace(exchange, answer={key: exchange.answer[key] for key in exchange.answer if key != "flags"})
    )
    checker.check(replace(exchange, answer=exchange.answer | {"flaggs": 1}))
    checker.check(replace(exchange, route="/nowhere"))
    assert len(checker.findings) == 3
