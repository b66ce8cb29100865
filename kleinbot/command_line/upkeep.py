"""The commands that look after an installation: ``archive``, ``backup``, ``restore``, ``service``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kleinbot.command_line.endings import (
    CANNOT_START_CODE,
    agreed,
    errors_as_sentences,
    in_terminals_language,
    load,
)
from kleinbot.config.settings import Settings

if TYPE_CHECKING:
    from kleinbot.upkeep.command import ArchiveCommand
    from kleinbot.upkeep.service import ServiceCommand

archive_commands = typer.Typer(
    help="The archive of pictures and its database: do they belong together, and what is left over.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)

service_commands = typer.Typer(
    help="Start the bot with this machine: a systemd unit, or a task of Windows' Task Scheduler.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
OfSystem = Annotated[
    bool, typer.Option("--system", help="The system's unit (as root) instead of your own; not on Windows.")
]
OfSandbox = Annotated[bool, typer.Option("--sandbox", help="The sandbox's archive instead of the bot's.")]


@archive_commands.command("list")
def list_archive(
    every: Annotated[bool, typer.Option("--all", help="Name every file, not only the first.")] = False,
    sandbox: OfSandbox = False,
) -> None:
    """Tell which picture files no row of the database keeps. Changes nothing there."""
    with _archive(sandbox, yes=False) as command:
        command.list(every=every)


@archive_commands.command("adopt")
def adopt_archive(yes: Yes = False, sandbox: OfSandbox = False) -> None:
    """Make the archive this database's from now on.

    Pictures that the database does not know are put aside, into the folder "kept" of the archive; those that
    lie there and that it knows come back. Nothing is deleted.
    """
    with _archive(sandbox, yes=yes) as command:
        done = command.adopt()
    raise typer.Exit(0 if done else CANNOT_START_CODE)


@archive_commands.command("remove")
def remove_from_archive(yes: Yes = False, sandbox: OfSandbox = False) -> None:
    """Remove files of jobs that the database knows and that ended without them.

    Files that cannot be proven to be this database's are never removed.
    """
    with _archive(sandbox, yes=yes) as command:
        done = command.remove()
    raise typer.Exit(0 if done else CANNOT_START_CODE)


@contextmanager
def _archive(of_sandbox: bool, *, yes: bool) -> Iterator["ArchiveCommand"]:
    settings = in_terminals_language(load())
    own = settings.for_sandbox() if of_sandbox else settings
    from kleinbot.upkeep.command import ArchiveCommand

    with errors_as_sentences(own):
        yield ArchiveCommand(own, typer.echo, lambda question: yes or agreed(question, own.locale))


def backup(
    folder: Annotated[
        Path, typer.Argument(help="Where to: a new or empty folder, or that of the last time.")
    ],
    sandbox: OfSandbox = False,
) -> None:
    """Copy the database and the pictures to a folder; the bot may run meanwhile.

    The same folder again brings that backup up to date: pictures that are in it are not copied again.
    """
    with _upkeep(sandbox) as own:
        from kleinbot.upkeep.backup import BackupCommand

        BackupCommand(own, folder, typer.echo).make()


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder that `backup` made.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only read the backup, and say if it is whole.")
    ] = False,
    without_damaged: Annotated[
        bool, typer.Option("--without-damaged", help="Leave out pictures that are not as they were.")
    ] = False,
    yes: Yes = False,
    sandbox: OfSandbox = False,
) -> None:
    """Put a backup into the data folder; stop the bot first.

    It is compared with what was backed up before anything changes. A database and an archive that are there
    are moved aside, after a yes. Nothing is deleted.
    """
    with _upkeep(sandbox) as own:
        from kleinbot.upkeep.restore import RestoreCommand

        command = RestoreCommand(
            own, folder, typer.echo, lambda question: yes or agreed(question, own.locale)
        )
        if check:
            command.check()
        elif not command.restore(without_damaged=without_damaged):
            raise typer.Exit(CANNOT_START_CODE)


@contextmanager
def _upkeep(of_sandbox: bool) -> Iterator[Settings]:
    settings = in_terminals_language(load())
    own = settings.for_sandbox() if of_sandbox else settings
    with errors_as_sentences(own):
        yield own


@service_commands.command("install")
def install_service(system: OfSystem = False) -> None:
    """Write the file, or renew it, and tell how it is switched on."""
    with _service(system) as command:
        command.install()


@service_commands.command("uninstall")
def uninstall_service(system: OfSystem = False) -> None:
    """Remove the file, if this installation wrote it."""
    with _service(system) as command:
        command.uninstall()


@service_commands.command("show")
def show_service(system: OfSystem = False) -> None:
    """Print the file that install would write. Changes nothing."""
    with _service(system) as command:
        command.show()


@contextmanager
def _service(of_system: bool) -> Iterator["ServiceCommand"]:
    loaded = load()
    loaded = replace(loaded, settings=in_terminals_language(loaded))
    from kleinbot.upkeep.service import ServiceCommand

    with errors_as_sentences(loaded.settings):
        yield ServiceCommand(loaded, typer.echo, system=of_system)
