"""The checker against Discord's OpenAPI document."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.sandbox import Exchange
from tests.openapi import CARRIED, VARIABLE, Checker, document_bytes
from tests.sandbox.conftest import Scene


def test_the_carried_document_is_the_one_that_its_readme_names_and_has_its_licence() -> None:
    readme = (CARRIED.parent / "README.md").read_text("utf-8")
    assert hashlib.sha256(document_bytes()).hexdigest() in readme
    assert "Copyright 2023 Discord" in (CARRIED.parent / "LICENSE").read_text("utf-8")


async def test_the_environment_may_name_another_document(scene: Scene, tmp_path: Path) -> None:
    exchange = await recorded(scene)
    without_routes = document_bytes().replace(b'"/webhooks/', b'"/elsewhere/')
    (tmp_path / "newer.json").write_bytes(without_routes)
    newer = Checker.from_environment({VARIABLE: str(tmp_path / "newer.json")})
    carried = Checker.from_environment({})
    for checker in (newer, carried):
        checker.check(exchange)
    assert len(newer.findings) == 1
    assert carried.findings == []


async def recorded(scene: Scene) -> Exchange:
    handle = await scene.ada.command(scene.channel, "imagine", prompt="a fox")
    await handle.message_where(lambda each: each.buttons)
    return await scene.standin.exchange_where(lambda each: each.method == "PATCH" and each.status == 200)


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
    checker = Checker()
    checker.check(exchange)
    assert checker.findings == []
    checker.check(replace(exchange, body=exchange.body | change))
    assert finding in checker.findings[0]


async def test_what_differs_in_more_than_ids_from_what_has_fitted_is_checked(scene: Scene) -> None:
    exchange = await recorded(scene)
    checker = Checker()
    for id_ in ("1" * 18, "2" * 18):
        checker.check(replace(exchange, answer=exchange.answer | {"id": id_}))
    assert checker.findings == []
    for no_id in ("1" * 17 + "x", int("1" * 18), "id20"):
        checker.check(replace(exchange, answer=exchange.answer | {"id": no_id}))
    assert len(checker.findings) == 3


async def test_what_the_stand_in_answers_is_checked(scene: Scene) -> None:
    exchange = await recorded(scene)
    checker = Checker()
    checker.check(
        replace(exchange, answer={key: exchange.answer[key] for key in exchange.answer if key != "flags"})
    )
    checker.check(replace(exchange, answer=exchange.answer | {"flaggs": 1}))
    checker.check(replace(exchange, route="/nowhere"))
    assert len(checker.findings) == 3
