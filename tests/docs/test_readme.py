"""README tells what is: its tables are written from the program."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from kleinbot.bench.cases import Case
from kleinbot.bench.results import Row, Run
from kleinbot.bench.share import as_shared
from kleinbot.config.settings import Settings
from kleinbot.doctor.discord_account import NEEDED
from tests.bench.test_bench import CONDITIONS, FULL, REPORT
from tests.docs import cards_table, commands_table, readme
from tests.hardware.machines import EIGHT_GB


def test_readmes_tables_are_up_to_date() -> None:
    assert readme.README.read_text("utf-8") == readme.today(), f"run {readme.COMMAND} and commit README.md"


FIRST_SCREEN = (
    "# kleinbot\n",
    "kleinbot/docs/pictures/pictures.webp",
    "kleinbot/docs/pictures/edit.webp",
    "## Try it",
    "## Go live",
    "## What it needs",
    "## Graphics cards",
    "## Beside others",
    "## Proof",
    "<!-- commands: ",
)
"""What a visitor meets, in this order."""
MOST_WORDS = 700
MOST_PICTURE_BYTES = 120_000
OUTSIDE = {
    "discord.com": "the developers' portal",
    "github.com": "what others reported",
}


ROOT = readme.README.parent
OWNERS_PAGES = (ROOT / "kleinbot/docs/owning.md", ROOT / "kleinbot/docs/keeping.md")
COMMAND_LINE = ROOT / "tests/golden/lists/command_line.json"
FOREIGN_OPTIONS = {"--upgrade", "--force", "--no-deps", "--from", "--user", "--write"}
"""Of pip, pipx, uv, systemctl and the tables' program."""


def text() -> str:
    return readme.README.read_text("utf-8")


def test_a_visitor_meets_first_what_they_came_for() -> None:
    places = [text().find(part) for part in FIRST_SCREEN]
    assert -1 not in places
    assert places == sorted(places)


def test_what_comes_before_the_commands_is_short() -> None:
    before, _, _ = text().partition("<!-- commands: ")
    shown = re.sub(r"<!--.*?-->|<img[^>]*>|\]\([^)]*\)|<https?:[^>]*>", " ", before, flags=re.DOTALL)
    words = [word for word in shown.split() if re.search(r"\w", word)]
    assert len(words) <= MOST_WORDS, f"{len(words)} words"


def test_pictures_are_small_files_that_a_model_drew() -> None:
    sources = re.findall(r'<img src="([^"]+)"', text())
    assert len(sources) == 2
    for source in (*sources, *re.findall(r"\]\(([^)]+\.webp)\)", text())):
        file = ROOT / source
        assert file.stat().st_size < MOST_PICTURE_BYTES
        with Image.open(file) as image:
            assert b"trainedAlgorithmicMedia" in image.info["xmp"]


def test_each_tick_of_ours_leads_to_its_test() -> None:
    ticks = re.findall(r'\[✔\]\((\S+) "(\w+)"\)', text())
    assert len(ticks) == text().count("[✔]")
    assert len(ticks) > 5
    for file, name in ticks:
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file}: {name}"


def test_links_to_elsewhere_are_few_and_known() -> None:
    hosts = set(re.findall(r"https?://([^/\s)>]+)", text()))
    assert hosts <= OUTSIDE.keys()


@pytest.mark.parametrize("document", [readme.README, *OWNERS_PAGES], ids=lambda path: path.name)
def test_named_settings_and_commands_exist(document: Path) -> None:
    content = document.read_text("utf-8")
    known = {f"KLEINBOT_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"KLEINBOT_[A-Z0-9_]+", content)) <= known
    lines = json.loads(COMMAND_LINE.read_text("utf-8"))
    named = set(re.findall(r"bot\.py ([a-z]+)", content))
    assert named
    assert [
        name for name in named if not any(f"{line} ".startswith(f"bot.py {name} ") for line in lines)
    ] == []
    options = {name for line in lines.values() for names in line["options"] for name in names.split("/")}
    stated = set(re.findall(r"[` ](--[a-z][a-z-]+)", content))
    assert stated - FOREIGN_OPTIONS <= options


def test_the_table_of_commands_has_what_a_bot_registers() -> None:
    declared = {
        name: {str(option.display_name) for option in command.parameters}
        for name, command in commands_table.declared().items()
    }
    assert declared == {name: set(options) for name, options in commands_table.registered().items()}
    menus = json.loads(commands_table.REGISTERED.read_text("utf-8"))["commands"]
    assert sorted(name for name, _ in commands_table.menus()) == sorted(
        key.partition(" (menu")[0] for key in menus if " (menu" in key
    )
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

    on_a_processor = dataclasses.replace(report, conditions=dataclasses.replace(conditions, card=None))
    (tmp_path / "cpu.json").write_text(as_shared(on_a_processor), "utf-8")

    row = "| 8 GB, such as RTX 3070 | all in BF16, compiled | 17.0, 4.0 GiB | **2.00, 2.50** |"
    assert row in cards_table.table()
    assert cards_table.table().count(cards_table.UNMEASURED) == len(cards_table.CARDS) - 1


def test_measured_cards_have_the_shared_form_and_say_what_they_were_measured_with() -> None:
    form = json.loads(as_shared(REPORT))
    for content in cards_table.contents():
        assert content.keys() - {"conditions"} == form.keys()
        assert content["format"] == form["format"]
        # Files of before there were fused kernels do not name them.
        assert content["mode"].keys() | {"fused"} == form["mode"].keys()
        assert {key for row in content["rows"] for key in row} == form["rows"][0].keys()
        # What bench itself did not write must say where it comes from.
        assert content["driver"] or content["conditions"]


def test_the_owners_page_names_what_the_invitation_asks_for() -> None:
    page = " ".join(OWNERS_PAGES[0].read_text("utf-8").split())
    assert [name for name in NEEDED if f"*{name}*" not in page] == []
