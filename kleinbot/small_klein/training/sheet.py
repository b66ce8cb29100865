"""Draws the model card's samples: ``python -m kleinbot.small_klein.training.sheet --out samples.jpg``."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.judge import SQUARE, Painter, held_out_captions, held_out_edits
from kleinbot.small_klein.training.reader import Bytes
from kleinbot.small_klein.training.verdict import rendered

COLUMNS = 8
TILE_PX = 160
ASKED = (
    "a red circle left of a blue square",
    "a green star above a yellow ring on a black background",
    "a huge orange diamond",
    "a red star, a green circle and a purple ring in a row",
    "a striped cyan square below a spotted pink circle",
    "a small blue triangle in the top left",
    "three black crosses on a pink gradient background",
    "a purple star right of an orange triangle on a checkered green background",
)


def make_sheet(painter: Painter) -> Image.Image:
    """Draw two rows of fixed captions, two of held-out ones, two of edits, each next to its source."""
    held = [text for text, _ in held_out_captions(2 * COLUMNS, seed=41)]
    texts = [*ASKED, *ASKED, *held]
    tiles: list[Bytes] = painter.paint(texts, [painter.noise(seed, SQUARE) for seed in range(len(texts))])
    for number, edit in enumerate(held_out_edits(COLUMNS, seed=42)):
        references = [rendered(reference) for reference in edit.references]
        noise = [painter.noise(number, SQUARE)]
        tiles += [references[0], *painter.paint([edit.instruction], noise, references)]
    rows = [np.concatenate(tiles[i : i + COLUMNS], axis=1) for i in range(0, len(tiles), COLUMNS)]
    whole = Image.fromarray(np.concatenate(rows))
    return whole.resize((COLUMNS * TILE_PX, len(rows) * TILE_PX), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkout", type=Path, default=CHECKPOINT)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    make_sheet(Painter(given.checkout, "cpu", batch=4)).save(given.out, quality=88)
