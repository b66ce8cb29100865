"""The names of posted files: new ones carry the job's key, old ones stay readable."""

from dataclasses import replace

import pytest

from kleinbot.chat.delivery.splitting import position_named
from kleinbot.chat.results.result_view import file_prefix
from tests.chat.test_recipe_text import JOB as ANY_JOB

CREATED_S = 1_790_000_000
JOB = replace(ANY_JOB, number=7, job_id=f"3f9ac1d2{'0' * 16}", created_ms=CREATED_S * 1000)


def test_a_name_carries_the_number_and_the_beginning_of_the_key() -> None:
    assert file_prefix(JOB) == "kleinbot-7-3f9ac1d2-"


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("kleinbot-7-3f9ac1d2-1.png", 0),
        ("kleinbot-7-3f9ac1d2-3.webp", 2),
        ("kleinbot-7-1.png", 0),
        ("kleinbot-7-ffffffff-1.png", None),
        ("kleinbot-77-1.png", None),
        ("kleinbot-7-3f9ac1d2-1-small.webp", None),
    ],
)
def test_old_and_new_names_are_found_and_no_others(name: str, position: int | None) -> None:
    assert position_named(JOB, name, CREATED_S + 5) == position


def test_an_old_name_from_long_before_the_job_is_another_jobs() -> None:
    assert position_named(JOB, "kleinbot-7-1.png", CREATED_S - 3700) is None
    assert position_named(JOB, "kleinbot-7-3f9ac1d2-1.png", CREATED_S - 3700) == 0
