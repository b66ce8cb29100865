"""Sweeps the archive every hour while the bot runs, or says why that must not be."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import NoFaults
from kleinbot.store.log_owner import claim
from kleinbot.texts import Texts
from kleinbot.upkeep.bond import Bond
from kleinbot.upkeep.sweep import Counts, Sweep

_log = logging.getLogger(__name__)

_EVERY_S = HOUR_MS / MS_PER_S
_PAUSE_S = 0.02
"""Between two pages, so that the disk and the interpreter are mostly left to others."""


class Sweeper:
    """``problem`` is what the bot's owner is to be told of the archive; None where all is well."""

    def __init__(
        self,
        archive: Archive,
        file: Path,
        bond: Bond,
        texts: Texts,
        clock: Clock,
        archive_options: str = "",
    ) -> None:
        self.problem: StartError | None = None
        self._archive = archive
        self._file = file
        self._bond = bond
        self._texts = texts
        self._clock = clock
        self._archive_options = archive_options

    async def run(self, online: Callable[[], Awaitable[None]]) -> None:
        """Sweep once ``online`` and then every hour, until cancelled."""
        if self._bond is not Bond.TOGETHER:
            await self._look()
            await asyncio.Event().wait()
        await online()
        while True:
            sweep = await self._passed(
                Sweep(self._archive.root, self._file, remover=self._archive, is_together=True)
            )
            if sweep.counts.removed:
                _log.info("%d files that no row keeps were removed", sweep.counts.removed)
            if sweep.failures:
                _log.warning(
                    "%d files or folders of the archive could not be looked at or removed, the first: %s",
                    len(sweep.failures), sweep.failures[0],
                )  # fmt: skip
            self._tell(self._problem(sweep))
            await self._claim()
            await self._clock.sleep(_EVERY_S)

    async def _claim(self) -> None:
        """Give the database a new token, so that a copy that was made of it while it ran is told from it."""
        try:
            await asyncio.to_thread(claim, self._file, NoFaults())
        except (OSError, sqlite3.OperationalError) as error:
            _log.warning("the database could not be told from its copies this time: %s", error)

    async def _look(self) -> None:
        sweep = await self._passed(Sweep(self._archive.root, self._file))
        self._tell(self._problem(sweep))

    def _problem(self, sweep: Sweep) -> StartError | None:
        return problem(self._bond, sweep.counts, self._archive_options)

    async def _passed(self, sweep: Sweep) -> Sweep:
        while await asyncio.to_thread(sweep.page):
            await self._clock.sleep(_PAUSE_S)
        return sweep

    def _tell(self, found: StartError | None) -> None:
        told = None if self.problem is None else self._texts.error(self.problem)
        self.problem = found
        if found is not None and (sentence := self._texts.error(found)) != told:
            _log.error("%s", sentence)


def problem(bond: Bond, counts: Counts, archive_options: str = "") -> StartError | None:
    """Return what is to be said of an archive of which ``counts`` was found; None where all is well.

    ``archive_options`` are those of the command that settles it.
    """
    pictures = counts.unknown_images + counts.unknown_references
    match bond:
        case Bond.OTHER:
            return StartError(Code.ARCHIVE_OF_ANOTHER, pictures=pictures, options=archive_options)
        case Bond.OLDER:
            return StartError(Code.ARCHIVE_NEWER, pictures=pictures, options=archive_options)
        case Bond.TOGETHER if counts.unknown_images:
            return StartError(Code.ARCHIVE_UNKNOWN, pictures=counts.unknown_images, options=archive_options)
        case _:
            return None
