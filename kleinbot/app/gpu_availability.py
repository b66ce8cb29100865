"""Checks whether this machine can serve the model that was served here before.

A GPU may be unavailable for a while, because a game uses its memory or its driver is being updated. Jobs
accepted for FLUX.2 [klein] are not drawn by the small model meanwhile, unless the owner asks for that.
"""

from collections.abc import Callable
from dataclasses import replace

from kleinbot.app.engine_startup import Remedy, remedy_of
from kleinbot.app.model_choice import SMALL_KLEIN, ModelChoice
from kleinbot.app.torch_probe import TorchProbe, ask_torch
from kleinbot.config.settings import Settings
from kleinbot.config.values import DEFAULT_HUB_REPO, DeviceChoice
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CUDA_BF16, Device
from kleinbot.domain.work import ModelSize
from kleinbot.hardware.facts import MachineFacts
from kleinbot.hardware.probe import read_machine_facts
from kleinbot.hardware.profile_choice import ProfileChoice
from kleinbot.klein.weights.source import FolderSource

_TORCH_TIMEOUT_S = 60.0
"""A stop waits for a running check."""


class GpuAvailability:
    """Decides whether to serve, to wait for the GPU, or to fail.

    Call every method on a thread; it may take seconds.
    """

    def __init__(
        self,
        settings: Settings,
        served: ModelSize | None,
        choose: Callable[[], ModelChoice],
        ask: Callable[[], TorchProbe] = lambda: ask_torch(_TORCH_TIMEOUT_S),
        look_at_machine: Callable[[], MachineFacts] = read_machine_facts,
    ) -> None:
        """``choose`` chooses a model for the machine as it is; ``served`` is the size served here last."""
        self._settings = settings
        self._served = served
        self._choose = choose
        self._ask_torch = ask
        self._look_at_machine = look_at_machine
        self.problem: StartError | None = None
        """The result of the last check; None if nothing prevents a start."""

    def model(self) -> ModelChoice:
        """Return the model to serve, or one that ``waits_for`` its GPU. Raises StartError as ``choose``."""
        try:
            chosen = self._choose()
        except StartError as error:
            if self._served is not ModelSize.FULL:
                raise
            facts = self._look_at_machine()
            if not self._may_pass(error, facts):
                raise
            if error.code is Code.WEIGHTS_UNREADABLE:
                return _without_gpu(facts, StartError(Code.WAITS_FOR_WEIGHTS, **error.parameters))
            return _without_gpu(facts, waits_for(error if facts.gpus else None))
        if not falls_back_to_small_model(self._settings, self._served, chosen):
            return chosen
        return _without_gpu(chosen.facts, waits_for(chosen.choice.fallback))

    def look_again(self) -> StartError | None:
        """Return the error that a new process would meet, or None if it is expected to succeed."""
        self.problem = self._problem()
        return self.problem

    def _problem(self) -> StartError | None:
        try:
            model = self.model()
        except StartError as error:
            return error
        except OSError as error:  # the weights' storage is temporarily unavailable
            found = error.strerror or str(error)
            return StartError(Code.WEIGHTS_UNREADABLE, file=str(error.filename), reason=found)
        if model.waits_for is not None:
            return model.waits_for
        if model.profile.device is Device.CUDA and not (report := self._ask_torch()).is_available:
            return StartError(Code.CUDA_UNAVAILABLE, torch=report.version or "?")
        return None

    def _may_pass(self, error: StartError, facts: MachineFacts) -> bool:
        # Without a visible GPU, the profile that the settings ask for was tried on the CPU.
        was_meant_for_a_gpu = (
            self._settings.device is DeviceChoice.AUTO
            and not facts.gpus
            and error.code.name.startswith("PROFILE_")
        )
        return was_meant_for_a_gpu or remedy_of(error) is not Remedy.STAYS


def falls_back_to_small_model(settings: Settings, served: ModelSize | None, chosen: ModelChoice) -> bool:
    """Return whether the small model would silently replace the full-size one.

    False if the owner has decided so: by choosing the CPU, or by naming the small model's weights.
    """
    is_decided = settings.device is DeviceChoice.CPU or (
        settings.weights is not None and chosen.choice.uses_named_weights
    )
    return served is ModelSize.FULL and chosen.size is ModelSize.SMALL and not is_decided


def waits_for(problem: StartError | None) -> StartError:
    """Return the error shown to the owner; ``problem`` is the GPU's, None if no GPU is visible."""
    if problem is None:
        return StartError(Code.WAITS_FOR_CARD, problem="none")
    return StartError(Code.WAITS_FOR_CARD, problem=problem.code.value, **problem.parameters)


def _without_gpu(facts: MachineFacts, why: StartError) -> ModelChoice:
    # It accepts and draws nothing. It offers what any GPU might, so that no command disappears meanwhile.
    profile = replace(CUDA_BF16, name="waits-for-card", checkpoints=tuple(Checkpoint))
    source = FolderSource(SMALL_KLEIN)
    return ModelChoice(
        source, profile, DEFAULT_HUB_REPO, None, facts, ProfileChoice(profile), ModelSize.FULL, waits_for=why
    )
