"""Records every statement that the store runs: its place in the code and SQLite's work for it."""

import ast
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import aiosqlite

import kleinbot
from kleinbot.store.database import Database

_PACKAGE = Path(kleinbot.__file__).parent
_HANDING_ON = {_PACKAGE / "store" / "database.py", _PACKAGE / "store" / "bounded_search.py"}
"""The modules that run statements of their callers."""

_ASKING = {"all", "one", "number", "change", "change_each"}
"""The methods of ``Reader`` and ``Transaction`` that take a statement."""

_ASKED = {"reader", "transaction", "read", "search"}
"""The names of readers and transactions outside the store."""


@dataclass(frozen=True)
class Place:
    """A statement's place in the code: a function, and the lines of the call or the line that ran."""

    module: str
    function: str
    first_line: int
    last_line: int

    def __str__(self) -> str:
        return f"{self.module}.{self.function}"

    def holds(self, other: "Place") -> bool:
        """Return whether ``other`` ran here."""
        return self.module == other.module and self.first_line <= other.first_line <= self.last_line


@dataclass(frozen=True)
class Statement:
    """One run statement. ``steps``: the instructions of SQLite's virtual machine that it took."""

    place: Place
    sql: str
    values: tuple[Any, ...]
    steps: int


@dataclass
class Record:
    """The statements that were run, in order."""

    statements: list[Statement] = field(default_factory=list)

    def most_steps(self) -> dict[str, int]:
        """Return the most steps of each statement, by its place and text."""
        most: dict[str, int] = {}
        for each in self.statements:
            name = f"{each.place}: {' '.join(each.sql.split())[:90]}"
            most[name] = max(most.get(name, 0), each.steps)
        return most


class _Recorded:
    """A proxy between the store and one connection that passes everything on."""

    def __init__(self, connection: aiosqlite.Connection, record: Record) -> None:
        self._connection = connection
        self._record = record
        self._steps = 0

    async def begin(self) -> None:
        await self._connection.set_progress_handler(self._count, 1)

    async def end(self) -> None:
        await self._connection.set_progress_handler(lambda: 0, 0)  # 0: never again

    def _count(self) -> int:
        self._steps += 1
        return 0

    async def execute_fetchall(self, sql: str, values: Iterable[Any] = ()) -> Any:
        place, self._steps = _place(), 0
        rows = await self._connection.execute_fetchall(sql, values)
        self._note(place, sql, tuple(values), self._steps)
        return rows

    @asynccontextmanager
    async def execute(self, sql: str, values: Iterable[Any]) -> Any:
        place, self._steps = _place(), 0
        async with self._connection.execute(sql, values) as cursor:
            self._note(place, sql, tuple(values), self._steps)
            yield cursor

    @asynccontextmanager
    async def executemany(self, sql: str, rows: Iterable[Any]) -> Any:
        place, self._steps, rows = _place(), 0, list(rows)
        async with self._connection.executemany(sql, rows) as cursor:
            if rows:
                self._note(place, sql, tuple(rows[0]), self._steps // len(rows))
            yield cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _note(self, place: Place | None, sql: str, values: tuple[Any, ...], steps: int) -> None:
        if place is not None:
            self._record.statements.append(Statement(place, sql, values, steps))


@asynccontextmanager
async def recorded(database: Database) -> AsyncIterator[Record]:
    """Record what ``database`` runs in the body."""
    record = Record()
    connections = {name: getattr(database, name) for name in ("_writer", "_reader")}
    stand_ins = {name: _Recorded(connection, record) for name, connection in connections.items()}
    for name, stand_in in stand_ins.items():
        await stand_in.begin()
        setattr(database, name, stand_in)
    read = database.read._connection
    database.read._connection = stand_ins["_reader"]  # type: ignore[assignment]
    try:
        yield record
    finally:
        database.read._connection = read
        for name, stand_in in stand_ins.items():
            setattr(database, name, connections[name])
            await stand_in.end()


def _place() -> Place | None:
    """Return the place of the statement that is about to run; None for BEGIN, which runs in its own task."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE) and file not in _HANDING_ON:
            return Place(_module(file), frame.f_code.co_name, frame.f_lineno, frame.f_lineno)
        frame = frame.f_back
    return None


def written_places() -> list[Place]:
    """Return every place of a statement in the product's source code."""
    return [place for file in sorted(_PACKAGE.rglob("*.py")) for place in _places(file)]


def _places(file: Path) -> Iterator[Place]:
    if file in _HANDING_ON:
        return
    is_store = file.parent.name == "store"
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(function, ast.AsyncFunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _asks(call, is_store):
                    yield Place(_module(file), function.name, call.lineno, call.end_lineno or call.lineno)


def _asks(call: ast.Call, is_store: bool) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _ASKING:
        return False
    asked = call.func.value
    name = asked.id if isinstance(asked, ast.Name) else asked.attr if isinstance(asked, ast.Attribute) else ""
    return is_store or name in _ASKED


def _module(file: Path) -> str:
    return ".".join(file.relative_to(_PACKAGE).with_suffix("").parts)
