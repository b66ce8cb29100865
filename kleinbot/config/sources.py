"""Reads settings from their sources, and explains wrong ones.

In order: explicit arguments, the environment, ``.env``, ``kleinbot.toml``, defaults.
"""

import codecs
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

from kleinbot.config.settings import Settings
from kleinbot.config.values import ENVIRONMENT_PREFIX, TOKEN_SHAPE, TOKEN_VARIABLE, ValidValue
from kleinbot.installation import CLONE, PROGRAM

ENVIRONMENT = "the environment"
DOTENV = ".env"
TOML = "kleinbot.toml"
_HIDDEN_ENDING = ".env.txt"
"""What Notepad makes of .env."""

ARGUMENT = "an argument"
DEFAULT = "default"

# Variables that our own texts suggest, and those that control downloads: other libraries read them from the
# environment.
LIBRARY_VARIABLES = frozenset(
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
# NAME="C:\… or NAME="\\server\…, as written in .env and TOML.
_WINDOWS_PATH = re.compile(r'\s*(?:export\s+)?([\w-]{1,60})\s*=\s*"((?:[A-Za-z]:|\\)\\[^"]*)"')

# Variables that control the project's own tests; the bot must accept their presence.
TEST_PREFIX = f"{ENVIRONMENT_PREFIX}TEST_"
LONGEST_SHOWN_VALUE = 80


@dataclass(frozen=True)
class SettingOrigin:
    """The source of a value, and the name it has there."""

    source: str
    written: str


@dataclass(frozen=True)
class LoadedSettings:
    settings: Settings
    origins: Mapping[str, SettingOrigin]
    """By field name; a field that is missing here has its default."""


class SettingsError(Exception):
    """At least one setting is wrong; ``problems`` has one sentence for each.

    ``others``: the settings that could be read, with defaults in place of those that could not.
    """

    def __init__(self, problems: tuple[str, ...], others: LoadedSettings) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.others = others


@dataclass
class _Gathered:
    """The values found so far; a source that is read earlier wins."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, SettingOrigin] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, value: object, origin: SettingOrigin) -> None:
        if name not in self.values:
            self.values[name] = value
            self.origins[name] = origin


def variable(name: str) -> str:
    """Return the name of the environment variable for the setting ``name``."""
    return TOKEN_VARIABLE if name == "discord_token" else f"{ENVIRONMENT_PREFIX}{name.upper()}"


def installation_folder(clone: Path | None = CLONE) -> Path:
    """Return the folder of ``.env``, ``kleinbot.toml`` and a relative data folder.

    This is normally the working directory. If it contains no installation but the folder of bot.py does, it
    is the latter: the bot may be started from any directory.
    """
    if clone is None or _has_installation(Path()):
        return Path()
    return clone if _has_installation(clone) else Path()


def export_dotenv(folder: Path | None = None) -> None:
    """Copy the variables for other libraries from ``.env`` into the environment, unless set there.

    Call it before importing those libraries: Hugging Face's, for example, reads HF_HOME only on import.
    """
    try:
        text = _decoded((folder or installation_folder()) / DOTENV)
    except (OSError, UnicodeDecodeError):  # no file, or one that loading the settings will report
        return
    for binding in parse_stream(io.StringIO(text)):
        if binding.key in LIBRARY_VARIABLES and binding.value:
            os.environ.setdefault(binding.key, binding.value)


def load_settings(folder: Path | None = None, **arguments: object) -> LoadedSettings:
    """Read and check all settings; ``.env`` and ``kleinbot.toml`` lie in ``folder``.

    ``folder`` defaults to ``installation_folder``. Relative folders named in those files, and the default
    data folder, are inside it.

    Raises ``SettingsError`` with all problems at once.
    """
    folder = installation_folder() if folder is None else folder
    gathered = _Gathered()
    for name, value in arguments.items():
        gathered.add(name, value, SettingOrigin(ARGUMENT, name))
    _read_variables(gathered, EnvSettingsSource(Settings), ENVIRONMENT)
    _read_dotenv(gathered, folder / DOTENV)
    _read_toml(gathered, folder / TOML)
    _resolve_relative_paths(gathered, folder)
    try:
        settings = Settings.model_validate(gathered.values)
    except ValidationError as error:
        wrong = dict.fromkeys(str(detail["loc"][0]) for detail in error.errors(include_input=False))
        gathered.problems += [_wrong_value(name, gathered) for name in wrong]
        # ``from None``: the cause contains the values, and one of them may be the token.
        raise SettingsError(tuple(gathered.problems), _without(wrong, gathered)) from None
    loaded = LoadedSettings(settings, gathered.origins)
    if gathered.problems:
        raise SettingsError(tuple(gathered.problems), loaded)
    return loaded


def files_with_secrets(folder: Path | None = None) -> list[Path]:
    """Return the settings files that exist and may contain the token."""
    folder = installation_folder() if folder is None else folder
    dotenv, toml = folder / DOTENV, folder / TOML
    found = [dotenv] if dotenv.is_file() else []
    try:
        if "discord_token" in toml.read_text("utf-8", errors="replace").lower():
            found.append(toml)
    except OSError:  # no file, or an unreadable one, which loading the settings reports
        pass
    return found


def _has_installation(folder: Path) -> bool:
    """Return whether a folder contains an installation: a settings file or a database."""
    if (folder / TOML).is_file() or (folder / "data" / "kleinbot.sqlite3").is_file():
        return True
    try:
        text = _decoded(folder / DOTENV, errors="replace")
    except OSError:
        return False
    return TOKEN_VARIABLE in text or ENVIRONMENT_PREFIX in text


def _resolve_relative_paths(gathered: _Gathered, folder: Path) -> None:
    """Resolve relative paths against ``folder`` if they come from a file in it or from a default."""
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
        if name == "data_folder" or _is_there(placed):  # weights may be the id of a hub repository
            gathered.values[name] = str(placed)


def _swallowed_backslash(line: str) -> str | None:
    """Return the name whose Windows path contains backslashes that are escapes within double quotes."""
    match = _WINDOWS_PATH.match(line)
    if match is None or "\\" not in match[2].replace("\\\\", ""):
        return None
    return match[1]


def _backslash_problem(name: str, number: int, source: str) -> str:
    return (
        f"{name} (line {number} of {source}): between double quotes a backslash begins a sign like a tab. "
        "Write the path in single quotes, 'C:\\pictures', or with slashes, \"C:/pictures\"."
    )


def _without(wrong: Collection[str], gathered: _Gathered) -> LoadedSettings:
    values = {name: value for name, value in gathered.values.items() if name not in wrong}
    try:
        settings = Settings.model_validate(values)
    except ValidationError:  # a default that is unusable on this machine
        return LoadedSettings(Settings.model_construct(), {})
    origins = {name: origin for name, origin in gathered.origins.items() if name in values}
    return LoadedSettings(settings, origins)


def _read_variables(gathered: _Gathered, source: EnvSettingsSource, name_of_source: str) -> None:
    for name in Settings.model_fields:
        # The source has lowercased the names, because they may be written in any case.
        value = source.env_vars.get(variable(name).lower())
        if value is not None:
            gathered.add(name, value, SettingOrigin(name_of_source, variable(name)))
    known = [variable(name) for name in Settings.model_fields]
    for written in sorted(name.upper() for name in source.env_vars):
        ours = written.startswith(ENVIRONMENT_PREFIX) and not written.startswith(TEST_PREFIX)
        if ours and written not in known:
            gathered.problems.append(_unknown(written, name_of_source, known))
        elif name_of_source == DOTENV and _is_nearly_the_token(written, source):
            gathered.problems.append(f"{written} ({DOTENV}) is not read: did you mean {TOKEN_VARIABLE}?")


def _is_nearly_the_token(written: str, source: EnvSettingsSource) -> bool:
    """Return whether the token's name is misspelt in a file that does not define the token."""
    if TOKEN_VARIABLE.lower() in source.env_vars:
        return False
    return bool(difflib.get_close_matches(written, [TOKEN_VARIABLE], cutoff=0.8))


def _read_dotenv(gathered: _Gathered, path: Path) -> None:
    text = _text(gathered, path)
    if text is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if name := _swallowed_backslash(line):
            gathered.problems.append(_backslash_problem(name, number, DOTENV))
            return
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            # Not shown: the line may contain the token.
            gathered.problems.append(f"Line {binding.original.line} of {DOTENV} should be NAME=value.")
            return
    source = DotEnvSettingsSource(Settings, env_file=path, env_file_encoding=_encoding(path.read_bytes()))
    _read_variables(gathered, source, DOTENV)


def _read_toml(gathered: _Gathered, path: Path) -> None:
    text = _text(gathered, path)
    if text is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if name := _swallowed_backslash(line):
            gathered.problems.append(_backslash_problem(name, number, TOML))
            return
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        gathered.problems.append(f"{TOML} is not TOML: {error}. Text needs quotes.")
        return
    for written, value in table.items():
        if written in Settings.model_fields:
            gathered.add(written, value, SettingOrigin(TOML, written))
        else:
            gathered.problems.append(_unknown(written, TOML, list(Settings.model_fields)))


def _text(gathered: _Gathered, path: Path) -> str | None:
    try:
        return _decoded(path)
    except FileNotFoundError:
        if path.name == DOTENV and _names_the_token(path.with_name(_HIDDEN_ENDING)):
            gathered.problems.append(
                f"{_HIDDEN_ENDING} is not read: rename it to {DOTENV} (Windows hides the ending: in the "
                "Explorer, View, Show, File name extensions)."
            )
        return None
    except UnicodeDecodeError:
        gathered.problems.append(f"{path.name} is not UTF-8 text; save it again as UTF-8.")
    except OSError as error:
        gathered.problems.append(f"{path.name} cannot be read: {error.strerror}.")
    return None


def _decoded(path: Path, errors: str = "strict") -> str:
    """Return a text file's content as ``read_text`` would. Raises OSError and UnicodeDecodeError."""
    content = path.read_bytes()
    return io.IncrementalNewlineDecoder(None, translate=True).decode(
        content.decode(_encoding(content), errors)
    )


def _encoding(content: bytes) -> str:
    """Return UTF-16 if its mark stands first, as PowerShell 5's > writes it; else UTF-8, mark or not."""
    return "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _names_the_token(path: Path) -> bool:
    try:
        return TOKEN_VARIABLE in _decoded(path, errors="replace")
    except OSError:
        return False


def _unknown(written: str, source: str, known: list[str]) -> str:
    """Return the setting that was probably meant, however it was spelled."""
    plain = written.lower().replace("-", "_").removeprefix(ENVIRONMENT_PREFIX.lower())
    plain_of = {name.lower().removeprefix(ENVIRONMENT_PREFIX.lower()): name for name in known}
    meant = [name for name in plain_of if plain in name.split("_")]
    meant = meant or difflib.get_close_matches(plain, plain_of, n=1, cutoff=0.6)
    names = " or ".join(plain_of[name] for name in meant)
    hint = f"did you mean {names}?" if meant else f"`{PROGRAM} settings` lists all there are."
    return f"{written} ({source}) is not a setting: {hint}"


def _wrong_value(name: str, gathered: _Gathered) -> str:
    if name not in Settings.model_fields:
        return _unknown(name, ARGUMENT, list(Settings.model_fields))
    origin = gathered.origins.get(name, SettingOrigin(DEFAULT, variable(name)))
    where = f"{origin.written} ({origin.source})"
    if is_secret(name):
        return f"{where} has a value that cannot be right (not shown here); it should be {valid_value(name)}."
    value = gathered.values.get(name, Settings.model_fields[name].default)
    return f"{where} is {_shown(value)}; it should be {valid_value(name)}."


def _shown(value: object) -> str:
    # The token may have been pasted in place of another value.
    text = TOKEN_SHAPE.sub("[a token]", repr(str(value) if isinstance(value, Path) else value))
    return text if len(text) <= LONGEST_SHOWN_VALUE else f"{text[:LONGEST_SHOWN_VALUE]}…"


def is_secret(name: str) -> bool:
    """Return whether the value of the setting ``name`` must never be shown."""
    return SecretStr in getattr(Settings.model_fields[name].annotation, "__args__", ())


def valid_value(name: str) -> str:
    """Describe a valid value for the setting ``name``."""
    return next(part.text for part in Settings.model_fields[name].metadata if isinstance(part, ValidValue))


def described(loaded: LoadedSettings) -> Iterator[str]:
    """Yield one block of lines for each setting: its value, description, source, default and variable."""
    for name, info in Settings.model_fields.items():
        origin = loaded.origins.get(name)
        source = f"{origin.written} in {origin.source}" if origin else DEFAULT
        yield (
            f"{name} = {_as_written(name, getattr(loaded.settings, name))}\n"
            f"    {info.description}\n"
            f"    Valid: {valid_value(name)}.\n"
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
    """Return whether ``place`` exists or may exist: a share that is unavailable gives no definite answer."""
    try:
        return place.exists()
    except OSError:
        return True
