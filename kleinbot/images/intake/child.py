"""The process that reads untrusted pictures: ``python -m kleinbot.images.intake.child``.

It may be killed at any moment and holds nothing of value: no torch, no token, no file.
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
from kleinbot.images.intake.process_bounds import SelfTimeout, limit_this_process
from kleinbot.images.reference import Sizing, fitted


def main() -> None:
    """Answer one job after another until the pipe closes.

    Arguments: the parent's process id, bytes of memory, CPU seconds and wall seconds per file.
    """
    parent, memory_bytes = map(int, sys.argv[1:3])
    requests, responses = _pipes()
    try:
        limit_this_process(parent, memory_bytes)
    except Exception:  # noqa: BLE001 - the edge of this process
        _send(responses, protocol.failed_answer(traceback.format_exc()))
        raise SystemExit(1) from None
    self_timeout = SelfTimeout(*map(float, sys.argv[3:5]))
    _send(responses, protocol.framed(protocol.FrameKind.READY))
    while (head := requests.read(protocol.JOB.size)) and len(head) == protocol.JOB.size:
        max_tokens, upscales, length = protocol.JOB.unpack(head)
        with self_timeout:
            data = requests.read(length)
        if len(data) < length or not _answer(
            requests, responses, data, Sizing(max_tokens, upscales), self_timeout
        ):
            return


def reference_of(bare: Bare, sizing: Sizing) -> Pixels:
    """Return the picture upright, in sRGB, on white, at the model's input size.

    Equal to ``to_reference`` of ``decode_bytes``, but without two full-size copies in memory. Raises the
    refusals of ``decode``.
    """
    return pixels_of(fitted(decode(bare), sizing))


def _answer(
    requests: BinaryIO, responses: BinaryIO, data: bytes, sizing: Sizing, self_timeout: SelfTimeout
) -> bool:
    """Read one file. Return False once the parent is gone."""
    try:
        with self_timeout:
            bare = unwrap(data)
        _send(responses, protocol.size_answer(bare.pixels))
        if requests.read(1) != protocol.GO_ON:
            return False
        with self_timeout:
            answer = protocol.pixels_answer(reference_of(bare, sizing))
    except Refusal as refusal:
        answer = protocol.refused_answer(refusal)
    except MemoryError:
        answer = protocol.framed(protocol.FrameKind.OUT_OF_MEMORY)
    except Exception:  # noqa: BLE001 - the edge of this process: a bug of ours is reported to the parent
        answer = protocol.failed_answer(traceback.format_exc())
    _send(responses, answer)
    return True


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return both pipes and redirect stdout, so that a library's output is not taken for an answer."""
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return sys.stdin.buffer, responses


def _send(responses: BinaryIO, answer: bytes) -> None:
    responses.write(answer)
    responses.flush()


if __name__ == "__main__":
    main()
