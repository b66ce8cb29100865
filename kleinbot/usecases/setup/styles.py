"""A server's styles: admins set them, and members choose one by its name."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job_spec import NO_MARKS, Style, style_key
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import is_visible, one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers, styles
from kleinbot.usecases.permissions import require_admin
from kleinbot.usecases.prompt_check import PromptCheck

MOST_STYLES = 25
"""As many as a command suggests at once."""
NAME_CHARACTERS = 32
WORDS_CHARACTERS = 300


class Styles:
    """For members to choose from; for admins to read and change, which raises Refusal NOT_AN_ADMIN."""

    def __init__(self, database: Database, prompts: PromptCheck, clock: Clock) -> None:
        self._database = database
        self._prompts = prompts
        self._clock = clock

    async def names(self, actor: Actor) -> list[str]:
        """Return the names of the styles in the actor's server."""
        found = await styles.of_server(self._database.read, actor.server_id, MOST_STYLES)
        return [style.name for style in found]

    async def listed(self, actor: Actor) -> list[Style]:
        require_admin(actor)
        return await styles.of_server(self._database.read, actor.server_id, MOST_STYLES)

    async def put(self, actor: Actor, name: str, before: str, after: str) -> bool:
        """Add a style, or replace the one of this name; return whether there was one.

        Raises Refusal STYLE_UNUSABLE or TOO_MANY_STYLES, and what ``PromptCheck`` refuses: a style that its
        members could never use would only puzzle them.
        """
        require_admin(actor)
        style, now_ms = self._cleaned(name, before, after), self._clock.now_ms()
        await self._prompts.judge(actor, f"{style.before} {style.after}", NO_MARKS)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            earlier = await styles.named(transaction, actor.server_id, style.key)
            await styles.put(transaction, actor.server_id, style)
            if len(await styles.of_server(transaction, actor.server_id, MOST_STYLES + 1)) > MOST_STYLES:
                raise Refusal(Code.TOO_MANY_STYLES, most=MOST_STYLES)
            await audit.note(
                transaction, AuditAction.STYLE_SET, actor.member_id, now_ms,
                server_id=actor.server_id, details={"style": style.name},
            )  # fmt: skip
        return earlier is not None

    async def remove(self, actor: Actor, name: str) -> None:
        """Remove a style; jobs that were made with it keep it. Raises Refusal STYLE_UNKNOWN."""
        require_admin(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            if not await styles.remove(transaction, actor.server_id, style_key(name)):
                raise Refusal(Code.STYLE_UNKNOWN, style=_name(name))
            await audit.note(
                transaction, AuditAction.STYLE_REMOVE, actor.member_id, now_ms,
                server_id=actor.server_id, details={"style": _name(name)},
            )  # fmt: skip

    def _cleaned(self, name: str, before: str, after: str) -> Style:
        words = [one_line(each)[:WORDS_CHARACTERS] for each in (before, after)]
        cleaned = [self._prompts.clean(each) if is_visible(each) else "" for each in words]
        style = Style(_name(name), *cleaned)
        if not is_visible(style.name) or len(one_line(name)) > NAME_CHARACTERS or not any(cleaned):
            raise Refusal(Code.STYLE_UNUSABLE, most=NAME_CHARACTERS)
        return style


def _name(typed: str) -> str:
    return one_line(typed, NAME_CHARACTERS)
