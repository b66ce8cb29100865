"""A request that can never fit in memory is refused, and the refusal states what would fit."""

from collections.abc import Sequence

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.reference import Role
from kleinbot.texts import Texts
from kleinbot.usecases.capacity_check import require_fit
from kleinbot.usecases.recipes import Draft, Input, Options
from tests.usecase_harness import ADA, UseCaseHarness, reply

SQUARE = Grid(64, 64)


class Tokens:
    """A GPU that holds so many tokens, including those of references."""

    def __init__(self, most: int) -> None:
        self._most = most

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        return self._most // (grid.tokens + sum(each.tokens for each in references))


def _refused(most: int, references: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        require_fit(Tokens(most), SQUARE, [SQUARE] * references)
    return caught.value


def test_what_fits_once_is_let_through() -> None:
    require_fit(Tokens(2 * 4096), SQUARE, [SQUARE])


def test_fewer_input_pictures_are_offered_first() -> None:
    refusal = _refused(3 * 4096, 4)
    assert refusal.parameters["fits"] == 2
    assert "2" in Texts().error(refusal, "en-US")


def test_else_a_smaller_size_without_any() -> None:
    refusal = _refused(2500, 1)
    assert (refusal.parameters["fits"], refusal.parameters["fits_size"]) == (0, "784×784")
    assert "Without input pictures, 784×784 does." in Texts().error(refusal, "en-US")


@pytest.mark.parametrize("locale", ["en-US", "de"])
@pytest.mark.parametrize(("most", "references"), [(0, 0), (0, 3), (2500, 0), (2 * 4096, 2), (3 * 4096, 4)])
def test_each_case_is_a_whole_sentence(locale: str, most: int, references: int) -> None:
    sentence = Texts().error(_refused(most, references), locale)
    assert "{" not in sentence
    assert "none" not in sentence
    assert "  " not in sentence


async def test_a_job_that_does_not_fit_is_neither_stored_nor_charged(cramped: UseCaseHarness) -> None:
    with pytest.raises(Refusal) as caught:
        await cramped.imagine()
    assert caught.value.code is Code.DOES_NOT_FIT
    assert await cramped.database.read.number("SELECT COUNT(*) FROM jobs") == 0
    assert await cramped.spent_tenths() == 0
    assert cramped.metrics.refusals == [Code.DOES_NOT_FIT]


async def test_an_edit_is_judged_with_its_input_pictures(tight: UseCaseHarness) -> None:
    await tight.imagine()
    grid = Grid(16, 16)
    draft = Draft(JobSpec(JobKind.EDIT, "a hat", grid), (Input(Role.REFERENCE, b"a png", grid),))
    with pytest.raises(Refusal) as caught:
        await tight.submit.accept(ADA, draft, Options(1, None, private=False), reply(tight.clock))
    assert caught.value.code is Code.DOES_NOT_FIT
    assert caught.value.parameters["inputs"] == 1
    assert await tight.database.read.number("SELECT COUNT(*) FROM jobs") == 1
    assert await tight.spent_tenths() == 10
