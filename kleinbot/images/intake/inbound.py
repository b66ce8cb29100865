"""Bounds the number and total size of incoming pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kleinbot.domain.errors import Code, Refusal
from kleinbot.images.limits import MIB


@dataclass(frozen=True)
class InboundLimits:
    """Bounds of input pictures in memory, from before the first byte until they are stored.

    They allow a member three of the largest files, and three such members in all.
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
    """Counts reservations on the event loop. Nothing waits: a request over the limits is refused."""

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
        """Reserve memory for one request of ``member_id``, whose files arrive one after another.

        ``byte_count``: the size of the largest file, as far as is known; a request without files counts
        nothing. Raises Refusal DOWNLOADS_OF_MEMBER or DOWNLOADS_FULL.
        """
        reservation = Reservation(self, member_id)
        try:
            reservation.reach(byte_count)
            yield reservation
        finally:
            self._give_back(member_id, reservation.bytes)

    def take(self, member_id: int, byte_count: int, requests: int) -> None:
        """Reserve more; called by ``Reservation``. Raises the refusals of ``reserve``."""
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
    """The memory reserved for one request. It only grows until the request is finished."""

    def __init__(self, inbound: Inbound, member_id: int) -> None:
        self._inbound = inbound
        self._member_id = member_id
        self._kept = 0
        self.bytes = 0

    def reach(self, byte_count: int) -> None:
        """Reserve a file of ``byte_count`` beside what is kept. Raises the refusals of ``reserve``."""
        more = self._kept + byte_count - self.bytes
        if more > 0:
            self._inbound.take(self._member_id, more, requests=int(self.bytes == 0))
            self.bytes += more

    def keep(self, byte_count: int) -> None:
        """Keep the bytes made from a file until the request is finished."""
        self._kept += byte_count
        self.reach(0)
