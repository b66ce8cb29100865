"""The process that reads pictures nobody has checked yet: ``python -m kleinbot.images.intake.child``.

It may be ended at any moment, and holds nothing that is worth keeping: no torch, no token, no file.
"""

import os
import sys
import traceback
from typing import BinaryIO

from kleinbot.domain.errors import Refusal
from kleinbot.domain.pictures import Pixels
from kleinbot.images.containers.bare import Bare, unwrap
from kleinbot.images.decode import decode, pixels_of
from kleinbot.images.intake import protocol as protocol
from kleinbot.images.intake.process_bounds import OwnEnd, bound_myself
from kleinbot.images.reference import Sizing, fitted


def main() -> None:
    """Answer one job after the other until the pipe ends.

    Arguments: its parent's id, bytes of memory, seconds of the processor's time and of time for a file.
    """
    parent, memory_bytes = map(int, sys.argv[1:3])
    asked, told = _pipes()
    try:
        bound_myself(parent, memory_bytes)
    except Exception:  # noqa: BLE001 - the edge of this process
        _tell(told, protocol.failed_answer(traceback.format_exc()))
        raise SystemExit(1) from None
    own_end = OwnEnd(*map(float, sys.argv[3:5]))
    _tell(told, protocol.framed(protocol.FrameKind.READY))
    while (head := asked.read(protocol.JOB.size)) and len(head) == protocol.JOB.size:
        max_tokens, grows, length = protocol.JOB.unpack(head)
        with own_end:
            data = asked.read(length)
        if len(data) < length or not _answer(asked, told, data, Sizing(max_tokens, grows), own_end):
            return


def reference_of(bare: Bare, sizing: Sizing) -> Pixels:
    """Return the picture upright, in sRGB, on white, at the size at which the model looks at it.

    What ``to_reference`` makes of ``decode_bytes``, without holding that at full size twice. Raises the
    refusals of ``decode``.
    """
    return pixels_of(fitted(decode(bare), sizing))


def _answer(asked: BinaryIO, told: BinaryIO, data: bytes, sizing: Sizing, own_end: OwnEnd) -> bool:
    """Read one file; return whether there is still somebody who asks."""
    try:
        with own_end:
            bare = unwrap(data)
        _tell(told, protocol.size_answer(bare.pixels))
        if asked.read(1) != protocol.GO_ON:
            return False
        with own_end:
            answer = protocol.pixels_answer(reference_of(bare, sizing))
    except Refusal as refusal:
        answer = protocol.refused_answer(refusal)
    except MemoryError:
        answer = protocol.framed(protocol.FrameKind.MEMORY_ENDED)
    except Exception:  # noqa: BLE001 - the edge of this process: a mistake of ours is told, not lived with
        answer = protocol.failed_answer(traceback.format_exc())
    _tell(told, answer)
    return True


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the two pipes for ourselves: what a library prints must not pass for an answer."""
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return sys.stdin.buffer, told


def _tell(told: BinaryIO, answer: bytes) -> None:
    told.write(answer)
    told.flush()


if __name__ == "__main__":
    main()
