from collections.abc import Iterator

import pytest
import torch

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.judge import Painter


@pytest.fixture(scope="session")
def painter() -> Iterator[Painter]:
    """diffusers' own pipeline with the shipped checkout, one picture at a time.

    One thread: a picture takes 0.7 s on one core, and two threads wait for each other on shared cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Painter(CHECKPOINT, "cpu", batch=1)
    torch.set_num_threads(before)
