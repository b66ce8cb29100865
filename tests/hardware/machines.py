"""Machines for tests: typical GPUs, with a desktop where people have one."""

from dataclasses import dataclass

from kleinbot.hardware.facts import GIB, Gpu, HostMemory, MachineFacts, System, TorchBuild
from kleinbot.hardware.profile_choice import ProfileChoice, choose


@dataclass(frozen=True)
class Machine:
    """``held_gib`` is GPU memory held by the driver, the desktop and other programs."""

    name: str
    capability: tuple[int, int]
    gib: float
    held_gib: float
    ram_gib: float
    shows_a_display: bool = True

    @property
    def gpu(self) -> Gpu:
        total = int(self.gib * GIB)
        return Gpu(self.name, total, total - int(self.held_gib * GIB), self.capability, self.shows_a_display)

    def facts(self, system: System = System.LINUX, *, can_compile: bool = True) -> MachineFacts:
        ram = int(self.ram_gib * GIB)
        return MachineFacts(
            system=system,
            memory=HostMemory(ram, ram * 3 // 4),
            gpus=(self.gpu,),
            driver="590.44.01",
            torch=TorchBuild("2.13.0+cu130", "13.0"),
            can_compile=can_compile,
        )

    def choice(self) -> ProfileChoice:
        return choose(self.facts())


RTX_3060 = Machine("NVIDIA GeForce RTX 3060", (8, 6), 12, 2.2, 16)
"""10.5 GB are usable with a display attached, in the worst case."""
RTX_4070_TI_SUPER = Machine("NVIDIA GeForce RTX 4070 Ti SUPER", (8, 9), 16, 1.0, 32)
RTX_3090 = Machine("NVIDIA GeForce RTX 3090", (8, 6), 24, 1.0, 32)
RTX_4090 = Machine("NVIDIA GeForce RTX 4090", (8, 9), 24, 1.0, 64)
RTX_5090 = Machine("NVIDIA GeForce RTX 5090", (12, 0), 31.8, 1.0, 64)
A100 = Machine("NVIDIA A100-SXM4-40GB", (8, 0), 40, 0.5, 128, shows_a_display=False)
H100 = Machine("NVIDIA H100 80GB HBM3", (9, 0), 79.6, 0.6, 256, shows_a_display=False)
EIGHT_GB = Machine("NVIDIA GeForce RTX 3070", (8, 6), 8, 0.7, 16)
SIX_GB = Machine("NVIDIA GeForce RTX 3050", (8, 6), 6, 0.4, 16)
RTX_2080_TI = Machine("NVIDIA GeForce RTX 2080 Ti", (7, 5), 11, 0.5, 32)
