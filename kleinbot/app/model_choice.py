"""Chooses this machine's model and profile from its hardware, the settings and the weights."""

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot.app.torch_probe import TorchProbe, ask_torch
from kleinbot.config.settings import Settings
from kleinbot.config.values import DEFAULT_HUB_REPO, DeviceChoice
from kleinbot.domain.capacity import Capacity
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Device, Profile, WeightFormat
from kleinbot.domain.work import ModelSize
from kleinbot.hardware.capacity import capacity_of
from kleinbot.hardware.facts import GIB, MachineFacts
from kleinbot.hardware.model_sizes import TRANSFORMER
from kleinbot.hardware.probe import DEVICE_ORDER, pin, read_machine_facts
from kleinbot.hardware.profile_choice import ProfileChoice, choose
from kleinbot.hardware.profile_overrides import AvailableWeights, ProfileOverrides
from kleinbot.hardware.without_gpu import full_size_cpu_bytes
from kleinbot.klein.quantisation.quantised_cache import QuantisedFile, cached_in, missing_sources_of
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.headers import MissingSources, unreadable
from kleinbot.klein.weights.library_check import check_libraries
from kleinbot.klein.weights.source import (
    BASE_REPOSITORY,
    FP8_BASE_REPOSITORY,
    FP8_REPOSITORY,
    KLEIN_9B_NAME,
    FolderSource,
    Source,
    hub_source,
)
from kleinbot.klein.weights.weight_set import WeightSet
from kleinbot.small_klein import CHECKPOINT
from kleinbot.texts import Texts

SMALL_KLEIN = CHECKPOINT
"""The model that ships with kleinbot: draws coloured shapes on a CPU in about a second."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelChoice:
    """``note`` is the message id of what a result says of words that the model does not know, or None.

    ``choice`` is the profile chosen for ``facts``, with its reasons. ``waits_for``: why no GPU is available
    for the model at present; nothing is drawn then (``kleinbot.app.gpu_availability``).
    """

    source: Source
    profile: Profile
    name: str
    note: str | None
    facts: MachineFacts
    choice: ProfileChoice
    size: ModelSize = ModelSize.FULL
    waits_for: StartError | None = None

    @property
    def is_small(self) -> bool:
        return self.size is ModelSize.SMALL

    @property
    def capacity(self) -> Capacity:
        return capacity_of(self.profile, self.choice.usable_bytes)


def choose_model(
    settings: Settings,
    look_at_machine: Callable[[], MachineFacts] = read_machine_facts,
    ask_torch: Callable[[], TorchProbe] = ask_torch,
    without: frozenset[str] = frozenset(),
) -> ModelChoice:
    """Choose a model by the settings and, where they leave it open, by the hardware.

    torch is asked only if the driver exists but shows no GPU, or if the settings want a GPU and none is
    visible: torch may find one in a container without the driver's library, or on a slice of a GPU.
    ``without`` names profiles to avoid if others fit.

    Cached 8-bit weights count as available, even if their plain sources are gone. Raises StartError if
    diffusers is too old, if the named weights are not Klein 4B's or cannot be read, or if the settings ask
    for what this machine cannot do.
    """
    check_libraries()
    for name, value in DEVICE_ORDER.items():
        os.environ.setdefault(name, value)
    facts = look_at_machine()
    asked = None if settings.device is DeviceChoice.AUTO else Device(settings.device)
    if asked is not Device.CPU and not facts.gpus and (asked is Device.CUDA or hides_gpus(facts)):
        report = ask_torch()
        if asked is Device.CUDA and not report.is_available:
            raise StartError(Code.CUDA_UNAVAILABLE, torch=report.version or "?")
        facts = replace(facts, gpus=report.gpus())
    facts = with_left_free(facts, settings)
    with _weights_errors():
        return _chosen(settings, facts, asked, without)


@contextmanager
def _weights_errors() -> Iterator[None]:
    """Turn an OSError for unavailable storage, such as a file server, into a sentence."""
    try:
        yield
    except OSError as error:
        raise unreadable(str(error.filename or "?"), error) from error


def _chosen(
    settings: Settings, facts: MachineFacts, asked: Device | None, without: frozenset[str]
) -> ModelChoice:
    weights = settings.weights
    kept = tuple(cached_in(settings.scratch_folder))
    available = _offered_by_folder(weights, kept) if isinstance(weights, Path) else _offered_by_hub(weights)
    available = replace(available, is_named=weights is not None)
    choice = choose(facts, asked, available, overrides_of(settings), without)
    missing_sources = missing_sources_of(each for each in kept if each.serves(choice.profile))
    used = weights if choice.uses_named_weights else None
    proxy = None if settings.proxy is None else settings.proxy.get_secret_value()
    source, name, is_shipped = _source(used, choice.profile, missing_sources, proxy)
    is_small = is_shipped or (choice.uses_named_weights and available.is_small)
    if isinstance(source, FolderSource) and kept:
        # The plain weights that the profile needs may be gone.
        find_weights(source.folder, prefer_fp8=source.prefer_fp8, missing_sources=missing_sources)
    return ModelChoice(
        source, choice.profile, name, "small-note" if is_shipped else None, facts, choice,
        ModelSize.SMALL if is_small else ModelSize.FULL,
    )  # fmt: skip


def with_left_free(facts: MachineFacts, settings: Settings) -> MachineFacts:
    """Return ``facts`` with the memory that the owner keeps for other programs."""
    left_bytes = round(settings.leave_free_gib * GIB)
    return replace(facts, gpus=tuple(replace(gpu, left_free_bytes=left_bytes) for gpu in facts.gpus))


def pin_gpu(model: ModelChoice) -> None:
    """Make only the chosen GPU visible to torch if there are several; call it before torch is imported.

    Also beside a GPU that the driver does not show: it may be lost, and then CUDA offers none of them.
    """
    if len(model.facts.gpus) > 1 or model.facts.driver_error is not None:
        pin(model.choice.gpu)


def hides_gpus(facts: MachineFacts) -> bool:
    """Return whether a driver exists but shows no GPU: it fails to list them, or they are hidden."""
    return not facts.gpus and (facts.driver is not None or facts.driver_error is not None)


def log_choice(model: ModelChoice, named: Path | str | None) -> None:
    """Log what was chosen and why; ``named`` are the weights that the settings name."""
    choice = model.choice
    if model.facts.gpus and model.facts.driver_error is not None:
        _log.warning("the driver does not show all of its GPUs: NVML returned %d", model.facts.driver_error)
    if choice.fallback is not None:
        _log.warning("the graphics card is not used: %s", Texts().error(choice.fallback))
    if not choice.uses_named_weights:
        needed = memory_needed_gib(named)
        reason = "no GPU can run it" if needed is None else f"on the CPU it would take {needed} GiB of memory"
        _log.warning("KLEINBOT_WEIGHTS (%s) is not used: %s; the small model draws", named, reason)
    for rejected in choice.rejected:
        _log.info("%s would need %d MiB", rejected.name, rejected.needed_bytes >> 20)
    _log.info("profile: %s", choice.profile.summary)
    _log.debug("%r", choice.profile)


def memory_needed_gib(weights: Path | str | None) -> float | None:
    """Return the memory that ``weights`` would take on the CPU; None if their size is unknown.

    A folder's headers have been read; of hub repositories, only the official one's size is known without a
    download.
    """
    is_known = isinstance(weights, Path) or weights == DEFAULT_HUB_REPO
    return round(full_size_cpu_bytes() / GIB, 1) if is_known else None


def _offered_by_folder(folder: Path, kept: Sequence[QuantisedFile]) -> AvailableWeights:
    """Return how the weights in ``folder`` can be loaded.

    Plain files may be missing if ``kept`` has weights made from them. Raises StartError if weights are
    missing, damaged, not Klein 4B, or only its base checkpoint.
    """
    weights = find_weights(folder, missing_sources=missing_sources_of(kept))
    weights.require_distilled(str(folder))
    transformers = weights.transformers
    if missing := frozenset[Path]().union(*(component.missing_files for component in transformers.values())):
        formats = frozenset(each.format for each in kept if each.was_made_from_any(missing))
    elif any(component.scaled_layers for component in transformers.values()):
        formats = frozenset({WeightFormat.FP8})
    else:
        # Every format can be made from plain weights while they are loaded.
        formats = frozenset(WeightFormat)
    return AvailableWeights(formats, tuple(transformers), is_small=_is_small(weights))


def _offered_by_hub(repository: str | None) -> AvailableWeights:
    """Return what the hub has: every file of Black Forest Labs' repository, of others only their checkpoint.

    Raises StartError WEIGHTS_BASE_ALONE (for another repository it is found before the download), and
    WEIGHTS_KLEIN_9B by the name alone, so that nobody waits for a download that is then refused.
    """
    if repository is not None and KLEIN_9B_NAME.search(repository):
        raise StartError(Code.WEIGHTS_KLEIN_9B, file=repository, found="9B", wanted="FLUX.2 [klein] 4B")
    if repository in (BASE_REPOSITORY, FP8_BASE_REPOSITORY):
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=repository)
    if repository == FP8_REPOSITORY:
        return AvailableWeights(frozenset({WeightFormat.FP8}), (Checkpoint.DISTILLED,))
    if repository in (None, DEFAULT_HUB_REPO):
        return AvailableWeights()
    return AvailableWeights(frozenset({WeightFormat.PLAIN, WeightFormat.INT8}), (Checkpoint.DISTILLED,))


def _is_small(weights: WeightSet) -> bool:
    """Return whether the headers of ``weights`` show a smaller model than Klein 4B."""
    transformers = weights.transformers.values()
    numbers = max(
        sum(math.prod(tensor.shape) for tensor in component.tensors.values()) for component in transformers
    )
    return numbers < (TRANSFORMER.linear + TRANSFORMER.rest) / 2


def _source(
    weights: Path | str | None, profile: Profile, missing_sources: MissingSources, proxy: str | None
) -> tuple[Source, str, bool]:
    """Return the source of the weights, their name, and whether they are the small model that ships."""
    if isinstance(weights, Path):
        prefer_fp8 = profile.transformer.format is WeightFormat.FP8
        return (
            FolderSource(weights, prefer_fp8=prefer_fp8, missing_sources=missing_sources),
            weights.name,
            False,
        )
    if weights is not None:
        return hub_source(profile, weights, missing_sources=missing_sources, proxy=proxy), weights, False
    if profile.device is Device.CUDA:
        return (
            hub_source(profile, DEFAULT_HUB_REPO, missing_sources=missing_sources, proxy=proxy),
            DEFAULT_HUB_REPO,
            False,
        )
    return FolderSource(SMALL_KLEIN), "kleinbot small Klein", True


def overrides_of(settings: Settings) -> ProfileOverrides:
    """Return the profile overrides from the settings."""
    return ProfileOverrides(
        transformer=settings.profile_transformer,
        transformer_placement=settings.profile_transformer_placement,
        text_encoder=settings.profile_text_encoder,
        text_encoder_placement=settings.profile_text_encoder_placement,
        native_fp8=settings.profile_native_fp8,
        token_table_on_host=settings.profile_word_table_on_host,
        lean_decode=settings.profile_lean_decode,
        attention=settings.profile_attention,
        compiled=settings.profile_compiled,
        fused=settings.profile_fused,
        base_checkpoint=settings.profile_base_checkpoint,
        largest_side_px=settings.profile_largest_side_px,
        most_references=settings.profile_most_references,
        largest_batch=settings.profile_largest_batch,
    )
