"""From whatever a file holds to 8-bit sRGB on white."""

import io

from PIL import Image, ImageChops, ImageCms

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
"""Which profiles fit which pixels, by the signature in the profile's header."""


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Return ``image`` as RGB: colours by its profile where that is usable, transparency composed on white.

    The model's own library drops alpha, which turns a transparent background into whatever colour lies
    under it. 16-bit samples keep their upper byte. Raises what Pillow raises for a broken palette.
    """
    colours, alpha = _with_alpha_apart(image)
    rgb = _by_profile(colours, icc) if icc else colours
    rgb = rgb if rgb.mode == "RGB" else rgb.convert("RGB")
    if alpha is None:
        return rgb
    white = Image.new("RGB", rgb.size, (255, 255, 255))
    white.paste(rgb, mask=alpha)
    return white


def _with_alpha_apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours as L, RGB or CMYK, and what is opaque as L, or None where everything is."""
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
    """Split the samples by hand: Pillow's own conversion turns all above 255 into white."""
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
    """Return ``image`` converted to sRGB, or as it is where the profile is broken or for something else.

    Pixels that are in sRGB already are not touched: rounding would change them by one.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if profile.profile.xcolor_space != _SPACES[image.mode]:
            return image
        if (profile.profile.profile_description or "").startswith("sRGB"):
            return image
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return image
    return image if converted is None else converted
