"""Looks for a way to get more than one's part: ``python -m tests.scheduler.search [seed [tries]]``.

A strategy is what one member does against honest ones: which jobs, how many at once, how many open, how long
a pause, how often cancelled. A third of the tries are random; the rest climb from the best by one change.
Another search looks for the longest wait that others can cause to a member with single pictures.
"""

import sys
from dataclasses import dataclass, replace
from random import Random

from kleinbot.scheduler.cost import PICTURE, cost
from kleinbot.scheduler.entries import Shape
from tests.scheduler.attacks import BEST, CHEAT, HOUR_S, TWO_REFERENCES, times_fair
from tests.scheduler.builders import EDIT, SMALL
from tests.scheduler.scripted_host import Asked, Host

SHAPES = (PICTURE, SMALL, TWO_REFERENCES, EDIT, BEST)
HONEST = 8
VICTIM = (1, 0)
WAIT_TIMES = 10.0
"""c: nobody waits longer than so many turns of the largest picture of every member and server with work."""


@dataclass(frozen=True)
class Stream:
    """One of a strategy's habits; ``cancelled``: which part of its jobs, once begun ``after_s``."""

    shape: Shape
    pictures: int
    depth: int
    think_s: float
    since_s: float
    cancelled: float
    after_s: float


Strategy = tuple[Stream, ...]


def any_stream(random: Random) -> Stream:
    return Stream(
        random.choice(SHAPES),
        random.randint(1, 4),
        random.choice((1, 2, 4, 16)),
        random.choice((0.0, 1.0, 10.0, 100.0)),
        random.uniform(0.0, 300.0),
        random.choice((0.0, 0.0, 0.5, 1.0)),
        random.uniform(0.0, 30.0),
    )


def any_strategy(random: Random) -> Strategy:
    return tuple(any_stream(random) for _ in range(random.randint(1, 3)))


def changed(strategy: Strategy, random: Random) -> Strategy:
    at, other = random.randrange(len(strategy)), any_stream(random)
    name = random.choice(("shape", "pictures", "depth", "think_s", "since_s", "cancelled", "after_s"))
    stream = replace(strategy[at], **{name: getattr(other, name)})
    return (*strategy[:at], stream, *strategy[at + 1 :])


def follow(host: Host, owner: tuple[int, int], stream: Stream, random: Random) -> None:
    """Let ``owner`` do as ``stream`` says."""

    def ask() -> None:
        asked = host.ask(
            owner, stream.shape, stream.pictures, lambda _: host.at(host.now_s + stream.think_s, ask)
        )
        if asked is None:
            host.at(host.now_s + 5.0, ask)
        elif random.random() < stream.cancelled:
            host.at(host.now_s + stream.after_s, lambda: give_up(asked))

    def give_up(asked: Asked) -> None:
        if asked.job_id in host.open:
            host.cancel(asked)
            host.at(host.now_s + 0.1, ask)

    for number in range(stream.depth):
        host.at(stream.since_s + 0.01 * number, ask)


def gained(strategy: Strategy, seed: int, largest_batch: int, hours: float = 1.0) -> float:
    """Return what the strategy gets, as a multiple of an equal part, where the others always have work."""
    random, host = Random(seed), Host(largest_batch=largest_batch)
    for member in range(HONEST):
        host.keeps((1, member), SHAPES[member % 4], 1 + member % 4, depth=2)
    for stream in strategy:
        follow(host, CHEAT, stream, random)
    host.run(hours * HOUR_S)
    return times_fair(host)


def waited(strategies: tuple[Strategy, ...], seed: int, largest_batch: int, hours: float = 0.5) -> float:
    """Return the victim's longest wait, in turns of the largest picture of everybody with work."""
    random, host = Random(seed), Host(largest_batch=largest_batch)
    host.keeps(VICTIM, PICTURE, think_s=20.0)
    servers = set()
    for number, strategy in enumerate(strategies):
        server = 1 + number % 2
        servers.add(server)
        for stream in strategy:
            follow(host, (server, 100 + number), stream, random)
    host.run(hours * HOUR_S)
    waits = [asked.wait_s for asked in host.ended if asked.owner == VICTIM]
    waits += [host.now_s - a.asked_s for a in host.open.values() if a.owner == VICTIM and a.start_s is None]
    largest = max(cost(stream.shape) for strategy in strategies for stream in strategy)
    with_work = len(servers) + sum(number % 2 == 0 for number in range(len(strategies)))
    return max(waits) / (with_work * largest)


def most_gained(seed: int, tries: int, hours: float = 1.0) -> tuple[float, Strategy]:
    random, best, best_found = Random(seed), 0.0, any_strategy(Random(seed))
    for number in range(tries):
        tried = any_strategy(random) if number % 3 == 0 else changed(best_found, random)
        found = gained(tried, number, random.choice((1, 4)), hours)
        if found > best:
            best, best_found = found, tried
    return best, best_found


def longest_waited(seed: int, tries: int, hours: float = 0.5) -> float:
    random, best = Random(seed), 0.0
    best_found = tuple(any_strategy(random) for _ in range(6))
    for number in range(tries):
        if number % 3 == 0:
            tried = tuple(any_strategy(random) for _ in range(random.randint(2, 8)))
        else:
            at = random.randrange(len(best_found))
            tried = (*best_found[:at], changed(best_found[at], random), *best_found[at + 1 :])
        found = waited(tried, number, random.choice((1, 4)), hours)
        if found > best:
            best, best_found = found, tried
    return best


def main(seed: str = "1", tries: str = "40") -> None:
    gain, strategy = most_gained(int(seed), int(tries))
    sys.stdout.write(f"seed {seed}, {tries} tries each, an hour at 1 s a picture\n")
    sys.stdout.write(f"the most that one got among {HONEST} others: {gain:.3f} × fair, by {strategy}\n")
    turns = longest_waited(int(seed), int(tries))
    sys.stdout.write(
        f"the longest wait: {turns:.2f} turns of the largest picture; the bound is {WAIT_TIMES:g}\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
