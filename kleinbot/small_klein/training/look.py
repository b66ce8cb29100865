"""Saves a small contact sheet from training's tensors, for inspection between training runs."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2
from PIL import Image

from kleinbot.small_klein.training.latents import decode
from kleinbot.small_klein.training.layout import with_layout
from kleinbot.small_klein.training.pool import Chunk
from kleinbot.small_klein.training.sampler import Model

COLUMNS = 8


def _bytes(pictures: torch.Tensor) -> np.ndarray:
    shown = ((pictures.float().clamp(-1, 1) / 2 + 0.5) * 255).round().byte()
    return shown.permute(0, 2, 3, 1).cpu().numpy()


def _tiled(pictures: list[np.ndarray]) -> np.ndarray:
    rows = [np.concatenate(pictures[i : i + COLUMNS], axis=1) for i in range(0, len(pictures), COLUMNS)]
    return np.concatenate(rows, axis=0)


@torch.no_grad()
def save_sheet(
    model: Model, vae: AutoencoderKLFlux2, text: Chunk, edit: Chunk, path: Path, rows: int = 3
) -> None:
    """Save ``rows`` rows of pictures from text and as many of edits, each next to its first reference."""
    device = text.latents.device
    with torch.autocast(device.type, torch.bfloat16):
        which = torch.arange(COLUMNS * rows, device=device)
        noise = torch.randn((len(which), text.tokens, 32), device=device)
        states = model.text(text.ids[which], text.lengths[which])
        grid = (text.columns, text.rows)
        drawn = _bytes(decode(vae, model.walk(with_layout(noise, text.freedoms[which]), states, grid), *grid))
        which = which[: len(which) // 2]
        shown = edit.references[which].float() if edit.references is not None else edit.latents[which].float()
        noise = torch.randn((len(which), edit.tokens, 32), device=device)
        states = model.text(edit.ids[which], edit.lengths[which])
        grid = (edit.columns, edit.rows)
        changed = _bytes(decode(vae, model.walk(noise, states, grid, shown), *grid))
        before = _bytes(decode(vae, shown[:, : edit.tokens], *grid))
    pairs = [picture for pair in zip(before, changed, strict=True) for picture in pair]
    upper, lower = _tiled(list(drawn)), _tiled(pairs)
    wide = max(upper.shape[1], lower.shape[1])
    whole = [np.pad(part, [(0, 0), (0, wide - part.shape[1]), (0, 0)]) for part in (upper, lower)]
    Image.fromarray(np.concatenate(whole)).save(path)
