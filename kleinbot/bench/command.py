"""The ``bot.py bench`` command: progress on standard error, the report on standard output."""

import asyncio
import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from kleinbot.app.model_choice import ModelChoice, choose_model
from kleinbot.bench.bench import BenchError, BenchOptions, bench
from kleinbot.bench.measuring import ProgressCallback
from kleinbot.bench.pictures import draw_sheets
from kleinbot.bench.report import as_json, print_report
from kleinbot.bench.results import Report
from kleinbot.bench.share import as_shared, file_name
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.process.folder_lock import folder_locked
from kleinbot.texts import Texts

_FAILED_CODE = 1


def run_bench(
    settings: Settings, json_file: Path | None, *, quick: bool, against_model_card: bool, share: bool = False
) -> int:
    """Measure and report; return the exit code. ``share``: also write the shared form in this folder.

    Locks the data folder like the bot: it shares the bot's 8-bit weights, and next to a running bot the
    figures would be wrong. Raises StartError if the model cannot be loaded; KeyboardInterrupt on Ctrl+C,
    after everything is freed; FatalEngineError, already reported, if this process must end.
    """
    texts, locale = Texts(), settings.locale
    _silence_libraries()
    if json_file is not None and (problem := _problem_with(json_file)) is not None:
        typer.echo(texts.say(locale, "bench-cannot-write", file=str(json_file), reason=problem), err=True)
        return _FAILED_CODE
    if share and (problem := _problem_with(Path("kleinbot.json"))) is not None:
        typer.echo(texts.say(locale, "bench-cannot-share", folder=str(Path.cwd()), reason=problem), err=True)
        return _FAILED_CODE
    options = BenchOptions(quick, against_model_card, settings.scratch_folder)

    def measure() -> int:
        with _exclusive_machine(settings), _progress() as on_progress:
            model = _model(settings, texts)
            report = asyncio.run(bench(model, options, SystemClock(), texts, locale, on_progress))
        print_report(report, texts, locale)
        say = partial(texts.say, locale)
        if json_file is not None and not _written(json_file, as_json(report), say, "bench-written"):
            return _FAILED_CODE
        shared, has_card = Path(file_name(report.conditions)), report.conditions.card is not None
        said = partial(say, card="yes" if has_card else "no")
        if share and not _written(shared, as_shared(report), said, "bench-shared"):
            return _FAILED_CODE
        return 0 if _has_measured(report) else _FAILED_CODE

    return _reported(measure, texts, locale)


def run_pictures(settings: Settings, folder: Path) -> int:
    """Draw the fixed list of pictures and edits into sheets in ``folder``; return the exit code.

    Locks the data folder and raises like ``run_bench``; RenderError if a picture fails.
    """
    texts, locale = Texts(), settings.locale
    _silence_libraries()

    def draw() -> int:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _exclusive_machine(settings), _progress() as on_progress:
                model, scratch = _model(settings, texts), settings.scratch_folder
                drawing = draw_sheets(model, folder, scratch, SystemClock(), texts, locale, on_progress)
                files = asyncio.run(drawing)
        except OSError as error:
            reason = error.strerror or str(error)
            typer.echo(texts.say(locale, "bench-cannot-draw", folder=str(folder), reason=reason), err=True)
            return _FAILED_CODE
        for file in files:
            typer.echo(texts.say(locale, "bench-written", file=str(file.absolute())))
        return 0

    return _reported(draw, texts, locale)


def _reported(work: Callable[[], int], texts: Texts, locale: str) -> int:
    """Do ``work`` and say in a sentence why it ended early; return its code, or the code of that."""
    try:
        return work()
    except BenchError as error:
        typer.echo(str(error), err=True)
        return _FAILED_CODE
    except StartError as error:
        if error.code is not Code.FOLDER_IN_USE:
            raise
        typer.echo(texts.say(locale, "bench-in-use", **error.parameters), err=True)
        return _FAILED_CODE
    except FatalEngineError as error:
        typer.echo(texts.say(locale, "bench-card-lost", reason=str(error)), err=True)
        raise
    except KeyboardInterrupt:
        typer.echo(texts.say(locale, "bench-interrupted"), err=True)
        raise


def _model(settings: Settings, texts: Texts) -> ModelChoice:
    model = choose_model(settings)
    if not model.choice.uses_named_weights:
        named = str(settings.weights)
        typer.echo(texts.say(settings.locale, "bench-weights-left-alone", weights=named), err=True)
    return model


def _written(file: Path, content: str, say: Callable[..., str], message: str) -> bool:
    """Write ``file`` and say so by ``message``, or why it could not be written; return whether it was."""
    try:
        file.write_text(content, "utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        typer.echo(say("bench-cannot-write", file=str(file), reason=reason), err=True)
        return False
    typer.echo(say(message, file=str(file)), err=True)
    return True


def _has_measured(report: Report) -> bool:
    is_compared = report.comparison is None or report.comparison.problem is None
    return is_compared and any(row.warm for row in report.rows)


@contextmanager
def _exclusive_machine(settings: Settings) -> Iterator[None]:
    """Lock out bot and sandbox. Raises StartError FOLDER_IN_USE if one of them, or a benchmark, runs."""
    with folder_locked(settings.data_folder), folder_locked(settings.for_sandbox().data_folder):
        yield


@contextmanager
def _progress() -> Iterator[ProgressCallback]:
    """Yield a progress callback: it updates one line on a terminal, and prints a line each otherwise."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda sentence: typer.echo(sentence, err=True)
        return
    # Refreshed only on new progress: a refresh thread would disturb the measurement.
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda sentence: live.update(Text(sentence), refresh=True)


def _silence_libraries() -> None:
    """Keep only messages on standard error that the owner can act on."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_not_out_of_memory)
    # They are meant for the libraries' developers.
    warnings.simplefilter("ignore")
    logging.getLogger("torch").setLevel(logging.ERROR)
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")


def _is_not_out_of_memory(record: logging.LogRecord) -> bool:
    """Return False for out-of-memory tracebacks, which the report already shows in a row."""
    return record.exc_info is None or type(record.exc_info[1]).__name__ != "OutOfMemoryError"


def _problem_with(file: Path) -> str | None:
    """Return why ``file`` cannot be written, before minutes are spent; leave nothing behind."""
    existed = file.exists()
    try:
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        return error.strerror or str(error)
    if not existed:
        with contextlib.suppress(OSError):
            file.unlink()
    return None
