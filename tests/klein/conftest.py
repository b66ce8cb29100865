"""One tiny Klein per test session, loaded by us and by diffusers' own pipeline."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import Flux2KleinPipeline

from kleinbot.domain.profile import CPU_SMALL
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import HubSource, hub_source
from tests.klein.hub import REPOSITORY, Hub, serving
from tests.klein.tiny import ensure_tiny

TEXT_LAYERS = 36


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Tests run beside each other, and equal thread counts make equal sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many text-encoder layers as the published model, so that the cut after 27 is real."""
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
