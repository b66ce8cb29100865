"""The fair queue's state that must survive a restart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    """The fair-queueing state of one flow.

    ``server_id`` None: the whole queue; ``member_id`` None: the server; else a member of that server.
    ``finish`` and ``virtual`` count millionths of a picture at weight 1: integers, so that a refund takes
    back exactly what was charged. ``virtual`` is the virtual time among the flows one level below.
    ``owed``: what a member's ended images took beyond their charge and ``finish`` leaves out so far.
    """

    server_id: int | None
    member_id: int | None
    finish: int
    virtual: int
    owed: int = 0

    @property
    def owner(self) -> tuple[int | None, int | None]:
        """The flow that it belongs to; each has one tag."""
        return (self.server_id, self.member_id)
