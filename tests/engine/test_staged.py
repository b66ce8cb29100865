"""Little memory: stages run one after the other, and earlier ones leave nothing for the decode."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, Placement
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.pipeline import vae
from kleinbot.klein.weights.source import FolderSource
from tests.engine.conftest import Faults, TickingClock, a_task, pixels_of


@pytest.mark.parametrize("placement", [Placement.STREAMED, Placement.DISK])
async def test_encoder_and_transformer_are_gone_when_the_decode_begins(
    tiny_folder: Path,
    tmp_path: Path,
    clock: TickingClock,
    faults: Faults,
    engine: GpuEngine,
    monkeypatch: pytest.MonkeyPatch,
    placement: Placement,
) -> None:
    wanted = await pixels_of(engine, a_task(0), a_task(1))
    plan = ComponentPlan(placement=placement)
    profile = replace(CPU_SMALL, transformer=plan, text_encoder=plan, token_table_on_host=True)
    staged = GpuEngine(FolderSource(tiny_folder), profile, clock, faults, cpu_threads=1, scratch=tmp_path)
    await staged.start()
    assert staged._worker is not None
    klein = staged._worker._loaded.stages._klein
    order: list[str] = []

    def note(stage: str) -> None:
        there = {name: present(module) for name, module in modules.items()}
        order.append(f"{stage} with {[name for name, is_there in there.items() if is_there]}")

    modules = {
        "encoder": klein.text_encoder._model,
        "transformer": klein.transformers[Checkpoint.DISTILLED],
    }
    for name, module in modules.items():
        last = [child for child in module.children() if isinstance(child, torch.nn.ModuleList)][-1][-1]
        last.register_forward_pre_hook(lambda *_, name=name: note(name))
    decode = vae.decode

    def noted_decode(model: AutoencoderKLFlux2, latents: torch.Tensor) -> Pixels:
        note("decode")
        return decode(model, latents)

    monkeypatch.setattr(vae, "decode", noted_decode)

    made = await pixels_of(staged, a_task(0), a_task(1))
    await staged.close()

    assert made == wanted
    assert order == [
        "encoder with ['encoder']",
        *["transformer with ['transformer']"] * a_task().spec.steps,
        *["decode with []"] * 2,
    ]


def present(module: torch.nn.Module) -> bool:
    return any(not tensor.is_meta for tensor in (*module.parameters(), *module.buffers()))
