"""Converts decoded pictures to 8-bit sRGB on white."""

import io
from collections.abc import Iterator
from functools import cache
from typing import cast

from PIL import Image, ImageChops, ImageCms

from kleinbot.images.colour.matrix_profile import matrix_profile
from kleinbot.images.colour.stated_colour import HDR_TRANSFERS, StatedColour, of_codes

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
"""The profile signature that fits each pixel mode."""

_ROUNDING = 2
_TAG_BYTES = 12
_MAX_TAGS = 100
"""The limit of lcms."""


def to_srgb(image: Image.Image, icc: bytes, colour: StatedColour | None = None) -> Image.Image:
    """Return ``image`` as RGB, converted by the stated colour or else by a usable profile.

    Transparency is composed on white.

    The model's own library drops alpha, which exposes whatever colour lies under a transparent background.
    16-bit samples keep their upper byte. Raises Pillow's errors for a broken palette.
    """
    colours, alpha = _with_alpha_apart(image)
    hdr = _hdr_of_profile(icc)
    if (stated := hdr or colour) is not None:
        rgb = _by_profile(colours.convert("RGB"), matrix_profile(stated) or b"")
    else:
        rgb = _by_profile(colours, icc) if icc else colours
    rgb = rgb if rgb.mode == "RGB" else rgb.convert("RGB")
    if alpha is None:
        return rgb
    white = Image.new("RGB", rgb.size, (255, 255, 255))
    white.paste(rgb, mask=alpha)
    return white


def _with_alpha_apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours as L, RGB or CMYK, and the opacity as L, or None if everything is opaque."""
    if image.mode.startswith("I;16"):
        return _sixteen_bit_grey(image)
    if image.has_transparency_data and image.mode not in ("LA", "PA", "RGBA"):
        image = image.convert("LA" if image.mode in ("1", "L") else "RGBA")
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.mode in ("PA", "RGBA"):
        rgba = image.convert("RGBA")
        return rgba.convert("RGB"), rgba.getchannel("A")
    if image.mode in ("L", "RGB", "CMYK"):
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _sixteen_bit_grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split the samples ourselves, since Pillow's conversion turns all above 255 into white."""
    samples = image.tobytes()
    upper = Image.frombytes("L", image.size, samples, "raw", "L;16")
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return upper, None
    lower = Image.frombytes("L", image.size, samples, "raw", "L;16B")
    high, low = divmod(transparent, 256)
    differs = (
        upper.point([0 if value == high else 255 for value in range(256)]),
        lower.point([0 if value == low else 255 for value in range(256)]),
    )
    return upper, ImageChops.lighter(*differs)


def _by_profile(image: Image.Image, icc: bytes) -> Image.Image:
    """Return ``image`` converted to sRGB, or unchanged if the profile is broken or does not fit.

    Leaves pixels that are already sRGB unchanged, since rounding would alter them by one. A profile's name is
    no proof: names of linear and wide profiles start with "sRGB" too.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(_without_mpet_tags(icc)))
        if profile.profile.xcolor_space != _SPACES[image.mode]:
            return image
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(profile, srgb, image.mode, "RGB")
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return ImageCms.applyTransform(image, transform) or image
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return image


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether ``transform`` leaves colours of the whole cube unchanged up to rounding."""
    before = _cube()
    after = ImageCms.applyTransform(before, transform)
    if after is None:
        return False
    changes = cast("list[tuple[int, int]]", ImageChops.difference(before, after).getextrema())
    return all(most <= _ROUNDING for _, most in changes)


@cache
def _cube() -> Image.Image:
    steps = range(0, 256, 15)
    colours = bytes(
        value for red in steps for green in steps for blue in steps for value in (red, green, blue)
    )
    return Image.frombytes("RGB", (len(steps) ** 2, len(steps)), colours)


def _hdr_of_profile(icc: bytes) -> StatedColour | None:
    """Return the HDR colour of a profile's ``cicp`` tag (ICC.1:2022 §9.2.17); None if it states none.

    The profile's own curves are then only a fallback for other programs, or missing.
    """
    for entry, start in _tags(icc):
        tag = icc[start : start + 12]
        if icc[entry : entry + 4] == b"cicp" and len(tag) == 12 and tag[9] in HDR_TRANSFERS:
            return of_codes(tag[8], tag[9])
    return None


def _without_mpet_tags(icc: bytes) -> bytes:
    """Return a profile without tags of ``multiProcessElementsType`` (§10.16), so that the simpler tags apply.

    Such tags hold any number of steps with curves of any number of segments: lcms spends half a minute on
    half a megabyte. Display and camera profiles always have the simpler tags as well (§8.3, §8.4).
    """
    reduced = bytearray(icc)
    for entry, start in _tags(icc):
        if icc[start : start + 4] == b"mpet":
            reduced[entry : entry + 4] = b"skip"
    return bytes(reduced)


def _tags(icc: bytes) -> Iterator[tuple[int, int]]:
    """Yield the position of each entry of the tag table and of its data (§7.3)."""
    for index in range(min(int.from_bytes(icc[128:132], "big"), _MAX_TAGS)):
        entry = 132 + _TAG_BYTES * index
        yield entry, int.from_bytes(icc[entry + 4 : entry + 8], "big")
