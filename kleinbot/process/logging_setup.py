"""Where log lines go: to the terminal, and to a bounded file in the data folder; never with the token."""

import logging
import logging.handlers
import queue
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from kleinbot.config.values import TOKEN_SHAPE
from kleinbot.process import private_files

LOG_FILE = "kleinbot.log"
FILE_BYTES = 5 * 1024 * 1024
OLD_FILES = 4
LINE_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
UTC_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

REDACTED = "[redacted]"
# Whoever holds an interaction's token can speak as the bot for 15 minutes; discord.py logs it in addresses.
INTERACTION_ADDRESS = re.compile(r"((?:webhooks|interactions)/\d+/)[\w.-]{20,}")
# What else is secret by its form or its name. Linear: the repeats are bounded or cannot overlap.
SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"()hf_[a-z0-9]{10,}",  # Hugging Face
        r"()aW50ZXJhY3Rpb246[\w=+/-]{20,}",  # an interaction's token is base64 of "interaction:…"
        r"(://[^/\s:@]{1,64}:)[^/\s@]{1,256}(?=@)",  # a proxy's or a mirror's password
        r"(\b(?:bearer|basic)\s{1,3})[\w.~+/=-]{8,}",
        r"(authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?(?:(?:bot|bearer|basic)\s{1,3})?)[^\s'\",]{6,}",
        r"((?:token|secret|passw(?:or)?d|signature|api_?key)['\"]?\s?[:=]\s?['\"]?)[^\s'\",;&)}\]]{6,}",
    )
)

# What these say below a warning is about themselves, line after line.
CHATTERERS = (
    *("aiohttp.access", "asyncio", "diffusers", "filelock", "fsspec", "httpcore", "httpx"),
    *("huggingface_hub", "PIL", "transformers", "urllib3"),
)
# discord.py's own debug lines hold whole payloads, with what people wrote.
NO_DEBUG = ("discord",)
# discord.py warns about missing voice libraries; there is no voice here.
VOICE_LOGGER = "discord.client"
VOICE_WARNING = "voice will NOT be supported"


class RedactSecrets(logging.Filter):
    """Blots out ``secrets``, and whatever looks like a token, a key or a password."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, its text made safe."""
        record.msg = self.redacted(record.getMessage())
        record.args = None
        return True

    def redacted(self, text: str) -> str:
        """Return ``text`` without anything secret."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = TOKEN_SHAPE.sub(REDACTED, text)
        text = INTERACTION_ADDRESS.sub(rf"\g<1>{REDACTED}", text)
        for secret_form in SECRETS:
            text = secret_form.sub(rf"\g<1>{REDACTED}", text)
        return text


class _RedactingQueueHandler(logging.handlers.QueueHandler):
    """Redacts after ``prepare``, which writes arguments and the traceback into the message."""

    def __init__(self, records: "queue.SimpleQueue[logging.LogRecord]", redact: RedactSecrets) -> None:
        super().__init__(records)
        self._redact = redact

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        prepared: logging.LogRecord = super().prepare(record)
        self._redact.filter(prepared)
        return prepared


class _LogFile(logging.handlers.RotatingFileHandler):
    """A bounded file. Where it cannot be written, the terminal still tells what there is to tell."""

    def _open(self) -> TextIOWrapper:
        file = open(self.baseFilename, self.mode, encoding=self.encoding, opener=private_files.opener)  # noqa: SIM115
        return cast(TextIOWrapper, file)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say nothing: logging would write a traceback to the terminal for every line."""


def _not_about_voice(record: logging.LogRecord) -> bool:
    return not (record.name == VOICE_LOGGER and VOICE_WARNING in record.getMessage())


@contextmanager
def logging_to(
    folder: Path, level: int, *, secrets: Iterable[str] = (), terminal_level: int = logging.NOTSET
) -> Iterator[None]:
    """Log from ``level`` on to a file in ``folder``; of that, from ``terminal_level`` on to the terminal.

    Records go through a queue to a thread of their own: a slow disk never holds up the event loop.
    Everything is written and put back as it was at the end.
    """
    private_files.make_folder(folder)
    handlers = [_terminal_handler(terminal_level), _file_handler(folder / LOG_FILE)]
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    entrance = _RedactingQueueHandler(records, RedactSecrets(secrets))
    entrance.addFilter(_not_about_voice)
    listener = logging.handlers.QueueListener(records, *handlers, respect_handler_level=True)
    wanted = {"": level} | dict.fromkeys(CHATTERERS, max(level, logging.WARNING))
    wanted |= dict.fromkeys(NO_DEBUG, max(level, logging.INFO))
    before = {name: logging.getLogger(name).level for name in wanted}

    for name, its_level in wanted.items():
        logging.getLogger(name).setLevel(its_level)
    logging.getLogger().addHandler(entrance)
    logging.captureWarnings(True)
    listener.start()
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(entrance)
        listener.stop()
        for handler in (entrance, *handlers):
            with suppress(OSError):  # what a full disk has not taken yet is lost
                handler.close()
        for name, its_level in before.items():
            logging.getLogger(name).setLevel(its_level)


def _terminal_handler(level: int) -> logging.Handler:
    if sys.stderr.isatty():
        # Imported here: without a terminal nothing of it is needed.
        from rich.console import Console
        from rich.logging import RichHandler

        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False, markup=False)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_utc_lines())
    handler.setLevel(level)
    return handler


def _file_handler(path: Path) -> logging.Handler:
    # delay: a second process that is about to be refused the folder must not touch the first one's file.
    handler = _LogFile(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(_utc_lines())
    return handler


def _utc_lines() -> logging.Formatter:
    lines = logging.Formatter(LINE_FORMAT, UTC_FORMAT)
    lines.converter = time.gmtime
    return lines
