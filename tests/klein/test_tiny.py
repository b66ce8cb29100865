"""The tiny Klein: the same on every machine, built once, and a picture in well under two seconds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import load_file

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.klein.pipeline.load import Klein
from tests.klein.test_parity import our_latents, our_pixels
from tests.klein.tiny import ensure_tiny


def test_it_is_built_once(tmp_path: Path) -> None:
    folder = ensure_tiny(tmp_path / "models" / "tiny")
    weights = folder / "transformer/diffusion_pytorch_model.safetensors"
    before = weights.stat().st_mtime_ns

    assert ensure_tiny(folder) == folder
    assert weights.stat().st_mtime_ns == before
    assert [entry.name for entry in folder.parent.iterdir()] == ["tiny"]


def test_two_starts_at_once_leave_one_whole_checkout(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: ensure_tiny(tmp_path / "tiny"), range(4)))
    assert set(folders) == {tmp_path / "tiny"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["tiny"]


def test_its_weights_do_not_depend_on_what_was_drawn_before(tmp_path: Path) -> None:
    one = ensure_tiny(tmp_path / "one")
    torch.rand(1)
    before = torch.random.get_rng_state()
    other = ensure_tiny(tmp_path / "other")

    assert torch.equal(torch.random.get_rng_state(), before)
    for file in ("transformer/diffusion_pytorch_model", "text_encoder/model", "vae/diffusion_pytorch_model"):
        ours, theirs = (load_file(folder / f"{file}.safetensors") for folder in (one, other))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_picture_of_256_px_is_made(klein: Klein) -> None:
    pixels = our_pixels(klein, our_latents(klein, ["a red fox"], [NoiseRecipe(1)], Grid(16, 16)))
    assert pixels[0].shape == (256, 256, 3)
