"""Thumbnails carry the labels of their pictures."""

import io

import pytest
from PIL import Image

from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.images.embedded_recipe import DIGITAL_SOURCE_TYPE, EmbeddedRecipe
from kleinbot.images.labelled import encode_png
from kleinbot.images.thumbnail import thumbnail

RECIPE = EmbeddedRecipe("a fox", NoiseRecipe(41), 4, 512, 256, "klein", "0")
PNG = encode_png(Pixels(512, 256, bytes(512 * 256 * 3)), RECIPE)


def test_it_is_small_and_keeps_its_shape_and_labels() -> None:
    small = Image.open(io.BytesIO(thumbnail(PNG, 128)))
    assert (small.format, small.size) == ("WEBP", (128, 64))
    assert DIGITAL_SOURCE_TYPE.encode() in small.info["xmp"]
    assert "Seed: 41".encode("utf-16-be") in small.info["exif"]


def test_a_damaged_file_raises_what_callers_expect() -> None:
    with pytest.raises(OSError, match=r"truncated|identify"):
        thumbnail(PNG[: len(PNG) // 2], 128)
