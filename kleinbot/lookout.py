"""Looks whether this machine can serve the model that was served here before.

A card may be away for a while: a game has its memory, its driver is being renewed. What was accepted for
FLUX.2 [klein] is not drawn as coloured shapes meanwhile, unless the host says so.
"""

from collections.abc import Callable
from dataclasses import replace

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint, ModelSize
from kleinbot.engine_start import Remedy, remedy_of
from kleinbot.host.facts import HostFacts
from kleinbot.host.probe import look
from kleinbot.host.profile import CUDA_BF16, Device
from kleinbot.host.rules import Choice
from kleinbot.klein.source import FolderSource
from kleinbot.model_choice import SMALL_KLEIN, ModelChoice
from kleinbot.settings import DEFAULT_HUB_REPO, DeviceChoice, Settings
from kleinbot.torch_report import TorchReport, ask_torch

_TORCH_TIMEOUT_S = 60.0
"""A stop waits for a look that has begun."""


class Lookout:
    """Every method may take seconds: call it on a thread."""

    def __init__(
        self,
        settings: Settings,
        served: ModelSize | None,
        choose: Callable[[], ModelChoice],
        ask: Callable[[], TorchReport] = lambda: ask_torch(_TORCH_TIMEOUT_S),
        look_at_host: Callable[[], HostFacts] = look,
    ) -> None:
        """``choose`` chooses a model by the machine as it is; ``served`` is what was served here last."""
        self._settings = settings
        self._served = served
        self._choose = choose
        self._ask_torch = ask
        self._look_at_host = look_at_host
        self.problem: StartError | None = None
        """What the last look has found; None where nothing stands in the way."""

    def model(self) -> ModelChoice:
        """Return the model to serve, or one that ``waits_for`` its card. Raises StartError as ``choose``."""
        try:
            chosen = self._choose()
        except StartError as error:
            if self._served is not ModelSize.FULL:
                raise
            facts = self._look_at_host()
            if not self._may_pass(error, facts):
                raise
            if error.code is Code.WEIGHTS_UNREADABLE:
                return _without_card(facts, StartError(Code.WAITS_FOR_WEIGHTS, **error.parameters))
            return _without_card(facts, waits_for(error if facts.cards else None))
        if not comes_down(self._settings, self._served, chosen):
            return chosen
        return _without_card(chosen.facts, waits_for(chosen.choice.fallback))

    def look_again(self) -> StartError | None:
        """Return what a new process would fail for, or None where it is expected to succeed."""
        self.problem = self._problem()
        return self.problem

    def _problem(self) -> StartError | None:
        try:
            model = self.model()
        except StartError as error:
            return error
        except OSError as error:  # the weights' place is away for a moment
            found = error.strerror or str(error)
            return StartError(Code.WEIGHTS_UNREADABLE, file=str(error.filename), reason=found)
        if model.waits_for is not None:
            return model.waits_for
        if model.profile.device is Device.CUDA and not (report := self._ask_torch()).is_available:
            return StartError(Code.CUDA_UNAVAILABLE, torch=report.version or "?")
        return None

    def _may_pass(self, error: StartError, facts: HostFacts) -> bool:
        # Where no card is seen, the profile that the settings ask for was tried on the CPU.
        was_meant_for_a_card = (
            self._settings.device is DeviceChoice.AUTO
            and not facts.cards
            and error.code.name.startswith("PROFILE_")
        )
        return was_meant_for_a_card or remedy_of(error) is not Remedy.STAYS


def comes_down(settings: Settings, served: ModelSize | None, chosen: ModelChoice) -> bool:
    """Tell whether the small model would by itself take the place of the one of full size.

    It does not where the host has decided: asked for the CPU, or named the small model's weights.
    """
    is_decided = settings.device is DeviceChoice.CPU or (
        settings.weights is not None and chosen.choice.uses_named_weights
    )
    return served is ModelSize.FULL and chosen.size is ModelSize.SMALL and not is_decided


def waits_for(problem: StartError | None) -> StartError:
    """Return what the host is told; ``problem`` is what is wrong with the card, None where none is seen."""
    if problem is None:
        return StartError(Code.WAITS_FOR_CARD, problem="none")
    return StartError(Code.WAITS_FOR_CARD, problem=problem.code.value, **problem.parameters)


def _without_card(facts: HostFacts, why: StartError) -> ModelChoice:
    # Nothing is accepted or drawn with it. It offers what any card might, so that no command goes meanwhile.
    profile = replace(CUDA_BF16, name="waits-for-card", checkpoints=tuple(Checkpoint))
    source = FolderSource(SMALL_KLEIN)
    return ModelChoice(
        source, profile, DEFAULT_HUB_REPO, None, facts, Choice(profile), ModelSize.FULL, waits_for=why
    )
