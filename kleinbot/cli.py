"""The commands of ``bot.py``. Each imports what it starts only when it runs: ``--help`` must be quick."""

import asyncio
import io
import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from kleinbot import __version__
from kleinbot.command_line.endings import (
    CANNOT_START_CODE,
    end_by,
    errors_as_sentences,
    in_terminals_language,
    load,
)
from kleinbot.command_line.upkeep import archive_commands, backup, restore, service_commands
from kleinbot.config.settings import Settings
from kleinbot.config.sources import SettingsError, described, export_dotenv, load_settings
from kleinbot.config.values import TOKEN_VARIABLE, LogLevel
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.installation import IS_CLONE, own_command
from kleinbot.process.exit_deadline import ExitDeadline, exit_now, remaining_threads
from kleinbot.process.supervisor import RESTART_CODE, Supervisor, start_child

SANDBOX_TIMEOUT_S = 600.0


class Baseline(StrEnum):
    """The baselines that ``bench`` can compare with."""

    DIFFUSERS = "diffusers"


commands = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,  # tracebacks show local variables, and one of them is the token
    rich_markup_mode=None,
)
commands.add_typer(archive_commands, name="archive")
commands.add_typer(service_commands, name="service")


def main() -> None:
    """Run the command line of this process."""
    export_dotenv()
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe without UTF-8 must not crash the bot when it prints a dash.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        commands(prog_name="bot.py" if IS_CLONE else "kleinbot")
    except SystemExit as ending:
        if remaining_threads():
            exit_now(ending.code if isinstance(ending.code, int) else int(ending.code is not None))
        raise


def _end_by_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"kleinbot {__version__}")
        raise typer.Exit


@commands.callback(invoke_without_command=True)
def without_a_command(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_end_by_version, is_eager=True, help="Show kleinbot's version."),
    ] = False,
) -> None:
    """kleinbot: a community's one graphics card as its image studio, on Discord.

    Without a command it goes live if DISCORD_TOKEN is set (like run), else it opens the sandbox.
    """
    if context.invoked_subcommand is not None:
        return
    loaded = load()
    if loaded.settings.discord_token is None:
        own = in_terminals_language(loaded)
        typer.echo(_said(own, "sandbox-without-token"), err=True)
        _open_sandbox(own, None, SANDBOX_TIMEOUT_S)
    _supervise()


@commands.command()
def run() -> None:
    """Go live on Discord; ends where there is no token.

    Starts the bot again by itself when only a new process can use the graphics card again, or when it ended
    unforeseen (five times within ten minutes).
    """
    settings = load().settings
    with errors_as_sentences(settings):
        _require_token(settings)
    _supervise()


@commands.command(hidden=True)
def serve() -> None:
    """Run the bot in this process; `run` starts it as its child."""
    settings = load().settings
    with errors_as_sentences(settings):
        token = _require_token(settings)
        from kleinbot.app.run_modes import serve as serve_discord

        code = _logged(settings, partial(serve_discord, settings), LogLevel.DEBUG, token)
    if code == RESTART_CODE:
        # An ordinary exit would free memory in the lost CUDA context, which must not happen.
        exit_now(code)
    raise typer.Exit(code)


@commands.command()
def sandbox(
    run: Annotated[
        str | None,
        typer.Option(
            help='Do one command, like "/imagine a red circle", and end: with 0 if it was answered with a'
            " picture, 3 if with words alone, 1 if not at all."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that --run may take.")] = SANDBOX_TIMEOUT_S,
) -> None:
    """Try kleinbot without Discord.

    It keeps its own data, in the folder "sandbox" of the data folder: what is in line goes on the next time.
    """
    _open_sandbox(in_terminals_language(load()), run, timeout)


@commands.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Judge as run would: without a token, nothing starts.")
    ] = False,
) -> None:
    """Tell whether the bot would start here, and what to mend.

    Looks at torch, graphics card, memory, weights, token and database; changes and downloads nothing. Without
    a token it tells whether the sandbox would start, unless --live asks about run. Ends with 0 exactly if it
    would.
    """
    from kleinbot.texts import Texts

    try:
        from kleinbot.doctor.examination import examine, settings_of_start, would_start
        from kleinbot.doctor.report import as_json as report_as_json
        from kleinbot.doctor.report import print_report
    except ImportError as error:
        typer.echo(Texts().say(None, "doctor-library-missing", library=error.name or str(error)), err=True)
        raise typer.Exit(CANNOT_START_CODE) from None
    problems: tuple[str, ...] = ()
    try:
        loaded = load_settings()
    except SettingsError as error:
        loaded, problems = error.others, error.problems
    # A token that is wrong is missing from the settings that could be read.
    settings = settings_of_start(
        loaded.settings, live=live or any(TOKEN_VARIABLE in each for each in problems)
    )
    findings = examine(settings, problems)
    if as_json:
        typer.echo(report_as_json(findings, Texts(settings.locale), sandbox=settings.is_sandbox))
    else:
        texts = Texts(in_terminals_language(loaded).locale)
        print_report(findings, texts, sys.stdout, sandbox=settings.is_sandbox)
    raise typer.Exit(0 if would_start(findings) else CANNOT_START_CODE)


@commands.command(name="bench")
def measure(
    quick: Annotated[bool, typer.Option("--quick", help="Only the largest picture and one edit.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything to FILE too.")] = None,
    against: Annotated[
        Baseline | None, typer.Option(help="Run the model card's own call beside it and print ratios.")
    ] = None,
    share: Annotated[
        bool, typer.Option("--share", help="Write a file without names here, to show to others.")
    ] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Draw a fixed list of pictures and edits into FOLDER instead."),
    ] = None,
) -> None:
    """Measure how fast this host draws, and how much memory that takes.

    It loads the model as the bot would, so stop the bot first. The last line is for comparing cards:
    kleinbot-bench/1 | version | card | driver | torch | model | profile | cases | date, where a case is
    WIDTHxHEIGHT+2ref+batch4=SECONDS/GiB: the median of a warm batch, and the card's memory reserved at most.
    """
    if pictures is not None and (share or quick or json is not None or against is not None):
        raise typer.BadParameter("--pictures draws and measures nothing: leave the other options out.")
    settings = load().settings
    with errors_as_sentences(settings):
        from kleinbot.bench import command

        try:
            if pictures is not None:
                code = command.run_pictures(settings, pictures)
            else:
                is_compared = against is not None
                code = command.run_bench(
                    settings, json, quick=quick, against_model_card=is_compared, share=share
                )
        except FatalEngineError:
            exit_now(CANNOT_START_CODE)
    raise typer.Exit(code)


commands.command()(backup)
commands.command()(restore)


@commands.command("policy")
def write_policy() -> None:
    """Write privacy policy and terms for your server and Discord's developer portal, as Markdown.

    From the settings that hold. Read it, and change what your law asks for.
    """
    from kleinbot.config.values import OFF
    from kleinbot.texts import Texts

    settings = load().settings
    texts = Texts(settings.locale)
    contact = settings.contact or "KLEINBOT_CONTACT"
    judged = "no" if settings.classifier == OFF else "yes"
    typer.echo(texts.say(None, "policy-document", contact=contact, hours=settings.quota_hours, judged=judged))


@commands.command("settings")
def show_settings() -> None:
    """Show every setting and its source."""
    try:
        typer.echo("\n\n".join(described(load_settings())))
    except SettingsError as error:
        # Whoever wrote one of them wrong needs the list of settings.
        typer.echo("\n\n".join(described(error.others)))
        end_by(error.problems)


@commands.command()
def version() -> None:
    """Show kleinbot's version."""
    _end_by_version(True)


def _require_token(settings: Settings) -> str:
    if settings.discord_token is None:
        raise StartError(Code.TOKEN_MISSING)
    return settings.discord_token.get_secret_value()


def _said(settings: Settings, message_id: str) -> str:
    from kleinbot.texts import Texts

    return Texts(settings.locale).say(None, message_id)


def _supervise() -> NoReturn:
    raise typer.Exit(Supervisor(lambda: start_child(own_command("serve"))).run())


def _open_sandbox(settings: Settings, run: str | None, timeout_s: float) -> NoReturn:
    own = settings.for_sandbox()
    with errors_as_sentences(own):
        from kleinbot.app.run_modes import sandbox as serve_sandbox

        # Only warnings on the terminal: the sandbox's conversation is there.
        code = _logged(own, partial(serve_sandbox, own, run, timeout_s), LogLevel.WARNING)
    if code == RESTART_CODE:
        typer.echo(_said(own, "sandbox-new-process"), err=True)
        exit_now(CANNOT_START_CODE)
    raise typer.Exit(code)


def _logged(
    settings: Settings,
    work: Callable[[Callable[[int, float], None]], Coroutine[Any, Any, int]],
    on_terminal: LogLevel,
    *secrets: str,
) -> int:
    """Run ``work`` with logging and return its result; it receives a callback that announces the end."""
    from kleinbot.process.logging_setup import logging_to

    exit_deadline = ExitDeadline()

    async def run_to_end() -> int:
        code = CANNOT_START_CODE
        try:
            code = await work(exit_deadline.begin)
        finally:
            # The remaining steps wait for threads: those of asyncio and of the log.
            exit_deadline.begin(code)
        return code

    level = settings.log_level.number
    try:
        with logging_to(settings.data_folder, level, secrets=secrets, terminal_level=on_terminal.number):
            return asyncio.run(run_to_end())
    finally:
        exit_deadline.cancel()


if __name__ == "__main__":
    main()
