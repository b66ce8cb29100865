"""Probes the machine without torch: its GPUs and memory, and the CUDA version of the installed torch."""

import ctypes
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from kleinbot.hardware.facts import Gpu, HostMemory, MachineFacts, System, TorchBuild
from kleinbot.hardware.nvml import query_driver

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
DEVICE_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""Makes torch number the GPUs as the driver does; CUDA's default starts with the fastest."""
_CGROUP = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_COMPILERS = ("cc", "gcc", "clang")


@dataclass(frozen=True)
class _ControlGroup:
    """The files of a control group version, and its name for inactive page cache.

    ``controller`` is the field of /proc/self/cgroup that identifies the process's own group.
    """

    controller: str
    folder: str
    limit_file: str
    used_file: str
    inactive_files: str


_CONTROL_GROUPS = (
    _ControlGroup("", "", "memory.max", "memory.current", "inactive_file"),
    _ControlGroup(
        "memory",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        # Includes the groups below it, like the usage.
        "total_inactive_file",
    ),
)


def read_machine_facts(
    environment: Mapping[str, str] = os.environ,
    open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL,
) -> MachineFacts:
    """Return the current facts of this machine. Raises nothing: facts that cannot be read are absent."""
    driver = query_driver(open_library)
    return MachineFacts(
        system=this_system(),
        memory=read_memory(),
        gpus=visible(driver.gpus, _before_pinning.get(VISIBLE_DEVICES, environment.get(VISIBLE_DEVICES))),
        driver=driver.version,
        driver_error=driver.error,
        torch=read_torch_build(package_folder("torch")),
        can_compile=can_compile(environment),
    )


def this_system() -> System:
    return system_of(sys.platform, platform.release())


def system_of(name: str, release: str) -> System:
    """Return the system for ``sys.platform`` and the kernel's release ("6.6.87.2-microsoft-standard-WSL2").

    Any other platform than Windows and macOS counts as Linux.
    """
    if name == "win32":
        return System.WINDOWS
    if name == "darwin":
        return System.MACOS
    return System.WSL2 if "microsoft" in release.lower() else System.LINUX


_before_pinning: dict[str, str | None] = {}


def pin(gpu: Gpu | None, environment: MutableMapping[str, str] = os.environ) -> None:
    """Make only ``gpu`` visible to CUDA, by its UUID; call it before torch is imported.

    Later probes still see all GPUs that the owner's own setting leaves visible.
    """
    if gpu is None or not gpu.identity:
        return
    _before_pinning.setdefault(VISIBLE_DEVICES, environment.get(VISIBLE_DEVICES))
    environment[VISIBLE_DEVICES] = gpu.identity


def visible(gpus: Sequence[Gpu | None], setting: str | None) -> tuple[Gpu, ...]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES leaves visible, in its order: numbers or UUID prefixes.

    Any other entry (a MIG slice) ends the list, as in CUDA. Numbers follow the driver's PCI order; None is a
    GPU that cannot be used but still has its number.
    """
    if setting is None:
        return tuple(gpu for gpu in gpus if gpu is not None)
    chosen: list[Gpu | None] = []
    for part in (part.strip() for part in setting.split(",")):
        if part.isdigit() and int(part) < len(gpus):
            chosen.append(gpus[int(part)])
            continue
        named = [gpu for gpu in gpus if gpu is not None and part and gpu.identity.startswith(part)]
        if len(named) != 1:
            break
        chosen.append(named[0])
    return tuple(gpu for gpu in chosen if gpu is not None)


def read_memory(cgroup: Path = _CGROUP, own: Path = _OWN_CGROUP) -> HostMemory:
    """Return the host memory, limited by the control groups of a container or unit.

    The process's own group or any group above it may set a limit. A group's usage includes inactive page
    cache; the kernel frees that before it kills a process, so it counts as available. (Linux, "Memory
    Resource Controller", ``memory.stat``; cgroups(7), "/proc/pid/cgroup".)
    """
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    for group in _CONTROL_GROUPS:
        for folder in _groups_of(group, cgroup, own):
            limit = _number_in(folder / group.limit_file)
            if limit is not None and limit < memory.total:
                total = min(total, limit)
                used = _number_in(folder / group.used_file) or 0
                inactive_files = _named_number_in(folder / "memory.stat", group.inactive_files)
                available = min(available, limit - max(0, used - inactive_files))
    return HostMemory(total, max(0, available))


def _groups_of(group: _ControlGroup, cgroup: Path, own: Path) -> list[Path]:
    """Return the folders from the mounted root down to the process's own group."""
    root = cgroup / group.folder
    try:
        lines = own.read_text("utf-8", "replace").splitlines()
    except OSError:
        return [root]
    for line in lines:
        # hierarchy:controllers:path; a path outside the namespace begins with "..".
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        parts = [part for part in path.split("/") if part]
        if group.controller in controllers.split(",") and ".." not in parts:
            return [root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    return [root]


def _number_in(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):  # "max": no limit
        return None


def _named_number_in(file: Path, name: str) -> int:
    """Return the number after ``name`` on a line of its own, or 0."""
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    values = (line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
    return next((int(value) for value in values if value.isdigit()), 0)


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package without importing it."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(found.origin).parent if found is not None and found.origin is not None else None


def read_torch_build(folder: Path | None) -> TorchBuild | None:
    """Read the version of the torch in ``folder`` from ``version.py``, as text: importing takes seconds."""
    if folder is None:
        return None
    try:
        text = (folder / "version.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    version = re.search(r"^__version__\b[^=\n]*=\s*'([^']+)'", text, re.MULTILINE)
    cuda = re.search(r"^cuda\b[^=\n]*=\s*'([^']+)'", text, re.MULTILINE)
    return TorchBuild(version[1], cuda[1] if cuda else None) if version else None


def can_compile(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether torch.compile can work: it needs Triton, and a C compiler for Triton's launcher.

    On Windows, Triton is a separate package (triton-windows) that includes its compiler.
    """
    if package_folder("triton") is None:
        return False
    return sys.platform == "win32" or "CC" in environment or any(map(shutil.which, _COMPILERS))
