"""The final outcome of a command, judged as by a patient person: by what is visible."""

import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.people.waiting import WaitTimeoutError
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import Answer, State


class Ending(Enum):
    """How a command ended.

    UNFINISHED: it might have continued. IMPOSSIBLE: Discord would not have sent it.
    """

    PICTURES = "pictures"
    TEXT = "text"
    REFUSED = "refused"
    FORM = "form"
    UNFINISHED = "unfinished"
    NO_ANSWER = "no answer"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Outcome:
    """The end of one command, with its text and files."""

    ending: Ending
    text: str
    paths: tuple[Path, ...] = ()

    @property
    def has_pictures(self) -> bool:
        return self.ending is Ending.PICTURES


@dataclass(frozen=True)
class OutcomeTimeouts:
    """Seconds without any change after which an answer counts as final.

    ``first_button_s``: for which a pipe's line that presses a button waits until there is any.
    """

    after_pictures_s: float = 1.0
    after_private_words_s: float = 2.0
    after_words_s: float = 10.0
    after_private_buttons_s: float = 15.0
    first_button_s: float = 5.0


class OutcomeWatcher:
    """Watches the results of one interaction, in its own messages and in the channel."""

    def __init__(self, state: State, handle: InteractionHandle, timeouts: OutcomeTimeouts) -> None:
        self._state = state
        self._handle = handle
        self._timeouts = timeouts

    def messages(self) -> list[ShownMessage]:
        """Return what the person has seen since: answers, and later messages of the bot in the channel."""
        interaction = self._handle.interaction
        later = [
            each
            for each in interaction.channel.log.values()
            if each.id > interaction.id
            and each.author_id == self._state.bot.id
            and each.visible_to in (None, interaction.user.id)
        ]
        found = {each.id: each for each in [*self._handle.messages, *later] if not each.is_deleted}
        return list(found.values())

    async def ending(self, timeout_s: float) -> Ending:
        """Wait until nothing more is expected, at most ``timeout_s``."""
        if self._handle.kind is None:
            return Ending.NO_ANSWER
        if self._handle.kind is Answer.MODAL:
            return Ending.FORM
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            quiet_s = self._timeout_s()
            if not await self._changed(min(left_s, quiet_s)) and quiet_s <= left_s:
                return self._seen()
        seen = self._seen()
        return seen if seen is Ending.PICTURES else Ending.UNFINISHED

    def _timeout_s(self) -> float:
        messages = self.messages()
        if any(each.pictures for each in messages):
            return self._timeouts.after_pictures_s
        if any(each.is_loading for each in messages):
            return float("inf")
        is_private = bool(messages) and all(each.is_ephemeral for each in messages)
        # While something can be pressed, like Cancel, the bot is probably still working. A message for one
        # person alone may also be a question to them.
        if any(not button.disabled and button.url is None for each in messages for button in each.buttons):
            return self._timeouts.after_private_buttons_s if is_private else float("inf")
        if is_private:
            return self._timeouts.after_private_words_s
        return self._timeouts.after_words_s

    def _seen(self) -> Ending:
        messages = self.messages()
        if any(each.pictures for each in messages):
            return Ending.PICTURES
        if messages and all(each.is_ephemeral for each in messages):
            return Ending.REFUSED
        return Ending.TEXT

    async def _changed(self, timeout_s: float) -> bool:
        before = self._look()
        try:
            await self._state.changes.until(
                lambda: True if self._look() != before else None, timeout_s=timeout_s, what="a change"
            )
        except WaitTimeoutError:
            return False
        return True

    def _look(self) -> list[tuple[int, str, int, int]]:
        return [(each.id, each.text, len(each.file_ids), len(each.buttons)) for each in self.messages()]
