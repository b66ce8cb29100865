"""Kernels compile for GPUs that are not here, each by its own instruction set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton's wheels are for Linux")


def test_a_sample_of_the_kernels_compiles_for_cards_that_are_not_here(tmp_path: Path) -> None:
    """All of them for five generations: ``python -m tests.klein.kernels.compiling``."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    made = subprocess.run(
        [sys.executable, "-m", "tests.klein.kernels.compiling", "--sample"],
        env=environment | {"TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "compiled 5" in made.stdout
