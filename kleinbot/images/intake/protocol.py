"""What the bot and a process that reads pictures say to each other.

Not ``pickle``: who unpickles runs what the sender wants, and the sender has just read a stranger's file. What
comes back is bounded and checked like the file itself.

The bot sends a job (its size, the file's length, the file). The process answers with how many pixels it will
decode, waits for one byte that lets it go on, and answers with the picture. Instead of each answer it may
refuse the file, say that memory has ended, or that it failed.
"""

import json
import struct
from dataclasses import dataclass
from enum import Enum

from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.geometry import TOKEN_PX
from kleinbot.domain.pictures import Pixels
from kleinbot.images.limits import MAX_PIXELS

JOB = struct.Struct("!I?Q")
"""The largest number of tokens of the answer, whether small pictures grow, the file's length in bytes."""
HEAD = struct.Struct("!cI")
"""An answer's kind, the length of what follows in bytes."""
GO_ON = b"\x01"
_SIZE = struct.Struct("!II")
_COUNT = struct.Struct("!Q")
_MOST_WORDS_BYTES = 4096
_MOST_PARAMETERS = 8
_MOST_PARAMETER_CHARACTERS = 64

_REFUSALS = frozenset(
    {
        Code.PICTURE_NOT_AN_IMAGE,
        Code.PICTURE_TRUNCATED,
        Code.PICTURE_TOO_MANY_BYTES,
        Code.PICTURE_TOO_MANY_PIXELS,
        Code.PICTURE_TOO_SMALL,
        Code.PICTURE_TOO_NARROW,
        Code.PICTURE_FORMAT_UNSUPPORTED,
        Code.PICTURE_PNG_OF_XCODE,
    }
)
"""Why a file may be refused by the process that reads it."""


class FrameKind(Enum):
    """What an answer is."""

    READY = b"K"
    SIZE = b"S"
    PIXELS = b"P"
    REFUSED = b"R"
    MEMORY_ENDED = b"M"
    FAILED = b"E"


class MisbehavedError(Exception):
    """An answer that the protocol does not know: whoever gave it is no longer what was started."""


@dataclass(frozen=True)
class Head:
    """What comes next, and how many bytes of it."""

    kind: FrameKind
    length: int


def head_of(raw: bytes, max_tokens: int = 0) -> Head:
    """Read an answer's first bytes. Raises MisbehavedError, also where it announces more than is allowed."""
    letter, length = HEAD.unpack(raw)
    try:
        kind = FrameKind(letter)
    except ValueError:
        raise MisbehavedError(f"the answer {letter!r} is unknown") from None
    most = {
        FrameKind.SIZE: _COUNT.size,
        FrameKind.PIXELS: _SIZE.size + 3 * max_tokens * TOKEN_PX * TOKEN_PX,
        FrameKind.REFUSED: _MOST_WORDS_BYTES,
        FrameKind.FAILED: _MOST_WORDS_BYTES,
    }.get(kind, 0)
    if length > most:
        raise MisbehavedError(f"{kind.name} announces {length} bytes where {most} are the most")
    return Head(kind, length)


def framed(kind: FrameKind, *parts: bytes) -> bytes:
    """Return an answer as it is sent."""
    return b"".join((HEAD.pack(kind.value, sum(map(len, parts))), *parts))


def size_answer(pixels: int) -> bytes:
    return framed(FrameKind.SIZE, _COUNT.pack(pixels))


def pixel_count_of(body: bytes) -> int:
    """Return how many pixels are about to be decoded. Raises MisbehavedError for more than may be."""
    if len(body) != _COUNT.size:
        raise MisbehavedError(f"a size of {len(body)} bytes")
    (pixels,) = _COUNT.unpack(body)
    if not 0 < pixels <= MAX_PIXELS:
        raise MisbehavedError(f"a picture of {pixels} pixels")
    return int(pixels)


def pixels_answer(pixels: Pixels) -> bytes:
    return framed(FrameKind.PIXELS, _SIZE.pack(pixels.width_px, pixels.height_px), pixels.rgb)


def pixels_in(body: bytes) -> Pixels:
    """Return the pixels of an answer. Raises MisbehavedError where they are no picture of whole tokens."""
    if len(body) < _SIZE.size:
        raise MisbehavedError(f"pixels of {len(body)} bytes")
    width_px, height_px = _SIZE.unpack_from(body)
    if not width_px or not height_px or width_px % TOKEN_PX or height_px % TOKEN_PX:
        raise MisbehavedError(f"pixels of {width_px}×{height_px}")
    try:
        return Pixels(width_px, height_px, body[_SIZE.size :])
    except ValueError as error:
        raise MisbehavedError(str(error)) from error


def refused_answer(refusal: Refusal) -> bytes:
    words = {"code": refusal.code, "parameters": refusal.parameters}
    return framed(FrameKind.REFUSED, json.dumps(words).encode())


def refusal_in(body: bytes) -> Refusal:
    """Return the refusal of an answer. Raises MisbehavedError for anything but one of a picture."""
    try:
        words = json.loads(body)
        code, parameters = Code(words["code"]), dict(words["parameters"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MisbehavedError("a refusal that cannot be read") from error
    if code not in _REFUSALS or len(parameters) > _MOST_PARAMETERS:
        raise MisbehavedError(f"a refusal {code} with {len(parameters)} parameters")
    return Refusal(code, **{name: _parameter(value) for name, value in parameters.items()})


def failed_answer(words: str) -> bytes:
    return framed(FrameKind.FAILED, words.encode(errors="replace")[-_MOST_WORDS_BYTES:])


def words_in(body: bytes) -> str:
    """Return the words of a failure, for a log: printable, on one line."""
    return ascii(body.decode(errors="replace"))


def _parameter(value: object) -> Parameter:
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if isinstance(value, str) and len(value) <= _MOST_PARAMETER_CHARACTERS:
        return value
    raise MisbehavedError("a parameter that no refusal has")
