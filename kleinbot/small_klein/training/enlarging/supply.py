"""Keeps making training data while training runs: processes draw the numbers, the GPU encodes pictures."""

import random
from collections import deque
from concurrent.futures import Executor, Future
from pathlib import Path

from kleinbot.small_klein.training.pool import Order, Sheet, make_sheet, sample_grid
from kleinbot.small_klein.training.words.wording import LANGUAGES, Language

SHARES = (0.62, 0.24, 0.07, 0.07)
"""Of the chunks: without, with one, two and three references."""


class Supply:
    """Sheets in the order in which they were asked for; ``ahead`` of them are always being made."""

    def __init__(
        self,
        workers: Executor,
        tokenizer: Path,
        seed: int,
        size: int,
        ahead: int,
        languages: tuple[Language, ...] = LANGUAGES,
    ) -> None:
        self._workers, self._tokenizer, self._size = workers, tokenizer, size
        self._languages = languages
        self._rng = random.Random(seed)
        self._coming: deque[Future[Sheet]] = deque()
        self._ordered = 0
        for _ in range(ahead):
            self._order()

    def _order(self) -> None:
        first = self._ordered if self._ordered < len(SHARES) else None  # one of each kind comes first
        kind = first if first is not None else self._rng.choices(range(len(SHARES)), SHARES)[0]
        columns, rows = sample_grid(self._rng, aligned=True, references=kind)
        size = self._size // (1, 1, 2, 2)[kind]
        order = Order(self._rng.getrandbits(32), columns, rows, kind, self._tokenizer, size, self._languages)
        self._coming.append(self._workers.submit(make_sheet, order))
        self._ordered += 1

    def take(self, *, wait: bool) -> Sheet | None:
        """Return the next sheet; None if it is not ready and ``wait`` is false."""
        if not wait and not self._coming[0].done():
            return None
        sheet = self._coming.popleft().result()
        self._order()
        return sheet
