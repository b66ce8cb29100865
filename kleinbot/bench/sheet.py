"""Lays pictures out as one captioned picture, small enough to show to others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kleinbot import __version__
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.images.embedded_recipe import EmbeddedRecipe, xmp_packet

_MOST_SIDE_PX = 512
"""Larger pictures are scaled down to this."""
_GAP = 0.04
_TEXT = 0.062
"""Gaps and the height of letters, as parts of a picture's side: both must be read at every size."""
_QUALITY = 88
# The paper is grey, so that white grounds have an edge.
_PAPER, _INK, _PALE = (236, 238, 241), (32, 34, 37), (96, 100, 106)

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Tile:
    """Pictures of one size, side by side, with one sentence under them."""

    pictures: tuple[Pixels, ...]
    sentence: str


def save_sheet(tiles: Sequence[Tile], columns: int, caption: str, file: Path) -> None:
    """Save ``tiles`` in rows of ``columns`` with ``caption`` below as a WebP, labelled as made by a model.

    Raises OSError if the file cannot be written.
    """
    sheet = sheet_of(tiles, columns, caption)
    label = EmbeddedRecipe(caption, NoiseRecipe(0), 0, sheet.width, sheet.height, caption, __version__)
    sheet.save(file, "WEBP", quality=_QUALITY, method=6, xmp=xmp_packet(label))


def sheet_of(tiles: Sequence[Tile], columns: int, caption: str) -> Image.Image:
    """Return the sheet. All tiles have as many pictures as the first, of the first one's size."""
    first = tiles[0].pictures[0]
    scale = min(1.0, _MOST_SIDE_PX / max(first.width_px, first.height_px))
    size = (round(first.width_px * scale), round(first.height_px * scale))
    gap, font = round(_GAP * size[1]), ImageFont.load_default(round(_TEXT * size[1]))
    inner = max(1, gap // 4)
    count = len(tiles[0].pictures)
    wide = count * size[0] + (count - 1) * inner
    lines = [_wrapped(tile.sentence, font, wide) for tile in tiles]
    line = round(_TEXT * size[1] * 1.3)
    high = size[1] + inner + max(len(each) for each in lines) * line
    rows = -(-len(tiles) // columns)
    whole = (columns * (wide + gap) + gap, rows * (high + gap) + 2 * gap + line)
    sheet = Image.new("RGB", whole, _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (tile, words) in enumerate(zip(tiles, lines, strict=True)):
        left = gap + number % columns * (wide + gap)
        top = gap + number // columns * (high + gap)
        for place, picture in enumerate(tile.pictures):
            sheet.paste(_scaled(picture, size), (left + place * (size[0] + inner), top))
        for row, text in enumerate(words):
            pen.text((left, top + size[1] + inner + row * line), text, _INK, font)
    pen.text((gap, whole[1] - gap - line), caption, _PALE, font)
    return sheet


def _scaled(picture: Pixels, size: tuple[int, int]) -> Image.Image:
    image = Image.frombytes("RGB", (picture.width_px, picture.height_px), picture.rgb)
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _wrapped(sentence: str, font: _Font, width_px: int) -> list[str]:
    lines: list[str] = []
    for word in sentence.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
