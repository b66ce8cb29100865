"""The bounds of the built-in rules on composed phrases; ``tests.content.judge`` prints the figures."""

import pytest

from tests.content.judge import LEAST_RECALL, MOST_FALSE_REFUSALS, judge
from tests.content.phrases import LANGUAGES, SETS, composed


@pytest.mark.parametrize("which", SETS)
def test_recall_and_false_refusals_are_within_their_bounds(which: str) -> None:
    phrases = composed(which)
    assert len(phrases) >= 400
    for language in LANGUAGES:
        verdict = judge(phrase for phrase in phrases if phrase.language == language)
        assert verdict.bad == verdict.harmless
        assert verdict.recall >= LEAST_RECALL
        assert verdict.false_refusals <= MOST_FALSE_REFUSALS
