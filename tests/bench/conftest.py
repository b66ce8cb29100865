"""Undoes the warning filters and logging that a benchmark changes for its process, after each test."""

import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.klein.tiny import ensure_tiny


@pytest.fixture(autouse=True)
def one_process_for_each_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DIFFUSERS_VERBOSITY", os.environ.get("DIFFUSERS_VERBOSITY", "error"))
    level, threads = logging.getLogger("torch").level, torch.get_num_threads()
    with warnings.catch_warnings():
        yield
    logging.getLogger("torch").setLevel(level)
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_tiny(tmp_path_factory.mktemp("klein") / "tiny")
