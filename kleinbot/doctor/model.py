"""Checks the weights and the profile: what exists or would be downloaded, what was chosen, its peaks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from huggingface_hub import is_offline_mode

from kleinbot.app.model_choice import SMALL_KLEIN, ModelChoice, choose_model, memory_needed_gib
from kleinbot.app.torch_probe import TorchProbe
from kleinbot.config.settings import Settings
from kleinbot.doctor.findings import Finding, Topic, Verdict, of_error, ok, problem, warning
from kleinbot.domain.errors import Code, Parameter, StartError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import Profile
from kleinbot.hardware.facts import GIB, MachineFacts
from kleinbot.hardware.memory_model import WorkShape, predict
from kleinbot.hardware.profile_choice import ProfileChoice, RejectedProfile
from kleinbot.klein.hub.download import Download, cache_of, complete_in_cache
from kleinbot.klein.weights.source import FolderSource, HubSource
from kleinbot.klein.weights.tokenizer_files import open_tokenizer


def chosen(
    settings: Settings, facts: MachineFacts, report: TorchProbe
) -> tuple[ModelChoice | None, list[Finding]]:
    """Choose the model as a start would; an error that would prevent the start becomes a finding."""
    try:
        return choose_model(settings, lambda: facts, lambda: report), []
    except StartError as error:
        is_about_weights = error.code.name.startswith("WEIGHTS_")
        return None, [of_error(Topic.WEIGHTS if is_about_weights else Topic.PROFILE, error)]


def weights(
    model: ModelChoice,
    named: Path | str | None,
    free_bytes_at: Callable[[Path], int | None],
    plan: Callable[[HubSource], Download],
) -> Finding:
    """Report whether the weights exist, judged by their headers, or what a start would download.

    ``named`` are the weights that the settings name; ``plan`` returns what a start would download, like
    ``kleinbot.klein.hub.download.plan_download``.
    """
    if not model.choice.uses_named_weights:
        needed = memory_needed_gib(named)
        if needed is None:
            return warning(Topic.WEIGHTS, "doctor-weights-left-alone-unseen", weights=str(named))
        return warning(Topic.WEIGHTS, "doctor-weights-left-alone", weights=str(named), needed=needed)
    match model.source:
        case FolderSource(folder) as source:
            if (tokenizer := source.tokenizer_file()) is not None:
                try:
                    open_tokenizer(tokenizer)
                except StartError as error:
                    return of_error(Topic.WEIGHTS, error)
            message = "doctor-weights-small" if folder == SMALL_KLEIN else "doctor-weights-folder"
            return ok(Topic.WEIGHTS, message, folder=str(folder))
        case HubSource() as source:
            try:
                return _on_hub(source, free_bytes_at, plan)
            except StartError as error:
                if error.code is Code.WEIGHTS_UNREACHABLE:
                    return problem(Topic.WEIGHTS, "doctor-weights-unreachable", **error.parameters)
                return of_error(Topic.WEIGHTS, error)


def _on_hub(
    source: HubSource,
    free_bytes_at: Callable[[Path], int | None],
    plan: Callable[[HubSource], Download],
) -> Finding:
    if complete_in_cache(source) is not None:
        return ok(Topic.WEIGHTS, "doctor-weights-folder", folder=source.name)
    if is_offline_mode():
        return problem(Topic.WEIGHTS, "doctor-weights-offline", repository=source.name)
    return _download(source, plan(source), free_bytes_at)


def _download(source: HubSource, download: Download, free_bytes_at: Callable[[Path], int | None]) -> Finding:
    cache, needed = cache_of(source), download.missing_bytes
    figures: dict[str, Parameter] = {
        "repository": source.name,
        "size": round(needed / 1e9, 1),
        "folder": str(cache),
    }
    free = free_bytes_at(cache)
    if free is not None and free < needed:
        return problem(Topic.WEIGHTS, "doctor-weights-no-disk", free=round(free / 1e9, 1), **figures)
    return ok(Topic.WEIGHTS, "doctor-weights-download", **figures)


def profile(choice: ProfileChoice) -> Iterator[Finding]:
    """Yield the profile, why no better one was chosen, and its predicted peaks."""
    if choice.fallback is not None:
        yield of_error(Topic.PROFILE, choice.fallback, Verdict.WARNING)
    grid = choice.profile.largest_square
    yield ok(
        Topic.PROFILE,
        "doctor-profile" if choice.rejected else "doctor-profile-best",
        profile=choice.profile.name,
        side=str(grid.width_px),
        references=choice.profile.most_references,
        batch=choice.profile.largest_batch,
        compiled="fused" if choice.profile.fused else "yes" if choice.profile.compiled else "no",
        reason=_reason(choice.rejected),
    )
    if choice.usable_bytes is not None:
        yield _peaks(choice.profile, grid, choice.usable_bytes)


def _reason(rejected: tuple[RejectedProfile, ...]) -> str:
    return ", ".join(f"{each.name} {_gib(each.needed_bytes)} GiB" for each in rejected)


def _peaks(chosen_profile: Profile, grid: Grid, usable_bytes: int) -> Finding:
    picture = predict(chosen_profile, WorkShape(grid))
    edit = predict(chosen_profile, WorkShape(grid, (grid,) * chosen_profile.most_references))
    return ok(
        Topic.PEAKS,
        "doctor-peaks",
        side=str(grid.width_px),
        encode=_gib(picture.encode_bytes),
        denoise=_gib(picture.denoise_bytes),
        decode=_gib(picture.decode_bytes),
        references=chosen_profile.most_references,
        edit=_gib(edit.highest_bytes),
        usable=_gib(usable_bytes),
    )


def without_program(facts: MachineFacts, pid: int | str) -> MachineFacts:
    """Return ``facts`` as if the process ``pid``, a bot that already runs, used no GPU memory."""
    gpus = tuple(
        replace(
            gpu,
            free_bytes=gpu.free_bytes + sum(each.bytes for each in gpu.programs if each.pid == pid),
            programs=tuple(each for each in gpu.programs if each.pid != pid),
        )
        for gpu in facts.gpus
    )
    return replace(facts, gpus=gpus)


def with_empty_gpus(facts: MachineFacts) -> MachineFacts:
    """Return ``facts`` as if nothing were in use: Windows does not report what a running bot uses."""
    gpus = tuple(replace(gpu, free_bytes=gpu.memory_bytes) for gpu in facts.gpus)
    return replace(facts, gpus=gpus)


def unreadable(error: OSError) -> Finding:
    """Return the finding for a folder of weights that may not be read."""
    found = error.strerror or str(error)
    return of_error(
        Topic.WEIGHTS,
        StartError(Code.WEIGHTS_UNREADABLE, file=str(error.filename), reason=found),
    )


def _gib(count: int) -> float:
    return round(count / GIB, 1)
