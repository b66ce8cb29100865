"""An engine whose pictures do not compress, so that results are as large as they can be."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import BatchResult, ImageKey, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never
from tests.scripted_engine import ScriptedEngine


class NoisyEngine(ScriptedEngine):
    """Each picture is about as many bytes as it has channels: 192 KiB for 256²."""

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        plain = await super().render(batch, on_step, is_cancelled, must_yield)
        if isinstance(plain, Suspended):
            return plain
        images = tuple(
            replace(image, pixels=None if image.pixels is None else _noise(image.pixels, image.key.position))
            for image in plain.images
        )
        return replace(plain, images=images)


def _noise(grey: Pixels, seed: int) -> Pixels:
    return replace(grey, rgb=random.Random(seed).randbytes(len(grey.rgb)))
