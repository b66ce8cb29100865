"""The queue's weights: an in-memory copy of the rows, since the queue reads them at every turn."""

from collections.abc import Iterable

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader
from kleinbot.store.members import members, servers


class ServerShares:
    """Servers' shares of the GPU and members' weights within them.

    An unset weight is 1. A server without a row has the share that its row will get.
    """

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}
        self.new_server_share = 1.0
        self._weights: dict[tuple[int, int], float] = {}

    def copied(self) -> "ServerShares":
        """Return a copy, which shows what a change would lead to."""
        copied = ServerShares()
        copied._shares, copied._weights = dict(self._shares), dict(self._weights)
        copied.new_server_share = self.new_server_share
        return copied

    async def load(self, reader: Reader) -> None:
        """Load the rows."""
        self._shares = await servers.shares(reader)
        self.new_server_share = await servers.newcomer_share(reader) or 1.0
        self._weights = await members.weights(reader)

    def register_present(self, present: Iterable[int], new_server_share: float) -> None:
        """Give the present servers a full share if they have none yet; others get ``new_server_share``."""
        for server_id in present:
            self._shares.setdefault(server_id, 1.0)
        self.new_server_share = new_server_share

    def set_share(self, server_id: int, share: float) -> None:
        """Apply a changed row."""
        self._shares[server_id] = share

    def set_weight(self, member: MemberKey, weight: float) -> None:
        """Apply a changed row."""
        self._weights[member.server_id, member.member_id] = weight

    def share(self, server_id: int) -> float:
        return self._shares.get(server_id, self.new_server_share)

    def weight(self, server_id: int, member_id: int) -> float:
        return self._weights.get((server_id, member_id), 1.0)
