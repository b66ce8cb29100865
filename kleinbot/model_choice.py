"""Which model this host runs, and how."""

from dataclasses import dataclass
from pathlib import Path

from kleinbot import klein
from kleinbot.host.probe import choose_profile, find_cards
from kleinbot.host.profile import Device, Profile
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.requirements import check_diffusers
from kleinbot.klein.source import FolderSource, Source, hub_source
from kleinbot.settings import DEFAULT_HUB_REPO, DeviceChoice, Settings

SMALL_KLEIN = Path(klein.__file__).parent / "small" / "checkpoint"
"""The model that ships with kleinbot: draws coloured shapes on a CPU in about a second."""


@dataclass(frozen=True)
class ModelChoice:
    """``note`` is the message id of what is said under every picture, or None."""

    source: Source
    profile: Profile
    name: str
    note: str | None


def choose_model(settings: Settings) -> ModelChoice:
    """Choose by the settings and, where they leave it open, by the machine.

    Raises StartError where a folder of weights was named that is not Klein 4B, or diffusers is too old.
    """
    check_diffusers()
    asked = None if settings.device is DeviceChoice.AUTO else Device(settings.device)
    profile = choose_profile(find_cards(), asked)
    if isinstance(settings.weights, Path):
        find_weights(settings.weights)
        return ModelChoice(FolderSource(settings.weights), profile, settings.weights.name, None)
    if settings.weights is not None:
        return ModelChoice(hub_source(profile, settings.weights), profile, settings.weights, None)
    if profile.device is Device.CUDA:
        return ModelChoice(hub_source(profile, DEFAULT_HUB_REPO), profile, DEFAULT_HUB_REPO, None)
    return ModelChoice(FolderSource(SMALL_KLEIN), profile, "kleinbot small Klein", "small-note")
