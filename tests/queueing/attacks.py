"""What members and servers can do to each other, as a table: ``python -m tests.queueing.attacks``.

``before`` is what the two lanes gave that there were until one fair order replaced them (commit 01d4687),
under the same attacks. "Fair" is an equal part of what the card drew.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from kleinbot.domain.job import Told
from kleinbot.domain.work import Checkpoint
from kleinbot.queueing.cost import PICTURE, CostModel, cost
from kleinbot.queueing.waiting import Shape
from tests.queueing.host import Asked, Host
from tests.queueing.late_cancelling import late_cancelling
from tests.queueing.making import EDIT

TWO_REFERENCES = Shape(PICTURE.grid, 4, references=(PICTURE.grid,) * 2)
BEST = Shape(PICTURE.grid, 50, checkpoint=Checkpoint.BASE)
CHEAT = (1, 999)
HOUR_S = 3600.0


def jain(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) ** 2 / (len(found) * sum(value * value for value in found))


def times_fair(host: Host, owner: tuple[int, int] = CHEAT) -> float:
    """Return what ``owner`` got of the card, as a multiple of an equal part."""
    return host.served_s[owner] * len(host.served_s) / sum(host.served_s.values())


def longest_wait_s(host: Host) -> float:
    """Return the longest wait, also of what still waits."""
    waiting = [host.now_s - asked.asked_s for asked in host.open.values() if asked.start_s is None]
    return max([*waiting, *(asked.wait_s for asked in host.ended)])


def late(hours: float = 12.0) -> tuple[float, float, float]:
    """Twenty-one members at 60 s a picture: the longest wait, Jain, and what asking again and again gives."""
    host = Host(60.0, largest_batch=1)
    for member in range(20):
        host.keeps((1, member), PICTURE, think_s=1.0)

    def ask() -> None:
        asked = host.ask(CHEAT, PICTURE, done=lambda _: host.at(host.now_s + 1.0, ask))
        if asked is not None and not asked.is_promised:
            host.at(host.now_s + 5.0, lambda: again(asked))

    def again(asked: Asked) -> None:
        if asked.start_s is None:
            host.cancel(asked)
            ask()

    host.at(500.0, ask)
    host.run(hours * HOUR_S)
    return longest_wait_s(host), jain(host.served_s.values()), times_fair(host)


def splitting(hours: float = 6.0) -> tuple[float, float]:
    """Ten heavy members ask for four of the best at once, one for one at a time: what each gets."""
    host = Host()
    for member in range(20):
        host.keeps((1, member), PICTURE)
    for member in range(500, 510):
        host.keeps((1, member), BEST, 4)
    host.keeps(CHEAT, BEST)
    host.run(hours * HOUR_S)
    return times_fair(host, (1, 500)), times_fair(host)


def flooding(members: int, shape: Shape = PICTURE, hours: float = 1.0, engines: int = 1) -> float:
    """One floods as often as let in, the others have two pictures in line always: what the flood gets."""
    host = Host(engines=engines)
    for member in range(members):
        host.keeps((1, member), PICTURE, depth=2)
    host.keeps(CHEAT, shape, 4, depth=40, retry_s=3.0)
    host.run(hours * HOUR_S)
    return times_fair(host)


def one_best_of_four(s_per_picture: float, hours: float = 2.0) -> tuple[float, float]:
    """Fifteen light members, one asks for four of the best: the longest time without a start, the late."""
    host = Host(s_per_picture)
    for member in range(15):
        host.keeps((1, member), PICTURE, think_s=20 * s_per_picture)
    host.at(900.0, lambda: host.ask(CHEAT, BEST, 4))
    host.run(hours * HOUR_S)
    starts = sorted(asked.asked_s + asked.wait_s for asked in host.ended if asked.owner != CHEAT)
    promised = [asked.is_promised for asked in host.ended if asked.owner != CHEAT]
    return max(b - a for a, b in pairwise(starts)), promised.count(False)


def newcomer(shape: Shape) -> float:
    """One member's four long pictures are in a batch, another asks a second later: how long they wait."""
    host = Host()
    host.at(0.0, lambda: host.ask(CHEAT, shape, 4))
    host.at(1.0, lambda: host.ask((1, 2), PICTURE))
    host.run(500.0)
    return next(asked.wait_s for asked in host.ended if asked.owner != CHEAT)


def servers(small: int = 46, hours: float = 1.0) -> tuple[int, float, float]:
    """Four servers flood, small ones join after a minute: refused there, their longest first wait, Jain."""
    host = Host()
    for server in range(1, 5):
        for member in range(11):
            host.keeps((server, member), BEST, 4, depth=2, retry_s=10.0)
    for server in range(5, 5 + small):
        for member in range(3):
            host.keeps((server, member), PICTURE, since_s=60.0)
    host.run(hours * HOUR_S)
    refused = sum(times for (server, _), times in host.refused.items() if server > 4)
    firsts = [min(a.wait_s for a in host.ended if a.owner[0] == server) for server in range(5, 5 + small)]
    got = [sum(s for (of, _), s in host.served_s.items() if of == server) for server in range(1, 5 + small)]
    return refused, max(firsts), jain(got)


def told(hours: float = 2.0) -> tuple[float, float]:
    """Members with all sorts of jobs, and one who dumps: real to told start (median), and late by 30 s."""
    host = Host()
    shapes = [(PICTURE, 1), (PICTURE, 4), (EDIT, 1), (BEST, 1), (TWO_REFERENCES, 2), (PICTURE, 2)]
    for member in range(60):
        shape, pictures = shapes[member % len(shapes)]
        think_s = 150.0 * cost(shape) * pictures
        host.keeps((1, member), shape, pictures, think_s=think_s, since_s=7.0 * member)
    for dump in range(int(4 * hours)):
        for _ in range(20):
            host.at(120.0 + 900.0 * dump, lambda: host.ask(CHEAT, PICTURE, 4))
    host.run(hours * HOUR_S)
    kept = [asked for asked in host.ended if asked.told is not Told.LATER]
    exact = [asked for asked in kept if asked.told is Told.STARTS and asked.told_start_s > 10]
    ratios = sorted(asked.wait_s / asked.told_start_s for asked in exact)
    return ratios[len(ratios) // 2], sum(a.wait_s > a.told_start_s + 30 for a in kept) / len(kept)


def poisoned() -> float:
    """One picture of 60 s among those of 1 s: how far off what others are charged is afterwards."""
    model = CostModel(1.0)
    for _ in range(50):
        model.observe(PICTURE, 1.0)
        model.observe(EDIT, cost(EDIT))
    model.observe(PICTURE, 60.0)
    for _ in range(1000):
        model.observe(EDIT, cost(EDIT))
    return cost(EDIT) / model.expected_cost(EDIT)


def rested() -> float:
    """The best takes a third of what was expected: how long it rests with 6 s left, others always asking."""
    host = Host(slower={BEST: 1 / 3})
    host.at(0.0, lambda: host.ask(CHEAT, BEST))
    for member in range(20):
        host.keeps((1, member), PICTURE, since_s=0.2)
    host.run(1000.0)
    end_s = next(asked.end_s for asked in host.ended if asked.owner == CHEAT)
    return end_s or 0.0


def cancelled() -> tuple[float, float]:
    """One of ten cancels each picture in its last step: their part of the card, and of its price paid."""
    with TemporaryDirectory() as folder:
        got = asyncio.run(late_cancelling(Path(folder), 20))
    return got.of_card, got.paid


@dataclass(frozen=True)
class Row:
    what: str
    before: str
    after: Callable[[], str]


def _formatted(pattern: str, *found: Callable[[], object]) -> Callable[[], str]:
    def after() -> str:
        values: list[object] = []
        for each in found:
            value = each()
            values += value if isinstance(value, tuple) else (value,)
        return pattern.format(*values)

    return after


def _floods(*members: int) -> tuple[float, ...]:
    return tuple(flooding(number) for number in members)


def _bests(*seconds: float) -> tuple[float, ...]:
    return tuple(value for each in seconds for value in one_best_of_four(each))


ROWS = (
    Row("1 late at 60 s a picture: longest wait, Jain; asking again", "23,939 s, 0.826; 2.39 × fair",
        _formatted("{:.0f} s, {:.3f}; {:.2f} × fair", late)),
    Row("2 four of the best at once, and one at a time", "0.14, 1.41 × fair",
        _formatted("{:.2f}, {:.2f} × fair", splitting)),
    Row("3 one flood among 10, 20, 40, 80", "1.58, 2.16, 3.31, 5.62 × fair",
        _formatted("{:.2f}, {:.2f}, {:.2f}, {:.2f} × fair", lambda: _floods(10, 20, 40, 80))),
    Row("3 one flood among 10, on two and on four cards", "–",
        _formatted("{:.2f}, {:.2f} × fair", *(partial(flooding, 10, engines=cards) for cards in (2, 4)))),
    Row("4, 5 four of the best at 1, 3, 7 s: nobody starts for; judged late", "12, 37, 662 s; 0, 0, 15",
        _formatted("{:.0f} s, {}; {:.0f} s, {}; {:.0f} s, {}", lambda: _bests(1.0, 3.0, 7.0))),
    Row("6 a newcomer behind four edits, four of the best", "13.1, 90.6 s",
        _formatted("{:.1f}, {:.1f} s", lambda: newcomer(TWO_REFERENCES), lambda: newcomer(BEST))),
    Row("7 four floods, 46 small servers: refused, longest first wait, Jain", "31,558, 2,571 s, 0.714",
        _formatted("{}, {:.0f} s, {:.3f}", servers)),
    Row("8 told starts: real to told, later by 30 s", "0.04 to 0.13, a lower bound",
        _formatted("{:.2f}, {:.1%}", told)),
    Row("9 one poisoned measurement: limits are wide", "13 ×", _formatted("{:.2f} ×", poisoned)),
    Row("11 the best, three times as fast as thought, among 20: ends after", "–",
        _formatted("{:.0f} s", rested)),
    Row("late cancelling by one of ten, 20 times in an hour: of the card, of its price paid", "9 %, 0 %",
        _formatted("{:.0%}, {:.0%}", cancelled)),
)  # fmt: skip


def main() -> None:
    sys.stdout.write("| attack | before | now |\n|---|---|---|\n")
    for row in ROWS:
        sys.stdout.write(f"| {row.what} | {row.before} | {row.after()} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
