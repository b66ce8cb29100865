"""Creates and removes servers, channels and people."""

from collections.abc import Container, Iterable
from dataclasses import replace

from kleinbot.sandbox.people.person import Person
from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.rules.permissions import BITS, bits_of
from kleinbot.sandbox.server import message_writing, payloads
from kleinbot.sandbox.server.channels import Channel, Guild, GuildMember, ShownMessage, Thread, User
from kleinbot.sandbox.server.snowflakes import lasting
from kleinbot.sandbox.server.state import State, member_bits


class World:
    """Changes the bot's surroundings; a connected client is notified by gateway events."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._persons: dict[str, Person] = {}

    def only_its_owner_invites(self) -> None:
        """Make the application private: only its owner may invite the bot."""
        self._state.is_public = False

    @property
    def owner(self) -> Person:
        """The application's owner, who runs the bot."""
        return self._person(self._state.owner.name)

    def set_team(self, owner: Person, **roles: tuple[Person, ...]) -> None:
        """Transfer the application to a team: ``admin``, ``developer`` and ``read_only`` name its members."""
        members = [(person, role) for role, persons in roles.items() for person in persons]
        self._state.team = {
            "id": str(lasting("team")),
            "name": "team",
            "icon": None,
            "owner_user_id": str(owner.id),
            "members": [
                {
                    "user": payloads.user(self._state, person.user),
                    "team_id": str(lasting("team")),
                    "membership_state": 2,
                    "permissions": ["*"],
                    "role": role,
                }
                for person, role in members
            ],
        }

    @property
    def servers(self) -> list[Guild]:
        return list(self._state.servers.values())

    def add_server(
        self, name: str, *, boost_tier: int = 0, locale: str = "en-US", invites: bool = True
    ) -> Guild:
        """Create a server that has invited the bot. ``invites``: if not, it does so by ``invite``."""
        server_id = self._lasting_id(self._state.servers, "server", name)
        server = Guild(server_id, name, boost_tier, locale, self._state.owner.id)
        if invites:
            self.invite(server)
        return server

    def invite(self, server: Guild) -> None:
        """Let a server, as it is now, invite the bot."""
        self._state.servers[server.id] = server
        for channel in (*server.channels.values(), *server.threads.values()):
            self._state.channels[channel.id] = channel
        # Without "unavailable": only a server that READY has announced is said to have become available.
        self._state.dispatch("GUILD_CREATE", payloads.server(self._state, server), server.id)

    def set_system_channel(self, server: Guild, channel: Channel | None) -> None:
        """Choose where Discord writes who has joined."""
        server.system_channel = channel
        self._tell_server("GUILD_UPDATE", payloads.server(self._state, server), server)

    def remove_server(self, server: Guild) -> None:
        """Remove the bot from a server."""
        del self._state.servers[server.id]
        for channel in (*server.channels.values(), *server.threads.values()):
            self._state.channels.pop(channel.id, None)
        self._state.dispatch("GUILD_DELETE", {"id": str(server.id)}, server.id)
        self._state.changes.notify()

    def add_channel(self, server: Guild, name: str, *, nsfw: bool = False) -> Channel:
        """Create a text channel."""
        channel_id = self._lasting_id(self._state.channels, "channel", str(server.id), name)
        channel = Channel(channel_id, name, server, self._state.changes, nsfw=nsfw)
        server.channels[channel.id] = channel
        self._state.channels[channel.id] = channel
        self._tell("CHANNEL_CREATE", channel)
        return channel

    def add_thread(
        self, parent: Channel, name: str, owner: Person, *, private: bool = False, with_bot: bool = False
    ) -> Channel:
        """Create a thread below a channel. The bot gets events of a private one only if it is added."""
        server = parent.server
        if server is None:
            raise ValueError("only servers have threads")
        thread_id = self._lasting_id(self._state.channels, "thread", str(parent.id), name)
        thread = Channel(thread_id, name, server, self._state.changes)
        now = self._state.now()
        members = {owner.id, self._state.bot.id} if with_bot else {owner.id}
        thread.thread = Thread(parent, private, owner.id, now, changed_at=now, member_ids=members)
        server.threads[thread.id] = self._state.channels[thread.id] = thread
        if payloads.is_seen(self._state, thread):
            self._tell("THREAD_CREATE", thread)
        return thread

    def set_thread(
        self, thread: Channel, *, archived: bool | None = None, locked: bool | None = None
    ) -> None:
        """Archive or lock a thread, or undo that."""
        message_writing.set_thread(self._state, thread, archived=archived, locked=locked)

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with its threads, or a thread, with all messages."""
        if channel.server is not None and channel.thread is not None:
            gone = {"id": str(channel.id), "guild_id": str(channel.server.id), "type": channel.thread.type}
            gone["parent_id"] = str(channel.thread.parent.id)
            self._state.dispatch("THREAD_DELETE", gone, channel.server.id)
            channel.server.threads.pop(channel.id)
        elif channel.server is not None:
            for each in list(channel.server.threads.values()):
                if each.thread is not None and each.thread.parent is channel:
                    self._state.channels.pop(channel.server.threads.pop(each.id).id)
            if channel.server.system_channel is channel:
                self.set_system_channel(channel.server, None)
            self._tell("CHANNEL_DELETE", channel)
            channel.server.channels.pop(channel.id)
        self._state.channels.pop(channel.id)
        self._state.changes.notify()

    def remove_message(self, message: ShownMessage) -> None:
        """Delete a message, as a moderator would."""
        self._state.forget_message(message)

    def add_member(
        self, server: Guild, name: str, *, permissions: Iterable[str] = (), locale: str = "en-US"
    ) -> Person:
        """Add a member with everybody's permissions and ``permissions``.

        The same name is the same person in every server.
        """
        person = self._person(name, locale)
        bits = member_bits(tuple(permissions))
        role_id = None if bits == member_bits(()) else self._state.new_id()
        member = server.members[person.id] = GuildMember(person.user, bits, self._state.now(), role_id)
        for role in payloads.roles_of(member):
            self._tell_server("GUILD_ROLE_CREATE", {"guild_id": str(server.id), "role": role}, server)
        return person

    def add_role(self, server: Guild, name: str) -> int:
        """Create a role without permissions and return its identifier."""
        role_id = self._lasting_id(server.roles, "role", str(server.id), name)
        server.roles[role_id] = name
        created = {"guild_id": str(server.id), "role": payloads.role(server, role_id)}
        self._state.dispatch("GUILD_ROLE_CREATE", created, server.id)
        return role_id

    def remove_role(self, server: Guild, role_id: int) -> None:
        """Delete a role, which takes it from everybody."""
        del server.roles[role_id]
        for each in server.members.values():
            server.members[each.user.id] = replace(each, role_ids=each.role_ids - {role_id})
        gone = {"guild_id": str(server.id), "role_id": str(role_id)}
        self._state.dispatch("GUILD_ROLE_DELETE", gone, server.id)

    def give_role(self, server: Guild, person: Person, role_id: int) -> None:
        """Give a member a role. Without the members intent the bot gets no event of it."""
        member = server.members[person.id]
        server.members[person.id] = replace(member, role_ids=member.role_ids | {role_id})

    def take_role(self, server: Guild, person: Person, role_id: int) -> None:
        """Take a role from a member."""
        member = server.members[person.id]
        server.members[person.id] = replace(member, role_ids=member.role_ids - {role_id})

    def add_bot(self, server: Guild, name: str) -> Person:
        """Add another application's bot."""
        user = User(self._lasting_id(self._state.users, "bot", name), name, is_bot=True)
        self._state.users[user.id] = user
        server.members[user.id] = GuildMember(user, member_bits(()), self._state.now())
        return Person(self._state, user)

    def unfurl(self, message: ShownMessage) -> None:
        """Add the embeds for a message's links."""
        message_writing.unfurl(self._state, message)

    def remove_member(self, server: Guild, person: Person) -> None:
        """Remove a member."""
        server.members.pop(person.id)

    def person(self, name: str) -> Person | None:
        """Return somebody by name."""
        user = next(
            (each for each in self._state.users.values() if each.name == name and not each.is_bot), None
        )
        return None if user is None else self._person(name)

    def deny(self, channel: Channel, permission: str) -> None:
        """Deny the bot a permission in a channel."""
        if permission not in BITS:
            raise ValueError(f"no such permission: {permission}")
        channel.denied.add(permission)
        self._tell("CHANNEL_UPDATE", channel)

    def allow(self, channel: Channel, permission: str) -> None:
        """Restore a permission."""
        channel.denied.discard(permission)
        self._tell("CHANNEL_UPDATE", channel)

    def grant(self, channel: Channel, person: Person, permission: str) -> None:
        """Grant somebody a permission in one channel."""
        channel.granted[person.id] = channel.granted.get(person.id, 0) | bits_of((permission,))
        self._tell("CHANNEL_UPDATE", channel)

    def hide(self, channel: Channel, person: Person) -> None:
        """Hide a channel from somebody."""
        channel.hidden_from.add(person.id)
        self._tell("CHANNEL_UPDATE", channel)

    def _tell(self, event: str, channel: Channel) -> None:
        if channel.server is not None:
            self._tell_server(event, payloads.channel(self._state, channel), channel.server)

    def _tell_server(self, event: str, data: Json, server: Guild) -> None:
        """Tell the bot what happened in a server, unless it is not in there."""
        if server.id in self._state.servers:
            self._state.dispatch(event, data, server.id)

    def _lasting_id(self, taken: Container[int], *names: str) -> int:
        """Return the permanent identifier for the first use of ``names``; later uses get a new one."""
        found = lasting(*names)
        return self._state.new_id() if found in taken else found

    def _person(self, name: str, locale: str = "en-US") -> Person:
        if name not in self._persons:
            user = next((each for each in self._state.users.values() if each.name == name), None)
            if user is None:
                user = User(self._lasting_id(self._state.users, "person", name), name, locale=locale)
                self._state.users[user.id] = user
            self._persons[name] = Person(self._state, user)
        return self._persons[name]
