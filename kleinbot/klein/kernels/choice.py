"""Chooses between the Triton kernels and plain torch."""

import torch

from kleinbot.klein.kernels.operations import Operations, PlainOperations


def operations_for(device: torch.device) -> Operations:
    """Return the fused operations for ``device``: Triton's kernels on a GPU, plain torch elsewhere.

    Raises ImportError if Triton is missing on a GPU's machine.
    """
    if device.type != "cuda":
        return PlainOperations()
    from kleinbot.klein.kernels.gpu.launches import TritonOperations

    return TritonOperations()
