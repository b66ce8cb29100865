"""``bot.py bench`` as a person meets it: progress to standard error, the report to standard output."""

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

import typer

from kleinbot.bench.bench import BenchError, Wanted, bench
from kleinbot.bench.report import as_json, print_report
from kleinbot.domain.clock import SystemClock
from kleinbot.model_choice import choose_model
from kleinbot.settings import Settings
from kleinbot.texts import Texts

_FAILED_CODE = 1


def run_bench(settings: Settings, json_file: Path | None, *, quick: bool, against_model_card: bool) -> int:
    """Measure and report; return the exit code.

    Raises StartError where the model cannot be loaded, KeyboardInterrupt on Ctrl+C, once all is
    freed.
    """
    texts, locale = Texts(), settings.locale
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    # Of other people's libraries to their developers; a host can do nothing about them.
    warnings.simplefilter("ignore")
    logging.getLogger("torch").setLevel(logging.ERROR)
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    if json_file is not None and (problem := _problem_with(json_file)) is not None:
        typer.echo(texts.say(locale, "bench-cannot-write", file=str(json_file), reason=problem), err=True)
        return _FAILED_CODE
    # It keeps nothing of its own, so it needs the weights themselves.
    model = choose_model(settings, look_at_kept=lambda _: ())
    with tempfile.TemporaryDirectory(prefix="kleinbot-bench-") as scratch:
        wanted = Wanted(quick, against_model_card, Path(scratch))
        try:
            report = asyncio.run(bench(model, wanted, SystemClock(), texts, locale, _tell))
        except BenchError as error:
            typer.echo(str(error), err=True)
            return _FAILED_CODE
        except KeyboardInterrupt:
            typer.echo(texts.say(locale, "bench-interrupted"), err=True)
            raise
    print_report(report, texts, locale)
    if json_file is not None:
        try:
            json_file.write_text(as_json(report), "utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            typer.echo(texts.say(locale, "bench-cannot-write", file=str(json_file), reason=reason), err=True)
            return _FAILED_CODE
        typer.echo(texts.say(locale, "bench-written", file=str(json_file)), err=True)
    return 0 if any(row.warm for row in report.rows) else _FAILED_CODE


def _problem_with(file: Path) -> str | None:
    """Tell before minutes are spent why ``file`` cannot be written; leaves nothing behind."""
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


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)
