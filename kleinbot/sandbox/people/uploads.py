"""Files a person selects: a path, raw bytes, or bytes with a name."""

import errno
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from kleinbot.sandbox.rules.errors import PersonError
from kleinbot.sandbox.rules.picture_facts import ending_for
from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server.cdn import Upload

Pickable = Path | bytes | Upload
_REASONS = {
    errno.ENOENT: Sentence("there is no such file"),
    errno.EISDIR: Sentence("that is a folder"),
    errno.EACCES: Sentence("this account may not read it"),
}


def picked(value: object) -> Upload:
    """Turn the selected value into an upload. Raises PersonError if it is not a file."""
    if isinstance(value, Upload):
        return value
    if isinstance(value, bytes):
        return Upload(f"image.{ending_for(value)}", value)
    if isinstance(value, Path | str):
        path = _path(value)
        try:
            return Upload(path.name, path.read_bytes())
        except (OSError, ValueError) as error:  # ValueError: a path with a null character
            raise PersonError("cannot attach {path}: {reason}", path=path, reason=_reason(error)) from error
    raise PersonError("not a file: {value!r}", value=value)


def _path(value: Path | str) -> Path:
    """Return the path; also of what a terminal types when a file is dropped on it."""
    if isinstance(value, Path):
        return value.expanduser()
    text = value.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if text.startswith("file://"):
        text = url2pathname(urlsplit(text).path) or unquote(text)
    return Path(text).expanduser()


def _reason(error: OSError | ValueError) -> object:
    number = error.errno if isinstance(error, OSError) else None
    return _REASONS.get(number or 0, getattr(error, "strerror", None) or str(error))
