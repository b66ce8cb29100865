"""How many files may be on their way to us at a time, and how large they may be together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.limits import MIB


@dataclass(frozen=True)
class InboundLimits:
    """What may be in memory of what members ask to be read, from before its first byte until it is stored.

    For a member three of the largest files, for all of them three such members.
    """

    requests_of_member: int = 3
    requests: int = 24
    bytes_of_member: int = 64 * MIB
    bytes: int = 192 * MIB


@dataclass(frozen=True)
class _Held:
    requests: int = 0
    bytes: int = 0

    def more(self, requests: int, byte_count: int) -> "_Held":
        return _Held(self.requests + requests, self.bytes + byte_count)


_NOTHING = _Held()


class Inbound:
    """Counts. Everything happens on the event loop; nothing waits: what finds no room is refused."""

    def __init__(self, limits: InboundLimits | None = None) -> None:
        self._limits = limits or InboundLimits()
        self._all = _NOTHING
        self._members: dict[int, _Held] = {}

    @property
    def requests(self) -> int:
        return self._all.requests

    @property
    def bytes(self) -> int:
        return self._all.bytes

    @contextmanager
    def reserve(self, member_id: int, byte_count: int) -> "Iterator[Reservation]":
        """Hold room for one request of ``member_id``, whose files come one after the other.

        ``byte_count``: the largest of them, as far as is known; a request without any counts nothing. Raises
        Refusal DOWNLOADS_OF_MEMBER or DOWNLOADS_FULL.
        """
        reservation = Reservation(self, member_id)
        try:
            reservation.reach(byte_count)
            yield reservation
        finally:
            self._give_back(member_id, reservation.bytes)

    def take(self, member_id: int, byte_count: int, requests: int) -> None:
        """Hold so much more; ``Reservation`` calls this. Raises the refusals of ``reserve``."""
        limits = self._limits
        own = self._members.get(member_id, _NOTHING).more(requests, byte_count)
        everybody = self._all.more(requests, byte_count)
        if own.requests > limits.requests_of_member or own.bytes > limits.bytes_of_member:
            raise Refusal(Code.DOWNLOADS_OF_MEMBER, files=max(1, own.requests - 1))
        if everybody.requests > limits.requests or everybody.bytes > limits.bytes:
            raise Refusal(Code.DOWNLOADS_FULL)
        self._members[member_id], self._all = own, everybody

    def _give_back(self, member_id: int, byte_count: int) -> None:
        if byte_count == 0:
            return
        own = self._members.pop(member_id).more(-1, -byte_count)
        if own != _NOTHING:
            self._members[member_id] = own
        self._all = self._all.more(-1, -byte_count)


class Reservation:
    """The room of one request. It only grows, until the request is through."""

    def __init__(self, inbound: Inbound, member_id: int) -> None:
        self._inbound = inbound
        self._member_id = member_id
        self._kept = 0
        self.bytes = 0

    def reach(self, byte_count: int) -> None:
        """Have room for a file of ``byte_count`` beside what is kept. Raises the refusals of ``reserve``."""
        more = self._kept + byte_count - self.bytes
        if more > 0:
            self._inbound.take(self._member_id, more, requests=int(self.bytes == 0))
            self.bytes += more

    def keep(self, byte_count: int) -> None:
        """Count what was made of a file, which stays until the request is through."""
        self._kept += byte_count
        self.reach(0)
