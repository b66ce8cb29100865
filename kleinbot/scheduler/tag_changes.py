"""Tags as a change of the queue leaves them, so that they are stored in the transaction of its cause.

The change itself is made once that transaction is committed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kleinbot.scheduler.accounts import Charge, units
from kleinbot.scheduler.entries import Tag, WaitingImage, Weights
from kleinbot.scheduler.fair import FairOrder, Owner


@dataclass(frozen=True)
class TagChanges:
    """The tags that have not been stored yet; None where a row is to be deleted."""

    tags: dict[Owner, Tag | None]
    versions: dict[Owner, int]


def unstored(order: FairOrder, after: Mapping[Owner, Tag]) -> TagChanges:
    """Return the tags that have changed since they were stored, and those of ``after`` instead of them."""
    versions = dict(order.changed)
    return TagChanges({**{owner: _tag(order, owner) for owner in versions}, **after}, versions)


def added(order: FairOrder, images: Sequence[WaitingImage]) -> dict[Owner, Tag]:
    """Return the tags that change where one member's ``images`` are added."""
    tags: dict[Owner, Tag] = {}
    for image in images[:1]:
        finish, member_finish = order.lifted(image)
        server = order.servers.get(image.server_id)
        virtual = 0 if server is None else server.virtual
        tags[image.server_id, None] = Tag(image.server_id, None, finish, virtual)
        member = None if server is None else server.members.get(image.member_id)
        owed = 0 if member is None else member.owed
        tags[image.server_id, image.member_id] = Tag(image.server_id, image.member_id, member_finish, 0, owed)
    return tags


def removed(order: FairOrder, member_of: tuple[int, int] | None) -> dict[Owner, Tag]:
    """Return the tag that changes where waiting images of a member are removed.

    ``member_of``: their server and themselves; None: nothing is removed.
    """
    if member_of is None:
        return {}
    server_id, member_id = member_of
    member = order.servers[server_id].members[member_id]
    return {(server_id, member_id): Tag(server_id, member_id, member.finish + member.owed, 0)}


def released(order: FairOrder, server_id: int | None) -> dict[Owner, Tag]:
    """Return the tag that changes where a server that is held is released; None: no server is."""
    server = None if server_id is None else order.servers.get(server_id)
    if server_id is None or server is None or not server.turns or not order.is_held(server_id):
        return {}
    return {(server_id, None): Tag(server_id, None, max(server.finish, order.virtual), server.virtual)}


def reweighed(order: FairOrder, charges: Iterable[Charge], weights: Weights | None) -> dict[Owner, Tag]:
    """Return all tags of servers and members as they are where ``weights`` hold; None: they do not change.

    ``charges``: those of the running images, which are charged anew. A restart refunds them by the weights
    that hold then.
    """
    if weights is None:
        return {}
    more: Counter[Owner] = Counter()
    for charge in charges:
        image, anew = charge.image, recharged(charge, weights)
        more[image.server_id, None] += anew.server_units - charge.server_units
        more[image.server_id, image.member_id] += anew.member_units - charge.member_units
    tags: dict[Owner, Tag] = {}
    for server_id, server in order.servers.items():
        finish = server.finish + more[server_id, None]
        tags[server_id, None] = Tag(server_id, None, finish, server.virtual)
        for member_id, member in server.members.items():
            finish = member.finish + member.owed + more[server_id, member_id]
            tags[server_id, member_id] = Tag(server_id, member_id, finish, 0)
    return tags


def recharged(charge: Charge, weights: Weights) -> Charge:
    """Return the charge of a running image by ``weights``."""
    image = charge.image
    return replace(
        charge,
        server_units=units(image.cost, weights.share(image.server_id)),
        member_units=units(image.cost, weights.weight(image.server_id, image.member_id)),
    )


def _tag(order: FairOrder, owner: Owner) -> Tag | None:
    """Return the tag of ``owner`` as it is now, None where it has no meaning any more."""
    server_id, member_id = owner
    if server_id is None:
        return Tag(None, None, 0, order.virtual)
    server = order.servers.get(server_id)
    if server is None or member_id is None:
        return None if server is None else Tag(server_id, None, server.finish, server.virtual)
    member = server.members.get(member_id)
    return None if member is None else Tag(server_id, member_id, member.finish, 0, member.owed)
