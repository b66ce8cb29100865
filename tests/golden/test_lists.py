"""What people, files and databases have seen is what the program says today."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.golden import product
from tests.golden.lists import FOLDER, HOW_TO_CHANGE, LISTS, as_text
from tests.golden.running import NAMES, running_lists


def _written(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", LISTS)
def test_the_program_says_what_the_list_says(name: str, tmp_path: Path) -> None:
    assert json.loads(as_text(LISTS[name](tmp_path))) == _written(name), HOW_TO_CHANGE.format(name=name)


async def test_a_running_bot_says_and_leaves_what_the_lists_say(tmp_path: Path) -> None:
    today = await running_lists(tmp_path)
    assert today.keys() == set(NAMES)
    for name, content in today.items():
        assert json.loads(as_text(content)) == _written(name), HOW_TO_CHANGE.format(name=name)


def test_no_list_is_left_over_and_none_is_missing() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == {*LISTS, *NAMES}


@pytest.mark.parametrize("name", [*LISTS, *NAMES])
def test_writing_a_list_that_has_not_changed_leaves_its_file_as_it_is(name: str) -> None:
    assert as_text(_written(name)) == (FOLDER / f"{name}.json").read_text("utf-8")


def test_every_kind_of_button_has_an_example() -> None:
    examples = _written("custom_ids")["buttons"]
    for pattern in product.kinds_of_buttons():
        assert any(re.fullmatch(pattern, example) for example in examples), pattern
