"""Where a component's weights are between two uses, and how they come to the card."""

from pathlib import Path

import torch

from kleinbot.host.profile import Placement


def place(module: torch.nn.Module, placement: Placement, device: torch.device, scratch: Path | None) -> None:
    """Put ``module``, which is on the CPU, where ``placement`` says; its forward pass then runs on ``device``.

    ``scratch`` is a folder for DISK.
    """
    del scratch
    if placement is not Placement.RESIDENT:
        raise NotImplementedError(placement)
    module.to(device)
