"""Which model this host runs, and how: the machine, the settings and the weights put together."""

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot import klein
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint, ModelSize
from kleinbot.host.capacity import Capacity, capacity_of
from kleinbot.host.facts import GIB, HostFacts
from kleinbot.host.model_sizes import TRANSFORMER
from kleinbot.host.probe import DEVICE_ORDER, look, pin
from kleinbot.host.profile import Device, Format, Profile
from kleinbot.host.rules import Choice, choose
from kleinbot.host.wishes import Offer, Wishes
from kleinbot.host.without_card import full_size_cpu_bytes
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.kept import Kept, gone_of, kept_in
from kleinbot.klein.requirements import check_diffusers
from kleinbot.klein.source import (
    BASE_REPOSITORY,
    FP8_BASE_REPOSITORY,
    FP8_REPOSITORY,
    KLEIN_9B_NAME,
    FolderSource,
    Source,
    hub_source,
)
from kleinbot.klein.weight_set import WeightSet
from kleinbot.klein.weights import Gone, unreadable
from kleinbot.settings import DEFAULT_HUB_REPO, DeviceChoice, Settings
from kleinbot.torch_report import TorchReport, ask_torch

SMALL_KLEIN = Path(klein.__file__).parent / "small" / "checkpoint"
"""The model that ships with kleinbot: draws coloured shapes on a CPU in about a second."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelChoice:
    """``note`` is the message id of what is said under every picture, or None.

    ``choice`` is what the rules gave for ``facts``, with its reasons. ``waits_for``: why there is no card
    for the model at present; nothing is drawn then (``kleinbot.lookout``).
    """

    source: Source
    profile: Profile
    name: str
    note: str | None
    facts: HostFacts
    choice: Choice
    size: ModelSize = ModelSize.FULL
    waits_for: StartError | None = None

    @property
    def capacity(self) -> Capacity:
        return capacity_of(self.profile, self.choice.usable_bytes)


def choose_model(
    settings: Settings,
    look_at_host: Callable[[], HostFacts] = look,
    ask_torch: Callable[[], TorchReport] = ask_torch,
    without: frozenset[str] = frozenset(),
) -> ModelChoice:
    """Choose by the settings and, where they leave it open, by the machine.

    torch is asked only where the driver is there but shows no card, or where the settings want one and none
    is shown: it may know better (a container without the driver's library, a slice of a card). ``without``
    names profiles that are left out where others fit.

    What is kept in 8 bits counts as weights that are there, though the plain ones may be gone by now.
    Raises StartError where diffusers is too old, where weights were named that are not Klein 4B's or cannot
    be read, or where the settings ask for what this machine cannot do.
    """
    check_diffusers()
    for name, value in DEVICE_ORDER.items():
        os.environ.setdefault(name, value)
    facts = look_at_host()
    asked = None if settings.device is DeviceChoice.AUTO else Device(settings.device)
    if asked is not Device.CPU and not facts.cards and (asked is Device.CUDA or hides_cards(facts)):
        report = ask_torch()
        if asked is Device.CUDA and not report.is_available:
            raise StartError(Code.CUDA_UNAVAILABLE, torch=report.version or "?")
        facts = replace(facts, cards=report.cards())
    with _weights_told():
        return _chosen(settings, facts, asked, without)


@contextmanager
def _weights_told() -> Iterator[None]:
    """Turn what the system says of a place that is away, such as a file server, into a sentence."""
    try:
        yield
    except OSError as error:
        raise unreadable(str(error.filename or "?"), error) from error


def _chosen(
    settings: Settings, facts: HostFacts, asked: Device | None, without: frozenset[str]
) -> ModelChoice:
    weights = settings.weights
    kept = tuple(kept_in(settings.scratch_folder))
    offer = _offered_by_folder(weights, kept) if isinstance(weights, Path) else _offered_by_hub(weights)
    offer = replace(offer, is_named=weights is not None)
    choice = choose(facts, asked, offer, wishes_of(settings), without)
    gone = gone_of(each for each in kept if each.serves(choice.profile))
    used = weights if choice.uses_named_weights else None
    proxy = None if settings.proxy is None else settings.proxy.get_secret_value()
    source, name, is_shipped = _source(used, choice.profile, gone, proxy)
    is_small = is_shipped or (choice.uses_named_weights and offer.is_small)
    if isinstance(source, FolderSource) and kept:
        # What the profile needs plain may be gone.
        find_weights(source.folder, prefer_fp8=source.prefer_fp8, gone=gone)
    return ModelChoice(
        source, choice.profile, name, "small-note" if is_shipped else None, facts, choice,
        ModelSize.SMALL if is_small else ModelSize.FULL,
    )  # fmt: skip


def pin_card(model: ModelChoice) -> None:
    """Let torch see the chosen card alone where there are several; call it before torch is imported.

    Also beside one that the driver does not show: it may be lost, and then CUDA gives none of them.
    """
    if len(model.facts.cards) > 1 or model.facts.driver_error is not None:
        pin(model.choice.card)


def hides_cards(facts: HostFacts) -> bool:
    """Tell whether there is a driver, and yet no card: it cannot say, or something hides them."""
    return not facts.cards and (facts.driver is not None or facts.driver_error is not None)


def log_choice(model: ModelChoice, named: Path | str | None) -> None:
    """Say in the log what was chosen and why; ``named`` are the weights that the settings name."""
    choice = model.choice
    if model.facts.cards and model.facts.driver_error is not None:
        _log.warning("the driver does not show all of its cards: NVML answers %d", model.facts.driver_error)
    if choice.fallback is not None:
        _log.warning("the graphics card is not used: %s", choice.fallback)
    if not choice.uses_named_weights:
        needed = left_alone_needs_gib(named)
        reason = (
            "no card can run it" if needed is None else f"on the CPU it would take {needed} GiB of memory"
        )
        _log.warning("KLEINBOT_WEIGHTS (%s) is not used: %s; the small model draws", named, reason)
    for way in choice.passed_over:
        _log.info("%s would need %d MiB", way.name, way.needed_bytes >> 20)
    _log.info("profile: %s", choice.profile.summary)
    _log.debug("%r", choice.profile)


def left_alone_needs_gib(weights: Path | str | None) -> float | None:
    """Return what ``weights`` would take of the host's memory on the CPU; None where their size is not known.

    A folder's headers were read; of repositories only the published one is known without a download.
    """
    is_known = isinstance(weights, Path) or weights == DEFAULT_HUB_REPO
    return round(full_size_cpu_bytes() / GIB, 1) if is_known else None


def _offered_by_folder(folder: Path, kept: Sequence[Kept]) -> Offer:
    """Return what the weights in ``folder`` can be loaded as, where they are gone from what is ``kept``.

    Raises StartError where they are missing, damaged, not Klein 4B, or only its base checkpoint.
    """
    weights = find_weights(folder, gone=gone_of(kept))
    weights.require_distilled(str(folder))
    transformers = weights.transformers
    if gone := frozenset[Path]().union(*(component.gone for component in transformers.values())):
        formats = frozenset(each.format for each in kept if each.is_made_of_any(gone))
    elif any(component.scaled_layers for component in transformers.values()):
        formats = frozenset({Format.FP8})
    else:
        # Of plain weights all formats can be made while they are loaded.
        formats = frozenset(Format)
    return Offer(formats, tuple(transformers), is_small=_is_small(weights))


def _offered_by_hub(repository: str | None) -> Offer:
    """Return what the hub has: of Black Forest Labs every file, of another repository its own checkpoint.

    Raises StartError WEIGHTS_BASE_ALONE (of another repository, that is found before the download), and
    WEIGHTS_KLEIN_9B by the name alone: nobody shall wait for a download that is refused.
    """
    if repository is not None and KLEIN_9B_NAME.search(repository):
        raise StartError(Code.WEIGHTS_KLEIN_9B, file=repository, found="9B", wanted="FLUX.2 [klein] 4B")
    if repository in (BASE_REPOSITORY, FP8_BASE_REPOSITORY):
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=repository)
    if repository == FP8_REPOSITORY:
        return Offer(frozenset({Format.FP8}), (Checkpoint.DISTILLED,))
    if repository in (None, DEFAULT_HUB_REPO):
        return Offer()
    return Offer(frozenset({Format.PLAIN, Format.INT8}), (Checkpoint.DISTILLED,))


def _is_small(weights: WeightSet) -> bool:
    """Tell whether ``weights`` are those of a smaller model than Klein 4B, by their headers."""
    transformers = weights.transformers.values()
    numbers = max(
        sum(math.prod(tensor.shape) for tensor in component.tensors.values()) for component in transformers
    )
    return numbers < (TRANSFORMER.linear + TRANSFORMER.rest) / 2


def _source(
    weights: Path | str | None, profile: Profile, gone: Gone, proxy: str | None
) -> tuple[Source, str, bool]:
    """Return where the weights come from, their name, and whether they are the small model that ships."""
    if isinstance(weights, Path):
        prefer_fp8 = profile.transformer.format is Format.FP8
        return FolderSource(weights, prefer_fp8=prefer_fp8, gone=gone), weights.name, False
    if weights is not None:
        return hub_source(profile, weights, gone=gone, proxy=proxy), weights, False
    if profile.device is Device.CUDA:
        return hub_source(profile, DEFAULT_HUB_REPO, gone=gone, proxy=proxy), DEFAULT_HUB_REPO, False
    return FolderSource(SMALL_KLEIN), "kleinbot small Klein", True


def wishes_of(settings: Settings) -> Wishes:
    """Return what the settings ask of the profile."""
    return Wishes(
        transformer=settings.profile_transformer,
        transformer_placement=settings.profile_transformer_placement,
        text_encoder=settings.profile_text_encoder,
        text_encoder_placement=settings.profile_text_encoder_placement,
        native_fp8=settings.profile_native_fp8,
        token_table_on_host=settings.profile_word_table_on_host,
        lean_decode=settings.profile_lean_decode,
        attention=settings.profile_attention,
        compiled=settings.profile_compiled,
        base_checkpoint=settings.profile_base_checkpoint,
        largest_side_px=settings.profile_largest_side_px,
        most_references=settings.profile_most_references,
        largest_batch=settings.profile_largest_batch,
    )
