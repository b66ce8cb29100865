"""Pictures at the size in which the model looks at them."""

import math
from dataclasses import dataclass

from PIL import Image

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX
from kleinbot.domain.pictures import Pixels
from kleinbot.images.decode import pixels_of

_SMALL = 0.75
"""Below this share of the area a picture that is edited is scaled up: an edit has its reference's size, and
nobody wants a 128 px edit of an avatar. Above it pixels stay as they are, so that an edit of one of our own
pictures (98 % of the area or more) sees exactly that picture."""


@dataclass(frozen=True)
class Sizing:
    """At most how many tokens of 16×16 a picture may have, and whether a small one grows to nearly as many.

    What is only looked at keeps its size, as in Black Forest Labs' and diffusers' own pipelines: it would not
    show more, and each further token costs time and price.
    """

    max_tokens: int = MAX_OUTPUT_TOKENS
    grows: bool = True


_AT_MOST = Sizing()


def to_reference(pixels: Pixels, sizing: Sizing = _AT_MOST) -> Pixels:
    """Return ``pixels`` scaled to at most the tokens of ``sizing``, both sides multiples of 16.

    Equal, pixel for pixel, to what diffusers' Flux2KleinPipeline makes of pictures above its 1024² and of
    those that it leaves alone (``Flux2ImageProcessor._resize_to_target_area`` and ``_resize_and_crop``).
    """
    image = Image.frombytes("RGB", (pixels.width_px, pixels.height_px), pixels.rgb)
    return pixels_of(fitted(image, sizing))


def fitted(image: Image.Image, sizing: Sizing) -> Image.Image:
    """Return ``image`` as ``to_reference`` does; for callers that have no Pixels yet."""
    target_area = sizing.max_tokens * TOKEN_PX * TOKEN_PX
    area = image.width * image.height
    if area > target_area or (sizing.grows and area < _SMALL * target_area):
        scale = math.sqrt(target_area / area)
        # At least one token a side: only on hosts whose limit is below 8 tokens can it matter.
        size = (max(TOKEN_PX, int(image.width * scale)), max(TOKEN_PX, int(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    width, height = (side // TOKEN_PX * TOKEN_PX for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
