"""Scales pictures to the model's input size."""

import math
from dataclasses import dataclass

from PIL import Image

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX
from kleinbot.domain.pictures import Pixels
from kleinbot.images.decode import pixels_of

_SMALL_AREA_SHARE = 0.75
"""An edited picture with less than this share of the area is scaled up: an edit has its reference's size, and
nobody wants a 128 px edit of an avatar. A larger picture keeps its pixels, so that an edit of one of our own
pictures (98 % of the area or more) uses exactly that picture."""


@dataclass(frozen=True)
class Sizing:
    """The most tokens of 16×16 px of a picture, and whether a small one is scaled up to nearly as many.

    Further references keep their size, as in Black Forest Labs' and diffusers' own pipelines: scaling up adds
    no detail, and each token costs time and price.
    """

    max_tokens: int = MAX_OUTPUT_TOKENS
    upscales: bool = True


_DEFAULT_SIZING = Sizing()


def to_reference(pixels: Pixels, sizing: Sizing = _DEFAULT_SIZING) -> Pixels:
    """Return ``pixels`` scaled to at most the tokens of ``sizing``, with both sides multiples of 16.

    Pixel-identical to diffusers' Flux2KleinPipeline for pictures above its 1024² and for those that it does
    not scale (``Flux2ImageProcessor._resize_to_target_area`` and ``_resize_and_crop``).
    """
    image = Image.frombytes("RGB", (pixels.width_px, pixels.height_px), pixels.rgb)
    return pixels_of(fitted(image, sizing))


def fitted(image: Image.Image, sizing: Sizing) -> Image.Image:
    """Return ``image`` scaled as by ``to_reference``."""
    target_area = sizing.max_tokens * TOKEN_PX * TOKEN_PX
    area = image.width * image.height
    if area > target_area or (sizing.upscales and area < _SMALL_AREA_SHARE * target_area):
        scale = math.sqrt(target_area / area)
        # At least one token per side; it matters only for limits below 8 tokens.
        size = (max(TOKEN_PX, int(image.width * scale)), max(TOKEN_PX, int(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    width, height = (side // TOKEN_PX * TOKEN_PX for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
