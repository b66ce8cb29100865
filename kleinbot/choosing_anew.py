"""Chooses another profile than this process has: a smaller one where memory ran out, a better one later.

A profile that was chosen beside a game would else stay after the game has ended.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import replace

from kleinbot.domain.errors import StartError
from kleinbot.failed_profiles import FailedProfiles
from kleinbot.host.facts import GIB, Card, HostFacts
from kleinbot.host.probe import look
from kleinbot.host.profile import Device
from kleinbot.host.rules import Choice
from kleinbot.model_choice import ModelChoice, choose_model
from kleinbot.settings import DeviceChoice, Settings
from kleinbot.torch_report import TorchReport, ask_torch

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0
"""How often it is looked whether a better way fits, while nothing is drawn."""
IDLE_S = 600.0
"""For so long nothing must have been drawn before the bot restarts for a better way."""
LOOK_IDLE_EVERY_S = 60.0


class ChoosingAnew:
    """Every method may take seconds: call it on a thread."""

    def __init__(
        self,
        settings: Settings,
        chosen: ModelChoice,
        failed: FailedProfiles,
        look_at_host: Callable[[], HostFacts] = look,
        ask: Callable[[], TorchReport] = ask_torch,
        ask_of: Callable[[Card | None], TorchReport] = lambda card: ask_torch(card=card),
    ) -> None:
        """``chosen`` is what this process runs, or tries to; ``ask_of`` asks torch of one card alone."""
        self._settings = settings
        self._chosen = chosen
        self._failed = failed
        self._look_at_host = look_at_host
        self._ask_torch = ask
        self._ask_torch_of = ask_of

    def after_memory_ran_out(self) -> bool:
        """Tell whether a new process would choose another profile for a card; then this one is left out.

        Where there is no other, nothing is noted: the same one may fit once a game has ended.
        """
        name = self._chosen.profile.name
        left_out = self._failed.names() | {name}
        try:
            other = self._choose(self._look_at_host(), left_out)
        except (StartError, OSError) as error:
            _log.info("no other profile can be chosen: %s", error)
            return False
        if other is None or other.profile.name in left_out:
            return False
        self._failed.note(name)
        _log.warning(
            "memory ran out with the profile %s again; a new process takes %s", name, other.profile.name
        )
        return True

    def ready(self) -> None:
        """Note that the profile fits after all."""
        self._failed.forget(self._chosen.profile.name)

    def better(self, held_bytes: int) -> ModelChoice | None:
        """Return what would be chosen with what is free now and what we hold, where that is better.

        ``held_bytes`` is what this process holds of its card at least.
        """
        is_best = self._chosen.choice.rank == 0 and len(self._chosen.facts.cards) < 2
        if is_best or self._chosen.waits_for is not None or self._settings.device is DeviceChoice.CPU:
            return None
        try:
            found = self._choose(self._with_own(self._look_at_host(), held_bytes), self._failed.names())
        except (StartError, OSError) as error:
            _log.info("whether a better profile fits cannot be told: %s", error)
            return None
        if found is None or not _is_better(found.choice, self._chosen.choice):
            return None
        if self._chosen.profile.device is Device.CPU:
            # A start that then fails would leave nothing where the small model draws now.
            # Of that card: the first one may be for the screens, and too old.
            report = self._ask_torch_of(found.choice.card)
            if not (report.is_available and report.has_kernels):
                return None
        return found

    def _choose(self, facts: HostFacts, without: frozenset[str]) -> ModelChoice | None:
        """Return what would run on a card, or None."""
        found = choose_model(self._settings, lambda: facts, self._ask_torch, without)
        return found if found.profile.device is Device.CUDA else None

    def _with_own(self, facts: HostFacts, held_bytes: int) -> HostFacts:
        """Return ``facts`` with what this process holds of its card counted as free."""
        own = self._chosen.choice.card
        if own is None:
            return facts
        cards = []
        for card in facts.cards:
            if (card.identity, card.name) == (own.identity, own.name):
                told = sum(program.bytes for program in card.programs if program.pid == os.getpid())
                free = min(card.memory_bytes, card.free_bytes + max(told, held_bytes))
                cards.append(replace(card, free_bytes=free))
            else:
                cards.append(card)
        return replace(facts, cards=tuple(cards))


def _is_better(found: Choice, than: Choice) -> bool:
    """Tell whether it is worth a restart. Of two cards by what never changes: none is taken in turn."""
    if found.rank is None:
        return False
    if than.rank is None or found.rank < than.rank:
        return True
    return found.rank == than.rank and _size(found.card) > _size(than.card)


def _size(card: Card | None) -> tuple[int, tuple[int, int]]:
    return (0, (0, 0)) if card is None else (card.memory_bytes // GIB, card.capability)
