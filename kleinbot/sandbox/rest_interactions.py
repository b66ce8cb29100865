"""Routes that answer interactions: the callback, the original response, follow-ups."""

import time
from dataclasses import replace

from aiohttp import web

from kleinbot.sandbox import interaction_payloads, message_writing
from kleinbot.sandbox.component_rules import length
from kleinbot.sandbox.errors import (
    Fault,
    Json,
    already_acknowledged,
    dead_token,
    invalid_form,
    unknown_channel,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from kleinbot.sandbox.message_writing import Body, Origin
from kleinbot.sandbox.messages import EPHEMERAL, Message
from kleinbot.sandbox.modal_rules import modal_faults
from kleinbot.sandbox.state import (
    AUTOCOMPLETE,
    MODAL_SUBMIT,
    Answer,
    Interaction,
    State,
)
from kleinbot.sandbox.threads import require_active
from kleinbot.sandbox.web import API, BODY, answer, fields_of, nothing

_MAX_CHOICES = 25


class InteractionRoutes:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """List the routes with their handlers."""
        webhook = f"{API}/webhooks/{{webhook_id}}/{{webhook_token}}"
        one = f"{webhook}/messages/{{message_id}}"
        return [
            web.post(f"{API}/interactions/{{interaction_id}}/{{interaction_token}}/callback", self.callback),
            web.post(webhook, self.follow_up),
            web.get(one, self.get),
            web.patch(one, self.edit),
            web.delete(one, self.delete),
        ]

    async def callback(self, request: web.Request) -> web.Response:
        """Take the first response to an interaction."""
        interaction = self._state.interactions.get(request.match_info["interaction_token"])
        if interaction is None or str(interaction.id) != request.match_info["interaction_id"]:
            raise unknown_interaction()
        if (
            self._state.now() - interaction.created_at > self._state.limits.acknowledge_s
            and not interaction.answer
        ):
            raise unknown_interaction()
        if interaction.answer is not None:
            raise already_acknowledged()
        fields = fields_of(request)
        kind = _allowed_answer(interaction, fields.get("type"))
        data = fields.get("data") or {}
        self._apply(interaction, kind, Body(data, request[BODY].files))
        interaction.answer = kind
        interaction.answered_s = time.monotonic()
        self._state.changes.tell()
        if request.query.get("with_response") in ("1", "true"):
            return answer(self._callback_answer(interaction, kind))
        return nothing()

    def _apply(self, interaction: Interaction, kind: Answer, body: Body) -> None:
        if kind is Answer.CHOICES:
            interaction.choices = _checked_choices(body.fields)
        elif kind is Answer.MODAL:
            if faults := list(modal_faults(body.fields)):
                raise invalid_form(faults)
            interaction.modal = body.fields
        elif kind is Answer.MESSAGE:
            interaction.is_ephemeral = bool((body.fields.get("flags") or 0) & EPHEMERAL)
            interaction.original = self._create(interaction, body, ephemeral=interaction.is_ephemeral)
        elif kind is Answer.DEFERRED:
            interaction.is_ephemeral = bool((body.fields.get("flags") or 0) & EPHEMERAL)
            origin = self._origin(interaction, ephemeral=interaction.is_ephemeral)
            interaction.original = message_writing.create_loading(self._state, interaction.channel, origin)
        else:
            interaction.original = interaction.source
            if kind is Answer.UPDATE:
                message_writing.edit(self._state, self._alive(interaction.source), body)

    async def follow_up(self, request: web.Request) -> web.Response:
        fields = fields_of(request)
        interaction = self._interaction(request)
        original = interaction.original
        # Documented: directly after a deferral the first follow-up edits the loading message instead.
        if interaction.answer is Answer.DEFERRED and original is not None and original.is_loading:
            if original.is_deleted:
                raise unknown_message()
            message = message_writing.edit(self._state, original, request[BODY])
        else:
            ephemeral = bool((fields.get("flags") or 0) & EPHEMERAL)
            message = self._create(interaction, request[BODY], ephemeral=ephemeral)
        interaction.followups.append(message)
        self._state.changes.tell()
        return answer(self._written(message))

    async def get(self, request: web.Request) -> web.Response:
        return answer(self._written(self._message(request)))

    async def edit(self, request: web.Request) -> web.Response:
        fields_of(request)
        message = self._message(request)
        return answer(self._written(message_writing.edit(self._state, message, request[BODY])))

    async def delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        require_active(message.channel)
        self._state.forget_message(message)
        return nothing()

    def _interaction(self, request: web.Request) -> Interaction:
        """Find the interaction of a token that still lives and was answered."""
        interaction = self._state.interactions.get(request.match_info["webhook_token"])
        if interaction is None or request.match_info["webhook_id"] != str(self._state.application_id):
            raise unknown_webhook()
        if self._state.now() - interaction.created_at > self._state.limits.token_life_s:
            raise dead_token()
        if interaction.answer is None:
            raise unknown_webhook()
        if interaction.channel.id not in self._state.channels:
            raise unknown_channel()
        return interaction

    def _message(self, request: web.Request) -> Message:
        interaction = self._interaction(request)
        asked = request.match_info["message_id"]
        if asked == "@original":
            return self._alive(interaction.original)
        message = next((each for each in interaction.messages if str(each.id) == asked), None)
        return self._alive(message)

    @staticmethod
    def _alive(message: Message | None) -> Message:
        if message is None or message.is_deleted:
            raise unknown_message()
        return message

    def _create(self, interaction: Interaction, body: Body, *, ephemeral: bool) -> Message:
        if interaction.channel.id not in self._state.channels:
            raise unknown_channel()
        origin = self._origin(interaction, ephemeral=ephemeral)
        return message_writing.create(self._state, interaction.channel, body, origin)

    def _origin(self, interaction: Interaction, *, ephemeral: bool) -> Origin:
        extra = interaction_payloads.message_extra(self._state, interaction)
        origin = Origin(self._state.bot, extra, interaction_payloads.message_type(interaction))
        return replace(origin, visible_to=interaction.user.id) if ephemeral else origin

    def _written(self, message: Message) -> Json:
        return self._state.files.signed_again(message.payload)

    def _callback_answer(self, interaction: Interaction, kind: Answer) -> Json:
        described: Json = {"id": str(interaction.id), "type": interaction.kind}
        described["channel_id"] = str(interaction.channel.id)
        if interaction.channel.server is not None:
            described["guild_id"] = str(interaction.channel.server.id)
        message = interaction.original
        if message is None:
            return {"interaction": described}
        described |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }
        if kind not in (Answer.MESSAGE, Answer.UPDATE):
            return {"interaction": described}
        return {"interaction": described, "resource": {"type": kind.value, "message": self._written(message)}}


def _allowed_answer(interaction: Interaction, asked: object) -> Answer:
    """Read the callback type. Raises RefusedError 50035 for one this kind of interaction does not take."""
    try:
        kind = Answer(asked)
    except ValueError:
        raise _bad_type(asked) from None
    if (interaction.kind == AUTOCOMPLETE) != (kind is Answer.CHOICES):
        raise _bad_type(asked)
    if kind is Answer.MODAL and interaction.kind == MODAL_SUBMIT:
        raise _bad_type(asked)
    if kind in (Answer.UPDATE, Answer.DEFERRED_UPDATE) and interaction.source is None:
        raise _bad_type(asked)
    return kind


def _bad_type(asked: object) -> Exception:
    message = f"Interaction callback type {asked} is not allowed here"
    return invalid_form([Fault(("type",), "INTERACTION_CALLBACK_TYPE_INVALID", message)])


def _checked_choices(data: Json) -> list[Json]:
    choices = data.get("choices") or []
    faults: list[Fault] = []
    if len(choices) > _MAX_CHOICES:
        faults.append(
            Fault(("data", "choices"), "BASE_TYPE_MAX_LENGTH", f"Must be {_MAX_CHOICES} or fewer in length.")
        )
    for at, choice in enumerate(choices):
        for key in ("name", "value"):
            if isinstance(choice.get(key), str):
                faults += length(("data", "choices", at, key), choice[key], 100)
    if faults:
        raise invalid_form(faults)
    return list(choices)
