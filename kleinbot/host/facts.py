"""What the machine is, as frozen values: the only thing that the rules and the doctor look at."""

from dataclasses import dataclass
from enum import StrEnum

GIB = 2**30


class System(StrEnum):
    LINUX = "linux"
    WSL2 = "wsl2"
    """Linux on Windows' own driver, which lends the host's memory where the card's ends."""
    WINDOWS = "windows"
    MACOS = "macos"

    @property
    def lends_memory(self) -> bool:
        """Whether the driver gives system memory in place of the card's instead of an error (WDDM)."""
        return self in (System.WINDOWS, System.WSL2)


@dataclass(frozen=True)
class Program:
    """A process that computes on a card, and how much of its memory it holds."""

    pid: int
    bytes: int


@dataclass(frozen=True)
class Card:
    """A graphics card as its driver describes it.

    ``capability`` is the compute capability, (8, 6) for sm_86. ``free_bytes`` is what no program holds at the
    moment. ``shows_a_display``: a desktop is drawn on it, whose needs change. ``identity`` is the driver's
    UUID, which CUDA takes in CUDA_VISIBLE_DEVICES. ``programs`` are those that the driver tells apart: none
    of another container, and on Windows none with a figure.
    """

    name: str
    memory_bytes: int
    free_bytes: int
    capability: tuple[int, int]
    shows_a_display: bool = False
    identity: str = ""
    programs: tuple[Program, ...] = ()

    @property
    def held_bytes(self) -> int:
        """What the driver and other programs hold."""
        return self.memory_bytes - self.free_bytes


@dataclass(frozen=True)
class HostMemory:
    """The host's RAM, or what this process's container may have of it."""

    total_bytes: int
    available_bytes: int


@dataclass(frozen=True)
class TorchBuild:
    """The installed torch, read from its files. ``cuda`` is None for a build that knows no NVIDIA card."""

    version: str
    cuda: str | None


@dataclass(frozen=True)
class HostFacts:
    """``driver`` is the NVIDIA driver's version, ``torch`` None where there is no torch.

    ``driver_error`` is NVML's code (``nvmlReturn_t``) where the driver is there but does not show its cards,
    or one of them.
    ``can_compile``: torch.compile has its code generator and a C compiler.
    """

    system: System
    memory: HostMemory
    cards: tuple[Card, ...] = ()
    driver: str | None = None
    driver_error: int | None = None
    torch: TorchBuild | None = None
    can_compile: bool = False
