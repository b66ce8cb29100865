"""The only place here that names the product's modules: who moves or renames them mends this file."""

import inspect
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import discord
import typer
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from kleinbot import cli, logging_setup, supervisor, texts
from kleinbot.bench import command as bench_command
from kleinbot.chat import client as chat_client
from kleinbot.chat.making_forms import FormKeys
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import Lane
from kleinbot.domain.quota import Deed
from kleinbot.domain.requests import PictureName
from kleinbot.domain.work import EnginePhase, ImageKey, OutOfMemory, Rung, StageSeconds
from kleinbot.entrances import WORDS_CODE
from kleinbot.failed_profiles import FailedProfiles
from kleinbot.klein import kept
from kleinbot.klein.load import quiet_libraries
from kleinbot.metrics.house import HouseMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.sandbox import InteractionHandle, Limits, Message, Person, StandIn
from kleinbot.sandbox.cdn import StoredFile
from kleinbot.sandbox.state import User
from kleinbot.settings import Settings
from kleinbot.settings_sources import OF_OTHERS, variable
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.studio.history import Search

__all__ = [
    "InteractionHandle",
    "Limits",
    "Message",
    "Person",
    "StandIn",
    "quiet_libraries",
]  # and what is defined here

ERROR_CODES: type[StrEnum] = Code
AUDIT_ACTIONS: type[StrEnum] = Deed


def migrated_database(file: Path) -> None:
    """Make a database as the present program makes a new one, or bring an old one up to date."""
    migrate(file, load_migrations(), SystemClock())


def backup(folder: Path) -> str:
    """Bring an older database up to date; return the name of the copy that this leaves."""
    folder.mkdir()
    file = folder / "kleinbot.sqlite3"
    migrate(file, load_migrations()[:-1], SystemClock())
    migrated_database(file)
    (left,) = folder.glob("*.backup")
    return left.name


def places() -> dict[str, str]:
    """Return where in the data folder things lie."""
    settings = Settings(data_folder=Path("data"))
    places = {
        "database": settings.database_file,
        "archive": settings.archive_folder,
        "scratch": settings.scratch_folder,
        "the sandbox's data folder": settings.for_sandbox().data_folder,
    }
    return {name: place.relative_to(settings.data_folder).as_posix() for name, place in places.items()}


def logging_to(folder: Path) -> AbstractContextManager[None]:
    """Log to the data folder, as the command line does."""
    return logging_setup.logging_to(folder, logging.INFO)


def note_failed_profile(scratch_folder: Path) -> None:
    """Leave what is left where memory ran out although it was predicted to suffice."""
    FailedProfiles(scratch_folder, SystemClock()).note("x")


# --- Custom ids


def meaning_of(custom_id: str) -> tuple[dict[str, object], str]:
    """Return what the button of ``custom_id`` says, and the custom id that is made of that again.

    Raises LookupError unless exactly one kind of button takes it.
    """
    (kind,) = (each for each in chat_client._ALL_BUTTONS if each.takes(custom_id))
    match = kind.__discord_ui_compiled_template__.fullmatch(custom_id)
    if match is None:
        raise LookupError(custom_id)
    button = _ended(
        kind.from_custom_id(cast("Any", None), discord.ui.Button(label="x", custom_id=custom_id), match)
    )
    said: dict[str, object] = {}
    for name, value in vars(button).items():
        if not name.startswith("_") and name not in ("item", "row"):
            said |= _plain(name, value)
    return dict(sorted(said.items())), button.custom_id


def _ended(coroutine: Any) -> Any:
    """Run what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as ending:
        return ending.value
    raise AssertionError("it waits")


def _plain(name: str, value: object) -> dict[str, object]:
    match value:
        case PictureName():
            return {"job_id": value.job_id, "position": value.position}
        case ImageKey():
            return {"job_id": value.job_id, "position": value.position}
        case Search():
            return {"text": value.text, "favourites": value.favourites}
        case StrEnum():
            return {name: value.value}
        case _:
            return {name: value}


def kinds_of_buttons() -> list[str]:
    """Return the patterns of all buttons, to see that each kind has an example."""
    return [each.__discord_ui_compiled_template__.pattern for each in chat_client._ALL_BUTTONS]


def form_custom_id() -> str:
    """Return a new form's custom id; every number in it is another each time."""
    return FormKeys(SystemClock()).new()


# --- The command line, settings, exit codes


def command_line() -> Any:
    """Return the command line as typer's copy of click holds it."""
    return typer.main.get_command(cli.commands)


def settings() -> Iterator[tuple[str, str, object]]:
    """Yield each setting's name, its environment variable and its default."""
    for name, field in Settings.model_fields.items():
        yield name, variable(name), field.default


def variables_of_others() -> list[str]:
    return sorted(OF_OTHERS)


_OF_SIGNALS = 128


def exit_codes() -> dict[str, object]:
    return {
        "done": 0,
        "cannot start": cli.CANNOT_START_CODE,
        "nothing measured": bench_command._FAILED_CODE,
        "wrong settings": cli.WRONG_SETTINGS_CODE,
        "answered with words alone": WORDS_CODE,
        "start me again": supervisor.RESTART_CODE,
        "interrupted": cli.INTERRUPTED_CODE,
        # Beyond these are the system's own, for signals and aborts.
        "never started again after": sorted(code for code in supervisor.FINAL_CODES if code < _OF_SIGNALS),
        "started again after": [code for code in supervisor.RESTART_CODES if code == supervisor.RESTART_CODE],
    }


# --- Metrics


def metrics_text() -> str:
    """Return what Prometheus reads once everything has happened."""
    metrics = HouseMetrics()
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
    for rung in Rung:
        metrics.out_of_memory(_out_of_memory(rung))
    for way in ("reply", "channel", "handed_over"):
        metrics.delivered(way)
    metrics.kept()
    metrics.take(_reading())
    return metrics.text().decode()


def _out_of_memory(rung: Rung) -> OutOfMemory:
    needed = {name: 1 for name in inspect.signature(OutOfMemory).parameters if name != "rung"}
    return OutOfMemory(rung=rung, **cast("dict[str, Any]", needed))


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
    """Return, by language and message id, the variables that a sentence names, its parts' included."""
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
    """Return what SQLite says of a database: tables, columns, foreign keys, indices, triggers."""
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

KEPT_FOLDER = f"scratch/{kept.FOLDER}"


def stopping() -> Exception:
    """Return what an engine says of a batch that is to be drawn by another process."""
    return RenderError(Code.STOPPING)


def failure() -> Exception:
    return RenderError(Code.RENDER_FAILED)


def be_application(standin: StandIn, application_id: int) -> None:
    """Let the stand-in's bot be the one that wrote the carried messages."""
    state = standin.state
    del state.users[state.bot.id]
    state.bot = User(application_id, state.bot.name, is_bot=True)
    state.application_id = application_id
    state.users[application_id] = state.bot


def put_message(standin: StandIn, carried: dict[str, Any], decoded: Callable[[str], bytes]) -> Message:
    """Put a message into its channel as it was, with its number, files and buttons."""
    payload = carried["payload"]
    channel = standin.state.channels[int(payload["channel_id"])]
    for file in carried["files"]:
        standin.state.files.add(
            StoredFile(
                file["id"],
                channel.id,
                file["filename"],
                decoded(file["data"]),
                file["description"],
                file["ephemeral"],
            )
        )
    ids = tuple(file["id"] for file in carried["files"])
    message = Message(payload, channel, standin.state.files, carried["visible_to"], ids)
    channel.log[message.id] = message
    return message
