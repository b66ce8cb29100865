"""Routes for the bot itself, people, servers, and the registration of commands."""

from aiohttp import web

from kleinbot.sandbox.rules.command_rules import registration_faults
from kleinbot.sandbox.rules.errors import (
    Json,
    RefusedError,
    direct_messages_closed,
    invalid_form,
    invalid_json,
    missing_access,
    too_many_commands_created,
    unknown_member,
    unknown_server,
    unknown_user,
)
from kleinbot.sandbox.server import payloads
from kleinbot.sandbox.server.channels import Guild
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.server.web import API, BODY, answer, fields_of

GATEWAY = "wss://gateway.discord.gg"

_ONLY_WHEN_ASKED: Json = {
    "home_header": None, "widget_enabled": False, "widget_channel_id": None, "incidents_data": None,
    "max_video_channel_users": 25, "max_stage_video_channel_users": 50,
}  # fmt: skip
"""What an answer about a server has that GUILD_CREATE has not."""

_ONLY_WHEN_CREATED = frozenset(
    {
        "channels", "threads", "members", "member_count", "presences", "voice_states", "stage_instances",
        "guild_scheduled_events", "soundboard_sounds", "joined_at", "large",
    }
)  # fmt: skip


class BasicRoutes:
    def __init__(self, state: State) -> None:
        self._state = state
        self._created: dict[int | None, list[float]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes with their handlers."""
        application = f"{API}/applications/{{application_id}}"
        of_server = f"{application}/guilds/{{guild_id}}/commands"
        return [
            web.get(f"{API}/users/@me", self.own_user),
            web.post(f"{API}/users/@me/channels", self.open_direct_channel),
            web.get(f"{API}/users/{{user_id}}", self.user),
            web.get(f"{API}/oauth2/applications/@me", self.application),
            web.get(f"{API}/gateway/bot", self.gateway),
            web.get(f"{API}/guilds/{{guild_id}}", self.server),
            web.get(f"{API}/guilds/{{guild_id}}/members/{{user_id}}", self.member),
            web.get(f"{API}/guilds/{{guild_id}}/roles/member-counts", self.role_counts),
            web.get(f"{application}/commands", self.commands),
            web.put(f"{application}/commands", self.register),
            web.get(of_server, self.commands),
            web.put(of_server, self.register),
        ]

    async def own_user(self, _request: web.Request) -> web.Response:
        return answer(payloads.own_user(self._state))

    async def application(self, _request: web.Request) -> web.Response:
        return answer(payloads.application(self._state))

    async def gateway(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return answer({"url": GATEWAY, "shards": 1, "session_start_limit": limit})

    async def user(self, request: web.Request) -> web.Response:
        found = self._state.users.get(_number(request, "user_id"))
        if found is None:
            raise unknown_user()
        return answer(payloads.user(self._state, found))

    async def server(self, request: web.Request) -> web.Response:
        """Refuse access to a server that removed the bot, which Discord does not tell from an unknown one."""
        found = self._state.servers.get(_number(request, "guild_id"))
        if found is None:
            raise missing_access()
        told = payloads.server(self._state, found)
        kept = {key: told[key] for key in told if key not in _ONLY_WHEN_CREATED}
        roles = [{key: role[key] for key in role if key != "description"} for role in told["roles"]]
        return answer(kept | _ONLY_WHEN_ASKED | {"roles": roles})

    async def member(self, request: web.Request) -> web.Response:
        found = self._server(request).members.get(_number(request, "user_id"))
        if found is None:
            raise unknown_member()
        return answer(payloads.member(self._state, found))

    async def role_counts(self, request: web.Request) -> web.Response:
        return answer(payloads.role_counts(self._server(request)))

    async def open_direct_channel(self, request: web.Request) -> web.Response:
        recipient = self._state.users.get(int(fields_of(request).get("recipient_id") or 0))
        if recipient is None:
            raise unknown_user()
        if recipient.is_bot:
            raise direct_messages_closed()
        return answer(payloads.channel(self._state, self._state.direct_channel(recipient)))

    async def commands(self, request: web.Request) -> web.Response:
        return answer(self._state.commands.get(self._scope(request), []))

    async def register(self, request: web.Request) -> web.Response:
        """Replace all commands, of the application or of one server."""
        scope = self._scope(request)
        asked = request[BODY].fields
        if not isinstance(asked, list):
            raise invalid_json()
        if faults := list(registration_faults(asked)):
            raise invalid_form(faults)
        self._count_created(scope, asked)
        known = {(each["type"], each["name"]): each for each in self._state.commands.get(scope, [])}
        self._state.commands[scope] = [
            self._registered(each, scope, known.get((each.get("type") or 1, each["name"]))) for each in asked
        ]
        self._state.changes.notify()
        return answer(self._state.commands[scope])

    def _count_created(self, scope: int | None, asked: list[Json]) -> None:
        """Count new commands. Raises RefusedError 30034 beyond 200 per day in each server."""
        known = {(each["type"], each["name"]) for each in self._state.commands.get(scope, [])}
        new = [each for each in asked if (each.get("type") or 1, each["name"]) not in known]
        moments = self._created.setdefault(scope, [])
        moments[:] = [each for each in moments if self._state.now() - each < 24 * 3600]
        if len(moments) + len(new) > self._state.limits.created_commands_a_day:
            raise too_many_commands_created()
        moments += [self._state.now()] * len(new)

    def _registered(self, asked: Json, scope: int | None, known: Json | None) -> Json:
        kind = asked.get("type") or 1
        command = {key: value for key, value in asked.items() if value is not None} | {
            "id": str(self._state.new_id()) if known is None else known["id"],
            "application_id": str(self._state.application_id),
            "version": str(self._state.new_id()),
            "type": kind,
            "description": asked.get("description") or "",
            "default_member_permissions": _as_text(asked.get("default_member_permissions")),
            "nsfw": bool(asked.get("nsfw")),
        }
        if scope is not None:
            command["guild_id"] = str(scope)
        return command

    def _scope(self, request: web.Request) -> int | None:
        if _number(request, "application_id") != self._state.application_id:
            raise missing_access()
        return None if "guild_id" not in request.match_info else self._server(request).id

    def _server(self, request: web.Request) -> Guild:
        server = self._state.servers.get(_number(request, "guild_id"))
        if server is None:
            raise unknown_server()
        return server


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(request: web.Request, name: str) -> int:
    try:
        return int(request.match_info[name])
    except ValueError:
        raise RefusedError(404, 0, "404: Not Found") from None
