"""Small pictures made of characters: the upper half block, one pixel in its colour, one in its ground's."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from PIL import Image, UnidentifiedImageError
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, ROWS = 32, 16
"""The largest thumbnail. A character is about twice as high as wide, so two pixels of it are squares."""
_GAP = 2
_MOST_PIXELS = 1 << 26
_COLOURFUL = ("256", "truecolor", "windows")


@dataclass(frozen=True)
class ThumbnailSize:
    """The room for one thumbnail, in characters."""

    columns: int
    rows: int


def can_show(console: Console) -> bool:
    """Return whether thumbnails can be shown: on a terminal with colours that may be used (NO_COLOR)."""
    return console.is_terminal and not console.no_color and console.color_system in _COLOURFUL


def room_for(count: int, width: int) -> ThumbnailSize | None:
    """Return the room for each of ``count`` thumbnails side by side in ``width`` characters."""
    columns = min(COLUMNS, (width - _GAP * (count - 1)) // max(count, 1))
    return ThumbnailSize(columns, ROWS) if columns >= COLUMNS // 4 else None


def side_by_side(pictures: Sequence[bytes], size: ThumbnailSize) -> list[Text]:
    """Draw the pictures beside each other; those that cannot be read are left out."""
    drawn = [found for data in pictures if (found := thumbnail(data, size)) is not None]
    lines = []
    for row in range(max(map(len, drawn), default=0)):
        line = Text()
        for number, rows in enumerate(drawn):
            width = cell_len(rows[0].plain)
            line.append(" " * _GAP if number else "")
            line.append_text(rows[row] if row < len(rows) else Text(" " * width))
        lines.append(line)
    return lines


def thumbnail(data: bytes, size: ThumbnailSize) -> list[Text] | None:
    """Draw one picture line by line; None if it is none, or too large to be decoded in passing."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            opened.draft("RGB", (size.columns * 2, size.rows * 4))
            small = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    small.thumbnail((size.columns, size.rows * 2), Image.Resampling.BOX)
    return [_row(small, top) for top in range(0, small.height, 2)]


def _row(picture: Image.Image, top: int) -> Text:
    line = Text()
    has_below = top + 1 < picture.height
    pairs = [
        (_colour(picture, x, top), _colour(picture, x, top + 1) if has_below else None)
        for x in range(picture.width)
    ]
    for (above, below), same in groupby(pairs):
        line.append("▀" * len(list(same)), Style(color=above, bgcolor=below))
    return line


def _colour(picture: Image.Image, x: int, y: int) -> Color:
    pixel = picture.getpixel((x, y))
    red, green, blue = pixel if isinstance(pixel, tuple) else (0, 0, 0)
    return Color.from_rgb(red, green, blue)
