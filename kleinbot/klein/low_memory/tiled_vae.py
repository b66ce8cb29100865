"""The VAE's stages with a third of the stock memory, for GPUs that would not fit them otherwise.

The stock decoder needs 1.5 GiB of activations at 1024² (three tensors of 256 channels at full size), and
2.2 GiB if torch falls back to plain math for its attention; this one needs 0.56 GiB in bfloat16. With C
channels at the picture's size (128), ``width`` × ``height`` pixels, b bytes per number and tiles of r rows,
decoding needs

    b·C·width·(2·height + 7·r + 8) bytes:

two tensors of C channels or one of 2·C at full size, one growing as the other is freed; in addition two
tiles of 2·C channels with an extra row at both sides, one that is not freed yet, and one of C channels.
Encoding needs b·C·width·(2·height + 3·r + 6). Both use the arithmetic of the stock modules; nothing is
computed twice, and every tile is normalised with the whole picture's statistics, so colours do not shift.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from diffusers import AutoencoderKLFlux2
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D
from torch import nn

from kleinbot.domain.pictures import Pixels
from kleinbot.klein.low_memory.row_tiles import (
    Activation,
    GroupStatistics,
    RowTiles,
    convolved_rows,
    downsample,
    joined,
    ranges,
    resnet,
    upsample,
)
from kleinbot.klein.pipeline.vae import as_levels, as_pixels, latents_of, picture_of, vae_latents

TILE_PX = 32 * 1024
"""32 rows of a 1024 px wide picture, 64 at half the width: large enough to keep a GPU busy."""

_QUERIES_AT_ONCE = 1024
"""torch has no flash kernel for heads of 512; if it falls back to plain math, the scores of 16 384
queries take 1 GiB in float32, and those of this many 64 MiB."""


def decode_tiled(vae: AutoencoderKLFlux2, latents: torch.Tensor, tile_px: int = TILE_PX) -> Pixels:
    """Decode ``patched`` latents (1, 4·C, rows, columns) to 8-bit RGB, like ``vae.decode``.

    Raises NotFiniteError if the picture contains NaN or infinity.
    """
    decoder = vae.decoder
    hidden = vae_latents(vae, latents)
    if vae.post_quant_conv is not None:
        hidden = vae.post_quant_conv(hidden)
    tiles = RowTiles(_middle(decoder.mid_block, decoder.conv_in(hidden)))
    del hidden
    for block in decoder.up_blocks:
        for each in block.resnets:
            tiles = resnet(tiles, each, tile_px)
        for sampler in block.upsamplers or ():
            tiles = upsample(tiles, sampler.conv, tile_px)
    activation = _activation(tiles, decoder.conv_norm_out, tile_px)
    height = tiles.height
    levels = [
        as_levels(convolved_rows(tiles, decoder.conv_out, first, last, height, activation))
        for first, last in ranges(height, tiles.width, tile_px)
    ]
    return as_pixels(levels)


def encode_tiled(vae: AutoencoderKLFlux2, picture: Pixels, tile_px: int = TILE_PX) -> torch.Tensor:
    """Return a reference's normalised ``patched`` latents (1, 4·C, rows, columns), like ``vae.encode``.

    Raises ValueError if a side of ``picture`` is not a multiple of 16 px.
    """
    encoder = vae.encoder
    image = RowTiles(picture_of(vae, picture))
    height = image.height
    tiles = RowTiles()
    for first, last in ranges(height, image.width, tile_px):
        tiles.append(convolved_rows(image, encoder.conv_in, first, last, height))
    for block in encoder.down_blocks:
        for each in block.resnets:
            tiles = resnet(tiles, each, tile_px)
        for sampler in block.downsamplers or ():
            tiles = downsample(tiles, sampler.conv, tile_px)
    hidden = _middle(encoder.mid_block, joined(tiles))
    hidden = encoder.conv_out(F.silu(encoder.conv_norm_out(hidden)))
    moments = hidden if vae.quant_conv is None else vae.quant_conv(hidden)
    mode, _ = moments.chunk(2, dim=1)
    return latents_of(vae, mode)


def _activation(tiles: RowTiles, norm: nn.GroupNorm, tile_px: int) -> Activation:
    statistics = GroupStatistics(norm)
    for first, last in ranges(tiles.height, tiles.width, tile_px):
        statistics.add(tiles.rows(first, last))
    return statistics.activation()


def _middle(block: UNetMidBlock2D, hidden: torch.Tensor) -> torch.Tensor:
    """Run the middle block on (1, C, height, width) at an eighth of the picture's size: 16 MiB at 1024²."""
    hidden = block.resnets[0](hidden, None)
    for attention, each in zip(block.attentions, block.resnets[1:], strict=True):
        if attention is not None:
            hidden = _attend(attention, hidden)
        hidden = each(hidden, None)
    return hidden


def _attend(attention: Attention, hidden: torch.Tensor) -> torch.Tensor:
    """Run attention over all positions of (1, C, height, width), a chunk of queries at a time."""
    tokens = attention.group_norm(hidden.flatten(2)).transpose(1, 2)
    query, key, value = (
        project(tokens).unflatten(2, (attention.heads, -1)).transpose(1, 2)
        for project in (attention.to_q, attention.to_k, attention.to_v)
    )
    parts = [
        F.scaled_dot_product_attention(part, key, value) for part in query.split(_QUERIES_AT_ONCE, dim=2)
    ]
    attended = attention.to_out[0](torch.cat(parts, dim=2).transpose(1, 2).flatten(2))
    summed = attended.transpose(1, 2).reshape(hidden.shape) + hidden
    result: torch.Tensor = summed / attention.rescale_output_factor
    return result
