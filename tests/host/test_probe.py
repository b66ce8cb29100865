"""The driver's library is played by one that answers like it."""

import ctypes
from typing import Any

import pytest

from kleinbot.host.probe import GIB, Card, choose_profile, find_cards
from kleinbot.host.profile import CPU_SMALL, CUDA_BF16, Device, Profile

A_4090 = Card("NVIDIA GeForce RTX 4090", 24 * GIB)
A_3060 = Card("NVIDIA GeForce RTX 3060", 12 * GIB)


class Driver:
    """Answers NVML's calls; ``broken`` names the calls that fail."""

    def __init__(self, cards: list[Card], broken: tuple[str, ...] = ()) -> None:
        self.cards = cards
        self.broken = broken
        self.is_open = False
        self.calls = {
            "nvmlInit_v2": self.open,
            "nvmlShutdown": self.close,
            "nvmlDeviceGetCount_v2": self.count,
            "nvmlDeviceGetHandleByIndex_v2": self.handle_of,
            "nvmlDeviceGetName": self.name_of,
            "nvmlDeviceGetMemoryInfo": self.memory_of,
        }

    def __getattr__(self, name: str) -> Any:
        if name not in self.calls:
            raise AttributeError(name)
        return (lambda *_: 999) if name in self.broken else self.calls[name]

    def open(self) -> int:
        self.is_open = True
        return 0

    def close(self) -> int:
        self.is_open = False
        return 0

    def count(self, count: Any) -> int:
        count._obj.value = len(self.cards)
        return 0

    def handle_of(self, index: ctypes.c_uint, handle: Any) -> int:
        handle._obj.value = index.value + 1
        return 0

    def name_of(self, handle: ctypes.c_void_p, name: Any, length: ctypes.c_uint) -> int:
        name.value = self.cards[handle.value - 1].name.encode()[: length.value - 1]
        return 0

    def memory_of(self, handle: ctypes.c_void_p, memory: Any) -> int:
        memory._obj.total = self.cards[handle.value - 1].memory_bytes
        return 0


def cards_of(driver: Driver) -> tuple[Card, ...]:
    return find_cards(lambda _: driver)  # type: ignore[arg-type, return-value]


def test_cards_are_named_with_their_memory() -> None:
    driver = Driver([A_4090, A_3060])
    assert cards_of(driver) == (A_4090, A_3060)
    assert not driver.is_open


def test_no_driver_is_no_card() -> None:
    def absent(name: str) -> ctypes.CDLL:
        raise OSError(name)

    assert find_cards(absent) == ()


@pytest.mark.parametrize("call", ["nvmlInit_v2", "nvmlDeviceGetCount_v2", "nvmlDeviceGetMemoryInfo"])
def test_a_driver_that_does_not_answer_is_no_card(call: str) -> None:
    assert cards_of(Driver([A_4090], broken=(call,))) == ()


@pytest.mark.parametrize(
    ("cards", "asked", "wanted"),
    [
        ([], None, CPU_SMALL),
        ([A_4090], None, CUDA_BF16),
        ([A_3060], None, CPU_SMALL),
        ([A_3060, A_4090], None, CPU_SMALL),
        ([A_4090], Device.CPU, CPU_SMALL),
        ([], Device.CUDA, CUDA_BF16),
    ],
)
def test_the_profile_follows_the_first_card_and_the_settings(
    cards: list[Card], asked: Device | None, wanted: Profile
) -> None:
    assert choose_profile(cards, asked) is wanted


def test_looking_for_cards_on_this_machine_does_not_raise() -> None:
    assert isinstance(find_cards(), tuple)
