"""Every table says what it holds about people, and how that is given out and deleted."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.store import personal_data
from kleinbot.store.personal_tables import PersonalTable

_LOOKS_PERSONAL = re.compile(
    r"member_|actor|author|person|_by$|prompt|text|word|instruction|file|token|message|attachment|reason|details"
    r"|parameters|custom_id|nonce|user|name$|title|note|contact|hash"
)
_NOT_PERSONAL = {
    "facts.name": "names of ours",
    "measured_seconds.profile": "how the model runs",
    "notices_read.notice": "a key of a notice",
}


@pytest.fixture
def schema(database_file: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(database_file)) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}


def test_every_table_is_declared_once(schema: dict[str, list[str]]) -> None:
    declared = [table.table for table in personal_data.TABLES]
    assert sorted(declared) == sorted(schema)


def test_every_column_that_may_tell_of_a_person_is_declared(schema: dict[str, list[str]]) -> None:
    declared = {table.table: table for table in personal_data.TABLES}
    missing = [
        f"{name}.{column}"
        for name, columns in schema.items()
        for column in columns
        if _LOOKS_PERSONAL.search(column)
        and column not in declared[name].columns
        and f"{name}.{column}" not in _NOT_PERSONAL
    ]
    unknown = [
        f"{table.table}.{column}"
        for table in personal_data.TABLES
        for column in table.columns
        if column not in schema[table.table]
    ]
    assert (missing, unknown) == ([], [])


@pytest.mark.parametrize("table", personal_data.TABLES, ids=lambda table: table.table)
def test_what_is_not_given_out_or_deleted_has_a_reason(table: PersonalTable) -> None:
    is_deleted = table.of_jobs or table.of_member or table.of_person
    if not (table.export and is_deleted):
        assert table.why


def test_every_statement_is_one_that_the_schema_takes(database_file: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection:
        for table in personal_data.TABLES:
            if table.export is not None:
                columns = [
                    each[0] for each in connection.execute(table.export, (1, 2, -1, -1, 10)).description
                ]
                assert columns[:2] == ["key_1", "key_2"]
            for statement in table.of_jobs:
                connection.execute(statement, ("[]",))
            for statement in (*table.of_member, *table.of_person):
                connection.execute(statement, (1, 2, 10))
