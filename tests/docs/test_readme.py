"""README tells what is: its tables are written from the program."""

import pytest

from tests.docs import commands_table, readme


def test_readmes_tables_are_up_to_date() -> None:
    assert readme.README.read_text("utf-8") == readme.today(), f"run {readme.COMMAND} and commit README.md"


def test_the_table_of_commands_has_what_a_bot_registers() -> None:
    declared = {
        name: {str(option.display_name) for option in command.parameters}
        for name, command in commands_table.declared().items()
    }
    assert declared == {name: set(options) for name, options in commands_table.registered().items()}
    table = commands_table.table()
    assert [name for name in declared if f"| `/{name}` |" not in table] == []


def test_a_table_without_a_place_is_told() -> None:
    with pytest.raises(ValueError, match="no place"):
        readme.rewritten("# kleinbot\n", {"commands": "| |"})
