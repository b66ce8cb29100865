"""Another profile is chosen where memory ran out twice, and a better one once it fits."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.choosing_anew import ChoosingAnew
from kleinbot.domain.clock import HOUR_MS
from kleinbot.failed_profiles import FILE, LONGEST_HOURS, FailedProfiles
from kleinbot.host.facts import GIB, Card, HostFacts, HostMemory, Program, System
from kleinbot.host.profile import CPU_SMALL
from kleinbot.model_choice import choose_model
from kleinbot.settings import Settings
from kleinbot.torch_report import TorchReport
from tests.host.machines import EIGHT_GB, RTX_2080_TI, RTX_3060, RTX_3090, RTX_5090, SIX_GB, Machine
from tests.manual_clock import ManualClock

NO_CARD = HostFacts(System.LINUX, HostMemory(64 * GIB, 60 * GIB))
SEES_THE_CARD = TorchReport("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)
HELD = 14 * GIB


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


@pytest.fixture
def failed(tmp_path: Path) -> FailedProfiles:
    return FailedProfiles(tmp_path, ManualClock())


def choosing(
    failed: FailedProfiles,
    now: HostFacts,
    at_start: HostFacts | None = None,
    settings: Settings | None = None,
    report: TorchReport = SEES_THE_CARD,
) -> ChoosingAnew:
    settings = settings or Settings()
    chosen = choose_model(settings, lambda: at_start or now, lambda: report, failed.names())
    return ChoosingAnew(settings, chosen, failed, lambda: now, lambda: report, lambda _: report)


def with_a_game(machine: Machine, gib: float) -> HostFacts:
    return replace(machine, held_gib=machine.held_gib + gib).facts()


def with_own(facts: HostFacts, held: int, *, told: bool = False) -> HostFacts:
    """Return ``facts`` once this process holds ``held`` bytes; NVML may tell whose they are."""
    [card] = facts.cards
    programs = (Program(os.getpid(), held),) if told else ()
    return replace(facts, cards=(replace(card, free_bytes=card.free_bytes - held, programs=programs),))


def test_a_new_process_leaves_out_what_ran_out_of_memory(failed: FailedProfiles) -> None:
    facts = RTX_3090.facts()
    first = choose_model(Settings(), lambda: facts).profile.name
    assert choosing(failed, facts).after_memory_ran_out()
    assert failed.names() == {first}
    second = choose_model(Settings(), lambda: facts, without=failed.names())
    assert second.profile.name != first
    assert (second.choice.rank or 0) > 0


def test_all_that_can_run_out_one_after_the_other_end_at_the_smallest(failed: FailedProfiles) -> None:
    facts = RTX_3060.facts()
    while choosing(failed, facts).after_memory_ran_out():
        assert len(failed.names()) < 10
    left = choose_model(Settings(), lambda: facts, without=failed.names())
    assert left.profile.name not in failed.names(), "the last one is tried again as it is"


def test_where_the_settings_leave_one_profile_alone_it_is_tried_again(failed: FailedProfiles) -> None:
    settings = Settings(
        profile_transformer="int8", profile_text_encoder="int8", profile_text_encoder_placement="streamed"
    )
    assert not choosing(failed, RTX_3090.facts(), settings=settings).after_memory_ran_out()
    assert failed.names() == frozenset()


def test_the_small_model_is_not_what_is_chosen_anew(failed: FailedProfiles) -> None:
    """A card that is too full for everything is waited for, as before."""
    nothing_fits = replace(SIX_GB, held_gib=4.0).facts()
    assert not choosing(failed, nothing_fits, at_start=SIX_GB.facts()).after_memory_ran_out()


def test_once_the_game_has_ended_the_better_profile_is_found(failed: FailedProfiles) -> None:
    beside_a_game = with_a_game(RTX_3090, 10)
    free = with_own(RTX_3090.facts(), 9 * GIB)
    better = choosing(failed, free, at_start=beside_a_game).better(9 * GIB)
    assert better is not None
    assert better.profile.name == choose_model(Settings(), RTX_3090.facts).profile.name
    # Where the driver tells whose memory it is, the context counts too.
    told = with_own(RTX_3090.facts(), 9 * GIB, told=True)
    assert choosing(failed, told, at_start=beside_a_game).better(0) is not None


def test_beside_the_same_game_there_is_nothing_better(failed: FailedProfiles) -> None:
    beside_a_game = with_a_game(RTX_3090, 10)
    now = with_own(beside_a_game, 9 * GIB)
    assert choosing(failed, now, at_start=beside_a_game).better(9 * GIB) is None


def test_a_game_that_has_begun_is_no_reason_for_another_profile(failed: FailedProfiles) -> None:
    beside_a_game = with_a_game(RTX_3090, 10)
    with_more = with_own(with_a_game(RTX_3090, 13), 9 * GIB)
    assert choosing(failed, with_more, at_start=beside_a_game).better(9 * GIB) is None
    assert choosing(failed, with_own(with_a_game(RTX_3090, 4), HELD), RTX_3090.facts()).better(HELD) is None


def test_what_failed_is_not_better_until_its_time_is_over(tmp_path: Path) -> None:
    clock, facts = ManualClock(), RTX_3090.facts()
    failed = FailedProfiles(tmp_path, clock)
    assert choosing(failed, facts).after_memory_ran_out()
    again = choosing(failed, with_own(facts, HELD), at_start=facts)
    assert again.better(HELD) is None
    clock.advance(3600)
    assert again.better(HELD) is not None


@pytest.mark.parametrize("torch_sees_it", [True, False])
def test_the_small_model_gives_way_to_a_card_only_where_torch_can_use_it(
    failed: FailedProfiles, torch_sees_it: bool
) -> None:
    report = replace(SEES_THE_CARD, is_available=torch_sees_it)
    anew = choosing(failed, RTX_3090.facts(), at_start=NO_CARD, report=report)
    assert (anew.better(0) is not None) == torch_sees_it


def test_a_host_that_asked_for_the_cpu_keeps_it(failed: FailedProfiles) -> None:
    anew = choosing(failed, RTX_3090.facts(), settings=Settings(device="cpu"))
    assert anew.better(0) is None
    assert choosing(failed, NO_CARD).better(0) is None


def test_a_profile_is_left_out_for_longer_each_time_and_until_it_starts(tmp_path: Path) -> None:
    clock = ManualClock()
    failed = FailedProfiles(tmp_path, clock)
    for hours in (1, 2, 4, 8, 16, 24, 24):
        failed.note("bf16")
        assert hours <= LONGEST_HOURS
        clock.advance(hours * 3600 - 1)
        assert FailedProfiles(tmp_path, clock).names() == {"bf16"}
        clock.advance(1)
        assert FailedProfiles(tmp_path, clock).names() == frozenset()
    failed.note("bf16")
    failed.forget("bf16")
    assert FailedProfiles(tmp_path, clock).names() == frozenset()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"bf16": 3}', b'{"bf16": ["x", 1]}', b"\xff\xfe", b"null"]
)
def test_a_torn_file_leaves_nothing_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert FailedProfiles(tmp_path, ManualClock()).names() == frozenset()


def test_a_clock_that_was_set_back_leaves_nothing_out_for_years(tmp_path: Path) -> None:
    clock = ManualClock()
    (tmp_path / FILE).write_text(json.dumps({"bf16": [clock.now_ms() + 1000 * HOUR_MS, 1]}))
    assert FailedProfiles(tmp_path, clock).names() == frozenset()


def test_where_nothing_can_be_written_it_is_known_while_the_process_lives(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file where the folder should be")
    failed = FailedProfiles(tmp_path / "scratch", ManualClock())
    failed.note(CPU_SMALL.name)
    assert failed.names() == {CPU_SMALL.name}


def test_torch_is_asked_of_the_card_that_would_be_taken(failed: FailedProfiles) -> None:
    """The first one is for the screens, and this torch has nothing for it."""
    old, good = RTX_2080_TI.facts().cards[0], RTX_3090.facts().cards[0]
    old, good = replace(old, identity="GPU-old"), replace(good, identity="GPU-good")
    both = replace(RTX_3090.facts(), cards=(old, good))
    beside_a_game = replace(both, cards=(old, replace(good, free_bytes=GIB)))
    first = replace(SEES_THE_CARD, has_kernels=False)
    chosen = choose_model(Settings(), lambda: beside_a_game, lambda: first)
    assert chosen.profile.device is CPU_SMALL.device
    asked: list[Card | None] = []

    def ask_of(card: Card | None) -> TorchReport:
        asked.append(card)
        return SEES_THE_CARD if card == good else first

    anew = ChoosingAnew(Settings(), chosen, failed, lambda: both, lambda: first, ask_of)
    better = anew.better(0)
    assert better is not None
    assert better.choice.card == good
    assert asked == [good]


def test_what_ran_out_is_better_than_nothing_where_nothing_else_fits(failed: FailedProfiles) -> None:
    """It ran out of the host's memory while more of the card was free; now all else is too large for it."""
    facts = EIGHT_GB.facts()
    smallest = choose_model(Settings(), lambda: facts).profile
    failed.note(smallest.name)
    assert choose_model(Settings(), lambda: facts, without=failed.names()).profile == smallest
    assert not choosing(failed, facts).after_memory_ran_out()


@pytest.mark.parametrize("content", ['{"bf16": [1e999, 1]}', "[" * 100_000, '{"bf16": [1, 1e999]}'])
def test_a_file_that_is_no_longer_ours_leaves_nothing_out(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, "utf-8")
    assert FailedProfiles(tmp_path, ManualClock()).names() == frozenset()


def test_the_better_one_of_two_cards_is_taken_once_its_game_has_ended(failed: FailedProfiles) -> None:
    """Both have room for the best way, so its rank alone does not tell."""
    lesser = replace(RTX_3090.facts().cards[0], identity="GPU-lesser")
    greater = replace(RTX_5090.facts().cards[0], identity="GPU-greater")
    both = replace(RTX_5090.facts(), cards=(lesser, greater))
    beside_a_game = replace(both, cards=(lesser, replace(greater, free_bytes=2 * GIB)))
    chosen = choose_model(Settings(), lambda: beside_a_game)
    assert (chosen.choice.card, chosen.choice.rank) == (lesser, 0)

    def now(facts: HostFacts, held_gib: int = 0) -> HostFacts:
        ours = replace(lesser, free_bytes=lesser.free_bytes - held_gib * GIB)
        return replace(facts, cards=(ours, *facts.cards[1:]))

    still = ChoosingAnew(Settings(), chosen, failed, lambda: now(beside_a_game, 14))
    assert still.better(HELD) is None
    over = ChoosingAnew(Settings(), chosen, failed, lambda: now(both, 14))
    better = over.better(HELD)
    assert better is not None
    assert better.choice.card == greater


def test_two_equal_cards_are_not_taken_in_turn(failed: FailedProfiles) -> None:
    one = replace(RTX_3090.facts().cards[0], identity="GPU-one")
    other = replace(one, identity="GPU-other")
    both = replace(RTX_3090.facts(), cards=(one, other))
    chosen = choose_model(Settings(), lambda: both)
    assert chosen.choice.card == one
    # Windows on ours take two more GiB than on the other one.
    now = replace(both, cards=(replace(one, free_bytes=one.free_bytes - HELD - 2 * GIB), other))
    assert ChoosingAnew(Settings(), chosen, failed, lambda: now).better(HELD) is None
