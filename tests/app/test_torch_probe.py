"""What torch says of itself, from a process of its own."""

import os
from pathlib import Path

import pytest

from kleinbot.app.torch_probe import ask_torch
from kleinbot.hardware.facts import Gpu

pytestmark = pytest.mark.slow

SEES_A_CARD = """
import torch
torch.cuda.is_available = lambda: True
torch.cuda.mem_get_info = lambda index: (7 << 30, 8 << 30)
torch.cuda.get_device_name = lambda index: "RTX 3070"
torch.cuda.get_device_capability = lambda index: (8, 6)
torch.cuda.get_arch_list = lambda: ["sm_86"]
"""


def test_a_torch_that_sees_a_card_tells_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(SEES_A_CARD)
    paths = filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    told = ask_torch()
    assert told.gpus() == (Gpu("RTX 3070", 8 << 30, 7 << 30, (8, 6)),)
    assert (told.is_available, told.has_kernels, told.error) == (True, True, None)
