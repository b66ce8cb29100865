"""What a command led to in the end, judged like a patient person: by what can be seen."""

import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.people.waiting import WaitTimeoutError
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import Answer, State


class Ending(Enum):
    """How it ended. UNFINISHED: it might still have gone on. IMPOSSIBLE: Discord would not have sent it."""

    PICTURES = "pictures"
    TEXT = "text"
    REFUSED = "refused"
    FORM = "form"
    UNFINISHED = "unfinished"
    NO_ANSWER = "no answer"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Outcome:
    """The end of one command, with the words and the files it left."""

    ending: Ending
    text: str
    paths: tuple[Path, ...] = ()

    @property
    def has_pictures(self) -> bool:
        return self.ending is Ending.PICTURES


@dataclass(frozen=True)
class Patience:
    """Seconds without any change after which an answer counts as the last word."""

    after_pictures_s: float = 1.0
    after_private_words_s: float = 2.0
    after_words_s: float = 10.0
    after_private_buttons_s: float = 15.0


class Onlooker:
    """Watches what one interaction leads to, in its own messages and in the channel."""

    def __init__(self, state: State, handle: InteractionHandle, patience: Patience) -> None:
        self._state = state
        self._handle = handle
        self._patience = patience

    def messages(self) -> list[ShownMessage]:
        """List what the person got to see since: answers, and what the bot wrote into the channel after."""
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
        """Wait until nothing more is to be expected, at most ``timeout_s``."""
        if self._handle.kind is None:
            return Ending.NO_ANSWER
        if self._handle.kind is Answer.MODAL:
            return Ending.FORM
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            patience_s = self._patience_now()
            if not await self._changed(min(left_s, patience_s)) and patience_s <= left_s:
                return self._seen()
        seen = self._seen()
        return seen if seen is Ending.PICTURES else Ending.UNFINISHED

    def _patience_now(self) -> float:
        messages = self.messages()
        if any(each.pictures for each in messages):
            return self._patience.after_pictures_s
        if any(each.is_loading for each in messages):
            return float("inf")
        is_private = bool(messages) and all(each.is_ephemeral for each in messages)
        # As long as something can be pressed, like Cancel, the bot is likely still at it; but what is shown
        # to one person alone may also be a question to them.
        if any(not button.disabled and button.url is None for each in messages for button in each.buttons):
            return self._patience.after_private_buttons_s if is_private else float("inf")
        if is_private:
            return self._patience.after_private_words_s
        return self._patience.after_words_s

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
