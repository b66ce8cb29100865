"""Incoming files are bounded in number and bytes, per member and in total."""

from contextlib import ExitStack

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.intake.inbound import Inbound, InboundLimits
from kleinbot.images.limits import MIB
from kleinbot.texts import Texts

LIMITS = InboundLimits(requests_of_member=3, requests=5, bytes_of_member=100, bytes=150)


def refused(inbound: Inbound, member_id: int, byte_count: int) -> Refusal:
    with pytest.raises(Refusal) as refusal, inbound.reserve(member_id, byte_count):
        pass
    return refusal.value


def test_a_fourth_file_of_one_member_waits_outside() -> None:
    inbound = Inbound()
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(inbound.reserve(1, MIB))
        refusal = refused(inbound, 1, MIB)
        assert Texts().error(refusal, "en-US") == (
            "You already have 3 files on their way to me; wait until one is in. Nothing was charged."
        )
        with inbound.reserve(2, MIB):
            pass
    with inbound.reserve(1, MIB):
        assert (inbound.requests, inbound.bytes) == (1, MIB)


def test_bytes_of_a_member_are_bounded_too() -> None:
    inbound = Inbound(LIMITS)
    with inbound.reserve(1, 60):
        refusal = refused(inbound, 1, 41)
        assert Texts().error(refusal, "en-US") == (
            "You already have one file on its way to me; wait until one is in. Nothing was charged."
        )
        assert Texts().error(refusal, "de") == (
            "Eine Datei von dir ist schon auf dem Weg zu mir; warte, bis eine da ist. "
            "Es wurde nichts berechnet."
        )
        with inbound.reserve(1, 40):
            assert inbound.bytes == 100


@pytest.mark.parametrize("byte_counts", [[30] * 5, [75, 75], [100, 50]])
def test_all_members_together_are_bounded(byte_counts: list[int]) -> None:
    inbound = Inbound(LIMITS)
    with ExitStack() as held:
        for member_id, byte_count in enumerate(byte_counts):
            held.enter_context(inbound.reserve(member_id, byte_count))
        assert refused(inbound, 99, 1).code is Code.DOWNLOADS_FULL
    assert (inbound.requests, inbound.bytes) == (0, 0)


def test_room_grows_with_what_comes_and_what_is_kept_and_is_given_back_at_once() -> None:
    inbound = Inbound(LIMITS)
    with inbound.reserve(1, 10) as room:
        room.reach(50)
        room.reach(40)
        assert inbound.bytes == 50
        room.keep(30)
        assert inbound.bytes == 50, "the file it was made of is gone"
        room.reach(50)
        assert inbound.bytes == 80
        with pytest.raises(Refusal):
            room.reach(71)
    assert (inbound.requests, inbound.bytes, inbound._members) == (0, 0, {})


def test_a_request_without_any_file_counts_nothing() -> None:
    inbound = Inbound(LIMITS)
    with ExitStack() as held:
        for _ in range(10):
            held.enter_context(inbound.reserve(1, 0))
        assert inbound.requests == 0
