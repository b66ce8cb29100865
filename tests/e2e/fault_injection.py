"""An engine whose pictures do not compress, which gives the largest possible results."""

import random
from dataclasses import replace

from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask
from tests.scripted_engine import ScriptedEngine, grey


def noisy_engine() -> ScriptedEngine:
    """Each picture has about as many bytes as colour values: 192 KiB for 256²."""
    engine = ScriptedEngine()
    engine.draw = _noise
    return engine


def _noise(task: RenderTask) -> Pixels:
    plain = grey(task)
    return replace(plain, rgb=random.Random(task.key.position).randbytes(len(plain.rgb)))
