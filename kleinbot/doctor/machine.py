"""Checks Python, torch and other libraries, the GPU, its driver and memory, and the machine's memory."""

import platform
from collections.abc import Callable, Iterator
from importlib import metadata

import psutil

from kleinbot.app.torch_probe import TorchProbe
from kleinbot.doctor.findings import Finding, Topic, Verdict, of_error, ok, problem, warning
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import Device
from kleinbot.hardware.activations import MEASURED_ON
from kleinbot.hardware.checks import driver_problem, gpu_problem, torch_lacks_gpu
from kleinbot.hardware.facts import GIB, Gpu, MachineFacts, System
from kleinbot.hardware.profile_choice import ranked_gpus, usable_bytes
from kleinbot.hardware.without_gpu import HOST_RESERVE_BYTES

# As in pyproject.toml: the oldest version that works, and the first that is untested.
KNOWN_LIBRARIES = {
    "torch": ("2.11", "2.14"),
    "diffusers": ("0.42.1", "0.43"),
    "transformers": ("5.10", "6"),
    "discord.py": ("2.7.1", "2.8"),
}
_REPORTED_HELD_BYTES = 2 * GIB
_PROGRAMS_NAMED = 3


def python_version(system: System) -> Finding:
    message = "doctor-python-windows" if system is System.WINDOWS else "doctor-python"
    return ok(Topic.PYTHON, message, version=platform.python_version(), system=platform.platform())


def libraries(version_of: Callable[[str], str] = metadata.version) -> Iterator[Finding]:
    """Yield problems with the libraries' versions, or one finding that there are none."""
    found: dict[str, str] = {}
    is_right = True
    for name, (oldest, untried) in KNOWN_LIBRARIES.items():
        try:
            found[name] = version_of(name)
        except metadata.PackageNotFoundError:
            is_right = False
            yield problem(Topic.LIBRARIES, "doctor-library-missing", library=name)
            continue
        if _numbers(found[name]) < _numbers(oldest):
            is_right = False
            yield problem(
                Topic.LIBRARIES, "doctor-library-old", library=name, version=found[name], wanted=oldest
            )
        elif _numbers(found[name]) >= _numbers(untried):
            is_right = False
            yield warning(
                Topic.LIBRARIES, "doctor-library-new", library=name, version=found[name], untried=untried
            )
    if is_right:
        listed = ", ".join(f"{name} {version}" for name, version in found.items())
        yield ok(Topic.LIBRARIES, "doctor-libraries", libraries=listed)


def torch_build(report: TorchProbe, facts: MachineFacts, asked: Device | None) -> Finding:
    """Report whether torch works and supports the GPU; lacking a requested GPU is a problem."""
    if report.error is not None:
        return problem(Topic.TORCH, "doctor-torch-broken", reason=report.error)
    version, cuda = report.version, report.cuda or "none"
    if asked is Device.CPU or not facts.gpus:
        return ok(Topic.TORCH, "doctor-torch", version=version, cuda=cuda)
    gpu = ranked_gpus(facts)[0]
    known = gpu_problem(gpu, facts)
    if known is not None and known.code is not Code.CARD_TOO_OLD:
        return of_error(Topic.TORCH, known, _unusable_gpu_verdict(asked))
    if not report.is_available:
        # The profile choice cannot know it, so the bot would try the GPU.
        return of_error(Topic.TORCH, StartError(Code.CUDA_UNAVAILABLE, torch=version))
    if not report.has_kernels:
        return of_error(Topic.TORCH, torch_lacks_gpu(version, gpu))
    return ok(Topic.TORCH, "doctor-torch-for-card", version=version, cuda=cuda, card=gpu.name)


def gpu(facts: MachineFacts, asked: Device | None) -> Iterator[Finding]:
    """Yield findings on the GPU, its driver and its memory."""
    if not facts.gpus:
        if (silent := driver_problem(facts)) is not None:
            yield of_error(Topic.CARD, silent, Verdict.WARNING)
            return
        if asked is Device.CUDA:
            # The profile shows whether torch finds a GPU nevertheless.
            yield warning(Topic.CARD, "doctor-card-not-found")
            return
        message = "doctor-card-none-windows" if facts.system is System.WINDOWS else "doctor-card-none"
        yield ok(Topic.CARD, message)
        return
    first, *rest = ranked_gpus(facts)
    major, minor = first.capability
    known = gpu_problem(first, facts)
    if known is not None and known.code is Code.CARD_TOO_OLD:
        yield of_error(Topic.CARD, known, _unusable_gpu_verdict(asked))
    else:
        message = "doctor-card" if first.capability == MEASURED_ON else "doctor-card-unmeasured"
        yield ok(Topic.CARD, message, card=first.name, capability=f"{major}.{minor}")
    if rest:
        others = ", ".join(other.name for other in rest)
        yield warning(Topic.CARD, "doctor-card-several", card=first.name, others=others)
    if facts.driver_error is not None:
        yield warning(Topic.CARD, "doctor-card-lost", number=facts.driver_error)
    yield ok(Topic.DRIVER, "doctor-driver", version=facts.driver or "?")
    yield _gpu_memory(first, facts.system)
    if first.left_free_bytes:
        yield ok(Topic.CARD_MEMORY, "doctor-card-left-free", left=_gib(first.left_free_bytes))


def _gpu_memory(first: Gpu, system: System) -> Finding:
    figures = {
        "total": _gib(first.memory_bytes),
        "free": _gib(first.free_bytes),
        "usable": _gib(usable_bytes(first, system)),
    }
    if first.held_bytes < _REPORTED_HELD_BYTES:
        return ok(Topic.CARD_MEMORY, "doctor-card-memory", **figures)
    programs = sorted(first.programs, key=lambda program: program.bytes, reverse=True)[:_PROGRAMS_NAMED]
    named = ", ".join(f"{_name_of(each.pid)} {_gib(each.bytes)} GiB" for each in programs) or "?"
    return warning(
        Topic.CARD_MEMORY,
        "doctor-card-memory-held",
        held=_gib(first.held_bytes),
        programs=named,
        **figures,
    )


def host_memory(facts: MachineFacts, needed_bytes: int) -> Finding:
    """Report the machine's memory and how much of it the profile pins."""
    memory = facts.memory
    figures = {"total": _gib(memory.total_bytes), "available": _gib(memory.available_bytes)}
    if memory.available_bytes < needed_bytes + HOST_RESERVE_BYTES:
        wanted = _gib(needed_bytes + HOST_RESERVE_BYTES)
        return warning(Topic.HOST_MEMORY, "doctor-host-memory-low", wanted=wanted, **figures)
    return ok(Topic.HOST_MEMORY, "doctor-host-memory", **figures)


def _name_of(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} ({pid})"
    except psutil.Error:
        return f"({pid})"


def _unusable_gpu_verdict(asked: Device | None) -> Verdict:
    """Return the verdict on an unusable GPU: if none was requested, the small model draws instead."""
    return Verdict.PROBLEM if asked is Device.CUDA else Verdict.WARNING


def _numbers(version: str) -> tuple[int, ...]:
    plain = version.split("+")[0]
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in plain.split("."))


def _gib(count: int) -> float:
    return round(count / GIB, 1)
