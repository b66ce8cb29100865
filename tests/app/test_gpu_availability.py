"""Which model this machine can serve, given the one it served before, and what a new process would find."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kleinbot.app.engine_startup import Remedy, remedy_of
from kleinbot.app.gpu_availability import GpuAvailability, waits_for
from kleinbot.app.model_choice import SMALL_KLEIN, ModelChoice, choose_model
from kleinbot.app.opening import opened
from kleinbot.app.torch_probe import TorchProbe
from kleinbot.config.settings import Settings
from kleinbot.config.values import DEFAULT_HUB_REPO
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import EnginePhase, ModelSize
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System
from kleinbot.store import served_model
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.texts import Texts, languages
from tests.hardware.machines import RTX_2080_TI, RTX_4090, Machine
from tests.manual_clock import ManualClock

NO_GPU = MachineFacts(System.LINUX, HostMemory(64 * GIB, 60 * GIB))
NEARLY_FULL = replace(RTX_4090, held_gib=22.5).facts()
OTHER_GPU_BUILD = replace(RTX_4090.facts(), driver="470.1")
FULL, SMALL = ModelSize.FULL, ModelSize.SMALL


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def torch_that(*, sees_the_gpu: bool) -> TorchProbe:
    return TorchProbe("2.13.0+cu130", "13.0", is_available=sees_the_gpu, has_kernels=sees_the_gpu)


def gpu_availability(
    facts: MachineFacts, served: ModelSize | None, *, torch_sees_it: bool = True, **settings: Any
) -> GpuAvailability:
    own = Settings(**settings)

    def choose() -> ModelChoice:
        return choose_model(own, lambda: facts, lambda: torch_that(sees_the_gpu=False))

    return GpuAvailability(own, served, choose, lambda: torch_that(sees_the_gpu=torch_sees_it), lambda: facts)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (NO_GPU, "none"),
        (NEARLY_FULL, Code.CARD_TOO_FULL),
        (RTX_2080_TI.facts(), Code.CARD_TOO_OLD),
        (OTHER_GPU_BUILD, Code.DRIVER_TOO_OLD),
    ],
)
@pytest.mark.parametrize("weights", [None, DEFAULT_HUB_REPO])
def test_where_klein_drew_the_small_model_does_not_take_its_place_by_itself(
    facts: MachineFacts, problem: str, weights: str | None
) -> None:
    model = gpu_availability(facts, FULL, weights=weights).model()
    assert model.waits_for is not None
    assert (model.waits_for.code, model.waits_for.parameters["problem"]) == (Code.WAITS_FOR_CARD, problem)
    assert remedy_of(model.waits_for) is Remedy.NEW_PROCESS


@pytest.mark.parametrize(
    ("facts", "settings", "problem"),
    [
        (NEARLY_FULL, {"device": "cuda"}, Code.CARD_TOO_FULL),
        (NEARLY_FULL, {"profile_transformer": "int8"}, Code.PROFILE_NO_ROOM),
        (NO_GPU, {"device": "cuda"}, "none"),
        (NO_GPU, {"profile_base_checkpoint": True}, "none"),
    ],
)
def test_a_gpu_that_the_settings_ask_for_is_waited_for_where_it_drew_before(
    facts: MachineFacts, settings: dict[str, Any], problem: str
) -> None:
    """If the start failed at once, the bot would stay down after its GPU was lost for a minute."""
    model = gpu_availability(facts, FULL, **settings).model()
    assert model.waits_for is not None
    assert model.waits_for.parameters["problem"] == problem
    with pytest.raises(StartError):
        gpu_availability(facts, None, **settings).model()


def test_what_no_waiting_mends_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError) as caught:
        gpu_availability(RTX_4090.facts(), FULL, weights=str(tmp_path)).model()
    assert caught.value.code is Code.WEIGHTS_NONE


@pytest.mark.parametrize("served", [None, SMALL])
@pytest.mark.parametrize("facts", [NO_GPU, NEARLY_FULL])
def test_where_klein_never_drew_the_small_model_draws(facts: MachineFacts, served: ModelSize | None) -> None:
    model = gpu_availability(facts, served).model()
    assert (model.waits_for, model.size) == (None, SMALL)


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"weights": str(SMALL_KLEIN)}])
def test_an_owner_who_asks_for_the_small_model_gets_it(settings: dict[str, Any]) -> None:
    model = gpu_availability(NO_GPU, FULL, **settings).model()
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
    assert gpu_availability(machine.facts(), None, **settings).model().size is size


@pytest.mark.parametrize(
    ("facts", "torch_sees_it", "code"),
    [
        (RTX_4090.facts(), True, None),
        (RTX_4090.facts(), False, Code.CUDA_UNAVAILABLE),
        (NO_GPU, True, Code.WAITS_FOR_CARD),
    ],
)
def test_a_new_process_begins_once_driver_and_torch_show_the_gpu(
    facts: MachineFacts, torch_sees_it: bool, code: Code | None
) -> None:
    out = gpu_availability(facts, FULL, torch_sees_it=torch_sees_it)
    found = out.look_again()
    assert (found and found.code) == code
    assert out.problem is found


def test_what_a_new_process_could_not_choose_is_reported(tmp_path: Path) -> None:
    found = gpu_availability(RTX_4090.facts(), FULL, weights=str(tmp_path)).look_again()
    assert found is not None
    assert found.code is Code.WEIGHTS_NONE


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(
    ("facts", "settings", "words"),
    [
        (NO_GPU, {}, "nvidia-smi"),
        (NEARLY_FULL, {}, "RTX 4090"),
        (NEARLY_FULL, {"profile_transformer": "int8"}, "KLEINBOT_PROFILE_"),
        (RTX_2080_TI.facts(), {}, "RTX 2080 Ti"),
        (OTHER_GPU_BUILD, {}, "470"),
    ],
)
def test_the_owner_reads_what_is_wrong_and_what_to_do(
    facts: MachineFacts,
    settings: dict[str, Any],
    words: str,
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    why = gpu_availability(facts, FULL, **settings).model().waits_for
    assert why is not None
    sentence = Texts().error(why, language)
    assert words in sentence
    assert "KLEINBOT_DEVICE=cpu" in sentence
    assert caplog.records == []  # every parameter of the sentence is there


@pytest.mark.parametrize("language", languages())
def test_a_torch_that_cannot_use_the_gpu_is_named(language: str, caplog: pytest.LogCaptureFixture) -> None:
    build = {"wanted": "2.13.0+cu130", "build": "cu130"}
    for error in (
        StartError(Code.TORCH_WITHOUT_CUDA, torch="2.13.0+cpu", card="RTX 4090", **build),
        StartError(Code.TORCH_LACKS_CARD, torch="2.13.0+cpu", card="RTX 5090", capability="12.0", **build),
    ):
        assert "2.13.0+cpu" in Texts().error(waits_for(error), language)
    assert caplog.records == []


@pytest.mark.parametrize("language", languages())
def test_where_klein_drew_and_its_weights_are_away_they_are_waited_for(
    language: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that is too long: as with an unavailable share, the system cannot say what is there."""
    away = str(tmp_path / ("x" * 300))
    out = gpu_availability(RTX_4090.facts(), FULL, weights=away)
    model = out.model()
    assert model.waits_for is not None
    assert model.waits_for.code is Code.WAITS_FOR_WEIGHTS
    assert remedy_of(model.waits_for) is Remedy.NEW_PROCESS
    sentence = Texts().error(model.waits_for, language)
    assert away in sentence
    assert caplog.records == []
    assert out.look_again() is not None
    with pytest.raises(StartError) as caught:
        gpu_availability(RTX_4090.facts(), None, weights=away).model()
    assert caught.value.code is Code.WEIGHTS_UNREADABLE


def test_storage_that_does_not_answer_is_reported_and_ends_nothing() -> None:
    def away() -> ModelChoice:
        raise OSError(errno.ESTALE, "Stale file handle", "/mnt/share/model.safetensors")

    look = GpuAvailability(Settings(), FULL, away, lambda: torch_that(sees_the_gpu=True), RTX_4090.facts)
    found = look.look_again()
    assert found is not None
    assert found.parameters["file"] == "/mnt/share/model.safetensors"
    assert look.problem is found


async def test_the_sandbox_draws_with_the_small_model_while_the_gpu_is_away(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), ManualClock())
    database = await Database.open(file)
    async with database.transaction() as transaction:
        await served_model.note(transaction, FULL)
    await database.close()
    settings = Settings(data_folder=tmp_path)
    async with opened(settings) as waiting:
        assert waiting.container.scheduling.engines[0].state.phase is EnginePhase.FAILED
    async with opened(settings, waits_for_gpu=False) as playing:
        assert playing.container.scheduling.engines[0].profile.name == CPU_SMALL.name
        assert playing.container.scheduling.engines[0].state.phase is EnginePhase.STARTING


def test_a_database_that_somebody_holds_is_not_one_that_served_nothing(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    assert served_model.read_from_file(file) is None
    file.write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    assert served_model.read_from_file(file) is None
    file.unlink()
    migrate(file, load_migrations(), ManualClock())
    assert served_model.read_from_file(file) is None
