"""The tiled VAE stages against the stock ones, and their memory."""

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.pictures import Pixels
from kleinbot.klein.low_memory import row_tiles, tiled_vae
from kleinbot.klein.low_memory.tiled_vae import TILE_PX, decode_tiled, encode_tiled
from kleinbot.klein.pipeline import vae as stock
from kleinbot.klein.pipeline.load import Klein, quiet_libraries
from tests.gpu.full_size import VAE
from tests.klein.peak_bytes import PeakBytes

MIB = 2**20
MANY_TILES_PX = 512
"""16 rows of a 32 px wide level, 4 of a 128 px wide one."""
GRIDS = [Grid(4, 4), Grid(7, 3), Grid(3, 5), Grid(1, 1)]


@pytest.fixture(scope="module")
def full_size() -> AutoencoderKLFlux2:
    """The published layout with norms that differ per channel and pictures with contrast."""
    with torch.random.fork_rng(devices=[]), quiet_libraries():
        torch.manual_seed(0)
        vae = AutoencoderKLFlux2.from_config(VAE).eval()
        vae.bn.running_var.uniform_(0.5, 2.0)
        for name, parameter in vae.named_parameters():
            if "norm" in name:
                parameter.data.add_(0.2 * torch.randn_like(parameter))
        vae.decoder.conv_out.weight.data.mul_(4)
    return vae


def some_latents(vae: AutoencoderKLFlux2, grid: Grid) -> torch.Tensor:
    chance = torch.Generator().manual_seed(1)
    return torch.randn(1, vae.bn.num_features, grid.rows, grid.columns, generator=chance).to(vae.dtype)


def some_picture(grid: Grid) -> Pixels:
    levels = np.random.default_rng(1).integers(0, 256, (grid.height_px, grid.width_px, 3), np.uint8)
    return Pixels(grid.width_px, grid.height_px, levels.tobytes())


def assert_same_picture(found: Pixels, wanted: Pixels) -> None:
    assert (found.width_px, found.height_px) == (wanted.width_px, wanted.height_px)
    levels = np.frombuffer(wanted.rgb, np.uint8).astype(int)
    apart = np.abs(levels - np.frombuffer(found.rgb, np.uint8))
    assert levels.std() > 10
    assert apart.max() <= 1
    assert apart.mean() < 0.002


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("tile_px", [MANY_TILES_PX, 2048, TILE_PX])
@torch.inference_mode()
def test_a_tiled_picture_is_the_stock_one(klein: Klein, grid: Grid, tile_px: int) -> None:
    latents = some_latents(klein.vae, grid)

    assert_same_picture(decode_tiled(klein.vae, latents, tile_px), stock.decode(klein.vae, latents))


@pytest.mark.parametrize("grid", [Grid(4, 2), Grid(3, 5)], ids=str)
@torch.inference_mode()
def test_a_tiled_picture_is_the_stock_one_in_the_published_layout(
    full_size: AutoencoderKLFlux2, grid: Grid
) -> None:
    latents = some_latents(full_size, grid)

    assert_same_picture(decode_tiled(full_size, latents, MANY_TILES_PX), stock.decode(full_size, latents))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@torch.inference_mode()
def test_tiled_latents_are_the_stock_ones(klein: Klein, grid: Grid) -> None:
    picture = some_picture(grid)

    found, wanted = encode_tiled(klein.vae, picture, MANY_TILES_PX), stock.encode(klein.vae, picture)

    assert wanted.std() > 0.1
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_tiled_latents_are_the_stock_ones_in_the_published_layout(full_size: AutoencoderKLFlux2) -> None:
    picture = some_picture(Grid(3, 4))

    found, wanted = encode_tiled(full_size, picture, MANY_TILES_PX), stock.encode(full_size, picture)

    assert wanted.std() > 0.1
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_the_middle_attends_to_every_position_whatever_part_asks(
    klein: Klein, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiled_vae, "_QUERIES_AT_ONCE", 7)
    latents = some_latents(klein.vae, Grid(5, 3))

    assert_same_picture(decode_tiled(klein.vae, latents), stock.decode(klein.vae, latents))


@torch.inference_mode()
def test_a_picture_with_nan_is_refused(klein: Klein) -> None:
    latents = some_latents(klein.vae, Grid(4, 4))
    latents[0, 0, 3, 3] = float("nan")

    with pytest.raises(stock.NotFiniteError):
        decode_tiled(klein.vae, latents, MANY_TILES_PX)


@torch.inference_mode()
def test_a_reference_of_broken_tokens_is_refused(klein: Klein) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        encode_tiled(klein.vae, Pixels(20, 16, bytes(20 * 16 * 3)))


@pytest.mark.parametrize("aspect", [Aspect.SQUARE, Aspect.WIDE_16_9])
def test_the_peak_is_the_documented_one(aspect: Aspect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted on the meta device, where tensors have sizes and no values."""
    grid = aspect.grid
    with torch.device("meta"), quiet_libraries():
        vae = AutoencoderKLFlux2.from_config(VAE).eval().to(torch.bfloat16)
        latents = torch.randn(1, 128, grid.rows, grid.columns, dtype=torch.bfloat16)
        picture = torch.randn(1, 3, grid.height_px, grid.width_px, dtype=torch.bfloat16)
    monkeypatch.setattr(row_tiles, "_rounds_statistics", lambda *_: False)
    monkeypatch.setattr(tiled_vae, "as_pixels", lambda levels: levels)
    monkeypatch.setattr(tiled_vae, "picture_of", lambda *_: picture)
    tile_rows = TILE_PX // grid.width_px // 2 * 2

    def documented(tile_heights: int, single_rows: int) -> int:
        return 2 * 128 * grid.width_px * (2 * grid.height_px + tile_heights * tile_rows + single_rows)

    with torch.no_grad(), PeakBytes() as decoding:
        decode_tiled(vae, latents)
    with torch.no_grad(), PeakBytes() as encoding:
        encode_tiled(vae, some_picture(Grid(1, 1)))

    assert decoding.peak == pytest.approx(documented(7, 8), rel=0.01)
    assert encoding.peak == pytest.approx(documented(3, 6), rel=0.02)
    assert decoding.peak < 576 * MIB
