"""An engine whose pictures do not compress, so that results are as large as they can be."""

import random
from dataclasses import replace

from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask
from tests.scripted_engine import ScriptedEngine, grey


def noisy_engine() -> ScriptedEngine:
    """Each picture is about as many bytes as it has channels: 192 KiB for 256²."""
    engine = ScriptedEngine()
    engine.draw = _noise
    return engine


def _noise(task: RenderTask) -> Pixels:
    plain = grey(task)
    return replace(plain, rgb=random.Random(task.key.position).randbytes(len(plain.rgb)))
