"""One tiny Klein per test session, loaded by us and by diffusers' own pipeline."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation import quantised as quantised_module
from kleinbot.klein.quantisation.quantise import quantise
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import HubSource, hub_source
from tests.klein.hub import REPOSITORY, Hub, serving
from tests.klein.layouts import (
    SCALES,
    write_bfl_fp8,
    write_comfy_text_encoder,
    write_comfy_tokenizer,
    write_comfy_vae,
)
from tests.klein.tiny import ensure_tiny

TEXT_LAYERS = 36


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Tests run in parallel, and equal thread counts give equal sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has the published model's number of text encoder layers, so that the cut after 27 is real."""
    return ensure_tiny(tmp_path_factory.mktemp("klein") / "tiny", text_layers=TEXT_LAYERS)


@pytest.fixture(scope="session")
def klein(tiny_folder: Path) -> Klein:
    return load_klein(find_weights(tiny_folder), CPU_SMALL, torch.device("cpu"), lambda _: None)


@pytest.fixture(scope="session")
def pipeline(tiny_folder: Path) -> Flux2KleinPipeline:
    pipe = Flux2KleinPipeline.from_pretrained(tiny_folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    pipe.vae.enable_slicing()
    return pipe


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    folder = shutil.copytree(tiny_folder, tmp_path / "published")
    (folder / "flux-2-klein-4b.safetensors").write_bytes(b"the same again")
    (folder / "README.md").write_text("read me")
    with serving(folder) as hub:
        yield hub


@pytest.fixture
def source(hub: Hub, tmp_path: Path) -> HubSource:
    return hub_source(CPU_SMALL, REPOSITORY, tmp_path / "cache", hub.endpoint)


@pytest.fixture(scope="module")
def transformer(klein: Klein) -> Flux2Transformer2DModel:
    return klein.transformers[Checkpoint.DISTILLED]


@pytest.fixture(scope="module")
def comfy_made(
    tiny_folder: Path, transformer: Flux2Transformer2DModel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    root = tmp_path_factory.mktemp("comfy") / "ComfyUI"
    write_bfl_fp8(transformer, root / "models/diffusion_models/flux-2-klein-4b-fp8.safetensors", SCALES)
    write_comfy_text_encoder(tiny_folder, root / "models/text_encoders/qwen_3_4b.safetensors")
    write_comfy_vae(tiny_folder, root / "models/vae/flux2-vae.safetensors")
    write_comfy_tokenizer(tiny_folder, root)
    return root


@pytest.fixture
def comfy(comfy_made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(comfy_made, tmp_path / "ComfyUI")


@pytest.fixture
def checkout(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "checkout")


@pytest.fixture
def quantised_layers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[WeightFormat]]:
    """Record every layer quantised for the file."""
    made: list[WeightFormat] = []

    def noted(
        weight: torch.Tensor, weight_format: WeightFormat, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        made.append(weight_format)
        return quantise(weight, weight_format, device)

    monkeypatch.setattr(quantised_module, "quantise", noted)
    return iter([made])
