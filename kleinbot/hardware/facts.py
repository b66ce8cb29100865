"""Facts about the machine as frozen values: the only input of the profile choice and the doctor."""

from dataclasses import dataclass
from enum import StrEnum

GIB = 2**30


class System(StrEnum):
    LINUX = "linux"
    WSL2 = "wsl2"
    """Linux on the Windows driver, which spills to host memory when GPU memory runs out."""
    WINDOWS = "windows"
    MACOS = "macos"

    @property
    def lends_memory(self) -> bool:
        """Whether the driver spills to host memory instead of raising an error (WDDM)."""
        return self in (System.WINDOWS, System.WSL2)


@dataclass(frozen=True)
class Program:
    """A process that computes on a GPU, and the GPU memory it holds."""

    pid: int
    bytes: int


@dataclass(frozen=True)
class Gpu:
    """A GPU as its driver describes it.

    ``capability`` is the compute capability, (8, 6) for sm_86. ``free_bytes`` is free at the moment.
    ``shows_a_display``: it renders a desktop, whose memory use changes. ``identity`` is the driver's UUID,
    accepted in CUDA_VISIBLE_DEVICES. ``programs`` are the processes that the driver reports: none of other
    containers, and on Windows none with a memory figure. ``left_free_bytes``: what the owner
    keeps for other programs.
    """

    name: str
    memory_bytes: int
    free_bytes: int
    capability: tuple[int, int]
    shows_a_display: bool = False
    identity: str = ""
    programs: tuple[Program, ...] = ()
    left_free_bytes: int = 0

    @property
    def held_bytes(self) -> int:
        """Memory held by the driver and all programs."""
        return self.memory_bytes - self.free_bytes


@dataclass(frozen=True)
class HostMemory:
    """The machine's RAM, or the limit of this process's container."""

    total_bytes: int
    available_bytes: int


@dataclass(frozen=True)
class TorchBuild:
    """The installed torch, read from its files. ``cuda`` is None for a build without CUDA."""

    version: str
    cuda: str | None


@dataclass(frozen=True)
class MachineFacts:
    """``driver`` is the NVIDIA driver's version; ``torch`` is None if it is not installed.

    ``driver_error`` is NVML's code (``nvmlReturn_t``) if the driver is present but fails to report its GPUs
    or one of them. ``can_compile``: torch.compile has its code generator and a C compiler.
    """

    system: System
    memory: HostMemory
    gpus: tuple[Gpu, ...] = ()
    driver: str | None = None
    driver_error: int | None = None
    torch: TorchBuild | None = None
    can_compile: bool = False
