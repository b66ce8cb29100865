"""Probing of the machine; a fake library stands in for the driver's."""

import ctypes
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from kleinbot.hardware import probe
from kleinbot.hardware.facts import GIB, Gpu, HostMemory, Program, System, TorchBuild
from kleinbot.hardware.nvml import Driver, query_driver
from kleinbot.hardware.probe import pin, read_machine_facts, read_memory, read_torch_build, system_of, visible
from kleinbot.process.disk_space import free_disk_bytes
from tests.processes import finished

A_GAME = Program(77, 9 * GIB)
A_4090 = Gpu("NVIDIA GeForce RTX 4090", 24 * GIB, 11 * GIB, (8, 9), True, "GPU-aaaa-1111", (A_GAME,))
A_3060 = Gpu("NVIDIA GeForce RTX 3060", 12 * GIB, 12 * GIB, (8, 6), False, "GPU-aabb-2222")


class Library:
    """Answers NVML's calls; ``broken`` names the calls that fail."""

    def __init__(self, gpus: list[Gpu], broken: tuple[str, ...] = ()) -> None:
        self.gpus = gpus
        self.broken = broken
        self.is_open = False
        self.calls = {
            "nvmlInit_v2": self.open,
            "nvmlShutdown": self.close,
            "nvmlDeviceGetCount_v2": self.count,
            "nvmlDeviceGetHandleByIndex_v2": self.handle_of,
            "nvmlDeviceGetHandleByUUID": self.handle_of_identity,
            "nvmlDeviceGetName": self.name_of,
            "nvmlDeviceGetMemoryInfo": self.memory_of,
            "nvmlDeviceGetCudaComputeCapability": self.capability_of,
            "nvmlDeviceGetDisplayActive": self.display_of,
            "nvmlDeviceGetUUID": self.identity_of,
            "nvmlSystemGetDriverVersion": self.version,
            "nvmlDeviceGetComputeRunningProcesses_v3": self.programs_of,
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
        count._obj.value = len(self.gpus)
        return 0

    def handle_of(self, index: ctypes.c_uint, handle: Any) -> int:
        handle._obj.value = index.value + 1
        return 0

    def handle_of_identity(self, identity: bytes, handle: Any) -> int:
        places = [number for number, gpu in enumerate(self.gpus, 1) if gpu.identity.encode() == identity]
        handle._obj.value = places[0] if places else 0
        return 0 if places else 6

    def status_of(self, handle: ctypes.c_void_p) -> Gpu:
        assert handle.value is not None
        return self.gpus[handle.value - 1]

    def name_of(self, handle: ctypes.c_void_p, name: Any, length: ctypes.c_uint) -> int:
        name.value = self.status_of(handle).name.encode()[: length.value - 1]
        return 0

    def identity_of(self, handle: ctypes.c_void_p, text: Any, length: ctypes.c_uint) -> int:
        text.value = self.status_of(handle).identity.encode()[: length.value - 1]
        return 0

    def version(self, text: Any, length: ctypes.c_uint) -> int:
        text.value = b"590.44.01"
        return 0

    def capability_of(self, handle: ctypes.c_void_p, major: Any, minor: Any) -> int:
        major._obj.value, minor._obj.value = self.status_of(handle).capability
        return 0

    def programs_of(self, handle: ctypes.c_void_p, count: Any, processes: Any) -> int:
        programs = self.status_of(handle).programs
        count._obj.value = len(programs) + 1
        for place, program in zip(processes, programs, strict=False):
            place.pid, place.used = program.pid, program.bytes
        processes[len(programs)].used = 2**64 - 1
        return 0

    def display_of(self, handle: ctypes.c_void_p, active: Any) -> int:
        active._obj.value = int(self.status_of(handle).shows_a_display)
        return 0

    def memory_of(self, handle: ctypes.c_void_p, memory: Any) -> int:
        memory._obj.total = self.status_of(handle).memory_bytes
        memory._obj.free = self.status_of(handle).free_bytes
        return 0


def driver_of(library: Library) -> Driver:
    return query_driver(lambda _: library)  # type: ignore[arg-type, return-value]


def test_gpus_are_described_as_the_driver_knows_them() -> None:
    library = Library([A_4090, A_3060])
    assert driver_of(library) == Driver("590.44.01", (A_4090, A_3060))
    assert not library.is_open


def test_no_driver_is_no_gpu() -> None:
    def absent(name: str) -> ctypes.CDLL:
        raise OSError(name)

    assert query_driver(absent) == Driver()


@pytest.mark.parametrize(
    "call",
    [
        "nvmlInit_v2",
        "nvmlDeviceGetCount_v2",
        "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetCudaComputeCapability",
    ],
)
def test_a_driver_that_does_not_answer_is_no_gpu_and_its_code_is_kept(call: str) -> None:
    driver = driver_of(Library([A_4090], broken=(call,)))
    assert (visible(driver.gpus, None), driver.error) == ((), 999)


def test_a_gpu_that_shares_the_hosts_memory_is_a_gpu() -> None:
    """GB10: NVML does not support the query of its memory."""
    library = Library([A_4090])
    library.calls["nvmlDeviceGetMemoryInfo"] = lambda *_: 3
    [gpu] = visible(driver_of(library).gpus, None)
    assert gpu.memory_bytes == psutil.virtual_memory().total
    assert 0 < gpu.free_bytes < gpu.memory_bytes


def test_one_gpu_that_cannot_be_read_hides_no_other() -> None:
    library = Library([A_4090, A_3060])
    memory_of = library.memory_of
    library.calls["nvmlDeviceGetMemoryInfo"] = lambda handle, memory: (
        15 if handle.value == 1 else memory_of(handle, memory)
    )
    assert driver_of(library) == Driver("590.44.01", (None, A_3060), 15)
    facts = read_machine_facts({"CUDA_VISIBLE_DEVICES": "1"}, lambda _: library)  # type: ignore[arg-type, return-value]
    assert facts.gpus == (A_3060,), "it keeps its number"
    assert facts.driver_error == 15
    assert read_machine_facts({}, lambda _: library).gpus == (A_3060,)  # type: ignore[arg-type, return-value]


def test_what_a_driver_cannot_say_beside_is_left_out() -> None:
    broken = (
        "nvmlDeviceGetDisplayActive",
        "nvmlDeviceGetUUID",
        "nvmlSystemGetDriverVersion",
        "nvmlDeviceGetComputeRunningProcesses_v3",
    )
    driver = driver_of(Library([A_4090], broken=broken))
    assert driver == Driver(None, (replace(A_4090, shows_a_display=False, identity="", programs=()),))


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        (None, (A_4090, A_3060)),
        ("1", (A_3060,)),
        ("1,0", (A_3060, A_4090)),
        ("GPU-aabb", (A_3060,)),
        ("GPU-aa", ()),
        ("0,7,1", (A_4090,)),
        ("", ()),
        ("-1", ()),
    ],
)
def test_cuda_visible_devices_is_respected(setting: str | None, wanted: tuple[Gpu, ...]) -> None:
    assert visible([A_4090, A_3060], setting) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\n", TorchBuild("2.13.0+cu130", "13.0")),
        ("__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n", TorchBuild("2.13.0+cpu", None)),
        ("nothing of the kind", None),
    ],
)
def test_the_installed_torch_is_read_as_text(text: str, wanted: TorchBuild | None, tmp_path: Path) -> None:
    (tmp_path / "version.py").write_text(text, "utf-8")
    assert read_torch_build(tmp_path) == wanted
    assert read_torch_build(tmp_path / "absent") is None
    assert read_torch_build(None) is None


def test_a_containers_limit_is_its_memory(tmp_path: Path) -> None:
    whole = read_memory(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert read_memory(tmp_path).total_bytes == whole.total_bytes
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB // 4}\n")
    assert read_memory(tmp_path) == HostMemory(GIB, GIB * 3 // 4)


@pytest.mark.parametrize(
    ("limit", "used", "detail", "name"),
    [
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    ],
    ids=["v2", "v1"],
)
def test_files_that_a_container_once_read_do_not_count_as_used(
    limit: str, used: str, detail: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / limit).write_text(f"{GIB}\n")
    (tmp_path / used).write_text(f"{GIB}\n")
    (tmp_path / detail).write_text(f"anon {GIB // 4}\nactive_file 7\n{name} {GIB // 2}\nslab 3\n")
    assert read_memory(tmp_path) == HostMemory(GIB, GIB // 2)


@pytest.mark.parametrize(
    ("own", "folder", "limit", "used"),
    [
        (
            "0::/system.slice/kleinbot.service\n",
            "system.slice/kleinbot.service",
            "memory.max",
            "memory.current",
        ),
        ("0::/user.slice/a.service/b\n", "user.slice", "memory.max", "memory.current"),
        (
            "5:devices:/x\n4:hugetlb,memory:/system.slice/kleinbot.service\n0::/\n",
            "memory/system.slice/kleinbot.service",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
        ),
    ],
)
def test_the_limit_of_a_unit_and_of_the_groups_above_it_is_the_hosts_memory(
    tmp_path: Path, own: str, folder: str, limit: str, used: str
) -> None:
    (tmp_path / "own").write_text(own)
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / limit).write_text(f"{GIB}\n")
    (tmp_path / folder / used).write_text(f"{GIB // 4}\n")
    assert read_memory(tmp_path, tmp_path / "own") == HostMemory(GIB, GIB * 3 // 4)
    (tmp_path / "own").write_text("0::/../elsewhere\n")
    assert read_memory(tmp_path, tmp_path / "own").total_bytes != GIB
    assert read_memory(tmp_path, tmp_path / "absent").total_bytes != GIB


def test_free_disk_is_reported_for_folders_that_are_not_there_yet(tmp_path: Path) -> None:
    free = free_disk_bytes(tmp_path / "a" / "b")
    assert free is not None
    assert free > 0


@pytest.mark.parametrize(
    ("name", "release", "wanted"),
    [
        ("win32", "11", System.WINDOWS),
        ("darwin", "25.1.0", System.MACOS),
        ("linux", "6.12.41+deb13-amd64", System.LINUX),
        ("linux", "6.6.87.2-microsoft-standard-WSL2", System.WSL2),
        ("freebsd", "15.0", System.LINUX),
    ],
)
def test_systems_are_told_apart(name: str, release: str, wanted: System) -> None:
    assert system_of(name, release) is wanted


def test_a_pinned_gpu_is_all_that_cuda_sees_and_later_looks_see_what_the_owner_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "_before_pinning", {})
    environment: dict[str, str] = {}
    pin(A_3060, environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": A_3060.identity}
    library = Library([A_4090, A_3060])
    facts = read_machine_facts(environment, lambda _: library)  # type: ignore[arg-type, return-value]
    assert facts.gpus == (A_4090, A_3060)


def test_a_gpu_without_identity_is_not_pinned() -> None:
    environment: dict[str, str] = {}
    pin(replace(A_3060, identity=""), environment)
    pin(None, environment)
    assert environment == {}


def test_looking_at_this_machine_needs_no_torch() -> None:
    code = (
        "import sys; from kleinbot.hardware.probe import read_machine_facts; "
        "print(read_machine_facts().memory.total_bytes, 'torch' in sys.modules)"
    )
    result = finished([sys.executable, "-c", code])
    total, has_torch = result.stdout.split()
    assert int(total) > 0
    assert has_torch == "False"
