"""The model card's own call as a contender: diffusers' pipeline with the documented arguments."""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from kleinbot.bench.cases import Case
from kleinbot.bench.contender import STEPS, DoesNotFitError, FailedError, prompt_of, references_of, seeds_of
from kleinbot.bench.results import Run
from kleinbot.domain.clock import Clock
from kleinbot.klein.pipeline.load import quiet_libraries

RESIDENT_NEEDS_BYTES = 18 * 2**30
"""Measured: 17.3 GiB allocated at 1024² with all 36 layers of the text encoder."""


class ModelCardCall:
    """``Flux2KleinPipeline.from_pretrained(...).to("cuda")``, or offloaded if that does not fit."""

    def __init__(self, folder: Path, device: torch.device, clock: Clock, *, offloaded: bool) -> None:
        self._folder = folder
        self._device = device
        self._clock = clock
        self._offloaded = offloaded
        self._pipeline: Any = None

    async def start(self) -> None:
        await self._in_thread(self._load)

    async def run(self, case: Case, number: int) -> Run:
        pictures = [
            Image.frombytes("RGB", (picture.width_px, picture.height_px), picture.rgb)
            for picture in references_of(case)
        ]

        def call() -> None:
            self._pipeline(
                image=pictures or None,
                prompt=[prompt_of(number)] * case.batch,
                height=case.grid.height_px,
                width=case.grid.width_px,
                num_inference_steps=STEPS,
                guidance_scale=1.0,
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds_of(case, number)],
            )

        started_s = self._clock.monotonic_s()
        await self._in_thread(call)
        return Run(self._clock.monotonic_s() - started_s)

    async def close(self) -> None:
        self._pipeline = None
        gc.collect()
        if self._device.type == "cuda":
            # After a fatal CUDA error this fails too.
            with contextlib.suppress(RuntimeError):
                torch.cuda.empty_cache()

    async def _in_thread(self, work: Callable[[], None]) -> None:
        did_fit = False
        try:
            await asyncio.to_thread(work)
            did_fit = True
        except torch.OutOfMemoryError:
            pass
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise FailedError(f"{type(error).__name__}: {error}") from error
        if not did_fit:
            # Outside ``except``: the traceback keeps the failed call's tensors alive.
            gc.collect()
            torch.cuda.empty_cache()
            raise DoesNotFitError

    def _load(self) -> None:
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        with quiet_libraries():
            pipeline = Flux2KleinPipeline.from_pretrained(self._folder, dtype=dtype, local_files_only=True)
            if self._offloaded:
                pipeline.enable_model_cpu_offload()
            else:
                pipeline.to(self._device)
        pipeline.set_progress_bar_config(disable=True)
        self._pipeline = pipeline
