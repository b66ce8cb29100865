"""The only module here that names the product's modules: adapt it when they are moved or renamed."""

import inspect
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import typer
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from kleinbot import cli, texts
from kleinbot.app.failed_profiles import FailedProfiles
from kleinbot.app.run_modes import WORDS_CODE
from kleinbot.bench import command as bench_command
from kleinbot.chat.core import routing  # noqa: F401 - it imports every kind of button
from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.create.modals import ModalKeys
from kleinbot.command_line import endings
from kleinbot.config.settings import Settings
from kleinbot.config.sources import LIBRARY_VARIABLES, variable
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import Lane
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.work import EnginePhase, Fallback, OutOfMemory, StageSeconds
from kleinbot.klein.pipeline.load import quiet_libraries
from kleinbot.klein.quantisation import quantised_cache
from kleinbot.metrics.counters import BotMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.process import logging_setup, supervisor
from kleinbot.sandbox import DiscordLimits, FakeDiscord, InteractionHandle, Person, ShownMessage
from kleinbot.sandbox.server.cdn import CdnFile
from kleinbot.sandbox.server.channels import User
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.restore import RestoreCommand
from tests.chat.button_forms import BUTTONS

_SILENT = logging.CRITICAL + 1

__all__ = [
    "BUTTONS",
    "DiscordLimits",
    "FakeDiscord",
    "InteractionHandle",
    "Person",
    "ShownMessage",
    "quiet_libraries",
]  # and those defined here

ERROR_CODES: type[StrEnum] = Code
AUDIT_ACTIONS: type[StrEnum] = AuditAction


def migrated_database(file: Path) -> None:
    """Create a database with the present program, or migrate an old one."""
    migrate(file, load_migrations(), SystemClock())


def backup(folder: Path) -> str:
    """Migrate an older database; return the name of the copy that this leaves."""
    folder.mkdir()
    file = folder / "kleinbot.sqlite3"
    migrate(file, load_migrations()[:-1], SystemClock())
    migrated_database(file)
    (left,) = folder.glob("*.backup")
    return left.name


def back_up(data: Path, folder: Path) -> None:
    """Do what ``bot.py backup`` does, of a bot that does not run."""
    BackupCommand(Settings(data_folder=data), folder, lambda _: None).make()


def restore(folder: Path, data: Path) -> None:
    """Do what ``bot.py restore`` does."""
    assert RestoreCommand(Settings(data_folder=data), folder, lambda _: None, lambda _: False).restore()


def places() -> dict[str, str]:
    """Return the paths in the data folder."""
    settings = Settings(data_folder=Path("data"))
    places = {
        "database": settings.database_file,
        "archive": settings.archive_folder,
        "scratch": settings.scratch_folder,
        "the sandbox's data folder": settings.for_sandbox().data_folder,
    }
    return {name: place.relative_to(settings.data_folder).as_posix() for name, place in places.items()}


def logging_to(folder: Path) -> AbstractContextManager[None]:
    """Log to the data folder, as the command line does, but not to the terminal."""
    return logging_setup.logging_to(folder, logging.INFO, terminal_level=_SILENT)


def note_failed_profile(scratch_folder: Path) -> None:
    """Leave the files of a profile that ran out of memory although it was predicted to fit."""
    FailedProfiles(scratch_folder, SystemClock()).note("x")


# --- Custom ids


def meaning_of(custom_id: str) -> tuple[dict[str, object], str]:
    """Return the meaning of the button of ``custom_id``, and the custom id made from that again.

    Raises LookupError unless exactly one kind of button matches it.
    """
    (kind,) = (each for each in PersistentButton.__subclasses__() if each.template.fullmatch(custom_id))
    match = kind.template.fullmatch(custom_id)
    if match is None:
        raise LookupError(custom_id)
    button = kind.from_match(match)
    said: dict[str, object] = {}
    for name, value in vars(button).items():
        if name != "old_message_id":  # parsed from old custom ids, and ignored
            said |= _plain(name, value)
    return dict(sorted(said.items())), button.custom_id


def _plain(name: str, value: object) -> dict[str, object]:
    match value:
        case StrEnum():
            return {name: value.value}
        case _:
            return {name: value}


def kinds_of_buttons() -> list[str]:
    """Return the patterns of all buttons, to check that each kind has an example."""
    return [each.template.pattern for each in PersistentButton.__subclasses__()]


def form_custom_id() -> str:
    """Return a new modal's custom id; its numbers differ each time."""
    return ModalKeys(SystemClock()).new()


# --- The command line, settings, exit codes


def command_line() -> Any:
    """Return the command line as an object of typer's copy of click."""
    return typer.main.get_command(cli.commands)


def settings() -> Iterator[tuple[str, str, object]]:
    """Yield each setting's name, its environment variable and its default."""
    for name, field in Settings.model_fields.items():
        yield name, variable(name), field.default


def variables_of_others() -> list[str]:
    return sorted(LIBRARY_VARIABLES)


_OF_SIGNALS = 128


def exit_codes() -> dict[str, object]:
    return {
        "done": 0,
        "cannot start": endings.CANNOT_START_CODE,
        "nothing measured": bench_command._FAILED_CODE,
        "wrong settings": endings.WRONG_SETTINGS_CODE,
        "answered with words alone": WORDS_CODE,
        "start me again": supervisor.RESTART_CODE,
        "interrupted": endings.INTERRUPTED_CODE,
        # Higher codes are the system's own, for signals and aborts.
        "never started again after": sorted(code for code in supervisor.FINAL_CODES if code < _OF_SIGNALS),
        "started again after": [code for code in supervisor.RESTART_CODES if code == supervisor.RESTART_CODE],
    }


# --- Metrics


def metrics_text() -> str:
    """Return what Prometheus reads once every event has occurred."""
    metrics = BotMetrics()
    for lane in Lane:
        metrics.accepted(lane, 1)
        metrics.waited(lane, 1.0)
        for off_s in (1.0, -1.0):
            metrics.estimate_missed(lane, off_s)
    metrics.refused(Code.LINE_FULL)
    metrics.failed(Code.UNEXPECTED)
    metrics.promise_dropped()
    metrics.batch_done(StageSeconds(1.0, 1.0, 1.0), 1)
    metrics.batch_suspended()
    for rung in Fallback:
        metrics.out_of_memory(_out_of_memory(rung))
    for way in ("reply", "channel", "handed_over"):
        metrics.delivered(way)
    metrics.undelivered()
    metrics.take(_reading())
    return metrics.text().decode()


def _out_of_memory(rung: Fallback) -> OutOfMemory:
    needed = {name: 1 for name in inspect.signature(OutOfMemory).parameters if name != "fallback"}
    return OutOfMemory(fallback=rung, **cast("dict[str, Any]", needed))


def _reading() -> Reading:
    values: dict[str, Any] = dict.fromkeys(inspect.signature(Reading).parameters, 1)
    by_lane = {name: dict.fromkeys(Lane, 1) for name in ("waiting_images", "running_images", "cost")}
    return Reading(**{**values, **by_lane, "phase": EnginePhase.READY})


# --- Sentences


class _Variables(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()
        self.used: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - fluent's name
        self.found.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802 - fluent's name
        self.used.add(node.id.name)


def sentences() -> dict[str, dict[str, list[str]]]:
    """Return, by language and message id, the variables of a sentence, including those of its parts."""
    finder = texts.Texts()
    found: dict[str, dict[str, list[str]]] = {}
    for language in texts.languages():
        here = found[language] = {}
        for file in sorted((Path(texts.__file__).parent / language).glob("*.ftl")):
            resource = FluentParser().parse(file.read_text(encoding="utf-8"))
            for entry in resource.body:
                if isinstance(entry, ast.Message):
                    assert finder.has(language, entry.id.name), entry.id.name
                    look = _Variables()
                    look.visit(entry)
                    here[entry.id.name] = sorted(look.found)
    return found


# --- The database


def schema_of(file: Path) -> dict[str, Any]:
    """Return the schema of a database: tables, columns, foreign keys, indices, triggers."""
    with closing(sqlite3.connect(file)) as connection:

        def ask(sql: str, *values: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql, values).fetchall()

        names = (
            "SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        tables: dict[str, Any] = {}
        for table, sql in ask(names, "table"):
            columns = ask(
                'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?) ORDER BY cid', table
            )
            keys = ask(
                'SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)'
                ' ORDER BY "table", id, seq',
                table,
            )
            checks = sorted(
                " ".join(each.split()) for each in re.findall(r"CHECK\s*\((?s:.*?)\)\s*(?=[,\n])", sql)
            )
            tables[table] = {
                "columns": {
                    name: " ".join(
                        str(part)
                        for part in (
                            kind,
                            "NOT NULL" if needed else "",
                            "" if default is None else f"DEFAULT {default}",
                            f"KEY {place}" if place else "",
                        )
                        if part
                    )
                    for name, kind, needed, default, place in columns
                },
                "foreign keys": [f"{a} -> {b}.{c} ON DELETE {d}" for a, b, c, d in keys],
                "checks": checks,
                "strict": "STRICT" in sql.rpartition(")")[2],
                "without rowid": "WITHOUT ROWID" in sql.rpartition(")")[2],
            }
        return {
            "version": ask("PRAGMA user_version")[0][0],
            "tables": tables,
            "indices": {name: " ".join(sql.split()) for name, sql in ask(names, "index") if sql},
            "triggers": {name: " ".join(sql.split()) for name, sql in ask(names, "trigger")},
        }


# --- Carried worlds

KEPT_FOLDER = f"scratch/{quantised_cache.FOLDER}"


def stopping() -> Exception:
    """Return the engine's error for a batch that another process must draw."""
    return RenderError(Code.STOPPING)


def failure() -> Exception:
    return RenderError(Code.RENDER_FAILED)


def be_application(standin: FakeDiscord, application_id: int) -> None:
    """Let the stand-in's bot be the author of the carried messages."""
    state = standin.state
    del state.users[state.bot.id]
    state.bot = User(application_id, state.bot.name, is_bot=True)
    state.application_id = application_id
    state.users[application_id] = state.bot


def put_message(
    standin: FakeDiscord, carried: dict[str, Any], decoded: Callable[[str], bytes]
) -> ShownMessage:
    """Put a message into its channel unchanged, with its number, files and buttons."""
    payload = carried["payload"]
    channel = standin.state.channels[int(payload["channel_id"])]
    for file in carried["files"]:
        standin.state.files.add(
            CdnFile(
                file["id"],
                channel.id,
                file["filename"],
                decoded(file["data"]),
                file["description"],
                file["ephemeral"],
            )
        )
    ids = tuple(file["id"] for file in carried["files"])
    message = ShownMessage(payload, channel, standin.state.files, carried["visible_to"], ids)
    channel.log[message.id] = message
    return message
