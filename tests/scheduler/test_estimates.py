"""How far off told starts were, whichever way."""

from kleinbot.scheduler.estimates import EndErrors, ErrorSpread, EstimateErrors


def test_what_starts_early_is_as_wrong_as_what_starts_late() -> None:
    errors = EstimateErrors()
    errors.note_estimate("early", 10_000)
    errors.note_estimate("late", 10_000)
    assert errors.started("early", 4_000) == -6.0
    assert errors.started("late", 12_000) == 2.0
    assert errors.spread == ErrorSpread(2, 2.0, 6.0)


def test_all_but_a_twentieth_of_the_last_thousand_count() -> None:
    errors = EstimateErrors()
    for number in range(1_101):
        errors.note_estimate(str(number), 0)
        errors.started(str(number), number * 1_000)
    assert errors.spread == ErrorSpread(1_000, 601.0, 1_050.0)


def test_a_job_that_ends_early_is_as_wrong_as_one_that_ends_late() -> None:
    assert EndErrors.of([-6_000, 2_000, 1_000]) == EndErrors(3, 2.0, 6.0)
    assert EndErrors.of([]) == EndErrors(0, 0.0, 0.0)
