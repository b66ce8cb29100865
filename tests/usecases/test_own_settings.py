"""What holds where a member's command leaves an option out."""

from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.requests import ImagineRequest, TypedImagine
from tests.usecase_harness import ADA, BOB, UseCaseHarness


async def test_what_a_member_chose_holds_where_an_option_is_left_out(harness: UseCaseHarness) -> None:
    choices = harness.usecases.privacy.choices
    assert await choices.imagine(ADA, TypedImagine("a fox")) == ImagineRequest("a fox")
    await choices.choose_aspect(ADA, Aspect.WIDE_16_9)
    await choices.choose_count(ADA, 3)
    found = await choices.choose_private(ADA, private=True)
    assert (found.chosen.aspect, found.chosen.count, found.chosen.private) == (Aspect.WIDE_16_9, 3, True)
    expected = ImagineRequest("a fox", Aspect.WIDE_16_9, 3, None, True)
    assert await choices.imagine(ADA, TypedImagine("a fox")) == expected
    typed = TypedImagine("a fox", Aspect.SQUARE, 1, 7, False)
    assert await choices.imagine(ADA, typed) == ImagineRequest("a fox", Aspect.SQUARE, 1, 7, False)
    assert [await choices.private(ADA, asked) for asked in (None, False, True)] == [True, False, True]


async def test_settings_are_of_one_member_in_one_server(harness: UseCaseHarness) -> None:
    choices = harness.usecases.privacy.choices
    await choices.choose_count(ADA, 4)
    await choices.choose_previews(ADA, shown=False)
    elsewhere = replace(ADA, server_id=ADA.server_id + 1)
    for other in (BOB, elsewhere):
        assert await choices.imagine(other, TypedImagine("a fox")) == ImagineRequest("a fox")
        assert await choices.private(other, None) is None
    found = await choices.mine(ADA)
    assert (found.chosen.count, found.chosen.previews) == (4, False)


@pytest.mark.parametrize("count", [0, 5, -1])
async def test_a_count_that_is_not_possible_is_refused(harness: UseCaseHarness, count: int) -> None:
    with pytest.raises(Refusal) as refused:
        await harness.usecases.privacy.choices.choose_count(ADA, count)
    assert refused.value.code is Code.COUNT_OUT_OF_RANGE
