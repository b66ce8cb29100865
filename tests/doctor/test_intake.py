"""Whether members' pictures can be read here: with a real process, and without one."""

import os
import sys

import pytest

from kleinbot.doctor.findings import Finding, Verdict
from kleinbot.doctor.intake import finding, reads_pictures
from kleinbot.texts import Texts


def said(found: Finding) -> str:
    return Texts().say("en-US", found.message, **found.parameters)


def test_a_process_that_reads_pictures_is_tried() -> None:
    found = finding(reads_pictures())
    assert found.verdict is Verdict.OK
    assert said(found) == (
        "Pictures from members are read in processes of their own, with 1280 MiB each at most."
    )


def test_where_none_comes_up_it_is_said_what_that_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", os.devnull)
    found = finding(reads_pictures())
    assert found.verdict is Verdict.WARNING
    assert said(found) == (
        "No process that reads pictures came up, so edits and variations of attached pictures would be "
        f"refused. Look whether this Python ({os.devnull}) may start another one, and at the limits for "
        "processes and memory (ulimit -a, or the unit's)."
    )
