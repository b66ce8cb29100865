"""Chooses a different profile while the bot runs: a smaller one after memory ran out, a better one later.

Without it, a profile chosen while a game was running would stay after the game has ended.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import replace

from kleinbot.app.failed_profiles import FailedProfiles
from kleinbot.app.model_choice import ModelChoice, choose_model
from kleinbot.app.torch_probe import TorchProbe, ask_torch
from kleinbot.config.settings import Settings
from kleinbot.config.values import DeviceChoice
from kleinbot.domain.errors import StartError
from kleinbot.domain.profile import Device
from kleinbot.hardware.facts import GIB, Gpu, MachineFacts
from kleinbot.hardware.probe import read_machine_facts
from kleinbot.hardware.profile_choice import ProfileChoice

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0
"""Interval between checks for a better profile while nothing is drawn."""
IDLE_S = 600.0
"""Nothing must have been drawn for this long before the bot restarts with a better profile."""
LOOK_IDLE_EVERY_S = 60.0


class ProfileReselection:
    """Looks for a smaller or a better profile. Every method may take seconds: call it on a thread."""

    def __init__(
        self,
        settings: Settings,
        chosen: ModelChoice,
        failed: FailedProfiles,
        look_at_machine: Callable[[], MachineFacts] = read_machine_facts,
        ask: Callable[[], TorchProbe] = ask_torch,
        ask_of: Callable[[Gpu | None], TorchProbe] = lambda gpu: ask_torch(gpu=gpu),
    ) -> None:
        """``chosen`` is what this process runs or tries to; ``ask_of`` probes torch with one GPU visible."""
        self._settings = settings
        self._chosen = chosen
        self._failed = failed
        self._look_at_machine = look_at_machine
        self._ask_torch = ask
        self._ask_torch_of = ask_of

    def after_memory_ran_out(self) -> bool:
        """Return whether a new process would choose another GPU profile; if so, record this one as failed.

        Nothing is recorded if there is no other: the same profile may fit once a game has ended.
        """
        name = self._chosen.profile.name
        left_out = self._failed.names() | {name}
        try:
            other = self._choose(self._look_at_machine(), left_out)
        except (StartError, OSError) as error:
            _log.info("no other profile can be chosen: %s", error)
            return False
        if other is None or other.profile.name in left_out:
            return False
        self._failed.note(name)
        _log.warning(
            "memory ran out again with the profile %s; a new process will use %s", name, other.profile.name
        )
        return True

    def ready(self) -> None:
        """Record that the profile fits after all."""
        self._failed.forget(self._chosen.profile.name)

    def better(self, held_bytes: int) -> ModelChoice | None:
        """Return the choice for the memory that is free now or held by this process, if it is better.

        ``held_bytes`` is the least GPU memory that this process holds.
        """
        is_best = self._chosen.choice.rank == 0 and len(self._chosen.facts.gpus) < 2
        if is_best or self._chosen.waits_for is not None or self._settings.device is DeviceChoice.CPU:
            return None
        try:
            found = self._choose(self._with_own(self._look_at_machine(), held_bytes), self._failed.names())
        except (StartError, OSError) as error:
            _log.info("cannot determine whether a better profile fits: %s", error)
            return None
        if found is None or not _is_better(found.choice, self._chosen.choice):
            return None
        if self._chosen.profile.device is Device.CPU:
            # If the new start failed, not even the small model would draw. Probe that GPU in particular: the
            # first one may only drive the screens, and be too old.
            report = self._ask_torch_of(found.choice.gpu)
            if not (report.is_available and report.has_kernels):
                return None
        return found

    def _choose(self, facts: MachineFacts, without: frozenset[str]) -> ModelChoice | None:
        """Return the choice if it runs on a GPU, else None."""
        found = choose_model(self._settings, lambda: facts, self._ask_torch, without)
        return found if found.profile.device is Device.CUDA else None

    def _with_own(self, facts: MachineFacts, held_bytes: int) -> MachineFacts:
        """Return ``facts`` with the GPU memory held by this process counted as free."""
        own = self._chosen.choice.gpu
        if own is None:
            return facts
        gpus = []
        for gpu in facts.gpus:
            if (gpu.identity, gpu.name) == (own.identity, own.name):
                reported = sum(program.bytes for program in gpu.programs if program.pid == os.getpid())
                free = min(gpu.memory_bytes, gpu.free_bytes + max(reported, held_bytes))
                gpus.append(replace(gpu, free_bytes=free))
            else:
                gpus.append(gpu)
        return replace(facts, gpus=tuple(gpus))


def _is_better(found: ProfileChoice, than: ProfileChoice) -> bool:
    """Return whether a restart is worthwhile.

    Compares GPUs by constant properties, so that choices never alternate.
    """
    if found.rank is None:
        return False
    if than.rank is None or found.rank < than.rank:
        return True
    return found.rank == than.rank and _size(found.gpu) > _size(than.gpu)


def _size(gpu: Gpu | None) -> tuple[int, tuple[int, int]]:
    return (0, (0, 0)) if gpu is None else (gpu.memory_bytes // GIB, gpu.capability)
