"""Looks at the machine without torch: its cards, memory, disks, and what the installed torch is built for."""

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

from kleinbot.host.cards import ask_driver
from kleinbot.host.facts import Card, HostFacts, HostMemory, System, TorchBuild

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
DEVICE_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""Lets torch count the cards as the driver does; CUDA would begin with the fastest."""
_CGROUP = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_COMPILERS = ("cc", "gcc", "clang")


@dataclass(frozen=True)
class _ControlGroup:
    """Where a version of control groups keeps its figures, and its name for files not used lately.

    ``controller`` is the field by which /proc/self/cgroup tells the process's own group.
    """

    controller: str
    folder: str
    limit_file: str
    used_file: str
    kept_files: str


_CONTROL_GROUPS = (
    _ControlGroup("", "", "memory.max", "memory.current", "inactive_file"),
    _ControlGroup(
        "memory",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        # With the groups below it, as the usage.
        "total_inactive_file",
    ),
)


def look(
    environment: Mapping[str, str] = os.environ,
    open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL,
) -> HostFacts:
    """Return what this machine is, at this moment. Raises nothing: what cannot be told is absent."""
    driver = ask_driver(open_library)
    return HostFacts(
        system=this_system(),
        memory=read_memory(),
        cards=visible(driver.cards, _before_pinning.get(VISIBLE_DEVICES, environment.get(VISIBLE_DEVICES))),
        driver=driver.version,
        driver_error=driver.error,
        torch=read_torch_build(package_folder("torch")),
        can_compile=can_compile(environment),
    )


def this_system() -> System:
    return system_of(sys.platform, platform.release())


def system_of(name: str, release: str) -> System:
    """Tell the system by ``sys.platform`` and the kernel's release ("6.6.87.2-microsoft-standard-WSL2").

    What is neither Windows nor macOS is taken for a Linux.
    """
    if name == "win32":
        return System.WINDOWS
    if name == "darwin":
        return System.MACOS
    return System.WSL2 if "microsoft" in release.lower() else System.LINUX


_before_pinning: dict[str, str | None] = {}


def pin(card: Card | None, environment: MutableMapping[str, str] = os.environ) -> None:
    """Let CUDA see ``card`` alone, by its UUID; call it before torch is imported.

    Later looks at the machine go on seeing what the owner's own setting leaves visible.
    """
    if card is None or not card.identity:
        return
    _before_pinning.setdefault(VISIBLE_DEVICES, environment.get(VISIBLE_DEVICES))
    environment[VISIBLE_DEVICES] = card.identity


def visible(cards: Sequence[Card | None], setting: str | None) -> tuple[Card, ...]:
    """Return the cards that CUDA_VISIBLE_DEVICES leaves visible, in its order: numbers, or starts of UUIDs.

    What is neither (a MIG slice) ends the list, as in CUDA. Numbers are taken in PCI order, the driver's;
    None stands for a card that is not to be had, which has its number nevertheless.
    """
    if setting is None:
        return tuple(card for card in cards if card is not None)
    chosen: list[Card | None] = []
    for part in (part.strip() for part in setting.split(",")):
        if part.isdigit() and int(part) < len(cards):
            chosen.append(cards[int(part)])
            continue
        named = [card for card in cards if card is not None and part and card.identity.startswith(part)]
        if len(named) != 1:
            break
        chosen.append(named[0])
    return tuple(card for card in chosen if card is not None)


def read_memory(cgroup: Path = _CGROUP, own: Path = _OWN_CGROUP) -> HostMemory:
    """Return the host's memory; in a container or a unit at most what its control groups allow.

    A limit may stand at the process's own group or any above it. A group's usage counts files that were read
    once and lie in memory still; the kernel gives those up before anything is killed, so they count as
    available. (Linux, "Memory Resource Controller", ``memory.stat``; cgroups(7), "/proc/pid/cgroup".)
    """
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    for group in _CONTROL_GROUPS:
        for folder in _groups_of(group, cgroup, own):
            limit = _number_in(folder / group.limit_file)
            if limit is not None and limit < memory.total:
                total = min(total, limit)
                used = _number_in(folder / group.used_file) or 0
                kept_files = _named_number_in(folder / "memory.stat", group.kept_files)
                available = min(available, limit - max(0, used - kept_files))
    return HostMemory(total, max(0, available))


def _groups_of(group: _ControlGroup, cgroup: Path, own: Path) -> list[Path]:
    """Return the folders from the root that is mounted down to the process's own group."""
    root = cgroup / group.folder
    try:
        lines = own.read_text("utf-8", "replace").splitlines()
    except OSError:
        return [root]
    for line in lines:
        # hierarchy:controllers:path; a path outside of the namespace begins with "..".
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
    """Return the number behind ``name`` on a line of its own, 0 where there is none."""
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    values = (line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} "))
    return next((int(value) for value in values if value.isdigit()), 0)


def free_disk_bytes(folder: Path) -> int | None:
    """Return the free space where ``folder`` is or will be; None where it cannot be told."""
    folder = folder.absolute()
    try:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        return shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return None


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package without importing it."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(found.origin).parent if found is not None and found.origin is not None else None


def read_torch_build(folder: Path | None) -> TorchBuild | None:
    """Read which torch lies in ``folder`` from its ``version.py``, as text: importing it takes seconds."""
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
    """Tell whether torch.compile can work: it generates Triton code, whose launcher a C compiler builds.

    On Windows Triton comes as a package of its own (triton-windows) that brings its compiler along.
    """
    if package_folder("triton") is None:
        return False
    return sys.platform == "win32" or "CC" in environment or any(map(shutil.which, _COMPILERS))
