import pytest
import torch

from kleinbot.klein.small import CHECKPOINT
from kleinbot.klein.small.judge import Painter


@pytest.fixture(scope="session")
def painter():
    """diffusers' own pipeline over the shipped checkout, one picture at a time."""
    torch.set_num_threads(2)
    return Painter(CHECKPOINT, "cpu", batch=1)
