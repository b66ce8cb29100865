"""Measures the checkout and prints a table with its conditions.

``python -m kleinbot.small_klein.training.judge [--captions 500] [--edits 300] [--checkout FOLDER]
[--device cpu]``
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from PIL import Image

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.checkout import load
from kleinbot.small_klein.training.edits import SceneEdit, sample_edit, sample_freedoms
from kleinbot.small_klein.training.layout import Drawing, place, with_layout
from kleinbot.small_klein.training.reader import Bytes, ground_colour, read
from kleinbot.small_klein.training.scenes import FIRST_SHAPES, Scene, sample_scene
from kleinbot.small_klein.training.verdict import (
    Judgement,
    judge_edit,
    judge_scene,
    rendered,
    rest_difference,
)
from kleinbot.small_klein.training.words.request import DOUBLE, SINGLE, EditKind
from kleinbot.small_klein.training.words.wording import caption

Say = Callable[[str, Bytes], None]
"""Reports a line about a picture judged wrong, and saves the picture."""

WEIGHTS = {"subtle": 0.25, "medium": 0.5, "strong": 0.8}
FIRST_KINDS = (*SINGLE, *DOUBLE)
SQUARE = (16, 16)
GRIDS = ((12, 12), (18, 14), (14, 18), (21, 12), (12, 21), (20, 20), (24, 16), (24, 24))


class Painter:
    """diffusers' own pipeline with Klein's settings. Pictures of a batch share grid and references."""

    def __init__(self, checkout: Path, device: str, batch: int) -> None:
        self.pipe = load(checkout).to(device)
        self.batch = batch

    def noise(self, seed: int, grid: tuple[int, int]) -> torch.Tensor:
        shape = (1, self.pipe.transformer.config.in_channels, grid[1], grid[0])
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def paint(
        self,
        prompts: Sequence[str],
        noise: Sequence[torch.Tensor],
        references: Sequence[Bytes] = (),
        steps: int = 4,
    ) -> list[Bytes]:
        """Draw one picture (H, W, 3) per prompt and noise (1, 32, rows, columns)."""
        made: list[Bytes] = []
        for start in range(0, len(prompts), self.batch):
            part = torch.cat(list(noise[start : start + self.batch]))
            pictures = self.pipe(
                image=[Image.fromarray(reference) for reference in references] or None,
                prompt=list(prompts[start : start + self.batch]),
                height=16 * part.shape[2],
                width=16 * part.shape[3],
                latents=part,
                num_inference_steps=steps,
                guidance_scale=1.0,
            ).images
            made += [np.asarray(picture) for picture in pictures]
        return made


def held_out_captions(count: int, seed: int = 777) -> list[tuple[str, Scene]]:
    """Return captions of two things that training never shows together, in either order."""
    rng = random.Random(seed)
    scenes = [sample_scene(rng, held_out=True, shapes=FIRST_SHAPES) for _ in range(count)]
    return [(caption(scene, rng), scene) for scene in scenes]


def held_out_edits(count: int, seed: int = 778, kinds: Sequence[EditKind] = FIRST_KINDS) -> list[SceneEdit]:
    rng = random.Random(seed)
    return [
        sample_edit(rng, *SQUARE, kinds[i % len(kinds)], held_out=True, shapes=FIRST_SHAPES)
        for i in range(count)
    ]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):5.1f} %  ({part}/{whole})"


def summary(verdicts: Sequence[Judgement]) -> str:
    whole = len(verdicts)
    counts = [sum(getattr(v, name) for v in verdicts) for name in ("relation", "shapes", "ground")]
    names = ("colours and relation", "shapes too", "ground")
    return "; ".join(f"{name} {percent(c, whole)}" for name, c in zip(names, counts, strict=True))


def judge_captions(
    painter: Painter, asked: Sequence[tuple[str, Scene]], grid: tuple[int, int], say: Say
) -> list[Judgement]:
    pictures = painter.paint([text for text, _ in asked], [painter.noise(i, grid) for i in range(len(asked))])
    verdicts = [judge_scene(picture, scene) for picture, (_, scene) in zip(pictures, asked, strict=True)]
    for number, (verdict, picture) in enumerate(zip(verdicts, pictures, strict=True)):
        if not (verdict.shapes and verdict.ground):
            found = [f"{thing.colour} {thing.shape}" for thing in read(picture)]
            say(f"  seed {number} {asked[number][0]!r}: {found} on {ground_colour(picture)}", picture)
    return verdicts


def own_source(painter: Painter, edit: SceneEdit) -> Bytes:
    """Draw the model's own picture of an edit's first reference, in the same layout."""
    drawing: Drawing = edit.references[0]
    noise = torch.randn((1, drawing.columns * drawing.rows, 32), generator=torch.Generator().manual_seed(5))
    noise = with_layout(noise, torch.tensor([edit.freedoms]))
    return painter.paint(
        [edit.caption], [noise.transpose(1, 2).reshape(1, -1, drawing.rows, drawing.columns)]
    )[0]


def judge_edits(
    painter: Painter, edits: Sequence[SceneEdit], say: Say, *, own: bool = False
) -> dict[EditKind, list[bool]]:
    """Return per kind how often the change was made, everything is in place, and the rest is unchanged."""
    results: dict[EditKind, list[bool]] = {}
    for number, edit in enumerate(edits):
        references = [rendered(reference) for reference in edit.references]
        if own:
            references[0] = own_source(painter, edit)
        made = painter.paint([edit.instruction], [painter.noise(number, SQUARE)], references)[0]
        asked, kept = judge_edit(edit, made)
        if own:
            kept = rest_difference(edit, references[0], made) <= 4
        results.setdefault(edit.kind, []).append(asked and kept)
        if not (asked and kept):
            found = [f"{thing.colour} {thing.shape}" for thing in read(made)]
            off = rest_difference(edit, references[0], made)
            say(
                f"  {edit.instruction!r}: asked {asked}, rest {off:.1f}/255, {found}",
                np.concatenate([*references, made], 1),
            )
    return results


def judge_variations(painter: Painter, count: int) -> str:
    """Compare mixed-noise variations with their parents: structural similarity, mean difference."""
    asked = held_out_captions(count, seed=779)
    base = [painter.noise(i, SQUARE) for i in range(count)]
    other = [painter.noise(5000 + i, SQUARE) for i in range(count)]
    parents = painter.paint([text for text, _ in asked], base)
    similarity: Any = skimage.metrics.structural_similarity  # scikit-image calls are not typed
    parts = []
    for name, weight in WEIGHTS.items():
        mixed = [(1 - weight**2) ** 0.5 * b + weight * o for b, o in zip(base, other, strict=True)]
        made = painter.paint([text for text, _ in asked], mixed)
        alike = [similarity(p, m, channel_axis=2) for p, m in zip(parents, made, strict=True)]
        far = [np.abs(p.astype(float) - m).mean() for p, m in zip(parents, made, strict=True)]
        parts.append(f"{name} (w {weight}) SSIM {np.mean(alike):.3f}, difference {np.mean(far):.1f}/255")
    return "; ".join(parts)


def seconds_a_picture(painter: Painter, references: Sequence[Bytes]) -> str:
    """Time nine pipeline calls for one 256 × 256 picture: medians of wall time and CPU time."""
    taken, worked = [], []
    for seed in range(9):
        start, start_work = time.perf_counter(), time.process_time()
        painter.paint(["a red circle left of a blue square"], [painter.noise(seed, SQUARE)], references)
        taken.append(time.perf_counter() - start)
        worked.append(time.process_time() - start_work)
    return f"{statistics.median(taken):.2f} s, of all cores {statistics.median(worked):.2f} s"


def reader_error(count: int) -> str:
    rng = random.Random(780)
    scenes = [sample_scene(rng, held_out=True, shapes=FIRST_SHAPES) for _ in range(count)]
    return summary(
        [judge_scene(rendered(place(scene, sample_freedoms(rng), *SQUARE)), scene) for scene in scenes]
    )


def main(given: argparse.Namespace) -> None:
    painter = Painter(given.checkout, given.device, given.batch)
    failures: list[Bytes] = []

    def say(line: str, picture: Bytes) -> None:
        tell(line)
        failures.append(picture)

    tell: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731, T201
    tell(f"diffusers' Flux2KleinPipeline, float32, {given.device}, 4 steps, 256 × 256 unless said")
    if given.time:
        blank = rendered(held_out_edits(1)[0].references[0])
        tell(f"a picture from text, {torch.get_num_threads()} threads: {seconds_a_picture(painter, ())}")
        tell(f"an edit of one reference: {seconds_a_picture(painter, [blank])}")
    if given.reader:
        tell(f"the reader on {given.reader} true drawings: {reader_error(given.reader)}")
    if given.captions:
        verdicts = judge_captions(painter, held_out_captions(given.captions), SQUARE, say)
        tell(f"{given.captions} captions, pairs never drawn together: {summary(verdicts)}")
    for title, count, kinds, own in (
        ("drawings", given.edits, FIRST_KINDS, False),
        ("the model's own pictures", given.own, SINGLE, True),
    ):
        results = judge_edits(painter, held_out_edits(count, kinds=kinds), say, own=own)
        done = [right for kind in results.values() for right in kind]
        if done:
            tell(f"{len(done)} held-out edits of {title}: {percent(sum(done), len(done))}")
        for kind, rights in results.items():
            tell(f"  {kind.value}: {percent(sum(rights), len(rights))}")
    if given.grids:
        for grid in GRIDS:
            verdicts = judge_captions(painter, held_out_captions(given.grids, seed=sum(grid)), grid, say)
            tell(f"{16 * grid[0]} × {16 * grid[1]}: {summary(verdicts)}")
    if given.variations:
        tell(f"{given.variations} variations: {judge_variations(painter, given.variations)}")
    if given.steps:
        for steps in (1, 2, 3, 4, 6, 8, 20):
            asked = held_out_captions(given.steps, seed=781)
            noise = [painter.noise(i, SQUARE) for i in range(len(asked))]
            made = painter.paint([text for text, _ in asked], noise, steps=steps)
            verdicts = [judge_scene(picture, scene) for picture, (_, scene) in zip(made, asked, strict=True)]
            tell(f"{steps} steps: {summary(verdicts)}")
    if given.failures and failures:
        wide = max(picture.shape[1] for picture in failures)
        rows = [np.pad(p, [(0, 0), (0, wide - p.shape[1]), (0, 0)]) for p in failures[:40]]
        Image.fromarray(np.concatenate(rows)).save(given.failures)


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, default=CHECKPOINT)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--time", type=int, default=1)
    parser.add_argument("--failures", type=Path, help="save the pictures judged wrong as one PNG")
    for name, count in (
        ("reader", 500), ("captions", 500), ("edits", 300), ("own", 60), ("grids", 40), ("variations", 60),
        ("steps", 40),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=count)
    return parser.parse_args(words)


if __name__ == "__main__":
    main(parse())
