"""Decodes latents to pixels and encodes pixels to latents, one picture at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.geometry import Grid
from kleinbot.domain.pictures import Pixels
from kleinbot.klein.pipeline.latents import patch, unpatch


class NotFiniteError(ArithmeticError):
    """The decoded picture contains NaN or infinity: the weights or the precision are broken."""


def decode(vae: AutoencoderKLFlux2, latents: torch.Tensor) -> Pixels:
    """Decode one picture's normalised ``patched`` latents (1, 4·C, rows, columns) to 8-bit RGB.

    One at a time because the decoder's rounding depends on the batch size: otherwise pixels would depend on
    the other pictures of the batch. Rounds like diffusers' image processor: round(255·x).

    Raises NotFiniteError if the picture contains NaN or infinity.
    """
    return as_pixels([as_levels(vae.decode(vae_latents(vae, latents), return_dict=False)[0])])


def encode(vae: AutoencoderKLFlux2, picture: Pixels) -> torch.Tensor:
    """Return a reference's normalised ``patched`` latents (1, 4·C, rows, columns): the mode, no sampling.

    Raises ValueError if a side of ``picture`` is not a multiple of 16 px.
    """
    return latents_of(vae, vae.encode(picture_of(vae, picture)).latent_dist.mode())


def vae_latents(vae: AutoencoderKLFlux2, latents: torch.Tensor) -> torch.Tensor:
    """Return the decoder's input, (1, C, 2·rows, 2·columns), for normalised ``patched`` latents."""
    mean, deviation = _statistics(vae, latents)
    return unpatch(latents * deviation + mean)


def latents_of(vae: AutoencoderKLFlux2, mode: torch.Tensor) -> torch.Tensor:
    """Return normalised ``patched`` latents for the encoder's output, (1, C, 2·rows, 2·columns)."""
    latents = patch(mode)
    mean, deviation = _statistics(vae, latents)
    return (latents - mean) / deviation


def picture_of(vae: AutoencoderKLFlux2, picture: Pixels) -> torch.Tensor:
    """Return ``picture`` as the encoder's input: (1, 3, height, width) in -1…1.

    Raises ValueError if a side of ``picture`` is not a multiple of 16 px.
    """
    Grid.of_pixels(picture.width_px, picture.height_px)
    levels = np.frombuffer(picture.rgb, np.uint8).reshape(1, picture.height_px, picture.width_px, 3)
    unit = torch.from_numpy(levels.astype(np.float32) / 255.0).permute(0, 3, 1, 2)
    return (2.0 * unit - 1.0).to(vae.device, vae.dtype)


@dataclass(frozen=True)
class Levels:
    """Rows of a picture as 8-bit ``rgb`` (rows, width, 3); ``is_finite`` is a bool tensor for all of them.

    Both stay on the device, so that tiles of a picture need not wait for each other.
    """

    rgb: torch.Tensor
    is_finite: torch.Tensor


def as_levels(image: torch.Tensor) -> Levels:
    """Round the decoder's (1, 3, rows, width) in -1…1 to 8 bits."""
    unit = (image * 0.5 + 0.5).clamp(0, 1)
    rgb = (unit[0].permute(1, 2, 0).float() * 255).round().to(torch.uint8)
    return Levels(rgb, torch.isfinite(image).all())


def as_pixels(tiles: Sequence[Levels]) -> Pixels:
    """Join a picture's ``tiles``, from the top.

    Raises NotFiniteError if the picture contains NaN or infinity.
    """
    if not bool(torch.stack([tile.is_finite for tile in tiles]).all()):
        raise NotFiniteError
    rgb = torch.cat([tile.rgb for tile in tiles]).cpu()
    height_px, width_px, _ = rgb.shape
    return Pixels(width_px, height_px, rgb.contiguous().numpy().tobytes())


def _statistics(vae: AutoencoderKLFlux2, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each latent channel's mean and standard deviation, (1, 4·C, 1, 1), in ``latents``' dtype."""
    mean = vae.bn.running_mean.view(1, -1, 1, 1)
    deviation = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps)
    return mean.to(latents.device, latents.dtype), deviation.to(latents.device, latents.dtype)
