"""Where the model comes from: a folder or the hub. No torch."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from kleinbot.domain.work import Checkpoint
from kleinbot.host.profile import Format, Profile
from kleinbot.klein.checkpoint import MODEL_INDEX, TOKENIZER
from kleinbot.klein.find_weights import find_tokenizer
from kleinbot.klein.weights import NOTHING, Gone

SHARED_FILES = (
    MODEL_INDEX,
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model*.safetensors",
    "text_encoder/model.safetensors.index.json",
    "tokenizer/*.json",
    "tokenizer/*.jinja",
    "tokenizer/merges.txt",
    "vae/config.json",
    "vae/diffusion_pytorch_model*.safetensors",
)
"""Of the published checkout, what the distilled and the base model have in common: 8.2 GB."""

TRANSFORMER_FILES = (
    "transformer/config.json",
    "transformer/diffusion_pytorch_model*.safetensors",
    "transformer/diffusion_pytorch_model.safetensors.index.json",
)
"""7.75 GB. The checkout holds the same again as one file, which is never fetched."""

CHECKOUT_FILES = SHARED_FILES + TRANSFORMER_FILES

_NOT_IN_EVERY_CHECKOUT = frozenset(
    (
        "text_encoder/model.safetensors.index.json",
        "transformer/diffusion_pytorch_model.safetensors.index.json",
        "tokenizer/*.jinja",
        "tokenizer/merges.txt",
    )
)
"""Indices are there where weights are in several files; tokenizer.json may hold all of the tokenizer."""

KLEIN_9B_NAME = re.compile(r"\A(?>.*?klein).*(?<![a-z0-9])9b(?![a-z0-9])", re.IGNORECASE)
"""In the name of every repository of the 9B: FLUX.2-klein-9B, -base-9B, -9b-fp8, -9b-kv, and their copies."""

DISTILLED_REPOSITORY = "black-forest-labs/FLUX.2-klein-4B"
BASE_REPOSITORY = "black-forest-labs/FLUX.2-klein-base-4B"
FP8_PARTS: Mapping[Checkpoint, tuple[str, str]] = {
    Checkpoint.DISTILLED: ("black-forest-labs/FLUX.2-klein-4b-fp8", "flux-2-klein-4b-fp8.safetensors"),
    Checkpoint.BASE: ("black-forest-labs/FLUX.2-klein-base-4b-fp8", "flux-2-klein-base-4b-fp8.safetensors"),
}
"""Repository and file of each checkpoint's FP8 transformer: 4.07 and 4.09 GB."""

FP8_REPOSITORY, _ = FP8_PARTS[Checkpoint.DISTILLED]
FP8_BASE_REPOSITORY, _ = FP8_PARTS[Checkpoint.BASE]


@dataclass(frozen=True)
class FolderSource:
    """Weights that are on disk already; no network is used. See ``find_weights`` for what is meant.

    ``gone``, here and of a ``HubSource``: files that need not be there.
    """

    folder: Path
    base: Path | None = None
    prefer_fp8: bool = False
    gone: Gone = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.folder)

    def tokenizer_file(self) -> Path | None:
        """Return where the tokenizer is, or None where it is not on disk (yet)."""
        return find_tokenizer(self.folder)


@dataclass(frozen=True)
class HubPart:
    """Files of one repository: those that match ``patterns``."""

    repository: str
    patterns: tuple[str, ...]
    revision: str = "main"

    def holds(self, name: str) -> bool:
        """Tell whether the repository's file ``name`` is needed."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)

    def lacking(self, names: Sequence[str]) -> Sequence[str]:
        """Return which needed files are not among the repository's ``names``."""
        needed = [pattern for pattern in self.patterns if pattern not in _NOT_IN_EVERY_CHECKOUT]
        return [each for each in needed if not any(fnmatch.fnmatchcase(name, each) for name in names)]


@dataclass(frozen=True)
class HubSource:
    """Repositories on the Hugging Face hub, kept in the hub's own cache or in ``cache_folder``.

    ``checkout`` has the encoder, the VAE and the tokenizer; ``transformers`` are those that are somewhere
    else. ``endpoint`` is the hub's address; None takes the environment's HF_ENDPOINT or the public hub. For
    ``proxy`` see ``hub_requests.go_out_over``.
    """

    checkout: HubPart
    transformers: Mapping[Checkpoint, HubPart] = field(default_factory=dict)
    cache_folder: Path | None = None
    endpoint: str | None = None
    gone: Gone = field(default_factory=dict)
    proxy: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.checkout.repository

    @property
    def parts(self) -> tuple[HubPart, ...]:
        return (self.checkout, *self.transformers.values())

    def tokenizer_file(self) -> Path | None:
        """Return where ``tokenizer.json`` is, or None where it is not on disk (yet)."""
        return self.in_cache(self.checkout, TOKENIZER)

    def in_cache(self, part: HubPart, name: str) -> Path | None:
        """Return where the part's file ``name`` is, or None where it is not on disk (yet)."""
        cached = try_to_load_from_cache(
            part.repository, name, cache_dir=self.cache_folder, revision=part.revision
        )
        return Path(cached) if isinstance(cached, str) else None


def hub_source(
    profile: Profile,
    repository: str = DISTILLED_REPOSITORY,
    cache_folder: Path | None = None,
    endpoint: str | None = None,
    gone: Gone = NOTHING,
    proxy: str | None = None,
) -> HubSource:
    """Return what ``profile`` needs of the hub, and nothing that it does not use.

    ``repository`` is a checkout in the published layout. Where it is the published one and the profile keeps
    transformers in FP8, these come as the official single files; INT8 is made of the plain weights. The
    repository of such a single file stands for it and the published checkout around it.
    """
    if repository == FP8_REPOSITORY:
        repository = DISTILLED_REPOSITORY
    is_published = repository == DISTILLED_REPOSITORY
    if is_published and profile.transformer.format is Format.FP8:
        fp8 = {checkpoint: FP8_PARTS[checkpoint] for checkpoint in profile.checkpoints}
        parts = {checkpoint: HubPart(place, (file,)) for checkpoint, (place, file) in fp8.items()}
        return HubSource(HubPart(repository, SHARED_FILES), parts, cache_folder, endpoint, gone, proxy)
    others: dict[Checkpoint, HubPart] = {}
    if is_published and Checkpoint.BASE in profile.checkpoints:
        others[Checkpoint.BASE] = HubPart(BASE_REPOSITORY, (MODEL_INDEX, *TRANSFORMER_FILES))
    is_needed = not is_published or Checkpoint.DISTILLED in profile.checkpoints
    files = CHECKOUT_FILES if is_needed else SHARED_FILES
    return HubSource(HubPart(repository, files), others, cache_folder, endpoint, gone, proxy)


Source = FolderSource | HubSource
