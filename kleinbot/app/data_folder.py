"""Prepares the data folder before the bot is built on it."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

from kleinbot.config.settings import Settings
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import Faults
from kleinbot.process.disk_space import require_disk_space
from kleinbot.process.folder_lock import folder_locked
from kleinbot.store.damage import damage_as_start_error
from kleinbot.store.free_pages import clear_free_pages
from kleinbot.store.log_owner import claim
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.upkeep.pairing import Pairing, require_database, settle

_log = logging.getLogger(__name__)


async def lock(settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
    """Lock the data folder for this process until ``stack`` closes, and check that its database is usable.

    Raises StartError if the folder is in use, its disk is full, or the database is unusable.
    """
    await asyncio.to_thread(require_disk_space, settings.data_folder)
    stack.enter_context(folder_locked(settings.data_folder, clock))
    _log.info("the data folder is %s", await asyncio.to_thread(settings.data_folder.resolve))
    # Wraps everything that reads the database: a damaged page is found by whoever reads it.
    stack.enter_context(damage_as_start_error(settings.database_file))
    await asyncio.to_thread(
        require_database, settings.database_file, settings.archive_folder, settings.archive_options
    )


def prepare(file: Path, root: Path, clock: Clock, faults: Faults) -> Pairing:
    """Migrate the database to the current schema, clear its free pages, and pair database and archive.

    Raises StartError FOLDER_UNUSABLE.
    """
    migrate(file, load_migrations(), clock)
    clear_free_pages(file)
    try:
        claim(file, faults)
        return settle(file, root, clock, faults)
    except OSError as error:
        raise StartError(Code.FOLDER_UNUSABLE, folder=str(root), reason=str(error)) from error
