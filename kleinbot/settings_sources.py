"""Where settings come from, and what is said when one is wrong.

In order: explicit arguments, the environment, ``.env``, ``kleinbot.toml``, defaults.
"""

import difflib
import io
import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import SecretStr, ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from kleinbot.settings import ENVIRONMENT_PREFIX, TOKEN_SHAPE, TOKEN_VARIABLE, Right, Settings

ENVIRONMENT = "the environment"
DOTENV = ".env"
TOML = "kleinbot.toml"
ARGUMENT = "an argument"
DEFAULT = "default"

CHECKOUT = Path(__file__).resolve().parents[1]
"""The folder of bot.py."""

# What our own texts advise to set, and what steers downloads: read by others' code from the environment.
OF_OTHERS = frozenset(
    (
        "HF_HOME",
        "HF_TOKEN",
        "HF_ENDPOINT",
        "HF_HUB_OFFLINE",
        "HF_HUB_CACHE",
        "SSL_CERT_FILE",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    )
)
# NAME="C:\… or NAME="\\server\…, as .env and TOML write it.
_WINDOWS_PATH = re.compile(r'\s*(?:export\s+)?([\w-]{1,60})\s*=\s*"((?:[A-Za-z]:|\\)\\[^"]*)"')

# Variables that steer the project's own tests; the bot has to run beside them.
TEST_PREFIX = f"{ENVIRONMENT_PREFIX}TEST_"
LONGEST_SHOWN_VALUE = 80


@dataclass(frozen=True)
class Origin:
    """Where a value comes from and the name it was written under there."""

    source: str
    written: str


@dataclass(frozen=True)
class LoadedSettings:
    settings: Settings
    origins: Mapping[str, Origin]
    """By field name; a field that is not here has its default."""


class SettingsError(Exception):
    """At least one setting is wrong; ``problems`` has one sentence for each.

    ``others``: the settings that can be read, with the defaults in place of those that cannot.
    """

    def __init__(self, problems: tuple[str, ...], others: LoadedSettings) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.others = others


@dataclass
class _Gathered:
    """What the sources say so far; a source read earlier wins."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, value: object, origin: Origin) -> None:
        if name not in self.values:
            self.values[name] = value
            self.origins[name] = origin


def variable(name: str) -> str:
    """Return the environment variable of the setting ``name``."""
    return TOKEN_VARIABLE if name == "discord_token" else f"{ENVIRONMENT_PREFIX}{name.upper()}"


def installation_folder(checkout: Path = CHECKOUT) -> Path:
    """Return where ``.env``, ``kleinbot.toml`` and a relative data folder lie.

    That is the working directory, as ever; but where nothing of ours lies there and something does beside
    bot.py, that folder: whoever starts the bot from elsewhere means the same bot.
    """
    return checkout if _is_ours(checkout) and not _is_ours(Path()) else Path()


def take_over_dotenv(folder: Path | None = None) -> None:
    """Put into the environment what ``.env`` says for other programs' parts, unless it is set there.

    To be called before those are imported: Hugging Face's library, for one, looks at HF_HOME only then.
    """
    try:
        text = ((folder or installation_folder()) / DOTENV).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):  # none, or one that the settings are going to tell about
        return
    for binding in parse_stream(io.StringIO(text)):
        if binding.key in OF_OTHERS and binding.value:
            os.environ.setdefault(binding.key, binding.value)


def load_settings(folder: Path | None = None, **arguments: object) -> LoadedSettings:
    """Read and check all settings; ``.env`` and ``kleinbot.toml`` lie in ``folder``.

    None: ``installation_folder``. Relative folders that those name, and the default data folder, lie in it.

    Raises ``SettingsError`` with everything that is wrong at once.
    """
    folder = installation_folder() if folder is None else folder
    gathered = _Gathered()
    for name, value in arguments.items():
        gathered.add(name, value, Origin(ARGUMENT, name))
    _read_variables(gathered, EnvSettingsSource(Settings), ENVIRONMENT)
    _read_dotenv(gathered, folder / DOTENV)
    _read_toml(gathered, folder / TOML)
    _place(gathered, folder)
    try:
        settings = Settings.model_validate(gathered.values)
    except ValidationError as error:
        wrong = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors(include_input=False))
        gathered.problems += [_wrong_value(name, gathered) for name in wrong]
        # ``from None``: the cause holds the values, and one of them may be the token.
        raise SettingsError(tuple(gathered.problems), _without(wrong, gathered)) from None
    loaded = LoadedSettings(settings, gathered.origins)
    if gathered.problems:
        raise SettingsError(tuple(gathered.problems), loaded)
    return loaded


def files_with_secrets(folder: Path | None = None) -> list[Path]:
    """Return those of the files that settings are read from which are there and may hold the token."""
    folder = installation_folder() if folder is None else folder
    dotenv, toml = folder / DOTENV, folder / TOML
    found = [dotenv] if dotenv.is_file() else []
    try:
        if "discord_token" in toml.read_text("utf-8", errors="replace").lower():
            found.append(toml)
    except OSError:  # none, or one that could not be read: the settings say so
        pass
    return found


def _is_ours(folder: Path) -> bool:
    """Tell whether an installation lies in a folder: a file of settings, or a database."""
    if (folder / TOML).is_file() or (folder / "data" / "kleinbot.sqlite3").is_file():
        return True
    try:
        text = (folder / DOTENV).read_text("utf-8-sig", errors="replace")
    except OSError:
        return False
    return TOKEN_VARIABLE in text or ENVIRONMENT_PREFIX in text


def _place(gathered: _Gathered, folder: Path) -> None:
    """Let what is relative lie in ``folder``, where a file in it says so or nobody says anything."""
    if folder == Path():
        return
    gathered.values.setdefault("data_folder", str(Settings.model_fields["data_folder"].default))
    for name in ("data_folder", "weights"):
        value, origin = gathered.values.get(name), gathered.origins.get(name)
        if (
            not isinstance(value, str)
            or value.startswith("~")
            or (origin and origin.source not in (DOTENV, TOML))
        ):
            continue
        placed = folder / value
        if name == "data_folder" or _is_there(placed):  # weights may name a repository of the hub
            gathered.values[name] = str(placed)


def _swallowed_backslash(line: str) -> str | None:
    """Return the name whose Windows path has backslashes that mean something else between double quotes."""
    match = _WINDOWS_PATH.match(line)
    if match is None or "\\" not in match[2].replace("\\\\", ""):
        return None
    return match[1]


def _told_backslash(name: str, number: int, source: str) -> str:
    return (
        f"{name} (line {number} of {source}): between double quotes a backslash begins a sign like a tab. "
        "Write the path in single quotes, 'C:\\pictures', or with slashes, \"C:/pictures\"."
    )


def _without(wrong: Collection[str], gathered: _Gathered) -> LoadedSettings:
    values = {name: value for name, value in gathered.values.items() if name not in wrong}
    try:
        settings = Settings.model_validate(values)
    except ValidationError:  # a default that cannot be used here
        return LoadedSettings(Settings.model_construct(), {})
    origins = {name: origin for name, origin in gathered.origins.items() if name in values}
    return LoadedSettings(settings, origins)


def _read_variables(gathered: _Gathered, source: EnvSettingsSource, name_of_source: str) -> None:
    for name in Settings.model_fields:
        # The source has lowered the names, as they may be written in any case.
        value = source.env_vars.get(variable(name).lower())
        if value is not None:
            gathered.add(name, value, Origin(name_of_source, variable(name)))
    known = [variable(name) for name in Settings.model_fields]
    for written in sorted(name.upper() for name in source.env_vars):
        ours = written.startswith(ENVIRONMENT_PREFIX) and not written.startswith(TEST_PREFIX)
        if ours and written not in known:
            gathered.problems.append(_unknown(written, name_of_source, known))
        elif name_of_source == DOTENV and _is_nearly_the_token(written, source):
            gathered.problems.append(f"{written} ({DOTENV}) is not read: did you mean {TOKEN_VARIABLE}?")


def _is_nearly_the_token(written: str, source: EnvSettingsSource) -> bool:
    """Tell whether somebody has misspelt the token's name in a file that does not have it."""
    if TOKEN_VARIABLE.lower() in source.env_vars:
        return False
    return bool(difflib.get_close_matches(written, [TOKEN_VARIABLE], cutoff=0.8))


def _read_dotenv(gathered: _Gathered, path: Path) -> None:
    text = _text(gathered, path)
    if text is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if name := _swallowed_backslash(line):
            gathered.problems.append(_told_backslash(name, number, DOTENV))
            return
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            # Not shown: the line may hold the token.
            gathered.problems.append(f"Line {binding.original.line} of {DOTENV} should be NAME=value.")
            return
    # utf-8-sig: Windows editors put a byte order mark in front.
    source = DotEnvSettingsSource(Settings, env_file=path, env_file_encoding="utf-8-sig")
    _read_variables(gathered, source, DOTENV)


def _read_toml(gathered: _Gathered, path: Path) -> None:
    text = _text(gathered, path)
    if text is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if name := _swallowed_backslash(line):
            gathered.problems.append(_told_backslash(name, number, TOML))
            return
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        gathered.problems.append(f"{TOML} is not TOML: {error}. Text needs quotes.")
        return
    for written, value in table.items():
        if written in Settings.model_fields:
            gathered.add(written, value, Origin(TOML, written))
        else:
            gathered.problems.append(_unknown(written, TOML, list(Settings.model_fields)))


def _text(gathered: _Gathered, path: Path) -> str | None:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        gathered.problems.append(
            f"{path.name} is not UTF-8 text (PowerShell's > may write UTF-16); save it again as UTF-8."
        )
    except OSError as error:
        gathered.problems.append(f"{path.name} cannot be read: {error.strerror}.")
    return None


def _unknown(written: str, source: str, known: list[str]) -> str:
    """Name the setting that was probably meant, however it was spelled."""
    plain = written.lower().replace("-", "_").removeprefix(ENVIRONMENT_PREFIX.lower())
    plain_of = {name.lower().removeprefix(ENVIRONMENT_PREFIX.lower()): name for name in known}
    meant = [name for name in plain_of if plain in name.split("_")]
    meant = meant or difflib.get_close_matches(plain, plain_of, n=1, cutoff=0.6)
    names = " or ".join(plain_of[name] for name in meant)
    hint = f"did you mean {names}?" if meant else "`python bot.py settings` lists all there are."
    return f"{written} ({source}) is not a setting: {hint}"


def _wrong_value(name: str, gathered: _Gathered) -> str:
    if name not in Settings.model_fields:
        return _unknown(name, ARGUMENT, list(Settings.model_fields))
    origin = gathered.origins.get(name, Origin(DEFAULT, variable(name)))
    where = f"{origin.written} ({origin.source})"
    if is_secret(name):
        return f"{where} has a value that cannot be right (not shown here); it should be {right(name)}."
    value = gathered.values.get(name, Settings.model_fields[name].default)
    return f"{where} is {_shown(value)}; it should be {right(name)}."


def _shown(value: object) -> str:
    # Somebody may have put the token where another value belongs.
    text = TOKEN_SHAPE.sub("[a token]", repr(str(value) if isinstance(value, Path) else value))
    return text if len(text) <= LONGEST_SHOWN_VALUE else f"{text[:LONGEST_SHOWN_VALUE]}…"


def is_secret(name: str) -> bool:
    """Tell whether the value of the setting ``name`` must never be shown."""
    return SecretStr in getattr(Settings.model_fields[name].annotation, "__args__", ())


def right(name: str) -> str:
    """Describe what would be right for the setting ``name``."""
    return next(part.text for part in Settings.model_fields[name].metadata if isinstance(part, Right))


def described(loaded: LoadedSettings) -> Iterator[str]:
    """Yield one block of lines for each setting: its value, description, source, default and variable."""
    for name, info in Settings.model_fields.items():
        origin = loaded.origins.get(name)
        source = f"{origin.written} in {origin.source}" if origin else DEFAULT
        yield (
            f"{name} = {_as_written(name, getattr(loaded.settings, name))}\n"
            f"    {info.description}\n"
            f"    Right: {right(name)}.\n"
            f"    From: {source}. Default: {_as_written(name, info.default)}. Variable: {variable(name)}"
        )


def _as_written(name: str, value: object) -> str:
    if value is None:
        return "unset"
    if is_secret(name):
        return "set (not shown)"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "empty"
    return str(value)


def _is_there(place: Path) -> bool:
    """Tell whether something is at ``place``, or was: the system says no clear no of a share that is away."""
    try:
        return place.exists()
    except OSError:
        return True
