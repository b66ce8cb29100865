"""The VAE's decoder and encoder written out in NHWC with fused operations.

Beside diffusers' ``AutoencoderKLFlux2``, which they are tested against. A convolution's bias is not added by
itself, one pass over the picture each: it waits until the norm or the sum that reads the picture next.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from diffusers import AutoencoderKLFlux2
from torch import nn
from torch.nn import functional

from kleinbot.klein.kernels.operations import Operations

_QUERIES_AT_ONCE = 4096
"""Of the middle block's attention, whose scores are one matrix: 128 MiB of them for 16,384 pixels in BF16."""


_Block: TypeAlias = Any
"""A module of the model's own classes, whose parts are not typed."""


@dataclass(frozen=True)
class _Waiting:
    """A picture (1, channels, height, width) whose ``bias``, a number for each channel, is not added yet."""

    picture: torch.Tensor
    bias: torch.Tensor | None = None


class FusedDecoder:
    """Decodes like ``vae.decoder``, whose weights it reorders to NHWC."""

    def __init__(self, vae: AutoencoderKLFlux2, operations: Operations) -> None:
        self._decoder = vae.decoder.to(memory_format=torch.channels_last)
        self._parts = _Parts(operations)
        self._rising = {
            block: _as_transposed(block.upsamplers[0].conv.weight)
            for block in self._decoder.up_blocks
            if block.upsamplers
        }

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the picture (1, 3, 8·height, 8·width) of the decoder's input (1, C, height, width)."""
        decoder, parts = self._decoder, self._parts
        x = latents.contiguous(memory_format=torch.channels_last)
        waiting = parts.middle(decoder.mid_block, _convolved(decoder.conv_in, x))
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                waiting = parts.resnet(resnet, waiting)
            if block.upsamplers:
                waiting = self._raised(block, waiting)
        y = parts.norm(decoder.conv_norm_out, waiting)
        made: torch.Tensor = decoder.conv_out(y)
        return made

    def _raised(self, block: _Block, waiting: _Waiting) -> _Waiting:
        """Return the picture twice as large: nearest neighbours and a 3×3 convolution, as one transposed."""
        picture = self._parts.added(waiting)
        raised = functional.conv_transpose2d(picture, self._rising[block], None, stride=2, padding=1)
        return _Waiting(raised, block.upsamplers[0].conv.bias)


class FusedEncoder:
    """Encodes like ``vae.encoder``, whose weights it reorders to NHWC."""

    def __init__(self, vae: AutoencoderKLFlux2, operations: Operations) -> None:
        self._encoder = vae.encoder.to(memory_format=torch.channels_last)
        self._parts = _Parts(operations)

    def __call__(self, picture: torch.Tensor) -> torch.Tensor:
        """Return the moments (1, 2·C, height / 8, width / 8) of a picture (1, 3, height, width)."""
        encoder, parts = self._encoder, self._parts
        waiting = _convolved(encoder.conv_in, picture.contiguous(memory_format=torch.channels_last))
        for block in encoder.down_blocks:
            for resnet in block.resnets:
                waiting = parts.resnet(resnet, waiting)
            if block.downsamplers:
                # The padding is of zeros after the bias.
                padded = functional.pad(parts.added(waiting), (0, 1, 0, 1))
                waiting = _convolved(block.downsamplers[0].conv, padded)
        waiting = parts.middle(encoder.mid_block, waiting)
        moments: torch.Tensor = encoder.conv_out(parts.norm(encoder.conv_norm_out, waiting))
        return moments


class _Parts:
    """What encoder and decoder share."""

    def __init__(self, operations: Operations) -> None:
        self._do = operations
        self._biases: dict[tuple[nn.Module, int | None], torch.Tensor] = {}

    def norm(self, norm: nn.GroupNorm, waiting: _Waiting) -> torch.Tensor:
        return self._do.group_norm(waiting.picture, norm, waiting.bias, silu=True)

    def added(self, waiting: _Waiting) -> torch.Tensor:
        if waiting.bias is None:
            return waiting.picture
        return waiting.picture + waiting.bias.view(1, -1, 1, 1)

    def resnet(self, block: _Block, waiting: _Waiting) -> _Waiting:
        h = functional.conv2d(self.norm(block.norm1, waiting), block.conv1.weight, None, 1, 1)
        normed = self.norm(block.norm2, _Waiting(h, block.conv1.bias))
        h = functional.conv2d(normed, block.conv2.weight, None, 1, 1)
        del normed
        x = waiting.picture
        if block.conv_shortcut is not None:
            x = functional.conv2d(x, block.conv_shortcut.weight)
        return _Waiting(self._do.add_pictures(x, h, self._bias(block, waiting.bias)))

    def middle(self, block: _Block, waiting: _Waiting) -> _Waiting:
        waiting = self.resnet(block.resnets[0], waiting)
        for attention, resnet in zip(block.attentions, block.resnets[1:], strict=True):
            if attention is not None:
                waiting = self._attended(attention, waiting)
            waiting = self.resnet(resnet, waiting)
        return waiting

    def _bias(self, block: _Block, before: torch.Tensor | None) -> torch.Tensor:
        """Return what a residual block adds to each channel: its last bias and those that still wait."""
        key = block, None if before is None else id(before)
        if key not in self._biases:
            bias = block.conv2.bias
            if block.conv_shortcut is not None:
                bias = bias + block.conv_shortcut.bias
                if before is not None:
                    before = (block.conv_shortcut.weight[:, :, 0, 0].float() @ before.float()).to(bias.dtype)
            self._biases[key] = bias if before is None else bias + before
        return self._biases[key]

    def _attended(self, attention: _Block, waiting: _Waiting) -> _Waiting:
        """Return the picture with its attention added: one head, so its products are matrices'."""
        picture = self.added(waiting)
        _, channels, height, width = picture.shape
        normed = self._do.group_norm(picture, attention.group_norm, None, silu=False)
        tokens = normed.permute(0, 2, 3, 1).reshape(height * width, channels)
        query = attention.to_q(tokens) * channels**-0.5
        key, value = attention.to_k(tokens).t(), attention.to_v(tokens)
        made = torch.empty_like(value)
        for first in range(0, len(tokens), _QUERIES_AT_ONCE):
            mine = slice(first, first + _QUERIES_AT_ONCE)
            made[mine] = torch.softmax(query[mine] @ key, dim=-1) @ value
        out = attention.to_out[0]
        made = functional.linear(made, out.weight)
        update = made.view(1, height, width, channels).permute(0, 3, 1, 2)
        return _Waiting(self._do.add_pictures(picture, update, out.bias))


def _convolved(convolution: nn.Conv2d, x: torch.Tensor) -> _Waiting:
    y = functional.conv2d(x, convolution.weight, None, convolution.stride, convolution.padding)
    return _Waiting(y, convolution.bias)


def _as_transposed(weight: torch.Tensor) -> torch.Tensor:
    """Return the 4×4 transposed convolution of stride 2 that equals nearest ×2 and then 3×3 ``weight``.

    A pixel of the doubled picture sees pixel (y + tap − 1) // 2 of the small one, so taps that see the same
    pixel are summed.
    """
    out, of_input = weight.shape[:2]
    made = torch.zeros(of_input, out, 4, 4, device=weight.device, dtype=torch.float32)
    place = [[parity - 2 * ((parity + tap - 1) // 2) + 1 for tap in range(3)] for parity in range(2)]
    wide = weight.float().transpose(0, 1)
    for rows in place:
        for columns in place:
            for y, row in enumerate(rows):
                for x, column in enumerate(columns):
                    made[:, :, row, column] += wide[:, :, y, x]
    return made.to(weight.dtype).contiguous(memory_format=torch.channels_last)
