"""README tells what is: its tables are written from the program."""

import dataclasses
import json
from pathlib import Path

import pytest

from kleinbot.bench.cases import Case
from kleinbot.bench.results import Row, Run
from kleinbot.bench.share import as_shared
from tests.bench.test_bench import CONDITIONS, FULL, REPORT
from tests.docs import cards_table, commands_table, readme
from tests.hardware.machines import EIGHT_GB


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


def test_a_shared_measurement_becomes_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = dataclasses.replace(CONDITIONS, card=EIGHT_GB.name)
    edit = Row(Case(FULL, 1), 4.0, (Run(2.5),), 2**32, 2**32)
    report = dataclasses.replace(REPORT, conditions=conditions, rows=(REPORT.rows[0], edit))
    monkeypatch.setattr(cards_table, "FOLDER", tmp_path)
    before = cards_table.table()
    assert before.count(cards_table.UNMEASURED) == len(cards_table.CARDS)

    (tmp_path / "nvidia-geforce-rtx-3070.json").write_text(as_shared(report), "utf-8")

    row = "| 8 GB, such as RTX 3070 | all in BF16, compiled | 17.0, 4.0 GiB | **2.00, 2.50** |"
    assert row in cards_table.table()
    assert cards_table.table().count(cards_table.UNMEASURED) == len(cards_table.CARDS) - 1


def test_measured_cards_have_the_shared_form_and_say_what_they_were_measured_with() -> None:
    form = json.loads(as_shared(REPORT))
    for content in cards_table.contents():
        assert content.keys() - {"conditions"} == form.keys()
        assert content["format"] == form["format"]
        assert content["mode"].keys() == form["mode"].keys()
        assert {key for row in content["rows"] for key in row} == form["rows"][0].keys()
        # What bench itself did not write must say where it comes from.
        assert content["driver"] or content["conditions"]
