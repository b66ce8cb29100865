"""The lock files and the lowest versions belong to what ``pyproject.toml`` declares."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.dependencies.declared import ROOT, declared, lowest, name_of, pinned_to_lowest
from tests.dependencies.lock import BOT, HOSTS, TESTS, is_for, pins, shortcomings
from tests.dependencies.lowest import Result, is_known, main, not_lowest, read

SUM = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("requirement", "line"),
    [
        ("pillow>=12,<14", "pillow==12"),
        ("aiosqlite<0.23,>=0.22.1", "aiosqlite==0.22.1"),
        ("types-psutil", "types-psutil"),
        ("audioop-lts>=0.2.1; python_version>='3.13'", 'audioop-lts==0.2.1; python_version >= "3.13"'),
    ],
)
def test_the_lowest_version_of_a_range_is_its_lower_bound(requirement: str, line: str) -> None:
    assert pinned_to_lowest(Requirement(requirement)) == line


def test_every_dependency_of_the_bot_has_a_lower_and_an_upper_bound() -> None:
    for each in declared().bot:
        if name_of(each) != "audioop-lts":
            assert sorted(one.operator for one in each.specifier) == ["<", ">="], str(each)


def test_the_lock_files_hold_what_is_declared_and_no_address() -> None:
    bot, tests = BOT.read_text("utf-8"), TESTS.read_text("utf-8")
    assert shortcomings(declared(), pins(bot), pins(tests)) == []
    assert "://" not in bot + tests


def test_a_lock_file_of_other_dependencies_is_told() -> None:
    table = replace(declared(), bot=(Requirement("pillow>=12,<14"), Requirement("rich>=14")), tests=())
    other = pins(f"pillow==11.0 \\\n    {SUM}\n")
    assert shortcomings(table, other, other) == [
        "bot: pillow<14,>=12 does not admit 11.0",
        "bot: rich>=14 is missing",
        "tests: pillow<14,>=12 does not admit 11.0",
        "tests: rich>=14 is missing",
    ]
    assert "tests: not as for the bot: pillow==11.0" in shortcomings(table, other, [])


@pytest.mark.parametrize(
    "line",
    [
        "pillow==12.0",
        f"pillow>=12 {SUM}",
        f"pillow @ https://example.org/pillow.whl {SUM}",
        f"--index-url x {SUM}",
    ],
)
def test_a_line_without_sum_or_with_an_address_is_no_pin(line: str) -> None:
    with pytest.raises(ValueError, match=r"pin|address|Expected|Invalid"):
        pins(line)


def test_the_kept_result_names_the_lower_bound_of_each_dependency() -> None:
    table, result = declared(), read()
    if is_known(table):  # else .ci/run tests them anew
        assert not_lowest(table, result.versions) == []
    assert " passed" in result.outcome
    assert "failed" not in result.outcome


def test_any_change_of_a_range_asks_for_another_run(tmp_path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    changed = tmp_path / "pyproject.toml"
    changed.write_text(text.replace("pillow>=12.2,", "pillow>=12.3,"))
    assert lowest(next(each for each in declared(changed).bot if each.name == "pillow")) == "12.3"
    assert declared(changed).sha256() != declared().sha256()
    changed.write_text(text.replace('version = "0.1.0"', 'version = "0.2.0"').replace(" = [\n", " =  [\n"))
    assert declared(changed).sha256() == declared().sha256()


def test_an_unchanged_table_is_not_tested_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = Result(declared().sha256(), "2026-11-01", "3.11.7", "Linux", "1 passed", {})
    (tmp_path / "lowest.json").write_text(json.dumps(asdict(known)))
    assert main(["--if-changed"], tmp_path / "lowest.json") == 0
    assert "on 2026-11-01" in capsys.readouterr().out
    (tmp_path / "other.json").write_text(json.dumps(asdict(replace(known, dependencies_sha256="0"))))
    assert not is_known(declared(), tmp_path / "other.json")
    assert not is_known(declared(), tmp_path / "absent.json")


def test_another_version_than_the_lowest_is_told() -> None:
    table = replace(declared(), bot=(Requirement("torch>=2.11,<3"), Requirement("rich>=14")), tests=())
    assert not_lowest(table, {"torch": "2.11.0+cpu", "rich": "14.0.0"}) == []
    assert not_lowest(table, {"torch": "2.11.1"}) == [
        "torch 2.11.1 instead of 2.11",
        "rich None instead of 14",
    ]


def test_what_a_host_installs_is_told_by_its_system_and_python() -> None:
    only_windows = pins(f"colorama==0.4 ; sys_platform == 'win32' {SUM}")[0]
    only_new = pins(f"audioop-lts==0.2 ; python_full_version >= '3.13' {SUM}")[0]
    assert {host.system for host in HOSTS if is_for(only_windows, host)} == {"Windows"}
    assert {host.python for host in HOSTS if is_for(only_new, host)} == {"3.13"}
