"""Classifies a failed batch: the batch itself, memory, or the GPU."""

import re
from collections.abc import Callable
from enum import Enum, auto

import torch

_CUDA_WORDS = re.compile(
    r"CUDA (driver |runtime )?error|CUBLAS_STATUS|CUDNN_STATUS|CUSPARSE_STATUS|CUSOLVER_STATUS|cuDNN error"
    r"|CUDA out of memory|NVML_SUCCESS",
    re.IGNORECASE,
)
_MEMORY_WORDS = re.compile(
    r"out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED", re.IGNORECASE
)
_HOST_MEMORY_WORDS = re.compile(
    r"DefaultCPUAllocator: (can't allocate|not enough) memory|cudaHostAlloc|cudaHostRegister", re.IGNORECASE
)


def is_host_out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` is an out-of-memory error of the host, from Python or torch.

    torch's wording differs between systems (c10/core/impl/alloc_cpu.cpp); for pinned memory it names the
    CUDA call.
    """
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and _HOST_MEMORY_WORDS.search(str(error)) is not None
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` is an out-of-memory error of the device, from torch or CUDA."""
    return isinstance(error, torch.OutOfMemoryError) or (
        _is_from_cuda(error) and _MEMORY_WORDS.search(str(error)) is not None
    )


def _is_from_cuda(error: BaseException) -> bool:
    return isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and _CUDA_WORDS.search(str(error)) is not None
    )


class Failure(Enum):
    """The cause of a failure."""

    BATCH = auto()
    OUT_OF_MEMORY = auto()
    HOST_OUT_OF_MEMORY = auto()
    GPU = auto()


def classify(error: BaseException, probe: Callable[[], None]) -> Failure:
    """Return the cause of ``error``.

    Most errors of the CUDA runtime are sticky: every later call on the context fails too. ``probe`` waits
    for the device and raises RuntimeError if it is no longer usable.
    """
    if _is_from_cuda(error) and not _survives(probe):
        return Failure.GPU
    if is_host_out_of_memory(error):
        return Failure.HOST_OUT_OF_MEMORY
    return Failure.OUT_OF_MEMORY if is_out_of_memory(error) else Failure.BATCH


def _survives(probe: Callable[[], None]) -> bool:
    try:
        probe()
    except RuntimeError:
        return False
    return True
