"""The owner's settings: each with its description, its default and what a valid value looks like.

``Settings(...)`` reads only its arguments; ``kleinbot.config.sources.load_settings`` reads the environment,
``.env`` and ``kleinbot.toml``.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from kleinbot.config.quiet_hours import Span
from kleinbot.config.values import (
    DEFAULT_HUB_REPO,
    ENVIRONMENT_PREFIX,
    DeviceChoice,
    LogLevel,
    MaybeSwitch,
    Number,
    Switch,
    ValidValue,
    day_spans,
    folder_or_hub_repository,
    http_proxy,
    known_locale,
    lowercased,
    off_or_classifier,
    split,
    stripped,
    token_shaped,
    writable_folder,
)
from kleinbot.domain.ports.proxies import DIRECT
from kleinbot.domain.profile import Attention, Placement, WeightFormat
from kleinbot.texts import FALLBACK, languages


class Settings(BaseSettings):
    """All settings, checked and frozen. Each field's description is its documentation."""

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
        BeforeValidator(stripped),
        AfterValidator(token_shaped),
        ValidValue(
            "the bot's token: three parts joined by dots, without quotes or spaces, from "
            "https://discord.com/developers/applications, your application, page Bot, Reset Token "
            "(not the application id, public key or client secret)"
        ),
        Field(description="The bot's token; without one, the sandbox."),
    ] = None
    proxy: Annotated[
        SecretStr | None,
        BeforeValidator(stripped),
        AfterValidator(http_proxy),
        ValidValue(
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
        AfterValidator(writable_folder),
        ValidValue("a folder that exists and can be written, or a place where one can be made"),
        Field(validate_default=True, description="Where the database, the pictures and the log are kept."),
    ] = Path("data")
    weights: Annotated[
        Path | str | None,
        BeforeValidator(folder_or_hub_repository),
        ValidValue(
            "a folder that exists (of single .safetensors files: the folder they lie in), or a repository on "
            f"the Hugging Face hub like {DEFAULT_HUB_REPO}"
        ),
        Field(
            description="The model: a folder, or a repository on the Hugging Face hub. Unset, "
            f"{DEFAULT_HUB_REPO} on a host with a suitable graphics card, "
            "else the small model that comes along."
        ),
    ] = None
    device: Annotated[
        DeviceChoice,
        BeforeValidator(lowercased),
        ValidValue("one of auto, cpu, cuda"),
        Field(description="Where the model runs; auto takes the graphics card if there is a suitable one."),
    ] = DeviceChoice.AUTO
    # How the model uses the GPU: unset values are chosen from the machine's hardware
    # (kleinbot.hardware.profile_choice).
    profile_transformer: Annotated[
        WeightFormat | None,
        BeforeValidator(lowercased),
        ValidValue("one of plain, fp8, int8"),
        Field(description="The transformer's weights: plain is BF16; fp8 and int8 take half of its memory."),
    ] = None
    profile_transformer_placement: Annotated[
        Placement | None,
        BeforeValidator(lowercased),
        ValidValue("one of resident, streamed, disk"),
        Field(
            description="Where the transformer's weights rest: on the graphics card, in the host's memory, "
            "on disk."
        ),
    ] = None
    profile_text_encoder: Annotated[
        WeightFormat | None,
        BeforeValidator(lowercased),
        ValidValue("one of plain, fp8, int8"),
        Field(description="The text encoder's weights: plain is BF16; fp8 and int8 take half of its memory."),
    ] = None
    profile_text_encoder_placement: Annotated[
        Placement | None,
        BeforeValidator(lowercased),
        ValidValue("one of resident, streamed, disk"),
        Field(
            description="Where the text encoder's weights rest: on the graphics card, in the host's memory, "
            "on disk."
        ),
    ] = None
    profile_native_fp8: Annotated[
        MaybeSwitch,
        Field(
            description="Multiply in FP8, on a graphics card of the RTX 40 series or newer: faster, less "
            "exact."
        ),
    ] = None
    profile_word_table_on_host: Annotated[
        MaybeSwitch,
        Field(description="Keep the text encoder's table of words (0.7 GiB) in the host's memory."),
    ] = None
    profile_lean_decode: Annotated[
        MaybeSwitch,
        Field(description="Turn latents into pictures and back in strips: less memory, a little slower."),
    ] = None
    profile_attention: Annotated[
        Attention | None,
        BeforeValidator(lowercased),
        ValidValue("one of default, cudnn"),
        Field(description="Which attention kernels of PyTorch are used."),
    ] = None
    profile_compiled: Annotated[
        MaybeSwitch,
        Field(description="Compile the transformer: faster pictures, a slower start; needs a C compiler."),
    ] = None
    profile_fused: Annotated[
        MaybeSwitch,
        Field(description="Run the model in kleinbot's own kernels, uncompiled; needs Triton, a C compiler."),
    ] = None
    profile_base_checkpoint: Annotated[
        MaybeSwitch,
        Field(description="Load the base checkpoint beside the distilled one, for the best quality."),
    ] = None
    profile_largest_side_px: Annotated[
        int | None,
        Number,
        ValidValue("a multiple of 16 from 256 to 1024"),
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
        ValidValue("a whole number from 0 to 4"),
        Field(ge=0, le=4, description="Pictures that one edit may refer to."),
    ] = None
    profile_largest_batch: Annotated[
        int | None,
        Number,
        ValidValue("a whole number from 1 to 16"),
        Field(ge=1, le=16, description="Pictures that are made at once."),
    ] = None
    leave_free_gib: Annotated[
        float,
        Number,
        ValidValue("a number of GiB from 0 to 80"),
        Field(
            ge=0,
            le=80,
            description="Memory of the graphics card that is never used, so that a game or another program "
            "has room beside the model; the profile is chosen for the rest.",
        ),
    ] = 0.0
    yield_card: Annotated[
        Switch,
        Field(
            description="Whether the model leaves the graphics card where another program takes memory that "
            "the next picture needs, or gigabytes within seconds, as a game does; the bot looks again every "
            "minute. Switch it off where several bots share one card."
        ),
    ] = True
    unload_idle_minutes: Annotated[
        int | None,
        Number,
        ValidValue("a whole number of minutes from 1 to 10080 (a week)"),
        Field(
            ge=1,
            le=10_080,
            description="The model leaves the graphics card after so many minutes without work, and the next "
            "command loads it again; unset: never.",
        ),
    ] = None
    quiet_hours: Annotated[
        tuple[Span, ...],
        NoDecode,
        BeforeValidator(day_spans),
        ValidValue('times of day like "18:00-23:30", several separated by commas; also across midnight'),
        Field(
            max_length=8,
            description="Hours of every day, in this machine's time zone, in which the graphics card is "
            "yours: the model leaves it, and jobs wait.",
        ),
    ] = ()
    quota_pictures: Annotated[
        int,
        Number,
        ValidValue("a whole number from 1 to 100000"),
        Field(ge=1, le=100_000, description="Pictures a member may make within quota_hours, in each server."),
    ] = 60
    quota_everywhere: Annotated[
        int | None,
        Number,
        ValidValue("a whole number from 1 to 1000000"),
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
        ValidValue("a whole number of hours from 1 to 744 (31 days)"),
        Field(ge=1, le=744, description="The rolling window of quota_pictures, in hours."),
    ] = 24
    locale: Annotated[
        str,
        BeforeValidator(stripped),
        AfterValidator(known_locale),
        ValidValue(f"one of {', '.join(languages())}"),
        Field(description="The language where Discord does not tell the reader's own."),
    ] = FALLBACK
    allowed_servers: Annotated[
        tuple[Annotated[int, Number, Field(ge=1, lt=2**63)], ...],
        NoDecode,
        BeforeValidator(split),
        ValidValue("server ids separated by commas (in kleinbot.toml a list of numbers)"),
        Field(description="Ids of the servers the bot works in; empty means every server it is invited to."),
    ] = ()
    new_server_share: Annotated[
        float,
        Number,
        ValidValue("a number from 0.01 to 1"),
        Field(
            ge=0.01,
            le=1,
            description="The share of the graphics card with which a server begins that joins later, where "
            "allowed_servers is empty. It counts only while others wait too; /host share changes it.",
        ),
    ] = 0.25
    joining_post: Annotated[
        Switch,
        Field(
            description="Whether the bot introduces itself once in each server that invites it, in the "
            "channel for system messages, or else in the first one where members write."
        ),
    ] = True
    previews: Annotated[
        Switch,
        Field(
            description="Whether members see what a picture becomes while it is drawn, where that takes more "
            "than five seconds and no classifier judges pictures; each may switch it off in /settings."
        ),
    ] = True
    contact: Annotated[
        str | None,
        BeforeValidator(stripped),
        ValidValue("an e-mail address or the address of a page, of at most 200 characters"),
        Field(
            max_length=200,
            description="Where people reach you about their data or a picture; stands in /privacy policy.",
        ),
    ] = None
    classifier: Annotated[
        Path | str | None,
        BeforeValidator(off_or_classifier),
        ValidValue(
            "off, a folder that exists, or a repository on the Hugging Face hub like "
            "Falconsai/nsfw_image_detection"
        ),
        Field(
            description="The model that judges each picture before anybody sees it, on the processor: a "
            "folder or a repository with a ViT image classifier, or off. Unset: "
            "Falconsai/nsfw_image_detection (0.34 GB, downloaded once) where FLUX.2 [klein] draws, none "
            "where the small model does. It makes mistakes both ways."
        ),
    ] = None
    classifier_labels: Annotated[
        tuple[Annotated[str, BeforeValidator(stripped), Field(min_length=1, max_length=100)], ...],
        NoDecode,
        BeforeValidator(split),
        ValidValue("labels of the classifier separated by commas (in kleinbot.toml a list)"),
        Field(min_length=1, description="Which of the classifier's labels block a picture."),
    ] = ("nsfw",)
    classifier_threshold: Annotated[
        float,
        Number,
        ValidValue("a number from 0.05 to 1"),
        Field(
            ge=0.05,
            le=1,
            description="From which probability of these labels on a picture is blocked; lower blocks more.",
        ),
    ] = 0.5
    metrics_port: Annotated[
        int | None,
        Number,
        ValidValue("a port from 1 to 65535 that nothing else uses"),
        Field(ge=1, le=65535, description="Port on 127.0.0.1 for Prometheus, at /metrics; unset: none."),
    ] = None
    grace_s: Annotated[
        float,
        Number,
        ValidValue("a number of seconds from 1 to 3600"),
        Field(ge=1, le=3600, description="How long a clean stop waits for work under way, in seconds."),
    ] = 30.0
    log_level: Annotated[
        LogLevel,
        BeforeValidator(lowercased),
        ValidValue("one of debug, info, warning, error"),
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
        """Read arguments only: whoever loads settings from elsewhere must know where each came from."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    _is_sandbox: bool = PrivateAttr(default=False)

    @property
    def is_sandbox(self) -> bool:
        """Whether these are the sandbox's, from ``for_sandbox``."""
        return self._is_sandbox

    @property
    def archive_options(self) -> str:
        """The options that make ``bot.py archive adopt`` use this data folder."""
        return " --sandbox" if self._is_sandbox else ""

    @property
    def database_file(self) -> Path:
        return self.data_folder / "kleinbot.sqlite3"

    @property
    def archive_folder(self) -> Path:
        return self.data_folder / "archive"

    @property
    def scratch_folder(self) -> Path:
        """The folder for weights quantised to 8 bits here, and for those that the profile leaves on disk."""
        return self.data_folder / "scratch"

    def for_sandbox(self) -> Self:
        """Return settings that keep the sandbox apart from the live bot and from its restrictions."""
        own = self.model_copy(
            update={"data_folder": self.data_folder / "sandbox", "discord_token": None, "allowed_servers": ()}
        )
        own._is_sandbox = True
        return own
