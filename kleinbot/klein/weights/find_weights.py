"""From a folder to the files that hold Klein: checkouts, single files, ComfyUI's folder. No torch."""

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
from kleinbot.klein.weights.headers import NOTHING, Gone, WeightFile, read_file, unreadable
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
"""Looked at in one folder; nobody has more models, but a wrong folder may hold anything."""

_MOST_FOLDERS = 10_000
_PASSED_OVER = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM))
"""Why a folder is not looked into; other models' folders may be closed to us."""

_ENDINGS = (".safetensors", ".sft")
_GGUF_ENDING = ".gguf"
_BASE_NAME = re.compile(r"(?<![a-z])base(?![a-z])")
"""The word in a file's name, and not in a longer one such as "database"."""

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
class _Loose:
    """What the single files of a place hold."""

    found: dict[FileContent, list[tuple[WeightFile, Component]]] = field(default_factory=dict)
    refused: dict[FileContent, StartError] = field(default_factory=dict)
    damaged: StartError | None = None
    unreadable: StartError | None = None
    """What the system does not open may be the very file, so it is told before all else."""

    gguf: StartError | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.found or self.refused or self.damaged or self.unreadable or self.gguf)

    def error(self, kind: FileContent, place: Path) -> StartError:
        missing = StartError(Code.WEIGHTS_MISSING, folder=str(place), file=_MISSING[kind])
        # Nobody keeps a VAE as GGUF.
        gguf = None if kind is FileContent.VAE else self.gguf
        return self.unreadable or self.refused.get(kind) or self.damaged or gguf or missing


def find_weights(
    place: Path,
    *,
    distilled: Path | None = None,
    base: Path | None = None,
    prefer_fp8: bool = False,
    gone: Gone = NOTHING,
) -> WeightSet:
    """Recognise Klein, of any size, in the folder ``place``.

    It is a diffusers checkout, a folder of single files, ComfyUI's folder or its ``models`` folder, or a
    mixture. ``distilled`` and ``base`` are where that checkpoint's transformer is instead: a single file, or
    a folder like ``place``. Where a checkpoint is there both plain and in FP8, ``prefer_fp8`` chooses.
    Files that are ``gone`` are taken for there where nothing else is.

    Raises StartError: WEIGHTS_NONE (folder) where there is nothing of it; WEIGHTS_MISSING (folder, file)
    where a file is not there; WEIGHTS_TOKENIZER_MISSING (places); WEIGHTS_DAMAGED, WEIGHTS_KLEIN_9B,
    WEIGHTS_NOT_KLEIN, WEIGHTS_WRONG_VAE, WEIGHTS_WRONG_TEXT_ENCODER (file, found, wanted) and
    WEIGHTS_QUANTISATION_UNKNOWN (file, found) where one is not what it should be.
    """
    loose = _look_at(place, gone)
    is_checkout = (place / checkout.MODEL_INDEX).is_file()
    tokenizer_class = "Qwen2TokenizerFast"
    if is_checkout:
        _, tokenizer_class = checkout.read_model_index(place)
    transformers: dict[Checkpoint, Component] = {}
    if distilled is None or base is None:
        transformers |= _transformers(
            place, loose, is_required=not (distilled or base), prefer_fp8=prefer_fp8, gone=gone
        )
    for named, where in ((Checkpoint.DISTILLED, distilled), (Checkpoint.BASE, base)):
        if where is not None:
            transformers[named] = _named_transformer(where, named, prefer_fp8, gone)
    reference = next(iter(transformers.values())).config
    scheduler = _scheduler(place, is_checkout)
    text_encoder = _part(
        place,
        FileContent.TEXT_ENCODER,
        loose,
        checkout.TEXT_ENCODER_CONFIG,
        lambda folder: checkout.read_text_encoder(folder, gone),
        lambda found: _check_text_encoder(found, reference),
    )
    vae = _part(
        place,
        FileContent.VAE,
        loose,
        checkout.VAE_CONFIG,
        checkout.read_vae,
        lambda found: _check_vae(found, reference),
    )
    return WeightSet(
        transformers, text_encoder, vae, scheduler, _tokenizer(place, is_checkout, tokenizer_class)
    )


def find_tokenizer(place: Path) -> Path | None:
    """Return the tokenizer's file in ``place``, or None where there is none (yet)."""
    for file in (place / checkout.TOKENIZER, place / TOKENIZER_JSON):
        if file.is_file():
            return file
    return find_vocabulary(place)


def _look_at(place: Path, gone: Gone) -> _Loose:
    loose = _Loose()
    try:
        files = list(_single_files(place, gone))
    except OSError as failure:
        loose.unreadable = unreadable(str(failure.filename or place), failure)
        return loose
    for path in files:
        try:
            file = read_file(place, path.relative_to(place).as_posix(), gone)
            content = recognise(file)
        except StartError as problem:
            match problem.code:
                case Code.WEIGHTS_UNREADABLE:
                    loose.unreadable = loose.unreadable or problem
                case Code.WEIGHTS_QUANTISATION_UNKNOWN:
                    loose.gguf = loose.gguf or problem
                case _:
                    loose.damaged = loose.damaged or problem
            continue
        match content:
            case Recognised(kind, component):
                loose.found.setdefault(kind, []).append((file, component))
            case Refused(kind, error):
                loose.refused.setdefault(kind, error)
            case None:
                pass
    return loose


def _weight_files(folder: Path, *, deep: bool) -> Iterator[Path]:
    """Yield the weight files in ``folder``, in order; where ``deep``, below it too, links included.

    Models lie on other disks behind linked folders, which ``rglob`` does not follow before Python 3.13. A
    link that leads back up is not followed again.

    Raises OSError where the system does not list a folder that is there and may be read.
    """

    def skip(error: OSError) -> None:
        if error.errno not in _PASSED_OVER:
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


def _single_files(place: Path, gone: Gone) -> Iterator[Path]:
    """Yield those that are there, then those that are gone."""
    # A checkout has a folder of the same name (vae), whose files are read through its config.
    roots = [place / "models"] if (place / checkout.MODEL_INDEX).is_file() else [place, place / "models"]
    folders = [root / name for root in roots for name in _COMFY_FOLDERS]
    found = chain(_weight_files(place, deep=False), *(_weight_files(folder, deep=True) for folder in folders))
    yield from islice(found, _MOST_FILES)
    here = place.absolute()
    for path in gone:
        if path.parent == here or any(path.is_relative_to(folder.absolute()) for folder in folders):
            yield place / path.relative_to(here)


def _transformers(
    place: Path, loose: _Loose, *, is_required: bool, prefer_fp8: bool, gone: Gone
) -> dict[Checkpoint, Component]:
    """Return the place's transformers; of two of a checkpoint, the one in the preferred format."""
    candidates: list[tuple[Checkpoint, Component]] = []
    if (place / checkout.TRANSFORMER_CONFIG).is_file():
        checkpoint, _ = checkout.read_model_index(place)
        candidates.append((checkpoint, checkout.read_transformer(place, gone)))
    candidates += [
        (_checkpoint_of(file), component) for file, component in loose.found.get(FileContent.TRANSFORMER, ())
    ]
    if not candidates and is_required:
        is_checkout = (place / checkout.MODEL_INDEX).is_file()
        if is_checkout and not (loose.refused or loose.damaged or loose.unreadable):
            checkout.read_transformer(place)
        if loose.is_empty:
            raise StartError(Code.WEIGHTS_NONE, folder=str(place))
        raise loose.error(FileContent.TRANSFORMER, place)
    chosen: dict[Checkpoint, Component] = {}
    for checkpoint, component in sorted(
        candidates, key=lambda each: (bool(each[1].gone), bool(each[1].scaled_layers) is not prefer_fp8)
    ):
        chosen.setdefault(checkpoint, component)
    return dict(sorted(chosen.items(), key=lambda item: item[0] is Checkpoint.BASE))


def _checkpoint_of(file: WeightFile) -> Checkpoint:
    """Tell distilled from base: all shapes are the same, so by the published sizes, else by the name."""
    published = CHECKPOINT_BY_BYTES.get(file.bytes)
    if published is not None:
        return published
    is_base = _BASE_NAME.search(file.path.stem.lower()) is not None
    return Checkpoint.BASE if is_base else Checkpoint.DISTILLED


def _named_transformer(where: Path, named: Checkpoint, prefer_fp8: bool, gone: Gone) -> Component:
    if where.is_dir():
        loose = _look_at(where, gone)
        found = _transformers(where, loose, is_required=True, prefer_fp8=prefer_fp8, gone=gone)
        if named in found:
            return found[named]
        there = ", ".join(found)
        raise StartError(Code.WEIGHTS_NO_CHECKPOINT, checkpoint=str(named), found=there)
    match recognise(read_file(where.parent, where.name, gone)):
        case Recognised(FileContent.TRANSFORMER, component):
            return component
        case Refused(_, error):
            raise error
        case _:
            raise StartError(
                Code.WEIGHTS_NOT_KLEIN, file=where.name, found="no transformer", wanted="FLUX.2 [klein] 4B"
            )


def _part(
    place: Path,
    kind: FileContent,
    loose: _Loose,
    config_file: str,
    read: Callable[[Path], Component],
    check_fits: Callable[[Component], None],
) -> Component:
    """Return the text encoder or the VAE: the checkout's, else the first single file that fits."""
    singles: Sequence[tuple[WeightFile, Component]] = loose.found.get(kind, ())
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
    raise misfit or loose.error(kind, place)


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
    looked = (place / checkout.TOKENIZER, place / COMFY_PLACE, place.parent / COMFY_PLACE)
    raise StartError(Code.WEIGHTS_TOKENIZER_MISSING, places=", ".join(str(path) for path in looked))
