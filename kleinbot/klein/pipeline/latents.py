"""The layouts of latents and their position ids.

Three layouts, for a picture of rows×columns tokens (16×16 px each):

* ``vae``: (B, C, 2·rows, 2·columns), the VAE's own latents;
* ``patched``: (B, 4·C, rows, columns), each 2×2 patch folded into the channels;
* ``packed``: (B, rows·columns, 4·C), one row per token, the transformer's input.

They match diffusers' ``Flux2KleinPipeline``.
"""

import torch

REFERENCE_TIME_STEP = 10
"""In the transformer's positions, references have t = 10, 20, 30, …; the output has t = 0."""


def patch(latents: torch.Tensor) -> torch.Tensor:
    """Fold ``vae`` into ``patched``."""
    batch, channels, height, width = latents.shape
    split = latents.view(batch, channels, height // 2, 2, width // 2, 2)
    return split.permute(0, 1, 3, 5, 2, 4).reshape(batch, channels * 4, height // 2, width // 2)


def unpatch(latents: torch.Tensor) -> torch.Tensor:
    """Unfold ``patched`` into ``vae``."""
    batch, channels, rows, columns = latents.shape
    split = latents.reshape(batch, channels // 4, 2, 2, rows, columns)
    return split.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels // 4, rows * 2, columns * 2)


def pack(latents: torch.Tensor) -> torch.Tensor:
    """Turn ``patched`` into ``packed``."""
    return latents.flatten(2).permute(0, 2, 1)


def unpack(latents: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Turn ``packed`` into ``patched``."""
    batch, _, channels = latents.shape
    return latents.permute(0, 2, 1).reshape(batch, channels, rows, columns)


def token_ids(rows: int, columns: int, time: int = 0) -> torch.Tensor:
    """Return the positions (t, h, w, l) of a picture's tokens: (rows·columns, 4), int64."""
    return torch.cartesian_prod(
        torch.tensor([time]), torch.arange(rows), torch.arange(columns), torch.arange(1)
    )


def text_ids(length: int) -> torch.Tensor:
    """Return the positions of ``length`` text tokens: (length, 4), int64; only l increases."""
    ids = torch.zeros(length, 4, dtype=torch.int64)
    ids[:, 3] = torch.arange(length)
    return ids
