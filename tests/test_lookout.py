"""What this machine can serve beside what was served on it before, and what a new process would find."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kleinbot.app import opened
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase, ModelSize
from kleinbot.engine_start import Remedy, remedy_of
from kleinbot.host.facts import GIB, HostFacts, HostMemory, System
from kleinbot.host.profile import CPU_SMALL
from kleinbot.lookout import Lookout, waits_for
from kleinbot.model_choice import SMALL_KLEIN, ModelChoice, choose_model
from kleinbot.settings import DEFAULT_HUB_REPO, Settings
from kleinbot.store import served_model
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.texts import Texts, languages
from kleinbot.torch_report import TorchReport
from tests.host.machines import RTX_2080_TI, RTX_4090, Machine
from tests.manual_clock import ManualClock

NO_CARD = HostFacts(System.LINUX, HostMemory(64 * GIB, 60 * GIB))
NEARLY_FULL = replace(RTX_4090, held_gib=22.5).facts()
OTHER_GPU_BUILD = replace(RTX_4090.facts(), driver="470.1")
FULL, SMALL = ModelSize.FULL, ModelSize.SMALL


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def torch_that(*, sees_the_card: bool) -> TorchReport:
    return TorchReport("2.13.0+cu130", "13.0", is_available=sees_the_card, has_kernels=sees_the_card)


def lookout(
    facts: HostFacts, served: ModelSize | None, *, torch_sees_it: bool = True, **settings: Any
) -> Lookout:
    own = Settings(**settings)

    def choose() -> ModelChoice:
        return choose_model(own, lambda: facts, lambda: torch_that(sees_the_card=False))

    return Lookout(own, served, choose, lambda: torch_that(sees_the_card=torch_sees_it), lambda: facts)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (NO_CARD, "none"),
        (NEARLY_FULL, Code.CARD_TOO_FULL),
        (RTX_2080_TI.facts(), Code.CARD_TOO_OLD),
        (OTHER_GPU_BUILD, Code.DRIVER_TOO_OLD),
    ],
)
@pytest.mark.parametrize("weights", [None, DEFAULT_HUB_REPO])
def test_where_klein_drew_the_small_model_does_not_take_its_place_by_itself(
    facts: HostFacts, problem: str, weights: str | None
) -> None:
    model = lookout(facts, FULL, weights=weights).model()
    assert model.waits_for is not None
    assert (model.waits_for.code, model.waits_for.parameters["problem"]) == (Code.WAITS_FOR_CARD, problem)
    assert remedy_of(model.waits_for) is Remedy.NEW_PROCESS


@pytest.mark.parametrize(
    ("facts", "settings", "problem"),
    [
        (NEARLY_FULL, {"device": "cuda"}, Code.CARD_TOO_FULL),
        (NEARLY_FULL, {"profile_transformer": "int8"}, Code.PROFILE_NO_ROOM),
        (NO_CARD, {"device": "cuda"}, "none"),
        (NO_CARD, {"profile_base_checkpoint": True}, "none"),
    ],
)
def test_a_card_that_the_settings_ask_for_is_waited_for_where_it_drew_before(
    facts: HostFacts, settings: dict[str, Any], problem: str
) -> None:
    """A start that ends at once would leave the bot off for good after its card was lost for a minute."""
    model = lookout(facts, FULL, **settings).model()
    assert model.waits_for is not None
    assert model.waits_for.parameters["problem"] == problem
    with pytest.raises(StartError):
        lookout(facts, None, **settings).model()


def test_what_no_waiting_mends_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError) as caught:
        lookout(RTX_4090.facts(), FULL, weights=str(tmp_path)).model()
    assert caught.value.code is Code.WEIGHTS_NONE


@pytest.mark.parametrize("served", [None, SMALL])
@pytest.mark.parametrize("facts", [NO_CARD, NEARLY_FULL])
def test_where_klein_never_drew_the_small_model_draws(facts: HostFacts, served: ModelSize | None) -> None:
    model = lookout(facts, served).model()
    assert (model.waits_for, model.size) == (None, SMALL)


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"weights": str(SMALL_KLEIN)}])
def test_a_host_that_asks_for_the_small_model_gets_it(settings: dict[str, Any]) -> None:
    model = lookout(NO_CARD, FULL, **settings).model()
    assert (model.waits_for, model.size) == (None, SMALL)


@pytest.mark.parametrize(
    ("machine", "settings", "size"),
    [
        (RTX_4090, {}, FULL),
        (RTX_4090, {"weights": "somebody/klein"}, FULL),
        (RTX_4090, {"weights": str(SMALL_KLEIN)}, SMALL),
        (RTX_4090, {"device": "cpu"}, SMALL),
        (RTX_4090, {"device": "cpu", "weights": "somebody/klein"}, FULL),
    ],
)
def test_a_model_is_known_by_its_size(machine: Machine, settings: dict[str, Any], size: ModelSize) -> None:
    assert lookout(machine.facts(), None, **settings).model().size is size


@pytest.mark.parametrize(
    ("facts", "torch_sees_it", "code"),
    [
        (RTX_4090.facts(), True, None),
        (RTX_4090.facts(), False, Code.CUDA_UNAVAILABLE),
        (NO_CARD, True, Code.WAITS_FOR_CARD),
    ],
)
def test_a_new_process_begins_once_driver_and_torch_show_the_card(
    facts: HostFacts, torch_sees_it: bool, code: Code | None
) -> None:
    out = lookout(facts, FULL, torch_sees_it=torch_sees_it)
    found = out.look_again()
    assert (found and found.code) == code
    assert out.problem is found


def test_what_a_new_process_could_not_choose_is_told(tmp_path: Path) -> None:
    found = lookout(RTX_4090.facts(), FULL, weights=str(tmp_path)).look_again()
    assert found is not None
    assert found.code is Code.WEIGHTS_NONE


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(
    ("facts", "settings", "words"),
    [
        (NO_CARD, {}, "nvidia-smi"),
        (NEARLY_FULL, {}, "RTX 4090"),
        (NEARLY_FULL, {"profile_transformer": "int8"}, "KLEINBOT_PROFILE_"),
        (RTX_2080_TI.facts(), {}, "RTX 2080 Ti"),
        (OTHER_GPU_BUILD, {}, "470"),
    ],
)
def test_the_host_is_told_what_is_wrong_and_how_to_go_on(
    facts: HostFacts,
    settings: dict[str, Any],
    words: str,
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    why = lookout(facts, FULL, **settings).model().waits_for
    assert why is not None
    sentence = Texts().error(why, language)
    assert words in sentence
    assert "KLEINBOT_DEVICE=cpu" in sentence
    assert caplog.records == []  # every parameter of the sentence is there


@pytest.mark.parametrize("language", languages())
def test_a_torch_that_cannot_use_the_card_is_named(language: str, caplog: pytest.LogCaptureFixture) -> None:
    for error in (
        StartError(Code.TORCH_WITHOUT_CUDA, torch="2.13.0+cpu", card="RTX 4090"),
        StartError(Code.TORCH_LACKS_CARD, torch="2.13.0+cpu", card="RTX 5090", capability="12.0"),
    ):
        assert "2.13.0+cpu" in Texts().error(waits_for(error), language)
    assert caplog.records == []


@pytest.mark.parametrize("language", languages())
def test_where_klein_drew_and_its_weights_are_away_they_are_waited_for(
    language: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that is too long: as with a share that is away, the system cannot say what is there."""
    away = str(tmp_path / ("x" * 300))
    out = lookout(RTX_4090.facts(), FULL, weights=away)
    model = out.model()
    assert model.waits_for is not None
    assert model.waits_for.code is Code.WAITS_FOR_WEIGHTS
    assert remedy_of(model.waits_for) is Remedy.NEW_PROCESS
    sentence = Texts().error(model.waits_for, language)
    assert away in sentence
    assert caplog.records == []
    assert out.look_again() is not None
    with pytest.raises(StartError) as caught:
        lookout(RTX_4090.facts(), None, weights=away).model()
    assert caught.value.code is Code.WEIGHTS_UNREADABLE


def test_a_place_that_does_not_answer_is_told_and_ends_nothing() -> None:
    def away() -> ModelChoice:
        raise OSError(errno.ESTALE, "Stale file handle", "/mnt/share/model.safetensors")

    look = Lookout(Settings(), FULL, away, lambda: torch_that(sees_the_card=True), RTX_4090.facts)
    found = look.look_again()
    assert found is not None
    assert found.parameters["file"] == "/mnt/share/model.safetensors"
    assert look.problem is found


async def test_the_sandbox_draws_with_the_small_model_while_the_card_is_away(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), ManualClock())
    database = await Database.open(file)
    async with database.transaction() as transaction:
        await served_model.note(transaction, FULL)
    await database.close()
    settings = Settings(data_folder=tmp_path)
    async with opened(settings) as waiting:
        assert waiting.engine.state.phase is EnginePhase.FAILED
    async with opened(settings, waits_for_card=False) as playing:
        assert playing.profile.name == CPU_SMALL.name
        assert playing.engine.state.phase is EnginePhase.STARTING


def test_a_database_that_somebody_holds_is_not_one_that_served_nothing(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    assert served_model.look_up(file) is None
    file.write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    assert served_model.look_up(file) is None
    file.unlink()
    migrate(file, load_migrations(), ManualClock())
    assert served_model.look_up(file) is None
