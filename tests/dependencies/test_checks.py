"""What runs before a commit and in CI is one list of checks."""

import re

from tests.dependencies.declared import ROOT
from tests.dependencies.lock import PYTHONS


def test_the_hooks_are_local_and_run_what_ci_runs() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    hooks = re.findall(r"^ +entry: (.+)$", text, re.MULTILINE)
    checks = re.findall(r"^\.venv/bin/(.+)$", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"repo: (.+)", text) == ["local"]
    assert hooks == [each for each in checks if not each.startswith(("python ", "true "))]


def test_the_workflow_runs_ci_for_every_python_that_the_lock_covers() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    assert re.findall(r"- run: (.+)", text) == ["bash .ci/run"]
    assert list(PYTHONS) == re.findall(r'"(3\.\d+)"', text)
