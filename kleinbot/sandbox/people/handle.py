"""The live result of something a person did."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.sandbox.people.modals import Modal
from kleinbot.sandbox.people.waiting import Found
from kleinbot.sandbox.rules.errors import PersonError
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import Answer, Interaction, State


@dataclass(frozen=True)
class AutocompleteChoice:
    """A suggestion shown while typing."""

    name: str
    value: str | int | float


class InteractionHandle:
    """A waitable view of one interaction. Every wait raises WaitTimeoutError."""

    def __init__(self, state: State, interaction: Interaction) -> None:
        self._state = state
        self.interaction = interaction

    def __repr__(self) -> str:
        return f"<InteractionHandle {self.kind} {self.messages}>"

    @property
    def kind(self) -> Answer | None:
        """The kind of the bot's first answer; None before it."""
        return self.interaction.answer

    @property
    def acknowledged_after_s(self) -> float | None:
        """Real seconds until the first answer, independent of the injected clock."""
        if self.interaction.answered_s is None:
            return None
        return self.interaction.answered_s - self.interaction.started_s

    @property
    def has_failed(self) -> bool:
        """Whether the person sees "The application did not respond"."""
        waited_s = self._state.now() - self.interaction.created_at
        return self.interaction.answer is None and waited_s > self._state.limits.acknowledge_s

    @property
    def is_ephemeral(self) -> bool:
        return self.interaction.is_ephemeral

    @property
    def response(self) -> ShownMessage | None:
        """The original response. For a button that updates its message, that message."""
        return self.interaction.original

    @property
    def messages(self) -> list[ShownMessage]:
        """The original response and its follow-ups."""
        return self.interaction.messages

    @property
    def modal(self) -> Modal | None:
        return None if self.interaction.modal is None else Modal.of(self.interaction.modal)

    @property
    def choices(self) -> list[AutocompleteChoice] | None:
        if self.interaction.choices is None:
            return None
        return [AutocompleteChoice(each["name"], each["value"]) for each in self.interaction.choices]

    async def acknowledged(self, *, timeout_s: float = 3.0) -> Answer:
        """Wait for the first answer."""
        return await self._until(lambda: self.kind, timeout_s, "the first answer")

    async def message_where(
        self, predicate: Callable[[ShownMessage], object], *, timeout_s: float = 5.0
    ) -> ShownMessage:
        """Return a message that fits, waiting for one if necessary."""

        def look() -> ShownMessage | None:
            return next((each for each in self.messages if not each.is_deleted and predicate(each)), None)

        return await self._until(look, timeout_s, "a fitting message")

    async def modal_opened(self, *, timeout_s: float = 3.0) -> Modal:
        """Wait for a modal."""
        return await self._until(lambda: self.modal, timeout_s, "a form")

    async def suggestions(self, *, timeout_s: float = 3.0) -> list[AutocompleteChoice]:
        """Wait for the suggestions of an autocomplete."""
        return await self._until(lambda: self.choices, timeout_s, "suggestions")

    def opened_modal(self) -> Modal:
        """Return the open modal. Raises PersonError if there is none."""
        if (modal := self.modal) is None:
            raise PersonError("no form is open")
        return modal

    async def _until(self, look: Callable[[], Found | None], timeout_s: float, what: str) -> Found:
        interaction = self.interaction
        name = interaction.data.get("name") or interaction.data.get("custom_id")
        waited_for = f"{what} to {name!r}; so far {self!r}"
        return await self._state.changes.until(look, timeout_s=timeout_s, what=waited_for)
