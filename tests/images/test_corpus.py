"""Every file of the corpus ends in the right picture or the right refusal."""

import random

import pytest

from kleinbot.domain.errors import Refusal
from kleinbot.domain.pixels import Pixels
from kleinbot.images.decode import decode_bytes
from kleinbot.images.limits import check_size
from tests.images.cases import Case, Ends, Refused, Shown
from tests.images.corpus_colour import colour_cases
from tests.images.corpus_hostile import hostile_cases
from tests.images.corpus_odd import odd_cases
from tests.images.corpus_siblings import sibling_cases

pytestmark = pytest.mark.slow

SIBLINGS = list(sibling_cases())
CASES = [*odd_cases(), *colour_cases(), *hostile_cases()]


def outcome_of(data: bytes) -> Pixels | Refusal:
    try:
        return decode_bytes(data)
    except Refusal as refusal:
        return refusal


def fits(outcome: Pixels | Refusal, wanted: Shown | Refused | Ends) -> bool:
    if isinstance(wanted, Ends):
        return True
    if isinstance(wanted, Refused):
        return (
            isinstance(outcome, Refusal)
            and outcome.code is wanted.code
            and all(outcome.parameters[name] == value for name, value in wanted.parameters)
        )
    if isinstance(outcome, Refusal) or (outcome.width_px, outcome.height_px) != (
        wanted.width_px,
        wanted.height_px,
    ):
        return False
    last = outcome.width_px - 1
    below = outcome.height_px - 1
    return all(
        abs(channel - expected) <= wanted.tolerance
        for place, corner in zip(((0, 0), (last, 0), (0, below), (last, below)), wanted.corners, strict=True)
        for channel, expected in zip(pixel(outcome, *place), corner, strict=True)
    )


def pixel(pixels: Pixels, column: int, row: int) -> bytes:
    start = 3 * (row * pixels.width_px + column)
    return pixels.rgb[start : start + 3]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_file_ends_in_the_right_picture_or_refusal(case: Case) -> None:
    outcome = outcome_of(case.data)
    told = (
        outcome if isinstance(outcome, Refusal) else (outcome.width_px, outcome.height_px, outcome.rgb[:12])
    )
    assert any(fits(outcome, wanted) for wanted in case.outcomes), f"{told} is none of {case.outcomes}"


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    cases = [*CASES, *SIBLINGS]
    assert len(cases) >= 900
    assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("case", random.Random(7).sample(SIBLINGS, 120), ids=lambda case: case.name)
def test_a_sibling_ends_in_a_picture_within_the_limits_or_a_refusal(case: Case) -> None:
    """A sample; ``python -m tests.images.hostile`` goes through all, and the slow ones too."""
    outcome = outcome_of(case.data)
    if isinstance(outcome, Pixels):
        check_size(outcome.width_px, outcome.height_px)


def test_the_same_file_gives_the_same_pixels() -> None:
    for case in random.Random(7).sample(CASES, 60):
        if isinstance(case.outcomes[0], Shown):
            assert outcome_of(case.data) == outcome_of(case.data), case.name
