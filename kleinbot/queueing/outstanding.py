"""What waits and runs, in sums that are kept while it changes."""

from collections import Counter, defaultdict

from kleinbot.domain.job import Lane
from kleinbot.queueing.tags import UNITS_PER_PICTURE, units
from kleinbot.queueing.waiting import WaitingImage, Weights

_Scope = tuple[int | None, int | None, Lane | None]
_Owner = tuple[int, int | None]


class Outstanding:
    """The pictures' worth of waiting and running work: of all, of a server, of a member, in a lane."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._images: Counter[_Scope] = Counter()
        self._units: Counter[_Scope] = Counter()
        self._active: dict[_Owner, float] = {}
        self._sums: defaultdict[int | None, float] = defaultdict(float)
        self._held: set[int] = set()

    def add(self, image: WaitingImage) -> None:
        """Count ``image``."""
        cost = units(image.cost, 1.0)
        for scope in _scopes(image):
            self._images[scope] += 1
            self._units[scope] += cost
        self._weigh((image.server_id, None))
        self._weigh((image.server_id, image.member_id))

    def remove(self, image: WaitingImage) -> None:
        """Count ``image`` no more."""
        cost = units(image.cost, 1.0)
        for scope in _scopes(image):
            self._images[scope] -= 1
            self._units[scope] -= cost
            if not self._images[scope]:
                del self._images[scope], self._units[scope]
        self._weigh((image.server_id, image.member_id))
        self._weigh((image.server_id, None))

    def hold(self, server_id: int) -> None:
        """Count a server's work as nobody's but its own: nothing of it is drawn until it is released."""
        self._held.add(server_id)
        self._weigh((server_id, None))

    def release(self, server_id: int) -> None:
        """Count a server's work again."""
        self._held.discard(server_id)
        self._weigh((server_id, None))
        if not self._images[server_id, None, None]:
            self._sums.pop(server_id, None)

    def weights_changed(self) -> None:
        """Weigh everybody anew."""
        active = list(self._active)
        self._active.clear()
        self._sums.clear()
        for owner in active:
            self._weigh(owner)

    def images(self, lane: Lane) -> int:
        return self._images[None, None, lane]

    def cost(
        self, server_id: int | None = None, member_id: int | None = None, lane: Lane | None = None
    ) -> float:
        """Return the pictures' worth of everybody's, or of whom is named.

        Of everybody's in all lanes what is held is no part.
        """
        held = 0
        if (server_id, member_id, lane) == (None, None, None):
            held = sum(self._units[held_id, None, None] for held_id in self._held)
        return (self._units[server_id, member_id, lane] - held) / UNITS_PER_PICTURE

    def part(self, server_id: int, member_id: int | None = None) -> float:
        """Return a server's part among those with work and itself, or a member's among its server's."""
        owner = (server_id, member_id)
        own = self._weight(owner)
        return own / (self._sums[_above(owner)] + (0.0 if owner in self._active else own))

    def _weigh(self, owner: _Owner) -> None:
        """Note that ``owner`` has work now, or has none any more."""
        server_id, member_id = owner
        has_images = self._images[(*owner, None)] > 0
        has_work = has_images and (member_id is not None or server_id not in self._held)
        if has_work and owner not in self._active:
            self._active[owner] = self._weight(owner)
            self._sums[_above(owner)] += self._active[owner]
        elif not has_work and owner in self._active:
            self._sums[_above(owner)] -= self._active.pop(owner)
            if member_id is None and not has_images:  # nobody in it has work either
                del self._sums[owner[0]]

    def _weight(self, owner: _Owner) -> float:
        server_id, member_id = owner
        if member_id is None:
            return self._weights.share(server_id)
        return self._weights.weight(server_id, member_id)


def _scopes(image: WaitingImage) -> tuple[_Scope, ...]:
    server_id, member_id, lane = image.server_id, image.member_id, image.lane
    return (
        (None, None, None),
        (None, None, lane),
        (server_id, None, None),
        (server_id, member_id, None),
        (server_id, member_id, lane),
    )


def _above(owner: _Owner) -> int | None:
    """Return among whom ``owner`` is weighed: a server's members, or all servers."""
    return None if owner[1] is None else owner[0]
