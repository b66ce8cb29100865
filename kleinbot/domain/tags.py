"""What fairness must remember over a restart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    """One row of it.

    ``server_id`` None: the whole line; ``member_id`` None: the server; else a member of that server.
    ``finish`` and ``virtual`` count millionths of a picture at weight 1: integers, so that a refund takes
    back exactly what was charged. ``virtual`` is the virtual time among whatever lies beneath.
    """

    server_id: int | None
    member_id: int | None
    finish: int
    virtual: int

    @property
    def owner(self) -> tuple[int | None, int | None]:
        """Whose it is; there is one for each."""
        return (self.server_id, self.member_id)
