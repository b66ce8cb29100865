"""The findings of the doctor: a topic, a verdict, and the sentence that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kleinbot.domain.errors import KleinbotError, Parameter


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """The bot starts, but something is not as the owner may expect."""
    PROBLEM = "problem"
    """The bot would not start, or could not draw."""


class Topic(StrEnum):
    """Each is a message id."""

    SETTINGS = "doctor-topic-settings"
    PYTHON = "doctor-topic-python"
    TORCH = "doctor-topic-torch"
    LIBRARIES = "doctor-topic-libraries"
    INTAKE = "doctor-topic-intake"
    CARD = "doctor-topic-card"
    DRIVER = "doctor-topic-driver"
    CARD_MEMORY = "doctor-topic-card-memory"
    HOST_MEMORY = "doctor-topic-host-memory"
    DISK = "doctor-topic-disk"
    WEIGHTS = "doctor-topic-weights"
    CLASSIFIER = "doctor-topic-classifier"
    MODE = "doctor-topic-mode"
    REASON = "doctor-topic-reason"
    PROFILE = "doctor-topic-profile"
    PEAKS = "doctor-topic-peaks"
    TOKEN = "doctor-topic-token"  # noqa: S105 - a message id
    CLOCK = "doctor-topic-clock"
    SERVERS = "doctor-topic-servers"
    DATA_FOLDER = "doctor-topic-data-folder"
    DATABASE = "doctor-topic-database"
    ARCHIVE = "doctor-topic-archive"


@dataclass(frozen=True)
class Finding:
    """``message`` is the id of the sentence."""

    topic: Topic
    verdict: Verdict
    message: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def ok(topic: Topic, message: str, **parameters: Parameter) -> Finding:
    return Finding(topic, Verdict.OK, message, parameters)


def warning(topic: Topic, message: str, **parameters: Parameter) -> Finding:
    return Finding(topic, Verdict.WARNING, message, parameters)


def problem(topic: Topic, message: str, **parameters: Parameter) -> Finding:
    return Finding(topic, Verdict.PROBLEM, message, parameters)


def of_error(topic: Topic, error: KleinbotError, verdict: Verdict = Verdict.PROBLEM) -> Finding:
    """Return the finding for an error that the start would raise."""
    return Finding(topic, verdict, error.code, error.parameters)
