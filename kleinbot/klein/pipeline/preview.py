"""Small pictures of latents without the decoder: each token becomes 2×2 pixels by one affine map.

The map is fitted by least squares to this VAE's own latents of drawings that are made here.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.pictures import Pixels

_TOKEN_PX = 16
_PIXELS = 2
"""Of a preview, for each token and side."""
_OUTPUTS = _PIXELS * _PIXELS * 3
_RIDGE = 1e-4
"""Keeps channels that the drawings do not use near zero."""

DRAWINGS = 24
"""256 tokens each: some fifty for each of the 129 unknowns of the published VAE."""
_SIDE_PX = 256

_IDENTIFYING = (
    "bn.running_mean",
    "bn.running_var",
    "encoder.conv_in.weight",
    "encoder.conv_out.weight",
    "quant_conv.weight",
    "decoder.conv_in.weight",
    "decoder.conv_out.weight",
)
"""Small tensors at both ends of the VAE: whoever trains it further changes them."""
_VERSION = "1"
"""Of the drawings and the fit."""


@dataclass(frozen=True)
class PreviewMap:
    """The fitted map. ``weights``: (4·C + 1, 12), float32, the last row being the constant."""

    weights: torch.Tensor

    def picture(self, latents: torch.Tensor) -> Pixels:
        """Return one picture's preview for its normalised ``patched`` latents (1, 4·C, rows, columns)."""
        _, _, rows, columns = latents.shape
        weights = self.weights.to(latents.device)
        levels = _tokens(latents) @ weights[:-1] + weights[-1]
        split = levels.view(rows, columns, _PIXELS, _PIXELS, 3).permute(0, 2, 1, 3, 4)
        rgb = (split.reshape(-1).nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8)
        return Pixels(_PIXELS * columns, _PIXELS * rows, rgb.cpu().numpy().tobytes())


class PreviewFit:
    """Collects drawings with their latents. Sums suffice, so nothing else is kept."""

    def __init__(self) -> None:
        self._gram: torch.Tensor | None = None
        self._moment: torch.Tensor | None = None
        self.count = 0

    @property
    def is_done(self) -> bool:
        return self.count >= DRAWINGS

    def add(self, picture: Pixels, latents: torch.Tensor) -> None:
        """Add a picture and its normalised ``patched`` latents (1, 4·C, rows, columns)."""
        inputs = _tokens(latents).cpu().double()
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1, dtype=torch.float64)], dim=1)
        wanted = _pixels_of_tokens(picture)
        gram, moment = inputs.T @ inputs, inputs.T @ wanted
        self._gram = gram if self._gram is None else self._gram + gram
        self._moment = moment if self._moment is None else self._moment + moment
        self.count += 1

    def solved(self) -> PreviewMap:
        """Return the map that fits what was added best. Raises ValueError if that is nothing."""
        if self._gram is None or self._moment is None:
            raise ValueError("there is nothing to fit")
        ridge = torch.full((len(self._gram),), _RIDGE * float(self._gram[-1, -1]), dtype=torch.float64)
        ridge[-1] = 0.0
        return PreviewMap(torch.linalg.solve(self._gram + torch.diag(ridge), self._moment).float())


def identity_of(vae: AutoencoderKLFlux2) -> str:
    """Return a hexadecimal name of this VAE's latents; another VAE has another one."""
    digest = hashlib.sha256(_VERSION.encode())
    tensors = vae.state_dict()
    for name in _IDENTIFYING:
        if name in tensors:
            digest.update(name.encode())
            digest.update(tensors[name].detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def drawing(number: int) -> Pixels:
    """Return the same drawing for the same number: a ground, plain or soft, with sharp shapes on it."""
    random = np.random.default_rng(number)
    cells = 1 if number % 3 == 0 else int(random.integers(2, 7))
    ground = torch.from_numpy(_colours(random, (1, 3, cells, cells)))
    size = (_SIDE_PX, _SIDE_PX)
    picture = torch.nn.functional.interpolate(ground, size, mode="bilinear", align_corners=True)[0].numpy()
    rows, columns = np.mgrid[0:_SIDE_PX, 0:_SIDE_PX]
    for _ in range(int(random.integers(3, 9))):
        y, x, radius = random.random(3) * (_SIDE_PX, _SIDE_PX, _SIDE_PX / 4) + (0, 0, 6)
        if random.random() < 0.5:
            inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        else:
            inside = (abs(rows - y) < radius) & (abs(columns - x) < radius * (0.3 + random.random()))
        picture[:, inside] = _colours(random, (3, 1))
    levels = np.clip(picture * 255, 0, 255).round().astype(np.uint8).transpose(1, 2, 0)
    return Pixels(_SIDE_PX, _SIDE_PX, levels.tobytes())


def _colours(random: np.random.Generator, shape: tuple[int, ...]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return colours in 0…1, of which many are black, white or pure."""
    return np.clip(2 * random.random(shape) - 0.5, 0, 1)


def _tokens(latents: torch.Tensor) -> torch.Tensor:
    """Return one picture's latents as (tokens, 4·C), float32."""
    return latents[0].float().flatten(1).T


def _pixels_of_tokens(picture: Pixels) -> torch.Tensor:
    """Return the mean colours of each token's 2×2 parts: (tokens, 12) in 0…1, float64."""
    rows, columns = picture.height_px // _TOKEN_PX, picture.width_px // _TOKEN_PX
    part = _TOKEN_PX // _PIXELS
    levels = np.frombuffer(picture.rgb, np.uint8).astype(np.float64) / 255
    means = levels.reshape(rows, _PIXELS, part, columns, _PIXELS, part, 3).mean(axis=(2, 5))
    return torch.from_numpy(means.transpose(0, 2, 1, 3, 4).reshape(rows * columns, _OUTPUTS).copy())
