"""Finds Klein's weight files in a folder: checkouts, single files, ComfyUI's folder. Imports no torch."""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.klein.weights import checkpoint as checkout
from kleinbot.klein.weights.architecture import SCHEDULER
from kleinbot.klein.weights.headers import (
    NO_MISSING_SOURCES,
    MissingSources,
    WeightFile,
    read_file,
    unreadable,
)
from kleinbot.klein.weights.shapes import check_by_config, text_encoder_shapes, vae_shapes
from kleinbot.klein.weights.single_file import FileContent, Recognised, Refused, recognise
from kleinbot.klein.weights.tokenizer_files import COMFY_PLACE, TOKENIZER_JSON, find_vocabulary
from kleinbot.klein.weights.weight_set import (
    Component,
    Config,
    TokenizerFiles,
    WeightSet,
    check_text_encoder_fits,
    check_vae_fits,
)

_COMFY_FOLDERS = ("diffusion_models", "unet", "text_encoders", "clip", "vae")
_MOST_FILES = 1000
"""Files examined per folder: more than any models folder, but a wrong folder may contain anything."""

_MOST_FOLDERS = 10_000
_SKIPPED_ERRORS = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM))
"""Errors that skip a folder; other models' folders may be unreadable for us."""

_ENDINGS = (".safetensors", ".sft")
_GGUF_ENDING = ".gguf"
_BASE_NAME = re.compile(r"(?<![a-z])base(?![a-z])")
"""The word in a file's name, but not inside a longer one such as "database"."""

CHECKPOINT_BY_BYTES: Mapping[int, Checkpoint] = {
    4_070_624_520: Checkpoint.DISTILLED,
    4_089_498_488: Checkpoint.BASE,
}
"""The published FP8 files; both BF16 files have 7,751,105,712 bytes."""

_MISSING = {
    FileContent.TRANSFORMER: "flux-2-klein-4b-fp8.safetensors",
    FileContent.TEXT_ENCODER: "qwen_3_4b.safetensors",
    FileContent.VAE: "flux2-vae.safetensors",
}


@dataclass
class _ScanResult:
    """The single files found in a place, and the problems of the others."""

    found: dict[FileContent, list[tuple[WeightFile, Component]]] = field(default_factory=dict)
    refused: dict[FileContent, StartError] = field(default_factory=dict)
    damaged: StartError | None = None
    unreadable: StartError | None = None
    """A file that the system does not open may be the right one, so this error comes first."""

    gguf: StartError | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.found or self.refused or self.damaged or self.unreadable or self.gguf)

    def error(self, kind: FileContent, place: Path) -> StartError:
        missing = StartError(Code.WEIGHTS_MISSING, folder=str(place), file=_MISSING[kind])
        # No VAE is published as GGUF.
        gguf = None if kind is FileContent.VAE else self.gguf
        return self.unreadable or self.refused.get(kind) or self.damaged or gguf or missing


def find_weights(
    place: Path,
    *,
    distilled: Path | None = None,
    base: Path | None = None,
    prefer_fp8: bool = False,
    missing_sources: MissingSources = NO_MISSING_SOURCES,
) -> WeightSet:
    """Find Klein, of any size, in the folder ``place``.

    The folder is a diffusers checkout, a folder of single files, ComfyUI's folder or its ``models`` folder,
    or a mixture. ``distilled`` and ``base`` are other locations of that checkpoint's transformer: a single
    file, or a folder like ``place``. If a checkpoint exists both plain and in FP8, ``prefer_fp8`` decides.
    Files in ``missing_sources`` count as present if no other file is found.

    Raises StartError: WEIGHTS_NONE (folder) if the folder contains none of Klein's files; WEIGHTS_MISSING
    (folder, file) if a file does not exist; WEIGHTS_TOKENIZER_MISSING (places); WEIGHTS_DAMAGED,
    WEIGHTS_KLEIN_9B, WEIGHTS_NOT_KLEIN, WEIGHTS_WRONG_VAE, WEIGHTS_WRONG_TEXT_ENCODER (file, found, wanted)
    and WEIGHTS_QUANTISATION_UNKNOWN (file, found) if a file is not the expected one.
    """
    scan = _scan(place, missing_sources)
    is_checkout = (place / checkout.MODEL_INDEX).is_file()
    tokenizer_class = "Qwen2TokenizerFast"
    if is_checkout:
        _, tokenizer_class = checkout.read_model_index(place)
    transformers: dict[Checkpoint, Component] = {}
    if distilled is None or base is None:
        transformers |= _transformers(
            place,
            scan,
            is_required=not (distilled or base),
            prefer_fp8=prefer_fp8,
            missing_sources=missing_sources,
        )
    for named, where in ((Checkpoint.DISTILLED, distilled), (Checkpoint.BASE, base)):
        if where is not None:
            transformers[named] = _named_transformer(where, named, prefer_fp8, missing_sources)
    reference = next(iter(transformers.values())).config
    scheduler = _scheduler(place, is_checkout)
    text_encoder = _component(
        place,
        FileContent.TEXT_ENCODER,
        scan,
        checkout.TEXT_ENCODER_CONFIG,
        lambda folder: checkout.read_text_encoder(folder, missing_sources),
        lambda found: _check_text_encoder(found, reference),
    )
    vae = _component(
        place,
        FileContent.VAE,
        scan,
        checkout.VAE_CONFIG,
        checkout.read_vae,
        lambda found: _check_vae(found, reference),
    )
    return WeightSet(
        transformers, text_encoder, vae, scheduler, _tokenizer(place, is_checkout, tokenizer_class)
    )


def find_tokenizer(place: Path) -> Path | None:
    """Return the tokenizer's file in ``place``, or None if there is none (yet)."""
    for file in (place / checkout.TOKENIZER, place / TOKENIZER_JSON):
        if file.is_file():
            return file
    return find_vocabulary(place)


def _scan(place: Path, missing_sources: MissingSources) -> _ScanResult:
    scan = _ScanResult()
    try:
        files = list(_single_file_paths(place, missing_sources))
    except OSError as failure:
        scan.unreadable = unreadable(str(failure.filename or place), failure)
        return scan
    for path in files:
        try:
            file = read_file(place, path.relative_to(place).as_posix(), missing_sources)
            content = recognise(file)
        except StartError as problem:
            match problem.code:
                case Code.WEIGHTS_UNREADABLE:
                    scan.unreadable = scan.unreadable or problem
                case Code.WEIGHTS_QUANTISATION_UNKNOWN:
                    scan.gguf = scan.gguf or problem
                case _:
                    scan.damaged = scan.damaged or problem
            continue
        match content:
            case Recognised(kind, component):
                scan.found.setdefault(kind, []).append((file, component))
            case Refused(kind, error):
                scan.refused.setdefault(kind, error)
            case None:
                pass
    return scan


def _weight_files(folder: Path, *, deep: bool) -> Iterator[Path]:
    """Yield the weight files in ``folder``, in order; with ``deep`` also in subfolders, following links.

    Models may be on other disks behind linked folders, which ``rglob`` does not follow before Python 3.13. A
    link back to a parent folder is not followed again.

    Raises OSError if the system cannot list an existing, readable folder.
    """

    def skip(error: OSError) -> None:
        if error.errno not in _SKIPPED_ERRORS:
            raise error

    seen: set[tuple[int, int]] = set()
    for number, (place, folders, files) in enumerate(os.walk(folder, followlinks=True, onerror=skip)):
        facts = Path(place).stat()
        is_known = (facts.st_dev, facts.st_ino) in seen
        seen.add((facts.st_dev, facts.st_ino))
        folders[:] = sorted(folders) if deep and not is_known and number < _MOST_FOLDERS else []
        if not is_known:
            endings = (*_ENDINGS, _GGUF_ENDING)
            yield from (Path(place) / name for name in sorted(files) if name.lower().endswith(endings))


def _single_file_paths(place: Path, missing_sources: MissingSources) -> Iterator[Path]:
    """Yield the existing files, then the missing sources."""
    # A checkout also has a folder named "vae", whose files are read through its config.
    roots = [place / "models"] if (place / checkout.MODEL_INDEX).is_file() else [place, place / "models"]
    folders = [root / name for root in roots for name in _COMFY_FOLDERS]
    found = chain(_weight_files(place, deep=False), *(_weight_files(folder, deep=True) for folder in folders))
    yield from islice(found, _MOST_FILES)
    here = place.absolute()
    for path in missing_sources:
        if path.parent == here or any(path.is_relative_to(folder.absolute()) for folder in folders):
            yield place / path.relative_to(here)


def _transformers(
    place: Path, scan: _ScanResult, *, is_required: bool, prefer_fp8: bool, missing_sources: MissingSources
) -> dict[Checkpoint, Component]:
    """Return the place's transformers; if a checkpoint has two, the one in the preferred format."""
    candidates: list[tuple[Checkpoint, Component]] = []
    if (place / checkout.TRANSFORMER_CONFIG).is_file():
        checkpoint, _ = checkout.read_model_index(place)
        candidates.append((checkpoint, checkout.read_transformer(place, missing_sources)))
    candidates += [
        (_checkpoint_of(file), component) for file, component in scan.found.get(FileContent.TRANSFORMER, ())
    ]
    if not candidates and is_required:
        is_checkout = (place / checkout.MODEL_INDEX).is_file()
        if is_checkout and not (scan.refused or scan.damaged or scan.unreadable):
            checkout.read_transformer(place)
        if scan.is_empty:
            raise StartError(Code.WEIGHTS_NONE, folder=str(place))
        raise scan.error(FileContent.TRANSFORMER, place)
    chosen: dict[Checkpoint, Component] = {}
    for checkpoint, component in sorted(
        candidates,
        key=lambda each: (bool(each[1].missing_files), bool(each[1].scaled_layers) is not prefer_fp8),
    ):
        chosen.setdefault(checkpoint, component)
    return dict(sorted(chosen.items(), key=lambda item: item[0] is Checkpoint.BASE))


def _checkpoint_of(file: WeightFile) -> Checkpoint:
    """Return distilled or base: all shapes are equal, so by the published sizes, otherwise by the name."""
    published = CHECKPOINT_BY_BYTES.get(file.bytes)
    if published is not None:
        return published
    is_base = _BASE_NAME.search(file.path.stem.lower()) is not None
    return Checkpoint.BASE if is_base else Checkpoint.DISTILLED


def _named_transformer(
    where: Path, named: Checkpoint, prefer_fp8: bool, missing_sources: MissingSources
) -> Component:
    if where.is_dir():
        scan = _scan(where, missing_sources)
        found = _transformers(
            where, scan, is_required=True, prefer_fp8=prefer_fp8, missing_sources=missing_sources
        )
        if named in found:
            return found[named]
        there = ", ".join(found)
        raise StartError(Code.WEIGHTS_NO_CHECKPOINT, checkpoint=str(named), found=there)
    match recognise(read_file(where.parent, where.name, missing_sources)):
        case Recognised(FileContent.TRANSFORMER, component):
            return component
        case Refused(_, error):
            raise error
        case _:
            raise StartError(
                Code.WEIGHTS_NOT_KLEIN, file=where.name, found="no transformer", wanted="FLUX.2 [klein] 4B"
            )


def _component(
    place: Path,
    kind: FileContent,
    scan: _ScanResult,
    config_file: str,
    read: Callable[[Path], Component],
    check_fits: Callable[[Component], None],
) -> Component:
    """Return the text encoder or the VAE: the checkout's, otherwise the first single file that fits."""
    singles: Sequence[tuple[WeightFile, Component]] = scan.found.get(kind, ())
    if (place / config_file).is_file() or (not singles and (place / checkout.MODEL_INDEX).is_file()):
        component = read(place)
        check_fits(component)
        return component
    misfit: StartError | None = None
    for _, component in singles:
        try:
            check_fits(component)
        except StartError as error:
            misfit = misfit or error
        else:
            return component
    raise misfit or scan.error(kind, place)


def _check_text_encoder(found: Component, transformer: Config) -> None:
    check_text_encoder_fits(found, transformer)
    check_by_config(found, text_encoder_shapes, Code.WEIGHTS_WRONG_TEXT_ENCODER)


def _check_vae(found: Component, transformer: Config) -> None:
    check_vae_fits(found, transformer)
    check_by_config(found, vae_shapes, Code.WEIGHTS_WRONG_VAE)


def _scheduler(place: Path, is_checkout: bool) -> Config:
    if is_checkout or (place / checkout.SCHEDULER_CONFIG).is_file():
        return checkout.read_scheduler(place)
    return SCHEDULER


def _tokenizer(place: Path, is_checkout: bool, named_class: str) -> TokenizerFiles:
    file = find_tokenizer(place)
    if file is not None:
        return TokenizerFiles(file, named_class)
    if is_checkout:
        raise StartError(Code.WEIGHTS_MISSING, folder=str(place), file=checkout.TOKENIZER)
    places = (place / checkout.TOKENIZER, place / COMFY_PLACE, place.parent / COMFY_PLACE)
    raise StartError(Code.WEIGHTS_TOKENIZER_MISSING, places=", ".join(str(path) for path in places))
