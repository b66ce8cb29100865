"""The line's weights: a copy of the rows in memory, since the line asks for them at every turn."""

from collections.abc import Iterable

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader
from kleinbot.store.members import members, servers


class ServerShares:
    """Servers' shares of the card and members' weights within them.

    A weight is 1 where nothing was set; a server that has no row yet has the share that its row will get.
    """

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}
        self.newcomer = 1.0
        self._weights: dict[tuple[int, int], float] = {}

    async def load(self, reader: Reader) -> None:
        """Read the rows anew."""
        self._shares = await servers.shares(reader)
        self.newcomer = await servers.newcomer_share(reader) or 1.0
        self._weights = await members.weights(reader)

    def welcome(self, present: Iterable[int], newcomer: float) -> None:
        """Give those who are there a full share where they have none yet; ``newcomer``: all others."""
        for server_id in present:
            self._shares.setdefault(server_id, 1.0)
        self.newcomer = newcomer

    def set_share(self, server_id: int, share: float) -> None:
        """Follow a row that was changed."""
        self._shares[server_id] = share

    def set_weight(self, owner: MemberKey, weight: float) -> None:
        """Follow a row that was changed."""
        self._weights[owner.server_id, owner.member_id] = weight

    def share(self, server_id: int) -> float:
        return self._shares.get(server_id, self.newcomer)

    def weight(self, server_id: int, member_id: int) -> float:
        return self._weights.get((server_id, member_id), 1.0)
