"""One rule for the number by which people name a job: each command takes what any of them took before."""

import pytest

from kleinbot.chat.core.typed_names import TypedNumber, typed_image_key, typed_job_id, typed_number
from kleinbot.chat.create.handlers import picture_name
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.requests import PictureReference

JOB_ID = "0123456789abcdef01234567"

NUMBERS = {
    "412": TypedNumber(412),
    "#412": TypedNumber(412),
    " #412 ": TypedNumber(412),
    "\t412\n": TypedNumber(412),
    "#412 a red fox": TypedNumber(412),
    "#412 a red fox\nat night": TypedNumber(412),
    "412, a fox": TypedNumber(412),
    "412-a": TypedNumber(412),
    "412/": TypedNumber(412),
    "412/2": TypedNumber(412, "2"),
    "#412.3": TypedNumber(412, "3"),
    "#412/2 a red fox": TypedNumber(412, "2"),
    "412/7": TypedNumber(412, "7"),
    "999999999": TypedNumber(999_999_999),
    "0": TypedNumber(0),
}
NO_NUMBERS = ("", "#", "fox", "##412", "# 412", "412abc", "412_2", "1234567890", "-412", JOB_ID, "x 412")


@pytest.mark.parametrize("typed", NUMBERS)
def test_a_number_is_read(typed: str) -> None:
    assert typed_number(typed) == NUMBERS[typed]


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_anything_else_is_no_number(typed: str) -> None:
    assert typed_number(typed) is None


@pytest.mark.parametrize("typed", [JOB_ID, f" {JOB_ID}\n"])
def test_a_choices_key_is_read(typed: str) -> None:
    assert typed_job_id(typed) == JOB_ID


@pytest.mark.parametrize("typed", [JOB_ID[1:], JOB_ID.upper(), f"{JOB_ID}.0", f"{JOB_ID} fox", "412"])
def test_anything_else_is_no_key(typed: str) -> None:
    assert typed_job_id(typed) is None


def test_the_key_of_an_image_is_read() -> None:
    assert typed_image_key(f" {JOB_ID}.3 ") == (JOB_ID, 3)
    assert typed_image_key(f"{JOB_ID}.4") is None
    assert typed_image_key(JOB_ID) is None


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        (f"{JOB_ID}.2", PictureReference(job_id=JOB_ID, position=2)),
        ("#412/4 a red fox", PictureReference(number=412, position=3)),
        ("412.1", PictureReference(number=412, position=0)),
        (" 412 a fox", PictureReference(number=412)),
        ("412, a fox", PictureReference(number=412)),
    ],
)
def test_a_picture_is_named(typed: str, reference: PictureReference) -> None:
    assert picture_name(typed) == reference


@pytest.mark.parametrize("typed", ["412/0", "412/5", "412/7", "412/2x", "412.png", "fox", JOB_ID])
def test_a_name_that_no_picture_can_have_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        picture_name(typed)
    assert refused.value.code is Code.PICTURE_UNKNOWN
