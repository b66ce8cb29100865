"""Every file and request fits, no file is lost or reordered, and labels stay."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kleinbot.domain.noise import NoiseRecipe
from kleinbot.images.embedded_recipe import DIGITAL_SOURCE_TYPE, EmbeddedRecipe, recipe_text
from kleinbot.images.labelled import encode_png
from kleinbot.images.upload import MIB, fit_for_upload, largest_file_bytes, plan_messages
from tests.images.test_labelled import gradient

RECIPE = EmbeddedRecipe("赤い狐", NoiseRecipe(42), 4, 512, 512, "m", "1")
PNG = encode_png(gradient(512, 512, grain=20), RECIPE)


def test_a_file_that_fits_is_sent_as_it_is() -> None:
    sent = fit_for_upload(PNG, len(PNG))
    assert sent.data is PNG
    assert sent.suffix == ".png"


@pytest.mark.parametrize("limit", [len(PNG) - 1, 200_000, 60_000, 8_000])
def test_a_file_that_does_not_fit_is_recompressed_with_its_labels(limit: int) -> None:
    sent = fit_for_upload(PNG, limit)
    assert sent.suffix == ".webp"
    assert len(sent.data) <= limit
    with Image.open(io.BytesIO(sent.data)) as image:
        assert image.format == "WEBP"
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == recipe_text(RECIPE)
        assert DIGITAL_SOURCE_TYPE.encode() in image.info["xmp"]


def test_size_is_given_up_only_after_quality() -> None:
    def width(limit: int) -> int:
        with Image.open(io.BytesIO(fit_for_upload(PNG, limit).data)) as image:
            return image.width

    assert width(len(PNG) // 4) == 512
    assert width(8_000) < 512


def test_a_limit_that_nothing_fits_is_said() -> None:
    with pytest.raises(ValueError, match="no picture fits"):
        fit_for_upload(PNG, 10)


def test_four_large_pictures_are_spread_over_two_messages() -> None:
    assert plan_messages([8 * MIB] * 4, 50 * MIB) == ((0, 1, 2), (3,))


def test_ten_files_go_into_one_message_and_the_eleventh_into_the_next() -> None:
    assert plan_messages([1000] * 11, 10 * MIB) == (tuple(range(10)), (10,))


def test_no_files_need_no_message() -> None:
    assert plan_messages([], 10 * MIB) == ()


def test_a_file_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="file 1"):
        plan_messages([1, 10 * MIB + 1], 10 * MIB)


def test_no_file_may_be_as_large_as_a_request() -> None:
    assert largest_file_bytes(100 * MIB) < 25 * MIB
    assert largest_file_bytes(10 * MIB) == 10 * MIB


@given(st.lists(st.integers(0, 10 * MIB), max_size=40), st.integers(1, 10))
def test_every_plan_is_complete_in_order_and_within_all_limits(sizes: list[int], max_files: int) -> None:
    plan = plan_messages(sizes, 10 * MIB, max_files=max_files)
    assert [index for message in plan for index in message] == list(range(len(sizes)))
    for message in plan:
        assert 1 <= len(message) <= max_files
        assert sum(sizes[index] for index in message) < 25 * MIB
    for message, following in pairwise(plan):
        full = sum(sizes[index] for index in (*message, following[0])) > 25 * MIB - 65536
        assert len(message) == max_files or full, "no message is begun before the one before it is full"
