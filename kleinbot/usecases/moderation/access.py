"""Whether a member may make or post pictures, and where. Asked by every use case that does either."""

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.bans import Ban, ChannelRules
from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import members, server_bans
from kleinbot.store.moderation import bans, channel_rules, hidings

_MOST_NAMED = 5


async def admit(transaction: Transaction, actor: Actor, parent: ImageKey | None, now_ms: int) -> None:
    """Raise as ``require_access``, and create the member's row if it is missing.

    For the transaction that accepts a request, so that no request slips past a ban, and none uses a picture
    that was hidden while its inputs were read (Refusal PICTURE_UNKNOWN).
    """
    await require_access(transaction, actor, now_ms)
    if parent is not None and await hidings.of_job(transaction, parent.job_id) is not None:
        raise Refusal(Code.PICTURE_UNKNOWN)
    await members.remember(transaction, actor.member, now_ms)


async def require_access(reader: Reader, actor: Actor, now_ms: int) -> None:
    """Raise a Refusal if the actor may not make or post pictures where they act.

    Its code is SERVER_BANNED, BANNED or CHANNEL_CLOSED.
    """
    await require_not_banned(reader, actor, now_ms)
    rules = await channel_rules.of_server(reader, actor.server_id)
    if not rules.admit(actor.channel_ids):
        raise Refusal(Code.CHANNEL_CLOSED, **_elsewhere(actor, rules))


async def require_not_banned(reader: Reader, actor: Actor, now_ms: int) -> None:
    """Raise Refusal SERVER_BANNED or BANNED if the actor is, or is in a server that is."""
    if await server_bans.is_banned(reader, actor.server_id):
        raise Refusal(Code.SERVER_BANNED)
    ban = await bans.active(reader, actor.member, now_ms)
    if ban is not None:
        raise Refusal(
            Code.BANNED, kind=ban.kind, until_s=seconds_or_0(ban.until_ms), reason=ban.reason or "–"
        )


def seconds_or_0(moment_ms: int | None) -> int:
    """Return a moment in epoch seconds, as sentences take it; 0 for none."""
    return 0 if moment_ms is None else -(-moment_ms // MS_PER_S)


def ban_parameters(ban: Ban) -> dict[str, str | int]:
    """Return what sentences about a ban name; of a person whose data were deleted "nobody", not the id."""
    return {
        "kind": ban.kind,
        "by": str(ban.made_by or "nobody"),
        "member": str(ban.member.member_id or "nobody"),
        "until_s": seconds_or_0(ban.until_ms),
        "reason": ban.reason or "–",
    }


def _elsewhere(actor: Actor, rules: ChannelRules) -> dict[str, str]:
    """Name the channels in which the actor may make pictures, of those that they see."""
    if not rules.allowed:
        return {"where": "others", "channels": ""}
    seen = [each for each in sorted(rules.allowed - rules.denied) if actor.sees_channel(each)]
    if not seen:
        return {"where": "none", "channels": ""}
    named = " ".join(f"<#{each}>" for each in seen[:_MOST_NAMED])
    return {"where": "named", "channels": f"{named} …" if len(seen) > _MOST_NAMED else named}
