"""Judges the model inside its training run, on its own sampler, with all 512 text tokens."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2
from transformers import PreTrainedTokenizerBase

from kleinbot.small_klein.training.drawing import draw, pack
from kleinbot.small_klein.training.edits import SceneEdit, sample_edit
from kleinbot.small_klein.training.judge import FIRST_KINDS
from kleinbot.small_klein.training.latents import decode, encode
from kleinbot.small_klein.training.layout import fits
from kleinbot.small_klein.training.reader import Bytes
from kleinbot.small_klein.training.sampler import Model
from kleinbot.small_klein.training.scenes import FIRST_SHAPES, SHAPES, Scene, sample_many, sample_scene
from kleinbot.small_klein.training.text import wrap
from kleinbot.small_klein.training.verdict import judge_edit, judge_scene
from kleinbot.small_klein.training.words.request import EditKind
from kleinbot.small_klein.training.words.wording import Language, caption

THREE = (EditKind.THIRD_GROUND, EditKind.JOIN_TWO)


@dataclass(frozen=True)
class Artist:
    """What draws during a trial. Its model uses averaged weights."""

    model: Model
    vae: AutoencoderKLFlux2
    tokenizer: PreTrainedTokenizerBase
    device: torch.device

    @torch.no_grad()
    def paint(
        self, prompts: Sequence[str], grid: tuple[int, int], references: torch.Tensor | None = None
    ) -> list[Bytes]:
        """Draw one picture (H, W, 3) per prompt; ``references`` (n, k, 3, H, W) in 0…1."""
        ids, lengths = (
            torch.from_numpy(part).to(self.device, torch.int64) for part in wrap(self.tokenizer, prompts)
        )
        made: list[Bytes] = []
        shown = 1 if references is None else 1 + references.shape[1]
        size = max(1, 64 * 1024 // (grid[0] * grid[1] * shown))
        for rows in torch.split(torch.arange(len(prompts)), size):
            noise = torch.randn((len(rows), grid[0] * grid[1], 32), device=self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                tokens = None
                if references is not None:
                    flat = references[rows].flatten(0, 1)
                    tokens = encode(self.vae, flat).view(len(rows), -1, 32)
                states = self.model.text(ids[rows], lengths[rows])
                pictures = decode(self.vae, self.model.walk(noise, states, grid, tokens), *grid)
            shades = ((pictures.float().clamp(-1, 1) / 2 + 0.5) * 255).round().byte()
            made += list(shades.permute(0, 2, 3, 1).cpu().numpy())
        return made


def _scenes(
    kind: str, count: int, grid: tuple[int, int], shapes: tuple[str, ...], rng: random.Random
) -> Iterator[Scene]:
    while count:
        many = kind == "many"
        scene = sample_many(rng, shapes=shapes) if many else sample_scene(rng, held_out=True, shapes=shapes)
        if fits(scene, *grid):
            count -= 1
            yield scene


def _right_scene(work: tuple[Bytes, Scene]) -> bool:
    verdict = judge_scene(*work)
    return verdict.relation and verdict.shapes and verdict.ground


def _right_edit(work: tuple[SceneEdit, Bytes]) -> bool:
    return judge_edit(*work) == (True, True)


def _scene_line(
    artist: Artist,
    workers: Executor,
    title: str,
    scenes: list[Scene],
    grid: tuple[int, int],
    language: Language,
) -> tuple[str, list[Bytes]]:
    rng = random.Random(len(title))
    pictures = artist.paint([caption(scene, rng, language) for scene in scenes], grid)
    right = list(workers.map(_right_scene, zip(pictures, scenes, strict=True), chunksize=4))
    wrong = [picture for picture, good in zip(pictures, right, strict=True) if not good]
    return f"{title}: {sum(right)}/{len(right)}", wrong


def _edit_line(
    artist: Artist, workers: Executor, title: str, edits: list[SceneEdit], grid: tuple[int, int]
) -> tuple[str, list[Bytes]]:
    pictures: list[Bytes] = []
    ordered: list[SceneEdit] = []
    for count in (1, 2, 3):
        some = [edit for edit in edits if len(edit.references) == count]
        if not some:
            continue
        numbers = torch.tensor([[pack(reference) for reference in edit.references] for edit in some])
        size = (16 * grid[0], 16 * grid[1])
        flat = draw(numbers.flatten(0, 1).to(artist.device), *size)
        shown = flat.view(len(some), count, *flat.shape[1:])
        pictures += artist.paint([edit.instruction for edit in some], grid, shown)
        ordered += some
    right = list(workers.map(_right_edit, zip(ordered, pictures, strict=True), chunksize=2))
    wrong = [picture for picture, good in zip(pictures, right, strict=True) if not good]
    failed: dict[str, int] = {}
    for edit, good in zip(ordered, right, strict=True):
        failed[edit.kind.value] = failed.get(edit.kind.value, 0) + (not good)
    missed = " ".join(f"{kind} {count}" for kind, count in failed.items() if count)
    return f"{title}: {sum(right)}/{len(right)} ({missed or 'no failures'})", wrong


def trial(artist: Artist, workers: Executor, share: float = 1.0) -> Iterator[tuple[str, list[Bytes]]]:
    """Yield one line a question, with the pictures judged wrong; ``share`` of the full numbers is asked."""
    english, german = Language.ENGLISH, Language.GERMAN
    for title, kind, count, side, shapes, language in (
        ("256² first shapes", "pairs", 200, 16, FIRST_SHAPES, english),
        ("512² first shapes", "pairs", 150, 32, FIRST_SHAPES, english),
        ("512² all shapes, German", "pairs", 150, 32, SHAPES, german),
        ("256² all shapes, German", "pairs", 100, 16, SHAPES, german),
        ("512² counts", "many", 150, 32, SHAPES, english),
        ("256² counts, German", "many", 100, 16, SHAPES, german),
    ):
        grid = (side, side)
        scenes = list(_scenes(kind, max(1, int(share * count)), grid, shapes, random.Random(991)))
        yield _scene_line(artist, workers, title, scenes, grid, language)
    for title, kinds, count, side, shapes, language in (
        ("256² edits, first shapes", FIRST_KINDS, 120, 16, FIRST_SHAPES, english),
        ("512² edits", FIRST_KINDS, 60, 32, SHAPES, english),
        ("256² three references, German", THREE, 60, 16, SHAPES, german),
        ("512² three references", THREE, 24, 32, SHAPES, english),
    ):
        rng = random.Random(992)
        make = partial(sample_edit, rng, side, side, held_out=True, shapes=shapes, language=language)
        edits = [make(kinds[i % len(kinds)]) for i in range(max(len(kinds), int(share * count)))]
        yield _edit_line(artist, workers, title, edits, (side, side))


def tiled(pictures: Sequence[Bytes], columns: int, side_px: int) -> Bytes:
    """Return pictures of any size on one sheet of squares, padded with black, never scaled up."""
    blank = np.zeros((side_px, side_px, 3), dtype=np.uint8)
    tiles = []
    for picture in pictures:
        step = max(1, -(-max(picture.shape[:2]) // side_px))
        small = picture[::step, ::step]
        tile = blank.copy()
        tile[: small.shape[0], : small.shape[1]] = small
        tiles.append(tile)
    tiles += [blank] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return np.concatenate(rows, axis=0)
