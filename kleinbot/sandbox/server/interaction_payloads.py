"""Interactions as the gateway delivers them, and their metadata in messages."""

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.server import payloads
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.misbehaviour import bare
from kleinbot.sandbox.server.state import COMMAND, COMPONENT, MODAL_SUBMIT, Answer, Interaction, State

REPLY, CHAT_COMMAND_RESPONSE, MENU_RESPONSE = 19, 20, 23


def interaction(state: State, what: Interaction) -> Json:
    """Build a complete INTERACTION_CREATE."""
    channel = what.channel
    bits = channel.member_bits(what.user)
    payload: Json = {
        "id": str(what.id),
        "application_id": str(state.application_id),
        "type": what.kind,
        "token": what.token,
        "version": 1,
        "data": what.data,
        "channel_id": str(channel.id),
        "channel": payloads.channel(state, channel) | {"permissions": str(bits)},
        "app_permissions": str(channel.bot_bits),
        "locale": what.user.locale,
        "entitlements": [],
        "authorizing_integration_owners": _owners(what),
        "context": 1 if channel.server is None else 0,
        "attachment_size_limit": state.limits.file_bytes_at(
            0 if channel.server is None else channel.server.boost_tier
        ),
    }
    if channel.server is None:
        payload["user"] = payloads.user(state, what.user)
    else:
        server = channel.server
        payload["guild_id"] = str(server.id)
        payload["guild_locale"] = server.locale
        payload["guild"] = {"id": str(server.id), "locale": server.locale, "features": []}
        payload["member"] = payloads.member(state, server.members[what.user.id], permissions=bits)
    if what.source is not None and what.kind in (COMPONENT, MODAL_SUBMIT):
        payload["message"] = message(state, what.source)
    return bare(payload) if state.misbehaviour.bare_payloads else payload


def message(state: State, what: ShownMessage) -> Json:
    """Build a message with fresh file URLs."""
    return state.files.signed_again(what.payload)


def message_type(what: Interaction) -> int:
    """Return the type of a message that responds to this interaction."""
    if what.answer is not None:
        return 0 if what.original is None else REPLY
    if what.kind == COMMAND:
        return CHAT_COMMAND_RESPONSE if what.command_type == 1 else MENU_RESPONSE
    return 0 if what.source is None else REPLY


def message_extra(state: State, what: Interaction) -> Json:
    """Return the fields that a message has because it responds to an interaction."""
    extra: Json = {
        "application_id": str(state.application_id),
        "webhook_id": str(state.application_id),
        "interaction_metadata": _metadata(state, what),
    }
    if what.kind == COMMAND and what.answer is None:
        extra["interaction"] = {
            "id": str(what.id),
            "type": COMMAND,
            "name": what.data["name"],
            "user": payloads.user(state, what.user),
        }
    if message_type(what) == REPLY:
        referred = what.original if what.answer in (Answer.MESSAGE, Answer.DEFERRED) else what.source
        if referred is not None:
            extra["message_reference"] = _reference(what, referred)
    return extra


def _reference(what: Interaction, referred: ShownMessage) -> Json:
    reference: Json = {"type": 0, "channel_id": str(what.channel.id), "message_id": str(referred.id)}
    if what.channel.server is not None:
        reference["guild_id"] = str(what.channel.server.id)
    return reference


def _metadata(state: State, what: Interaction) -> Json:
    metadata: Json = {
        "id": str(what.id),
        "type": what.kind,
        "user": payloads.user(state, what.user),
        "authorizing_integration_owners": _owners(what),
    }
    if what.answer is not None and what.original is not None:
        metadata["original_response_message_id"] = str(what.original.id)
    if what.kind == COMPONENT and what.source is not None:
        metadata["interacted_message_id"] = str(what.source.id)
    if what.kind == MODAL_SUBMIT and what.trigger is not None:
        metadata["triggering_interaction_metadata"] = _metadata(state, what.trigger)
    return metadata


def _owners(what: Interaction) -> Json:
    server = what.channel.server
    return {"0": "0" if server is None else str(server.id)}
