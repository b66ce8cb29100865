"""Whether another program takes the card is told from its memory, and from nothing that we do ourselves."""

import random
from collections.abc import Callable

import pytest

from kleinbot.hardware.card_memory import LOOK_AGAIN_S, MOST_LOOKS, CardJudgement, CardMemory
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.nvml import read_card_memory
from tests.hardware.test_probe import A_4090, A_GAME, Library

TOTAL = 24 * GIB
OURS = 14 * GIB
CONTEXT = GIB // 2
NEED = 15 * GIB
LOOK_S = 5.0


class Card:
    """A card, its other programs, and a bot that follows the judgement."""

    def __init__(self, *, left_free_bytes: int = 0, driver_tells: bool = True, wants: bool = True) -> None:
        self.judgement = CardJudgement(left_free_bytes)
        self.driver_tells = driver_tells
        self.wants = wants
        self.others = GIB
        self.held = OURS
        self.now_s = 0.0
        self.loads = 1
        self.is_loaded = True

    def look(self, seconds: float = LOOK_S) -> bool:
        self.now_s += seconds
        used = min(TOTAL, self.others + self.held + CONTEXT)
        own = self.held + CONTEXT if self.driver_tells else 0
        read = CardMemory(TOTAL, TOTAL - used, self.held, own)
        wants = self.wants or not self.is_loaded
        taken = self.judgement.is_taken(read, NEED if wants else None, self.now_s, is_loaded=self.is_loaded)
        if taken == self.is_loaded:
            self.is_loaded, self.held = not taken, 0 if taken else OURS
            self.loads += self.is_loaded
        return taken

    def taken_within(self, seconds: float) -> float | None:
        """Return after how many seconds the card is let go; None if it is not."""
        began_s = self.now_s
        while self.now_s - began_s < seconds:
            if self.look():
                return self.now_s - began_s
        return None


@pytest.mark.parametrize("driver_tells", [True, False])
def test_a_game_gets_the_card_within_ten_seconds_and_it_is_looked_at_every_minute(driver_tells: bool) -> None:
    card = Card(driver_tells=driver_tells, wants=False)
    assert card.taken_within(60) is None
    card.others += 3 * GIB
    assert card.taken_within(60) == 2 * LOOK_S
    card.others += 12 * GIB
    since_s = card.now_s
    assert all(card.look() for _ in range(100))
    card.others = GIB
    while card.look():
        pass
    assert (card.now_s - since_s) % LOOK_AGAIN_S == 0
    assert card.loads == 2


def test_memory_that_the_next_picture_needs_is_missed_twice_before_the_card_is_let_go() -> None:
    card = Card()
    assert card.taken_within(30) is None
    for _ in range(20):  # a gibibyte every half minute is no sudden growth
        card.others += GIB
        if (after_s := card.taken_within(30)) is not None:
            assert after_s == 2 * LOOK_S
            break
    assert TOTAL - card.others - CONTEXT < NEED
    idle = Card(wants=False)
    for _ in range(8):
        idle.others += GIB
        assert idle.taken_within(30) is None, "nothing waits that needs the memory"


def _leaves_after_a_second(card: Card, look: int) -> None:
    card.others = GIB + (6 * GIB if look % 3 == 0 else 0)


def _fluctuates(card: Card, look: int) -> None:
    card.others = GIB + random.Random(look).randrange(GIB)


def _draws(card: Card, look: int) -> None:
    card.held = OURS + random.Random(look).randrange(5 * GIB)


def _streams(card: Card, look: int) -> None:
    card.held = 9 * GIB if look % 2 else 2 * GIB


@pytest.mark.parametrize("driver_tells", [True, False])
@pytest.mark.parametrize("happens", [_leaves_after_a_second, _fluctuates, _draws, _streams])
def test_what_passes_or_is_our_own_is_no_reason(
    happens: Callable[[Card, int], None], driver_tells: bool
) -> None:
    card = Card(driver_tells=driver_tells)
    for look in range(1, 500):
        happens(card, look)
        assert not card.look()


def test_what_the_owner_leaves_free_may_be_taken_at_any_time() -> None:
    card = Card(left_free_bytes=6 * GIB, wants=False)
    card.look()
    card.others += 6 * GIB
    assert card.taken_within(60) is None
    card.others += 3 * GIB
    assert card.taken_within(60) == 2 * LOOK_S


def test_a_machine_that_slept_tells_nothing_of_seconds() -> None:
    card = Card(wants=False)
    card.look()
    card.others += 4 * GIB
    assert not card.look(3600.0)
    assert card.taken_within(60) is None


def test_a_program_that_stays_counts_as_usual_after_half_an_hour() -> None:
    card = Card(wants=False)
    card.look()
    card.others += 4 * GIB
    assert card.taken_within(60) is not None
    since_s = card.now_s
    while card.look():
        pass
    assert card.now_s - since_s == MOST_LOOKS * LOOK_AGAIN_S
    assert card.taken_within(600) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_card_that_is_fought_for_is_loaded_six_times_an_hour_at_most(seed: int) -> None:
    """A program that takes memory whenever we load, as another copy of ours would, and gives it back."""
    chance = random.Random(seed)
    card = Card(driver_tells=bool(seed % 2))
    loads_s: list[float] = []
    was_loaded = True
    while card.now_s < 8 * 3600:
        card.others = (8 if card.is_loaded and chance.random() < 0.3 else 1) * GIB
        card.look()
        if card.is_loaded and not was_loaded:
            loads_s.append(card.now_s)
        was_loaded = card.is_loaded
    assert loads_s, "the card is taken again"
    for moment in loads_s:
        assert sum(moment <= each < moment + 3600 for each in loads_s) <= 6


def _read(library: Library, held: Callable[[], int], identity: str = A_4090.identity) -> CardMemory | None:
    return read_card_memory(identity, held, lambda _: library)  # type: ignore[arg-type, return-value]


def test_the_driver_tells_what_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library([A_4090])
    held = iter([3 * GIB, 5 * GIB, 5 * GIB, 5 * GIB])
    read = _read(library, lambda: next(held))
    assert read == CardMemory(24 * GIB, 11 * GIB, 5 * GIB, 0)
    assert read.others_bytes == 8 * GIB
    assert not library.is_open
    monkeypatch.setattr("os.getpid", lambda: A_GAME.pid)
    read = _read(library, lambda: 0)
    assert read is not None
    assert read.own_bytes == A_GAME.bytes


def test_where_the_driver_does_not_tell_nothing_is_known() -> None:
    library = Library([A_4090])
    changing = iter(range(100))
    assert _read(library, lambda: next(changing)) is None
    assert _read(library, lambda: 0, "GPU-of-another-machine") is None
    for broken in ("nvmlDeviceGetMemoryInfo", "nvmlInit_v2"):
        library.broken = (broken,)
        assert _read(library, lambda: 0) is None
        assert not library.is_open
