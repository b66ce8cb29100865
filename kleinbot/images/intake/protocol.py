"""The wire protocol between the bot and a process that reads pictures.

It does not use ``pickle``: unpickling runs the sender's code, and the sender has just read an untrusted file.
Responses are bounded and checked like the file itself.

The bot sends a job (its size, the file's length, the file). The process answers with the number of pixels
that it will decode, waits for one byte to continue, and answers with the picture. In place of either answer
it may refuse the file, or report that it ran out of memory or failed. A job may ask for the file's facts
instead of the picture.
"""

import json
import re
import struct
from dataclasses import dataclass
from enum import Enum

from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.geometry import TOKEN_PX
from kleinbot.domain.pictures import Pixels
from kleinbot.images.limits import MAX_PIXELS
from kleinbot.images.written.facts import PictureFacts
from kleinbot.images.written.recipe import RecipeForm, recipe_of

JOB = struct.Struct("!I??Q")
"""The most tokens of the answer, whether small pictures are scaled up, whether the facts are wanted instead,
the file's length in bytes."""
HEAD = struct.Struct("!cI")
"""An answer's kind and the length of its body in bytes."""
GO_ON = b"\x01"
_SIZE = struct.Struct("!II")
_COUNT = struct.Struct("!Q")
_MOST_WORDS_BYTES = 4096
_MOST_FACTS_BYTES = 64 * 1024
_MOST_PARAMETERS = 8
_MOST_PARAMETER_CHARACTERS = 64

_HASH = re.compile(r"[0-9a-f]{64}")

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
"""The refusals that the process may return."""


class FrameKind(Enum):
    """The kind of an answer."""

    READY = b"K"
    SIZE = b"S"
    PIXELS = b"P"
    FACTS = b"F"
    REFUSED = b"R"
    OUT_OF_MEMORY = b"M"
    FAILED = b"E"


class ProtocolViolationError(Exception):
    """An answer outside the protocol: the process is no longer the program that was started."""


@dataclass(frozen=True)
class Head:
    """The kind and length of the body that follows."""

    kind: FrameKind
    length: int


def head_of(raw: bytes, max_tokens: int = 0) -> Head:
    """Parse an answer's head. Raises ProtocolViolationError, also if it announces more than is allowed."""
    letter, length = HEAD.unpack(raw)
    try:
        kind = FrameKind(letter)
    except ValueError:
        raise ProtocolViolationError(f"the answer {letter!r} is unknown") from None
    most = {
        FrameKind.SIZE: _COUNT.size,
        FrameKind.PIXELS: _SIZE.size + 3 * max_tokens * TOKEN_PX * TOKEN_PX,
        FrameKind.FACTS: _MOST_FACTS_BYTES,
        FrameKind.REFUSED: _MOST_WORDS_BYTES,
        FrameKind.FAILED: _MOST_WORDS_BYTES,
    }.get(kind, 0)
    if length > most:
        raise ProtocolViolationError(f"{kind.name} announces {length} bytes where {most} are the most")
    return Head(kind, length)


def framed(kind: FrameKind, *parts: bytes) -> bytes:
    """Return an answer's bytes."""
    return b"".join((HEAD.pack(kind.value, sum(map(len, parts))), *parts))


def size_answer(pixels: int) -> bytes:
    return framed(FrameKind.SIZE, _COUNT.pack(pixels))


def pixel_count_of(body: bytes) -> int:
    """Return how many pixels will be decoded. Raises ProtocolViolationError for more than the limit."""
    if len(body) != _COUNT.size:
        raise ProtocolViolationError(f"a size of {len(body)} bytes")
    (pixels,) = _COUNT.unpack(body)
    if not 0 < pixels <= MAX_PIXELS:
        raise ProtocolViolationError(f"a picture of {pixels} pixels")
    return int(pixels)


def pixels_answer(pixels: Pixels) -> bytes:
    return framed(FrameKind.PIXELS, _SIZE.pack(pixels.width_px, pixels.height_px), pixels.rgb)


def pixels_in(body: bytes) -> Pixels:
    """Return the pixels of an answer. Raises ProtocolViolationError unless they fill whole tokens."""
    if len(body) < _SIZE.size:
        raise ProtocolViolationError(f"pixels of {len(body)} bytes")
    width_px, height_px = _SIZE.unpack_from(body)
    if not width_px or not height_px or width_px % TOKEN_PX or height_px % TOKEN_PX:
        raise ProtocolViolationError(f"pixels of {width_px}×{height_px}")
    try:
        return Pixels(width_px, height_px, body[_SIZE.size :])
    except ValueError as error:
        raise ProtocolViolationError(str(error)) from error


def facts_answer(facts: PictureFacts) -> bytes:
    recipe = None if facts.recipe is None else facts.recipe.as_values()
    return framed(FrameKind.FACTS, json.dumps([facts.pixel_hash, recipe], ensure_ascii=False).encode())


def facts_in(body: bytes) -> PictureFacts:
    """Return the facts of an answer. Raises ProtocolViolationError for anything else.

    The recipe is checked again as if it were the file's own: another program may run in the process.
    """
    try:
        pixel_hash, stated = json.loads(body)
        if pixel_hash is not None and not _HASH.fullmatch(pixel_hash):
            raise ProtocolViolationError("a hash that is none")
        recipe = None if stated is None else recipe_of(RecipeForm(stated["program"]), stated)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProtocolViolationError("facts that cannot be read") from error
    return PictureFacts(pixel_hash, recipe)


def refused_answer(refusal: Refusal) -> bytes:
    words = {"code": refusal.code, "parameters": refusal.parameters}
    return framed(FrameKind.REFUSED, json.dumps(words).encode())


def refusal_in(body: bytes) -> Refusal:
    """Return the refusal of an answer. Raises ProtocolViolationError for other codes."""
    try:
        words = json.loads(body)
        code, parameters = Code(words["code"]), dict(words["parameters"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProtocolViolationError("a refusal that cannot be read") from error
    if code not in _REFUSALS or len(parameters) > _MOST_PARAMETERS:
        raise ProtocolViolationError(f"a refusal {code} with {len(parameters)} parameters")
    return Refusal(code, **{name: _parameter(value) for name, value in parameters.items()})


def failed_answer(words: str) -> bytes:
    return framed(FrameKind.FAILED, words.encode(errors="replace")[-_MOST_WORDS_BYTES:])


def message_in(body: bytes) -> str:
    """Return a failure's message for the log: printable, on one line."""
    return ascii(body.decode(errors="replace"))


def _parameter(value: object) -> Parameter:
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if isinstance(value, str) and len(value) <= _MOST_PARAMETER_CHARACTERS:
        return value
    raise ProtocolViolationError("a parameter that no refusal has")
