"""Whether the bot has introduced itself in a server. The server's row must exist before."""

import json
from collections.abc import Collection

from kleinbot.domain.server_settings import JoiningPost, PostState
from kleinbot.store import facts
from kleinbot.store.database import Reader, Transaction

_FACT = "joining_posts"
_AFTER_NEXT_SESSION = "after-next-session"


async def of_server(reader: Reader, server_id: int) -> JoiningPost | None:
    """Return what is known of a server's post; None: nothing was sent."""
    row = await reader.one(
        "SELECT server_id, state, channel_id, began_ms FROM joining_posts WHERE server_id = ?", server_id
    )
    return None if row is None else JoiningPost(row[0], PostState(row[1]), row[2], row[3])


async def settled(reader: Reader, server_ids: Collection[int]) -> frozenset[int]:
    """Return those of the servers in which nothing is left to post."""
    rows = await reader.all(
        "SELECT p.server_id FROM json_each(?) asked CROSS JOIN joining_posts p ON p.server_id = asked.value"
        " WHERE p.state != 'posting'",
        json.dumps(sorted(server_ids)),
    )
    return frozenset(row[0] for row in rows)


async def put(transaction: Transaction, post: JoiningPost) -> None:
    """Replace what is known of a server's post."""
    await transaction.change(
        "INSERT OR REPLACE INTO joining_posts (server_id, state, channel_id, began_ms) VALUES (?, ?, ?, ?)",
        post.server_id,
        post.state,
        post.channel_id,
        post.began_ms,
    )


async def waits_for_first_session(reader: Reader) -> bool:
    """Tell whether the servers of the next session were there before the bot introduced itself at all."""
    return await facts.get(reader, _FACT) == _AFTER_NEXT_SESSION


async def begin(transaction: Transaction) -> None:
    """Record that every server without a row has come since."""
    await facts.note(transaction, _FACT, "on")
