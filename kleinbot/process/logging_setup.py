"""Logs to the terminal and to a bounded file in the data folder, and redacts secrets such as the token."""

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
# An interaction's token lets its holder speak as the bot for 15 minutes; discord.py logs it within URLs.
INTERACTION_ADDRESS = re.compile(r"((?:webhooks|interactions)/\d+/)[\w.-]{20,}")
# Other secrets, recognised by their form or name. Linear: the repeats are bounded or cannot overlap.
SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"()hf_[a-z0-9]{10,}",  # Hugging Face
        r"()aW50ZXJhY3Rpb246[\w=+/-]{20,}",  # an interaction's token is base64 of "interaction:…"
        r"(://[^/\s:@]{1,64}:)[^/\s@]{1,256}(?=@)",  # the password of a proxy or mirror
        r"(\b(?:bearer|basic)\s{1,3})[\w.~+/=-]{8,}",
        r"(authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?(?:(?:bot|bearer|basic)\s{1,3})?)[^\s'\",]{6,}",
        r"((?:token|secret|passw(?:or)?d|signature|api_?key)['\"]?\s?[:=]\s?['\"]?)[^\s'\",;&)}\]]{6,}",
    )
)

# Below WARNING, these loggers only report on themselves, at length.
NOISY_LOGGERS = (
    *("aiohttp.access", "asyncio", "diffusers", "filelock", "fsspec", "httpcore", "httpx"),
    *("huggingface_hub", "PIL", "transformers", "urllib3"),
)
# discord.py's own debug messages contain whole payloads, including what people wrote.
NO_DEBUG = ("discord",)
# discord.py warns about missing voice libraries; the bot does not use voice.
VOICE_LOGGER = "discord.client"
VOICE_WARNING = "voice will NOT be supported"


class RedactSecrets(logging.Filter):
    """Redacts ``secrets`` and everything that looks like a token, a key or a password."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record, with its text redacted."""
        record.msg = self.redacted(record.getMessage())
        record.args = None
        return True

    def redacted(self, text: str) -> str:
        """Return ``text`` with every secret redacted."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = TOKEN_SHAPE.sub(REDACTED, text)
        text = INTERACTION_ADDRESS.sub(rf"\g<1>{REDACTED}", text)
        for secret_form in SECRETS:
            text = secret_form.sub(rf"\g<1>{REDACTED}", text)
        return text


class _RedactingQueueHandler(logging.handlers.QueueHandler):
    """Redacts after ``prepare``, which merges the arguments and the traceback into the message."""

    def __init__(self, records: "queue.SimpleQueue[logging.LogRecord]", redact: RedactSecrets) -> None:
        super().__init__(records)
        self._redact = redact

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        prepared: logging.LogRecord = super().prepare(record)
        self._redact.filter(prepared)
        return prepared


class _LogFile(logging.handlers.RotatingFileHandler):
    """A bounded log file. If it cannot be written, messages still reach the terminal."""

    def _open(self) -> TextIOWrapper:
        file = open(self.baseFilename, self.mode, encoding=self.encoding, opener=private_files.opener)  # noqa: SIM115
        return cast(TextIOWrapper, file)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Ignore the error: logging would print a traceback to the terminal for every record."""


def _not_about_voice(record: logging.LogRecord) -> bool:
    return not (record.name == VOICE_LOGGER and VOICE_WARNING in record.getMessage())


@contextmanager
def logging_to(
    folder: Path, level: int, *, secrets: Iterable[str] = (), terminal_level: int = logging.NOTSET
) -> Iterator[None]:
    """Log to a file in ``folder`` from ``level`` on, and to the terminal from ``terminal_level`` on.

    Records pass through a queue to a separate thread, so that a slow disk never blocks the event loop. On
    exit, all records are flushed and logging is restored to its earlier state.
    """
    private_files.make_folder(folder)
    handlers = [_terminal_handler(terminal_level), _file_handler(folder / LOG_FILE)]
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    queue_handler = _RedactingQueueHandler(records, RedactSecrets(secrets))
    queue_handler.addFilter(_not_about_voice)
    listener = logging.handlers.QueueListener(records, *handlers, respect_handler_level=True)
    wanted = {"": level} | dict.fromkeys(NOISY_LOGGERS, max(level, logging.WARNING))
    wanted |= dict.fromkeys(NO_DEBUG, max(level, logging.INFO))
    before = {name: logging.getLogger(name).level for name in wanted}

    for name, its_level in wanted.items():
        logging.getLogger(name).setLevel(its_level)
    logging.getLogger().addHandler(queue_handler)
    logging.captureWarnings(True)
    listener.start()
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(queue_handler)
        listener.stop()
        for handler in (queue_handler, *handlers):
            with suppress(OSError):  # records that a full disk has not accepted are lost
                handler.close()
        for name, its_level in before.items():
            logging.getLogger(name).setLevel(its_level)


def _terminal_handler(level: int) -> logging.Handler:
    if sys.stderr.isatty():
        # Imported here because it is only needed on a terminal.
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
    # delay: a second process, about to be refused the folder, must not touch the first one's file.
    handler = _LogFile(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(_utc_lines())
    return handler


def _utc_lines() -> logging.Formatter:
    lines = logging.Formatter(LINE_FORMAT, UTC_FORMAT)
    lines.converter = time.gmtime
    return lines
