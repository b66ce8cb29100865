"""Files a person selects: a path, raw bytes, or bytes with a name."""

from pathlib import Path

from kleinbot.sandbox.rules.errors import PersonError
from kleinbot.sandbox.rules.picture_facts import ending_for
from kleinbot.sandbox.server.cdn import Upload

Pickable = Path | bytes | Upload


def picked(value: object) -> Upload:
    """Turn the selected value into an upload. Raises PersonError if it is not a file."""
    if isinstance(value, Upload):
        return value
    if isinstance(value, bytes):
        return Upload(f"image.{ending_for(value)}", value)
    if isinstance(value, Path | str):
        path = Path(value).expanduser()
        try:
            return Upload(path.name, path.read_bytes())
        except OSError as error:
            raise PersonError(f"cannot attach {path}: {error.strerror}") from error
    raise PersonError(f"not a file: {value!r}")
