"""Whether drawn pictures are judged, what that downloads, and what memory it takes."""

from pathlib import Path

from kleinbot.app.picture_judge import classifier_source
from kleinbot.classifier.layout import read_layout
from kleinbot.classifier.source import DEFAULT_BYTES, DEFAULT_REPOSITORY, WEIGHTS, cached_folder
from kleinbot.config.settings import Settings
from kleinbot.config.values import OFF
from kleinbot.doctor.findings import Finding, Topic, Verdict, of_error, ok, warning
from kleinbot.domain.errors import StartError
from kleinbot.hardware.memory_model import classifier_bytes


def classifier(settings: Settings, *, draws_small: bool) -> tuple[Finding, int]:
    """Return the finding, and the bytes of the machine's memory that the classifier takes."""
    source = classifier_source(settings, draws_small=draws_small)
    if source is None and settings.classifier == OFF:
        is_missed = not draws_small
        found = warning if is_missed else ok
        return found(Topic.CLASSIFIER, "doctor-classifier-off"), 0
    if source is None:
        return ok(Topic.CLASSIFIER, "doctor-classifier-small"), 0
    folder = cached_folder(source)
    if folder is not None:
        try:
            read_layout(folder, source.labels)
            needed = classifier_bytes(_size_of(folder / WEIGHTS))
        except StartError as error:
            # It stops no picture: the bot starts, and tells that it delivers them unjudged.
            return of_error(Topic.CLASSIFIER, error, Verdict.WARNING), 0
        memory = round(needed / 1e9, 1)
        return ok(Topic.CLASSIFIER, "doctor-classifier-here", model=source.name, memory=memory), needed
    if source.place != DEFAULT_REPOSITORY:
        return ok(Topic.CLASSIFIER, "doctor-classifier-download-unknown", model=source.name), 0
    needed = classifier_bytes(DEFAULT_BYTES)
    return ok(
        Topic.CLASSIFIER,
        "doctor-classifier-download",
        model=source.name,
        size=round(DEFAULT_BYTES / 1e9, 2),
        memory=round(needed / 1e9, 1),
    ), needed


def _size_of(path: Path) -> int:
    return path.stat().st_size
