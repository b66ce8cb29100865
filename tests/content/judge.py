"""Judges the built-in rules on composed phrases: ``python -m tests.content.judge`` prints the figures."""

import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.content.phrases import SETS, Phrase, composed

LEAST_RECALL = 0.95
MOST_FALSE_REFUSALS = 0.02


@dataclass(frozen=True)
class Verdict:
    """How many phrases that must be refused are, and how many harmless ones are too."""

    bad: int
    found: int
    harmless: int
    refused: int

    @property
    def recall(self) -> float:
        return self.found / self.bad

    @property
    def false_refusals(self) -> float:
        return self.refused / self.harmless


def judge(phrases: Iterable[Phrase]) -> Verdict:
    bad = found = harmless = refused = 0
    for phrase in phrases:
        is_refused = phrase.is_refused
        if phrase.must_be_refused:
            bad, found = bad + 1, found + is_refused
        else:
            harmless, refused = harmless + 1, refused + is_refused
    return Verdict(bad, found, harmless, refused)


def _table(title: str, phrases: Sequence[Phrase], key: Callable[[Phrase], str]) -> None:
    sys.stdout.write(f"\n{title}\n")
    for name in dict.fromkeys(key(phrase) for phrase in phrases):
        verdict = judge(phrase for phrase in phrases if key(phrase) == name)
        recall = f"{verdict.found}/{verdict.bad}" if verdict.bad else "-"
        false = f"{verdict.refused}/{verdict.harmless}" if verdict.harmless else "-"
        sys.stdout.write(f"  {name:24}{recall:>10}{false:>10}\n")


def main() -> int:
    """Print the figures and every phrase that was judged wrongly; return 1 if a bound is broken."""
    return max(map(_report, SETS))


def _report(which: str) -> int:
    phrases = composed(which)
    began = time.perf_counter()
    verdict = judge(phrases)
    took_ms = (time.perf_counter() - began) * 1000 / len(phrases)
    machine = f"Python {platform.python_version()}, {platform.machine()}"
    sys.stdout.write(f"{machine}; {len(phrases)} phrases of the {which} set\n")
    sys.stdout.write(
        f"recall {verdict.recall:.3f} ({verdict.found} of {verdict.bad}), "
        f"false refusals {verdict.false_refusals:.3f} ({verdict.refused} of {verdict.harmless}), "
        f"{took_ms:.2f} ms a phrase\n"
    )
    _table("language               found/bad  refused/harmless", phrases, lambda each: each.language)
    _table("rule", phrases, lambda each: each.group)
    _table("disguise", phrases, lambda each: each.disguise)
    for phrase in phrases:
        if phrase.is_refused != phrase.must_be_refused:
            wrong = "missed" if phrase.must_be_refused else "refused"
            sys.stdout.write(f"{wrong}: [{phrase.language}, {phrase.disguise}] {phrase.text}\n")
    return int(verdict.recall < LEAST_RECALL or verdict.false_refusals > MOST_FALSE_REFUSALS)


if __name__ == "__main__":
    sys.exit(main())
