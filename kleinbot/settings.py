"""What a host can set: every setting with its description, its default and what would be right.

``Settings(...)`` reads nothing but its arguments; ``kleinbot.settings_sources.load_settings`` reads
the environment, ``.env`` and ``kleinbot.toml``.
"""

import logging
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from kleinbot.domain.proxies import DIRECT
from kleinbot.host.profile import Attention, Format, Placement
from kleinbot.texts import FALLBACK, languages

ENVIRONMENT_PREFIX = "KLEINBOT_"
TOKEN_VARIABLE = "DISCORD_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_HUB_REPO = "black-forest-labs/FLUX.2-klein-4B"

# Discord documents no shape; every token since 2015 is base64url(id).base64url(time).signature.
TOKEN_SHAPE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{17,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{20,}")
# Both halves as huggingface_hub's validate_repo_id wants them, less its finer points.
HUB_REPO_SHAPE = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class Right:
    """Stands beside a setting's type: how a right value is described to who wrote a wrong one."""

    text: str


class DeviceChoice(StrEnum):
    """Where the model should run; ``auto`` takes the card if there is a suitable one."""

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
        """The level as ``logging`` counts it."""
        return logging.getLevelNamesMapping()[self.name]


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _lowered(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _no_truth_value(value: object) -> object:
    # pydantic would take TOML's ``true`` for 1.
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")  # noqa: TRY004 - what pydantic collects
    return value


def _split(value: object) -> object:
    return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value


def _looks_like_a_token(token: SecretStr | None) -> SecretStr | None:
    if token is not None and TOKEN_SHAPE.fullmatch(token.get_secret_value()) is None:
        raise ValueError("not the shape of a token")
    return token


def _http_proxy(proxy: SecretStr | None) -> SecretStr | None:
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


def _known_locale(locale: str) -> str:
    if locale not in languages():
        raise ValueError("no sentences in this language")
    return locale


def _folder_that_can_be_written(folder: Path) -> Path:
    folder = _expanded(folder)
    try:
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    except OSError as error:  # a folder on the way may not be looked into
        raise ValueError("cannot be reached") from error
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ValueError("cannot be made or written")
    return folder


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("nobody of this name has a home") from error


def _folder_or_hub_repo(value: object) -> object:
    """Tell a folder (``Path``) from a hub repository's id (``str``): an existing folder wins."""
    if not isinstance(value, str):
        return value
    path = _expanded(Path(value.strip()))
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError:
        # On a share that is away just now: whoever reads it says so, and tries again.
        return path
    if is_folder:
        return path
    # A file may be written like a repository: models/flux-2-klein-4b.safetensors.
    if is_file or HUB_REPO_SHAPE.fullmatch(value.strip()) is None:
        raise ValueError("neither a folder nor a repository")
    return value.strip()


Number = BeforeValidator(_no_truth_value)


class Settings(BaseSettings):
    """Everything the host decides, checked and frozen. Each field's description is its documentation."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # the input may be the token
        validate_default=False,
    )

    discord_token: Annotated[
        SecretStr | None,
        BeforeValidator(_stripped),
        AfterValidator(_looks_like_a_token),
        Right(
            "the bot's token: three parts joined by dots, without quotes or spaces, from "
            "https://discord.com/developers/applications, your application, page Bot, Reset Token "
            "(not the application id, public key or client secret)"
        ),
        Field(description="The bot's token; without one, the sandbox."),
    ] = None
    proxy: Annotated[
        SecretStr | None,
        BeforeValidator(_stripped),
        AfterValidator(_http_proxy),
        Right(
            "the address of an HTTP proxy like http://proxy.example:3128 (user:password@ before the name "
            f"where it asks for them), or {DIRECT}; SOCKS proxies cannot be used"
        ),
        Field(
            description="The proxy over which Discord and the Hugging Face hub are reached. Unset, "
            f"HTTPS_PROXY, ALL_PROXY and NO_PROXY decide; {DIRECT} means none."
        ),
    ] = None
    data_folder: Annotated[
        Path,
        AfterValidator(_folder_that_can_be_written),
        Right("a folder that exists and can be written, or a place where one can be made"),
        Field(validate_default=True, description="Where the database, the pictures and the log are kept."),
    ] = Path("data")
    weights: Annotated[
        Path | str | None,
        BeforeValidator(_folder_or_hub_repo),
        Right(
            "a folder that exists (of single .safetensors files: the folder they lie in), or a repository on "
            f"the Hugging Face hub like {DEFAULT_HUB_REPO}"
        ),
        Field(
            description="The model: a folder, or a repository on the Hugging Face hub. Unset, "
            f"{DEFAULT_HUB_REPO} on a host with a suitable card, else the small model that comes along."
        ),
    ] = None
    device: Annotated[
        DeviceChoice,
        BeforeValidator(_lowered),
        Right("one of auto, cpu, cuda"),
        Field(description="Where the model runs; auto takes the graphics card if there is a suitable one."),
    ] = DeviceChoice.AUTO
    # How the model sits on the card: unset, each is chosen from what the machine is (kleinbot.host.rules).
    profile_transformer: Annotated[
        Format | None,
        BeforeValidator(_lowered),
        Right("one of plain, fp8, int8"),
        Field(description="The transformer's weights: plain is BF16; fp8 and int8 take half of its memory."),
    ] = None
    profile_transformer_placement: Annotated[
        Placement | None,
        BeforeValidator(_lowered),
        Right("one of resident, streamed, disk"),
        Field(
            description="Where the transformer's weights rest: on the card, in the host's memory, on disk."
        ),
    ] = None
    profile_text_encoder: Annotated[
        Format | None,
        BeforeValidator(_lowered),
        Right("one of plain, fp8, int8"),
        Field(description="The text encoder's weights: plain is BF16; fp8 and int8 take half of its memory."),
    ] = None
    profile_text_encoder_placement: Annotated[
        Placement | None,
        BeforeValidator(_lowered),
        Right("one of resident, streamed, disk"),
        Field(
            description="Where the text encoder's weights rest: on the card, in the host's memory, on disk."
        ),
    ] = None
    profile_native_fp8: Annotated[
        bool | None,
        BeforeValidator(_lowered),
        Right("true or false"),
        Field(description="Multiply in FP8, on a card of the RTX 40 series or newer: faster, less exact."),
    ] = None
    profile_word_table_on_host: Annotated[
        bool | None,
        BeforeValidator(_lowered),
        Right("true or false"),
        Field(description="Keep the text encoder's table of words (0.7 GiB) in the host's memory."),
    ] = None
    profile_lean_decode: Annotated[
        bool | None,
        BeforeValidator(_lowered),
        Right("true or false"),
        Field(description="Turn latents into pictures and back in strips: less memory, a little slower."),
    ] = None
    profile_attention: Annotated[
        Attention | None,
        BeforeValidator(_lowered),
        Right("one of default, cudnn"),
        Field(description="Which attention kernels of PyTorch are used."),
    ] = None
    profile_compiled: Annotated[
        bool | None,
        BeforeValidator(_lowered),
        Right("true or false"),
        Field(description="Compile the transformer: faster pictures, a slower start; needs a C compiler."),
    ] = None
    profile_base_checkpoint: Annotated[
        bool | None,
        BeforeValidator(_lowered),
        Right("true or false"),
        Field(description="Load the base checkpoint beside the distilled one, for the best quality."),
    ] = None
    profile_largest_side_px: Annotated[
        int | None,
        Number,
        Right("a multiple of 16 from 256 to 1024"),
        Field(
            ge=256,
            le=1024,
            multiple_of=16,
            description="Pictures are at most as large as a square with this side.",
        ),
    ] = None
    profile_most_references: Annotated[
        int | None,
        Number,
        Right("a whole number from 0 to 4"),
        Field(ge=0, le=4, description="Pictures that one edit may refer to."),
    ] = None
    profile_largest_batch: Annotated[
        int | None,
        Number,
        Right("a whole number from 1 to 16"),
        Field(ge=1, le=16, description="Pictures that are made at once."),
    ] = None
    quota_pictures: Annotated[
        int,
        Number,
        Right("a whole number from 1 to 100000"),
        Field(ge=1, le=100_000, description="Pictures a member may make within quota_hours, in each server."),
    ] = 60
    quota_everywhere: Annotated[
        int | None,
        Number,
        Right("a whole number from 1 to 1000000"),
        Field(
            ge=1,
            le=1_000_000,
            description="Pictures one person may make within quota_hours over all servers together; unset: "
            "three times quota_pictures. What a single server gives a member is never cut.",
        ),
    ] = None
    quota_hours: Annotated[
        int,
        Number,
        Right("a whole number of hours from 1 to 744 (31 days)"),
        Field(ge=1, le=744, description="The rolling window of quota_pictures, in hours."),
    ] = 24
    locale: Annotated[
        str,
        BeforeValidator(_stripped),
        AfterValidator(_known_locale),
        Right(f"one of {', '.join(languages())}"),
        Field(description="The language where Discord does not tell the reader's own."),
    ] = FALLBACK
    allowed_servers: Annotated[
        tuple[Annotated[int, Number, Field(ge=1, lt=2**63)], ...],
        NoDecode,
        BeforeValidator(_split),
        Right("server ids separated by commas (in kleinbot.toml a list of numbers)"),
        Field(description="Ids of the servers the bot works in; empty means every server it is invited to."),
    ] = ()
    new_server_share: Annotated[
        float,
        Number,
        Right("a number from 0.01 to 1"),
        Field(
            ge=0.01,
            le=1,
            description="The share of the card with which a server begins that joins later, where "
            "allowed_servers is empty. It counts only while others wait too; /host share changes it.",
        ),
    ] = 0.25
    metrics_port: Annotated[
        int | None,
        Number,
        Right("a port from 1 to 65535 that nothing else uses"),
        Field(ge=1, le=65535, description="Port on 127.0.0.1 for Prometheus, at /metrics; unset: none."),
    ] = None
    grace_s: Annotated[
        float,
        Number,
        Right("a number of seconds from 1 to 3600"),
        Field(
            ge=1,
            le=3600,
            description="How long a clean stop waits for work under way, in seconds.",
        ),
    ] = 30.0
    log_level: Annotated[
        LogLevel,
        BeforeValidator(_lowered),
        Right("one of debug, info, warning, error"),
        Field(description="The least serious thing that is logged."),
    ] = LogLevel.INFO

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments only: who loads from elsewhere must know what came from where."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    _is_sandbox: bool = PrivateAttr(default=False)

    @property
    def archive_options(self) -> str:
        """What follows ``bot.py archive adopt`` so that it means this data folder."""
        return " --sandbox" if self._is_sandbox else ""

    @property
    def database_file(self) -> Path:
        return self.data_folder / "kleinbot.sqlite3"

    @property
    def archive_folder(self) -> Path:
        return self.data_folder / "archive"

    @property
    def scratch_folder(self) -> Path:
        """Where weights are kept that were made in 8 bits here, and those that the profile leaves on disk."""
        return self.data_folder / "scratch"

    def for_sandbox(self) -> Self:
        """Return settings under which the sandbox cannot meet the live bot, nor be refused by them."""
        own = self.model_copy(
            update={
                "data_folder": self.data_folder / "sandbox",
                "discord_token": None,
                "allowed_servers": (),
            }
        )
        own._is_sandbox = True
        return own
