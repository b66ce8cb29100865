"""People, servers and channels as sent on the wire; complete, so that clients find every key."""

from datetime import UTC, datetime

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.rules.permissions import bits_of
from kleinbot.sandbox.server.channels import (
    DIRECT_CHANNEL,
    TEXT_CHANNEL,
    Channel,
    Guild,
    GuildMember,
    Thread,
    User,
)
from kleinbot.sandbox.server.state import State


def iso(seconds: float) -> str:
    """Format a time as Discord does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def user(state: State, who: User) -> Json:
    """Build a user object."""
    avatar = state.avatars.get(who.id)
    payload: Json = {
        "id": str(who.id),
        "username": who.name,
        "global_name": None if who.is_bot else who.name.capitalize(),
        "discriminator": "0000" if who.is_bot else "0",
        "avatar": None if avatar is None else avatar[0],
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "banner": None,
        "accent_color": None,
        "public_flags": 0,
        "flags": 0,
    }
    if who.is_bot:
        payload["bot"] = True
    return payload


def own_user(state: State) -> Json:
    """Build the bot's own user object, which has more fields than others."""
    return user(state, state.bot) | {
        "mfa_enabled": True,
        "locale": "en-US",
        "premium_type": 0,
        "email": None,
        "verified": True,
    }


def application(state: State) -> Json:
    """Build the bot's application object, with its owner."""
    return {
        "id": str(state.application_id),
        "name": state.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(state, state.bot),
        "bot_public": state.is_public,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(state, state.owner),
        "approximate_guild_count": len(state.servers),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": state.team,
        "eligible_oauth2_scopes": [],
    }


def member(state: State, who: GuildMember, *, permissions: int | None = None) -> Json:
    """Build a member object. In interactions it includes ``permissions``."""
    payload: Json = {
        "user": user(state, who.user),
        "nick": None,
        "avatar": None,
        "banner": None,
        "collectibles": None,
        "avatar_decoration_data": None,
        "roles": [str(each) for each in (who.role_id, *sorted(who.role_ids)) if each is not None],
        "joined_at": iso(who.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }
    if permissions is not None:
        payload["permissions"] = str(permissions)
    return payload


def channel(state: State, where: Channel) -> Json:
    """Build a channel object, of a server or direct."""
    last = next(reversed(where.log), None)
    payload: Json = {
        "id": str(where.id),
        "last_message_id": None if last is None else str(last),
        "flags": 0,
        "last_pin_timestamp": None,
    }
    if where.server is None:
        recipients = [] if where.recipient is None else [user(state, where.recipient)]
        return payload | {"type": DIRECT_CHANNEL, "recipients": recipients}
    if where.thread is not None:
        return payload | _thread(where, where.thread, where.server)
    return payload | {
        "type": TEXT_CHANNEL,
        "guild_id": str(where.server.id),
        "name": where.name,
        "parent_id": None,
        "rate_limit_per_user": 0,
        "topic": None,
        "position": list(where.server.channels).index(where.id),
        "permission_overwrites": _overwrites(state, where),
        "nsfw": where.nsfw,
    }


def _thread(where: Channel, what: Thread, server: Guild) -> Json:
    return {
        "type": what.type,
        "guild_id": str(server.id),
        "name": where.name,
        "parent_id": str(what.parent.id),
        "owner_id": str(what.owner_id),
        "rate_limit_per_user": 0,
        "message_count": len(where.messages),
        "total_message_sent": len(where.messages),
        "member_count": len(what.member_ids),
        "thread_metadata": {
            "archived": what.is_archived,
            "archive_timestamp": iso(what.changed_at),
            "auto_archive_duration": 60,
            "locked": what.is_locked,
            "create_timestamp": iso(what.created_at),
            **({"invitable": True} if what.is_private else {}),
        },
    }


def _overwrites(state: State, where: Channel) -> list[Json]:
    overwrites: list[Json] = [
        {"id": str(user_id), "type": 1, "allow": str(bits), "deny": "0"}
        for user_id, bits in where.granted.items()
    ]
    if where.denied:
        denied = bits_of(where.denied)
        overwrites.append({"id": str(state.bot.id), "type": 1, "allow": "0", "deny": str(denied)})
    for person_id in sorted(where.hidden_from - where.granted.keys()):
        deny = str(bits_of(("view_channel",)))
        overwrites.append({"id": str(person_id), "type": 1, "allow": "0", "deny": deny})
    return overwrites


def server(state: State, which: Guild) -> Json:
    """Build GUILD_CREATE. Without the members intent, the only member in it is the bot."""
    me = GuildMember(state.bot, 0, state.now())
    return {
        "id": str(which.id),
        "name": which.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": str(which.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None if which.system_channel is None else str(which.system_channel.id),
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "nsfw": False,
        "premium_tier": which.boost_tier,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": which.locale,
        "features": [],
        "vanity_url_code": None,
        "max_members": 500_000,
        "max_presences": None,
        "roles": roles(which),
        "emojis": [],
        "stickers": [],
        "channels": [channel(state, each) for each in which.channels.values()],
        "threads": [channel(state, each) for each in which.threads.values() if is_seen(state, each)],
        "members": [member(state, me)],
        "member_count": len(which.members) + 1,
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "joined_at": iso(me.joined_at),
        "large": False,
    }


def is_seen(state: State, thread: Channel) -> bool:
    """Return whether the bot gets events of a thread: if it is active, and if private only as its member."""
    what = thread.thread
    return (
        what is not None and not what.is_archived and (not what.is_private or state.bot.id in what.member_ids)
    )


def roles(which: Guild) -> list[Json]:
    """Return a server's roles, everybody's first."""
    own = [found for each in which.members.values() for found in roles_of(each)]
    return [_everyone(which), *own, *(role(which, each) for each in which.roles)]


def role(which: Guild, role_id: int) -> Json:
    """Build a role without permissions."""
    return _role(role_id, which.roles[role_id], 0)


def role_counts(which: Guild) -> dict[str, int]:
    """Return how many members have each role; everybody's is left out (documentation, "Guild Resource")."""
    counts = {each["id"]: 0 for each in roles(which)[1:]}
    for member in which.members.values():
        for role_id in (member.role_id, *member.role_ids):
            if role_id is not None:
                counts[str(role_id)] += 1
    return counts


def roles_of(who: GuildMember) -> list[Json]:
    """Return the role that carries a member's permissions, if they have more than everybody."""
    if who.role_id is None:
        return []
    return [_role(who.role_id, f"role of {who.user.name}", who.bits)]


def _everyone(which: Guild) -> Json:
    from_everybody = bits_of(
        ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
    )
    bits = from_everybody | bits_of(("use_application_commands", "send_messages_in_threads"))
    return _role(which.id, "@everyone", bits)


def _role(role_id: int, name: str, bits: int) -> Json:
    return {
        "id": str(role_id),
        "name": name,
        "description": None,
        "permissions": str(bits),
        "position": 0 if name == "@everyone" else 1,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
