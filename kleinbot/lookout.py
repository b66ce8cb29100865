"""Looks whether a new process could run the model where this one cannot."""

from collections.abc import Callable

from kleinbot.domain.errors import Code, StartError
from kleinbot.host.profile import Device
from kleinbot.model_choice import ModelChoice
from kleinbot.torch_report import TorchReport, ask_torch

_TORCH_TIMEOUT_S = 60.0
"""A stop waits for a look that has begun."""


class Lookout:
    """Every method may take seconds: call it on a thread."""

    def __init__(
        self,
        choose: Callable[[], ModelChoice],
        ask: Callable[[], TorchReport] = lambda: ask_torch(_TORCH_TIMEOUT_S),
    ) -> None:
        """``choose`` looks at the machine and chooses a model, or raises StartError."""
        self._choose = choose
        self._ask_torch = ask

    def look_again(self) -> StartError | None:
        """Return what a new process would fail for, or None where it is expected to succeed."""
        try:
            model = self._choose()
        except StartError as error:
            return error
        if model.profile.device is Device.CUDA and not (report := self._ask_torch()).is_available:
            return StartError(Code.CUDA_UNAVAILABLE, torch=report.version or "?")
        return None
