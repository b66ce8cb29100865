"""Samples many pictures at once, on tokens, for training."""

from itertools import pairwise

import torch
from diffusers import Flux2Transformer2DModel
from transformers import Qwen3ForCausalLM

from kleinbot.small_klein.training.latents import image_ids, predict, sigmas_of
from kleinbot.small_klein.training.layout import with_layout
from kleinbot.small_klein.training.text import Layer, few_positions, pad_bias, run_layer, text_states


class Model:
    """Transformer and text encoder, with layers compiled once for all sizes."""

    def __init__(
        self, transformer: Flux2Transformer2DModel, encoder: Qwen3ForCausalLM, pads: int, *, compiled: bool
    ) -> None:
        self.transformer, self.encoder, self.pads = transformer, encoder, pads
        self._layer: Layer = run_layer
        if compiled:
            for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks):
                block.compile(dynamic=True)

    def text(self, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return states and their positions for wrapped prompts."""
        positions = few_positions(self.pads, ids.device)
        return text_states(self.encoder, ids, lengths, positions, self._layer), positions

    def use_layer(self, step: Layer) -> None:
        self._layer = step

    def velocity(
        self,
        noisy: torch.Tensor,
        sigma: torch.Tensor,
        text: tuple[torch.Tensor, torch.Tensor],
        grid: tuple[int, int],
        references: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the velocity (B, tokens, 32); see ``latents.predict``."""
        states, positions = text
        shown = 0 if references is None else references.shape[1] // noisy.shape[1]
        ids = image_ids(*grid, shown, noisy.device)
        bias = pad_bias(positions, ids.shape[0])
        return predict(self.transformer, noisy, sigma, states, positions, ids, references, bias)

    @torch.no_grad()
    def make(
        self,
        ids: torch.Tensor,
        lengths: torch.Tensor,
        freedoms: torch.Tensor,
        grid: tuple[int, int],
        batch: int = 128,
    ) -> torch.Tensor:
        """Return finished tokens (n, tokens, 32) for wrapped prompts and layouts."""
        made = []
        for rows in torch.split(torch.arange(len(ids), device=ids.device), batch):
            with torch.autocast(ids.device.type, torch.bfloat16):
                noise = torch.randn((len(rows), grid[0] * grid[1], 32), device=ids.device)
                noise = with_layout(noise, freedoms[rows])
                made.append(self.walk(noise, self.text(ids[rows], lengths[rows]), grid))
        return torch.cat(made)

    @torch.no_grad()
    def walk(
        self,
        noise: torch.Tensor,
        text: tuple[torch.Tensor, torch.Tensor],
        grid: tuple[int, int],
        references: torch.Tensor | None = None,
        steps: int = 4,
        stop: int | None = None,
    ) -> torch.Tensor:
        """Take the first ``stop`` of ``steps`` Euler steps from ``noise`` and return the result."""
        sigmas = sigmas_of(noise.shape[1], steps)
        states = (text[0].detach(), text[1])
        x = noise
        for now, then in list(pairwise(sigmas))[:stop]:
            sigma = torch.full((len(x),), now, device=x.device)
            x = x + (then - now) * self.velocity(x, sigma, states, grid, references).float()
        return x
