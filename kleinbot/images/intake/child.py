"""The process that reads untrusted pictures: ``python -m kleinbot.images.intake.child``.

It may be killed at any moment and holds nothing of value: no torch, no token, no file.
"""

import os
import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO

from kleinbot.domain.errors import Refusal
from kleinbot.domain.pictures import Pixels
from kleinbot.images.containers.bare import Bare, unwrap
from kleinbot.images.decode import decode, pixels_of
from kleinbot.images.intake import protocol as protocol
from kleinbot.images.intake.process_bounds import SelfTimeout, limit_this_process
from kleinbot.images.reference import Sizing, fitted
from kleinbot.images.written.facts import facts_of


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
        max_tokens, upscales, wants_facts, length = protocol.JOB.unpack(head)
        with self_timeout:
            data = requests.read(length)
        measure = measured_facts if wants_facts else measured_reference(Sizing(max_tokens, upscales))
        if len(data) < length or not _answer(requests, responses, data, measure, self_timeout):
            return


_Measured = tuple[int, Callable[[], bytes]]
"""The pixels that the decoding takes, and what decodes them into an answer."""


def measured_reference(sizing: Sizing) -> Callable[[bytes], _Measured]:
    """Return what measures a picture that is to be read at the model's input size."""

    def measure(data: bytes) -> _Measured:
        bare = unwrap(data)
        return bare.pixels, lambda: protocol.pixels_answer(reference_of(bare, sizing))

    return measure


def measured_facts(data: bytes) -> _Measured:
    """Measure a picture whose facts are wanted."""
    facts = facts_of(data)
    return facts.pixels, lambda: protocol.facts_answer(facts.finish())


def reference_of(bare: Bare, sizing: Sizing) -> Pixels:
    """Return the picture upright, in sRGB, on white, at the model's input size.

    Equal to ``to_reference`` of ``decode_bytes``, but without two full-size copies in memory. Raises the
    refusals of ``decode``.
    """
    return pixels_of(fitted(decode(bare), sizing))


def _answer(
    requests: BinaryIO,
    responses: BinaryIO,
    data: bytes,
    measure: Callable[[bytes], _Measured],
    self_timeout: SelfTimeout,
) -> bool:
    """Read one file. Return False once the parent is gone."""
    try:
        with self_timeout:
            pixels, decode_it = measure(data)
        _send(responses, protocol.size_answer(pixels))
        if requests.read(1) != protocol.GO_ON:
            return False
        with self_timeout:
            answer = decode_it()
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
