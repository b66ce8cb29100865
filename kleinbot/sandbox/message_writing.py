"""Making and changing messages from a request: the one place where all rules for them are applied."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from kleinbot.sandbox import payloads
from kleinbot.sandbox.cdn import StoredFile, Upload
from kleinbot.sandbox.components import ComponentWriter
from kleinbot.sandbox.errors import Fault, Json, empty_message, invalid_form, too_large
from kleinbot.sandbox.message_rules import message_faults
from kleinbot.sandbox.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SUPPRESS_NOTIFICATIONS,
    Message,
    component_media,
    embed_media,
)
from kleinbot.sandbox.state import Channel, State, User
from kleinbot.sandbox.threads import is_reopened, require_active

SUPPRESS_EMBEDS = 1 << 2
_MENTION = re.compile(r"<@!?(\d+)>")


@dataclass(frozen=True)
class Body:
    """A request's JSON with the files that came beside it, by their number."""

    fields: Any
    files: dict[int, Upload]


@dataclass(frozen=True)
class Origin:
    """Who writes, and because of what; ``extra`` holds fields like interaction_metadata."""

    author: User
    extra: Json
    type: int = 0
    visible_to: int | None = None


_KEPT_FLAGS = EPHEMERAL | LOADING


def create(state: State, channel: Channel, body: Body, origin: Origin) -> Message:
    """Write a new message. Raises RefusedError where Discord would refuse it."""
    if is_reopened(channel):
        set_thread(state, channel, archived=False)
    asked = body.fields.get("flags") or 0
    flags = asked & (COMPONENTS_V2 | SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS)
    if origin.visible_to is not None:
        flags |= EPHEMERAL
    blank = _blank(state, channel, origin, flags)
    payload, file_ids = _applied(state, channel, body, blank, (), flags)
    return _publish(state, channel, payload, origin.visible_to, file_ids)


def create_loading(state: State, channel: Channel, origin: Origin) -> Message:
    """Write the "is thinking" message of a deferred answer. Raises RefusedError where a thread is closed."""
    if is_reopened(channel):
        set_thread(state, channel, archived=False)
    flags = LOADING | (EPHEMERAL if origin.visible_to is not None else 0)
    return _publish(state, channel, _blank(state, channel, origin, flags), origin.visible_to)


def edit(state: State, message: Message, body: Body) -> Message:
    """Change a message. Raises RefusedError where Discord would refuse it; the message is then as before."""
    require_active(message.channel)
    before = int(message.payload["flags"])
    asked = body.fields.get("flags")
    flags = before & ~LOADING
    if asked is not None:
        if before & COMPONENTS_V2 and not asked & COMPONENTS_V2:
            raise invalid_form(
                [
                    Fault(
                        ("flags",),
                        "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG",
                        "IS_COMPONENTS_V2 cannot be removed",
                    )
                ]
            )
        flags = (before & _KEPT_FLAGS & ~LOADING) | (asked & (COMPONENTS_V2 | SUPPRESS_EMBEDS))
    payload, file_ids = _applied(state, message.channel, body, message.payload, message.file_ids, flags)
    if not before & LOADING:
        payload["edited_timestamp"] = payloads.iso(state.now())
    gone = set(message.file_ids) - set(file_ids)
    message.replace(payload, file_ids)
    for file_id in gone:
        state.files.remove(file_id)
    state.tell("edited", message)
    return message


def set_thread(
    state: State, channel: Channel, *, archived: bool | None = None, locked: bool | None = None
) -> None:
    """Archive or lock a thread, or take that back; the client is told."""
    thread = channel.thread
    if thread is None or channel.server is None:
        raise ValueError(f"{channel} is no thread")
    was_seen = payloads.is_seen(state, channel)
    thread.is_archived = thread.is_archived if archived is None else archived
    thread.is_locked = thread.is_locked if locked is None else locked
    thread.changed_at = state.now()
    if was_seen or payloads.is_seen(state, channel):
        state.dispatch("THREAD_UPDATE", payloads.channel(state, channel), channel.server.id)


_SNAPSHOT = (
    "type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions",
    "mention_roles", "sticker_items", "components",
)  # fmt: skip


def forwarded(message: Message) -> Json:
    """Give the fields by which another message carries this one ("Message Snapshot Object")."""
    snapshot = {key: message.payload[key] for key in _SNAPSHOT if key in message.payload}
    reference = {"type": 1, "channel_id": message.payload["channel_id"], "message_id": message.payload["id"]}
    return {"message_reference": reference, "message_snapshots": [{"message": snapshot}]}


def unfurl(state: State, message: Message) -> None:
    """Add the embeds of the links in a message. Discord does so some time after it was written."""
    embeds = [
        {"type": "image", "url": file_url, "thumbnail": {"url": file_url, "proxy_url": file_url}}
        for file_url in re.findall(r"https://[^\s|<>]+", message.content)
    ]
    message.replace(message.payload | {"embeds": embeds}, message.file_ids)
    state.tell("edited", message)


def _blank(state: State, channel: Channel, origin: Origin, flags: int) -> Json:
    payload: Json = {
        "id": str(state.new_id()),
        "channel_id": str(channel.id),
        "type": origin.type,
        "author": payloads.user(state, origin.author),
        "content": "",
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": [],
        "embeds": [],
        "components": [],
        "timestamp": payloads.iso(state.now()),
        "edited_timestamp": None,
        "flags": flags,
        "pinned": False,
        "tts": False,
    }
    return payload | origin.extra


def _applied(
    state: State, channel: Channel, body: Body, before: Json, files_before: tuple[int, ...], flags: int
) -> tuple[Json, tuple[int, ...]]:
    """Return the state after a request, and the ids of the files that then belong to the message."""
    after = {key: before[key] for key in ("content", "embeds", "components")}
    for key in after:
        if key in body.fields:
            after[key] = body.fields[key] or ("" if key == "content" else [])
    if faults := list(message_faults(body.fields, after | {"flags": flags})):
        raise invalid_form(faults)
    _check_sizes(state, channel, body)
    kept, new = _attachments(state, channel, body, files_before, ephemeral=bool(flags & EPHEMERAL))
    carries = any(before.get(key) for key in ("sticker_items", "message_snapshots"))
    if not (carries or after["content"] or after["embeds"] or after["components"] or kept or new):
        raise empty_message()
    attached = [*kept, *new]
    with ExitStack() as refused:
        for file in new:
            refused.callback(state.files.remove, file.id)
        if "components" in body.fields:
            writer = ComponentWriter(state.files, attached, state.new_id)
            after["components"] = writer.write(after["components"])
        if "embeds" in body.fields:
            after["embeds"] = [_embed(state, each, attached) for each in after["embeds"]]
        refused.pop_all()
    shown = _shown_ids(state, after)
    attachments = [state.files.payload(each) for each in attached if each.id not in shown]
    mentions = _mentions(state, after["content"], body.fields.get("allowed_mentions"))
    payload = before | after | {"flags": flags, "attachments": attachments, "mentions": mentions}
    return payload, tuple(each.id for each in attached)


def _shown_ids(state: State, after: Json) -> set[int]:
    """Return the files that a component or an embed shows: those are not listed as attachments."""
    media = [
        *component_media(after["components"]),
        *(each for one in after["embeds"] for each in embed_media(one)),
    ]
    return {file.id for each in media if (file := state.files.at(str(each["url"]))) is not None}


def _check_sizes(state: State, channel: Channel, body: Body) -> None:
    tier = 0 if channel.server is None else channel.server.boost_tier
    most = state.limits.file_bytes_at(tier)
    if any(len(each.data) > most for each in body.files.values()):
        raise too_large()


def _attachments(
    state: State, channel: Channel, body: Body, before: tuple[int, ...], *, ephemeral: bool
) -> tuple[list[StoredFile], list[StoredFile]]:
    present = {str(each): state.files.get(each) for each in before}
    listed = body.fields.get("attachments")
    kept = [file for file in present.values() if file is not None]
    described: dict[int, Json] = {}
    if listed is not None or "attachments" in body.fields:
        kept = []
        for at, each in enumerate(listed or []):
            file = present.get(str(each["id"]))
            if file is not None:
                kept.append(file)
            elif int(each["id"]) in body.files:
                described[int(each["id"])] = each
            else:
                message = f"Attachment {each['id']} was not found"
                raise invalid_form([Fault(("attachments", at, "id"), "ATTACHMENT_NOT_FOUND", message)])
    if len(kept) + len(body.files) > 10:
        raise invalid_form(
            [Fault(("attachments",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")]
        )
    new = [
        _store(state, channel, file, described.get(number, {}), ephemeral=ephemeral)
        for number, file in body.files.items()
    ]
    return kept, new


def _store(state: State, channel: Channel, file: Upload, described: Json, *, ephemeral: bool) -> StoredFile:
    name = described.get("filename") or file.filename
    # Discord keeps letters, digits, dot, dash and underscore in the names of files.
    safe = re.sub(r"[^\w.\-]+", "_", name)
    upload = Upload(safe, file.data, described.get("description"))
    return state.store_upload(upload, channel.id, ephemeral=ephemeral)


def _embed(state: State, embed: Json, attached: list[StoredFile]) -> Json:
    done = {key: value for key, value in embed.items() if value is not None} | {"type": "rich"}
    for key in ("image", "thumbnail"):
        url = str((embed.get(key) or {}).get("url", ""))
        for file in attached:
            if url == f"attachment://{file.filename}":
                shown = state.files.payload(file)
                done[key] = {
                    each: shown[each] for each in ("url", "proxy_url", "width", "height") if each in shown
                }
    return done


def _mentions(state: State, content: str, allowed: Json | None) -> list[Json]:
    if allowed is not None and "users" not in allowed.get("parse", []):
        named = {str(each) for each in allowed.get("users") or []}
    else:
        named = set(_MENTION.findall(content))
    found = [state.users.get(int(each)) for each in dict.fromkeys(_MENTION.findall(content)) if each in named]
    return [payloads.user(state, each) for each in found if each is not None]


def _publish(
    state: State, channel: Channel, payload: Json, visible_to: int | None, file_ids: tuple[int, ...] = ()
) -> Message:
    message = Message(payload, channel, state.files, visible_to, file_ids)
    channel.log[message.id] = message
    state.tell("created", message)
    return message
