"""Which NVIDIA cards this machine has, without torch: asked of the driver's own library (NVML)."""

import ctypes
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.host.profile import CPU_SMALL, CUDA_BF16, Device, Profile

GIB = 2**30
BF16_RESIDENT_NEEDS_BYTES = 18 * GIB
"""About 15.6 GiB of weights and activations, the CUDA context, and some air."""

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_SUCCESS = 0
_NAME_BYTES = 96


@dataclass(frozen=True)
class Card:
    """A graphics card as the driver names it."""

    name: str
    memory_bytes: int


class _Memory(ctypes.Structure):
    """``nvmlMemory_t``, in bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def find_cards(open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> tuple[Card, ...]:
    """Return the machine's NVIDIA cards in the driver's order; none where there is no working driver."""
    try:
        nvml = open_library(_LIBRARY)
        if nvml.nvmlInit_v2() != _SUCCESS:
            return ()
    except (OSError, AttributeError):
        return ()
    try:
        count = ctypes.c_uint(0)
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _SUCCESS:
            return ()
        cards = [_card(nvml, index) for index in range(count.value)]
    finally:
        nvml.nvmlShutdown()
    return tuple(card for card in cards if card is not None)


def _card(nvml: ctypes.CDLL, index: int) -> Card | None:
    handle = ctypes.c_void_p()
    name = ctypes.create_string_buffer(_NAME_BYTES)
    memory = _Memory()
    answers = (
        nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)),
        nvml.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES)),
        nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)),
    )
    if any(answer != _SUCCESS for answer in answers):
        return None
    return Card(name.value.decode("utf-8", "replace"), memory.total)


def choose_profile(cards: Sequence[Card], asked: Device | None = None) -> Profile:
    """Return how Klein sits on a machine with ``cards``.

    ``asked`` is what the host's settings say; None chooses the card where it is large enough. A card that
    was asked for is used whatever its size: the start then tells what is wrong.
    """
    if asked is Device.CUDA:
        return CUDA_BF16
    large_enough = cards and cards[0].memory_bytes >= BF16_RESIDENT_NEEDS_BYTES
    return CUDA_BF16 if large_enough and asked is None else CPU_SMALL
