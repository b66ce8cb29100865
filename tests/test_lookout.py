"""What a new process would find."""

from dataclasses import replace
from typing import Any

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.host.facts import GIB, HostFacts, HostMemory, System
from kleinbot.lookout import Lookout
from kleinbot.model_choice import ModelChoice, choose_model
from kleinbot.settings import Settings
from kleinbot.torch_report import TorchReport
from tests.host.machines import RTX_4090

NO_CARD = HostFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def torch_that(*, sees_the_card: bool) -> TorchReport:
    return TorchReport("2.13.0+cu130", "13.0", is_available=sees_the_card, has_kernels=sees_the_card)


def on(facts: HostFacts, **settings: Any) -> ModelChoice:
    return choose_model(Settings(**settings), lambda: facts, lambda: torch_that(sees_the_card=False))


@pytest.mark.parametrize("sees", [True, False])
def test_a_card_that_a_new_torch_sees_is_worth_a_new_process(sees: bool) -> None:
    found = Lookout(lambda: on(RTX_4090.facts()), lambda: torch_that(sees_the_card=sees)).look_again()
    assert (found and found.code) == (None if sees else Code.CUDA_UNAVAILABLE)


def test_what_a_new_process_could_not_choose_is_told() -> None:
    full = replace(RTX_4090, held_gib=23.0).facts()
    found = Lookout(lambda: on(full, device="cuda"), lambda: torch_that(sees_the_card=True)).look_again()
    assert isinstance(found, StartError)
    assert found.code is Code.CARD_TOO_FULL
