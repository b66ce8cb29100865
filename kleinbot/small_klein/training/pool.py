"""Training data: chunks of scenes and edits made by CPU processes and encoded once on the GPU."""

import random
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2
from torch.nn import functional
from transformers import AutoTokenizer

from kleinbot.small_klein.training.drawing import draw, pack
from kleinbot.small_klein.training.edits import SceneEdit, sample_edit, sample_freedoms
from kleinbot.small_klein.training.latents import encode
from kleinbot.small_klein.training.layout import fits, place
from kleinbot.small_klein.training.scenes import Scene, sample_many, sample_scene
from kleinbot.small_klein.training.text import wrap
from kleinbot.small_klein.training.words.request import DOUBLE, SINGLE, EditKind
from kleinbot.small_klein.training.words.wording import LANGUAGES, Language, caption

CHUNK = 1024
GRID_SIDES = tuple(range(12, 33))
USUAL_GRIDS = (
    *((32, 32),) * 6, (36, 28), (28, 36), (39, 26), (26, 39), (42, 24), (24, 42), *((16, 16),) * 3,
    (18, 14), (14, 18), (24, 24),
)  # fmt: skip
"""The grids of the aspects on offer at 512² and 256², by how often they are asked for."""

SMALL_TOKENS = 24 * 24
"""With two and three references, larger grids are rare: attention is quadratic in the tokens."""

EDIT_WEIGHTS = {
    EditKind.RECOLOUR: 0.22,
    EditKind.RESHAPE: 0.30,
    EditKind.REMOVE: 0.18,
    EditKind.GROUND: 0.16,
    EditKind.OTHER_GROUND: 0.07,
    EditKind.JOIN: 0.09,
    EditKind.THIRD_GROUND: 0.05,
    EditKind.JOIN_TWO: 0.09,
}
STRANGERS_SHARE = 0.3
"""How often two or three references belong to an edit that needs only the first."""

MANY_SHARE = 0.35
MOST_REFERENCES = 3


@dataclass(frozen=True)
class Order:
    """The task of one CPU process; ``references`` 0 is text only."""

    seed: int
    columns: int
    rows: int
    references: int
    tokenizer: Path
    count: int = CHUNK
    languages: tuple[Language, ...] = LANGUAGES


@dataclass(frozen=True)
class Sheet:
    """Numbers of a chunk: drawings (n, NUMBERS), references (k, n, NUMBERS), text, freedoms (n, 9)."""

    order: Order
    target: np.ndarray
    references: np.ndarray
    ids: np.ndarray
    lengths: np.ndarray
    freedoms: np.ndarray
    own_ids: np.ndarray
    own_lengths: np.ndarray


@dataclass(frozen=True)
class Chunk:
    """A chunk on the GPU: latents (n, tokens, 32), weights (n, tokens), references (n, k·tokens, 32)."""

    columns: int
    rows: int
    latents: torch.Tensor
    weights: torch.Tensor
    references: torch.Tensor | None
    ids: torch.Tensor
    lengths: torch.Tensor
    freedoms: torch.Tensor
    numbers: torch.Tensor

    @property
    def tokens(self) -> int:
        return self.columns * self.rows


def sample_grid(rng: random.Random, *, aligned: bool, references: int = 0) -> tuple[int, int]:
    """Draw a grid of 192 to 672 px per side, a usual one two times in three, up to 512² in area.

    ``aligned`` restricts it to token counts divisible by 8, which fast attention with a bias needs.
    """
    while True:
        columns, rows = rng.choice(USUAL_GRIDS)
        if rng.random() < 0.3:
            columns, rows = rng.choice(GRID_SIDES), rng.choice(GRID_SIDES)
        if references > 1 and columns * rows > SMALL_TOKENS and rng.random() < 0.75:
            continue
        if not aligned or (columns * rows) % 8 == 0:
            return columns, rows


def _sample_edits(order: Order, rng: random.Random) -> list[SceneEdit]:
    weights = {kind: weight for kind, weight in EDIT_WEIGHTS.items() if _references(kind) == order.references}
    single = {kind: weight for kind, weight in EDIT_WEIGHTS.items() if kind in SINGLE}
    edits = []
    for _ in range(order.count):
        strange = order.references > 1 and rng.random() < STRANGERS_SHARE
        chosen = single if strange else weights
        kind = rng.choices(list(chosen), list(chosen.values()))[0]
        edits.append(
            sample_edit(
                rng,
                order.columns,
                order.rows,
                kind,
                language=rng.choice(order.languages),
                strangers=order.references - 1 if strange else 0,
            )
        )
    return edits


def _references(kind: EditKind) -> int:
    return 1 if kind in SINGLE else 2 if kind in DOUBLE else 3


def _sample_scene(order: Order, rng: random.Random) -> Scene:
    while True:
        scene = sample_many(rng) if rng.random() < MANY_SHARE else sample_scene(rng)
        if fits(scene, order.columns, order.rows):
            return scene


def make_sheet(order: Order) -> Sheet:
    """Make a chunk's numbers; deterministic for an order."""
    rng = random.Random(order.seed)
    tokenizer = AutoTokenizer.from_pretrained(order.tokenizer)
    if order.references == 0:
        scenes = [_sample_scene(order, rng) for _ in range(order.count)]
        freedoms = [sample_freedoms(rng) for _ in scenes]
        drawings = [
            place(scene, free, order.columns, order.rows)
            for scene, free in zip(scenes, freedoms, strict=True)
        ]
        prompts = own = [caption(scene, rng, rng.choice(order.languages)) for scene in scenes]
        references = np.zeros((0, order.count, 1), dtype=np.float32)
    else:
        edits = _sample_edits(order, rng)
        drawings, freedoms = [edit.target for edit in edits], [edit.freedoms for edit in edits]
        prompts, own = [edit.instruction for edit in edits], [edit.caption for edit in edits]
        references = np.array(
            [[pack(edit.references[k]) for edit in edits] for k in range(order.references)], dtype=np.float32
        )
    ids, lengths = wrap(tokenizer, prompts)
    own_ids, own_lengths = (ids, lengths) if own is prompts else wrap(tokenizer, own)
    target = np.array([pack(drawing) for drawing in drawings], dtype=np.float32)
    free = np.array(freedoms, dtype=np.float32)
    return Sheet(order, target, references, ids, lengths, free, own_ids, own_lengths)


def order_sheets(
    workers: Executor,
    tokenizer: Path,
    seed: int,
    counts: Sequence[int],
    *,
    aligned: bool,
    size: int = CHUNK,
    languages: tuple[Language, ...] = LANGUAGES,
) -> list[Future[Sheet]]:
    """Start making sheets with no, one, two and three references."""
    rng = random.Random(seed)
    orders = []
    for references, count in enumerate(counts):
        for _ in range(count):
            columns, rows = sample_grid(rng, aligned=aligned, references=references)
            orders.append(Order(rng.getrandbits(32), columns, rows, references, tokenizer, size, languages))
    rng.shuffle(orders)
    return [workers.submit(make_sheet, order) for order in orders]


def _edges(pictures: torch.Tensor) -> torch.Tensor:
    """Return whether each 16 × 16 token contains an edge: (B, tokens), 0 or 1."""
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs().amax(dim=1, keepdim=True)
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().amax(dim=1, keepdim=True)
    strength = functional.pad(down, (0, 0, 0, 1)) + functional.pad(across, (0, 1))
    return (functional.max_pool2d(strength, 16).flatten(1) > 0.15).float()


@torch.no_grad()
def encode_sheet(vae: AutoencoderKLFlux2, sheet: Sheet, device: torch.device, batch: int = 128) -> Chunk:
    """Draw and encode a sheet. Tokens with edges have weight three, changed tokens of an edit five."""
    columns, rows = sheet.order.columns, sheet.order.rows

    def run(numbers: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        latents, edges = [], []
        for part in torch.split(torch.from_numpy(numbers).to(device), batch):
            pictures = draw(part, 16 * columns, 16 * rows)
            with torch.autocast(device.type, torch.bfloat16):
                tokens = encode(vae, pictures.contiguous(memory_format=torch.channels_last))
            latents.append(tokens.to(torch.bfloat16))
            edges.append(_edges(pictures))
        return torch.cat(latents), torch.cat(edges)

    latents, edges = run(sheet.target)
    references = [run(numbers)[0] for numbers in sheet.references]
    weights = 1 + 2 * edges
    if references:
        weights = weights + 2 * ((latents - references[0]).abs().amax(dim=-1) > 0.3).float()
    return Chunk(
        columns=columns,
        rows=rows,
        latents=latents,
        weights=weights,
        references=torch.cat(references, dim=1) if references else None,
        ids=torch.from_numpy(sheet.ids).to(device, torch.int64),
        lengths=torch.from_numpy(sheet.lengths).to(device, torch.int64),
        freedoms=torch.from_numpy(sheet.freedoms).to(device),
        numbers=torch.from_numpy(sheet.target).to(device),
    )


def with_references(chunk: Chunk, first: torch.Tensor) -> Chunk:
    """Return ``chunk`` with another first reference (n, tokens, 32): the model's own picture of it."""
    old = chunk.references
    rest = [] if old is None else [old[:, chunk.tokens :]]
    return replace(chunk, references=torch.cat([first, *rest], dim=1))
