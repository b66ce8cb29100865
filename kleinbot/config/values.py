"""Value types and validators of the settings."""

import logging
import os
import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from kleinbot.config.quiet_hours import Span
from kleinbot.domain.ports.proxies import DIRECT
from kleinbot.texts import languages

ENVIRONMENT_PREFIX = "KLEINBOT_"
TOKEN_VARIABLE = "DISCORD_TOKEN"  # noqa: S105 - the name of a variable
_SPANS_CHARACTERS = 200
DEFAULT_HUB_REPO = "black-forest-labs/FLUX.2-klein-4B"

# Discord documents no shape; every token since 2015 is base64url(id).base64url(time).signature.
TOKEN_SHAPE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{17,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{20,}")
# Both halves as huggingface_hub's validate_repo_id requires them, except for its finer rules.
HUB_REPO_SHAPE = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class ValidValue:
    """Describes a valid value of a setting for whoever wrote a wrong one; annotates the setting's type."""

    text: str


class DeviceChoice(StrEnum):
    """Where the model should run; ``auto`` uses a suitable GPU if there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """The level as a number of ``logging``."""
        return logging.getLevelNamesMapping()[self.name]


def stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def lowercased(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def no_boolean(value: object) -> object:
    # pydantic would accept TOML's ``true`` as 1.
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")  # noqa: TRY004 - what pydantic collects
    return value


def split(value: object) -> object:
    return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value


def day_spans(value: object) -> object:
    """Read "18:00-23:30, 7:00-8:00" into spans of every day."""
    if not isinstance(value, str):
        return value
    spans = []
    for part in re.split(r"[,\s]+", value.strip()[:_SPANS_CHARACTERS]):
        if not part:
            continue
        start, end = (_time_of_day(text) for text in part.split("-"))
        if start == end:
            raise ValueError("a span of no length")
        spans.append(Span(start, end))
    return tuple(spans)


def _time_of_day(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour) % 24 if int(hour) == 24 else int(hour), int(minute))


def token_shaped(token: SecretStr | None) -> SecretStr | None:
    if token is not None and TOKEN_SHAPE.fullmatch(token.get_secret_value()) is None:
        raise ValueError("not the shape of a token")
    return token


def http_proxy(proxy: SecretStr | None) -> SecretStr | None:
    if proxy is None or proxy.get_secret_value() == DIRECT:
        return proxy
    try:
        parts = urlsplit(proxy.get_secret_value())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("not an HTTP proxy")
    return proxy


def known_locale(locale: str) -> str:
    if locale not in languages():
        raise ValueError("unsupported language")
    return locale


def writable_folder(folder: Path) -> Path:
    folder = _expanded(folder)
    try:
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    except OSError as error:  # a parent folder may not be searched
        raise ValueError("cannot be reached") from error
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ValueError("cannot be made or written")
    return folder


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("this user has no home folder") from error


def folder_or_hub_repository(value: object) -> object:
    """Return a folder (``Path``) or the id of a hub repository (``str``): an existing folder wins."""
    if not isinstance(value, str):
        return value
    path = _expanded(Path(value.strip()))
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError:
        # On an unavailable share: whoever reads the folder reports that, and retries.
        return path
    if is_folder:
        return path
    # A file's path can look like a repository id: models/flux-2-klein-4b.safetensors.
    if is_file or HUB_REPO_SHAPE.fullmatch(value.strip()) is None:
        raise ValueError("neither a folder nor a repository")
    return value.strip()


OFF = "off"


def off_or_classifier(value: object) -> object:
    """Return OFF, a folder or the id of a hub repository."""
    if isinstance(value, str) and value.strip().casefold() == OFF:
        return OFF
    return folder_or_hub_repository(value)


Number = BeforeValidator(no_boolean)
Switch = Annotated[bool, BeforeValidator(lowercased), ValidValue("true or false")]
MaybeSwitch = Annotated[bool | None, BeforeValidator(lowercased), ValidValue("true or false")]
