"""Sweeps the archive every hour while the bot runs, or reports why it must not."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import NoFaults
from kleinbot.process.threads import to_thread_whole
from kleinbot.store.log_owner import claim
from kleinbot.texts import Texts
from kleinbot.upkeep.pairing import Pairing
from kleinbot.upkeep.sweep import Counts, Sweep

_log = logging.getLogger(__name__)

_EVERY_S = HOUR_MS / MS_PER_S
_PAUSE_S = 0.02
"""Between two pages, so that the disk and the interpreter stay available to others."""


class Sweeper:
    """Sweeps the archive. ``problem``: what the owner must know about the archive; None if all is well."""

    def __init__(
        self,
        archive: Archive,
        file: Path,
        pairing: Pairing,
        texts: Texts,
        clock: Clock,
        archive_options: str = "",
    ) -> None:
        self.problem: StartError | None = None
        self._archive = archive
        self._file = file
        self._pairing = pairing
        self._texts = texts
        self._clock = clock
        self._archive_options = archive_options

    async def run(self, online: Callable[[], Awaitable[None]]) -> None:
        """Sweep once ``online`` and then every hour, until cancelled."""
        if self._pairing is not Pairing.TOGETHER:
            await self._look()
            await asyncio.Event().wait()
        await online()
        while True:
            sweep = await self._completed(
                Sweep(self._archive.root, self._file, remover=self._archive, is_together=True)
            )
            if sweep.counts.removed:
                _log.info("%d files without a row were removed", sweep.counts.removed)
            if sweep.failures:
                _log.warning(
                    "%d files or folders of the archive could not be read or removed; the first: %s",
                    len(sweep.failures), sweep.failures[0],
                )  # fmt: skip
            self._tell(self._problem(sweep))
            await self._claim()
            await self._clock.sleep(_EVERY_S)

    async def _claim(self) -> None:
        """Give the database a new token, which distinguishes it from copies made while it ran."""
        try:
            await to_thread_whole(claim, self._file, NoFaults())
        except (OSError, sqlite3.OperationalError) as error:
            _log.warning("the database could not get a new token this time: %s", error)

    async def _look(self) -> None:
        sweep = await self._completed(Sweep(self._archive.root, self._file))
        self._tell(self._problem(sweep))

    def _problem(self, sweep: Sweep) -> StartError | None:
        return problem(self._pairing, sweep.counts, self._archive_options)

    async def _completed(self, sweep: Sweep) -> Sweep:
        while await to_thread_whole(sweep.page):
            await self._clock.sleep(_PAUSE_S)
        return sweep

    def _tell(self, found: StartError | None) -> None:
        previous = None if self.problem is None else self._texts.error(self.problem)
        self.problem = found
        if found is not None and (sentence := self._texts.error(found)) != previous:
            _log.error("%s", sentence)


def problem(pairing: Pairing, counts: Counts, archive_options: str = "") -> StartError | None:
    """Return the problem of an archive with these ``counts``; None if all is well.

    ``archive_options``: the options of the command that resolves it.
    """
    pictures = counts.unknown_images + counts.unknown_references
    match pairing:
        case Pairing.OTHER:
            return StartError(Code.ARCHIVE_OF_ANOTHER, pictures=pictures, options=archive_options)
        case Pairing.OLDER:
            return StartError(Code.ARCHIVE_NEWER, pictures=pictures, options=archive_options)
        case Pairing.TOGETHER if counts.unknown_images:
            return StartError(Code.ARCHIVE_UNKNOWN, pictures=counts.unknown_images, options=archive_options)
        case _:
            return None
