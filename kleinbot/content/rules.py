"""The built-in rules. They hold in every server and in every language, and nothing switches them off."""

from enum import StrEnum

from kleinbot.content.matching import Matching
from kleinbot.content.tokens import readings_of
from kleinbot.content.word_lists import word_lists
from kleinbot.domain.errors import Code
from kleinbot.domain.job_spec import NO_MARKS, ContentMark

_MARKS = {"age": ContentMark.MINOR, "sexual": ContentMark.SEXUAL, "undressing": ContentMark.SEXUAL}
_JUDGED = frozenset(_MARKS)


class ContentRule(StrEnum):
    """MINORS: nothing sexual with children. OTHERS_PICTURES: nobody in a stranger's picture is sexualised."""

    MINORS = "minors"
    OTHERS_PICTURES = "others-pictures"

    @property
    def code(self) -> Code:
        return Code.CONTENT_MINORS if self is ContentRule.MINORS else Code.CONTENT_OTHERS_PICTURES


def marks_of(text: str) -> ContentMark:
    """Return what a prompt or an instruction speaks of, as far as word lists can tell."""
    marks = NO_MARKS
    for tokens in readings_of(text):
        for category in Matching(word_lists(), tokens).categories(_JUDGED):
            marks |= _MARKS[category]
    return marks


def broken_rule(marks: ContentMark) -> ContentRule | None:
    """Return the rule that a job with these marks breaks; its own prompt's, and those that it inherits."""
    if ContentMark.SEXUAL not in marks:
        return None
    if ContentMark.MINOR in marks:
        return ContentRule.MINORS
    return ContentRule.OTHERS_PICTURES if ContentMark.OUTSIDE in marks else None
