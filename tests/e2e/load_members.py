"""Members who ask for pictures, cancel, and look at the queue at random, whatever happens to the bot."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from kleinbot.sandbox import (
    Channel,
    FakeDiscord,
    InteractionHandle,
    Person,
    PersonError,
    ShownMessage,
    WaitTimeoutError,
)
from tests.e2e.accounts import waiting_jobs

_PROMPTS = ("a red fox", "a blue whale", "two green apples on a table", "ein Haus am See", "a lamp", "rain")
_ANSWER_S = 4.0
_LOOKED_BACK = 20
_AGAIN_S = 0.2
_REPEAT_WITHIN_S = 20.0
_CANCELS_WHILE_WAITING = 0.15


@dataclass(frozen=True)
class Participant:
    """A person in a channel of a server. ``moderates``: may cancel the jobs of others."""

    person: Person
    channel: Channel
    moderates: bool = False


@dataclass
class ActivityLog:
    """The members' actions, and what they read: ``promised`` are the jobs reported as queued."""

    actions: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    repeats: int = 0
    offline: int = 0
    promised: set[str] = field(default_factory=set)
    waits_s: dict[str, list[float]] = field(default_factory=dict)

    def read(self, event: str, message: ShownMessage) -> None:
        """Read every message that anybody sees."""
        if event != "deleted":
            self.promised.update(waiting_jobs(message))


@dataclass
class RandomMembers:
    """``think_s``: the mean pause between actions. ``may_ask``: False while enough pictures are queued."""

    standin: FakeDiscord
    participants: Sequence[Participant]
    pictures: Sequence[bytes]
    chance: random.Random
    think_s: float
    may_ask: Callable[[], bool] = lambda: True
    may_cancel: bool = True
    repeats: float = 0.0
    """The share of events repeated at once and up to ``_REPEAT_WITHIN_S`` later."""

    activity: ActivityLog = field(default_factory=ActivityLog)

    async def act(self) -> None:
        """Act until cancelled."""
        self.standin.state.listeners.append(self.activity.read)
        async with asyncio.TaskGroup() as group:
            for participant in self.participants:
                group.create_task(self._act(group, participant, random.Random(self.chance.random())))

    async def look(self) -> None:
        """Let everybody ask for the queue once, which delivers their undelivered results."""
        for participant in self.participants:
            await self._do("queue", participant, participant.person.command(participant.channel, "queue"))

    async def _act(self, group: asyncio.TaskGroup, participant: Participant, chance: random.Random) -> None:
        while True:
            await asyncio.sleep(chance.expovariate(1 / self.think_s))
            name, action = self._choose(participant, chance)
            repeat_s = chance.uniform(0, _REPEAT_WITHIN_S) if chance.random() < self.repeats else None

            def repeat(handle: InteractionHandle, repeat_s: float | None = repeat_s) -> None:
                if repeat_s is not None:
                    group.create_task(self._repeat(handle, repeat_s))

            await self._do(name, participant, action, repeat)

    async def _repeat(self, handle: InteractionHandle, later_s: float) -> None:
        for pause_s in (later_s, 0.0):
            self.standin.send_again(handle)
            self.activity.repeats += 1
            await asyncio.sleep(pause_s)

    async def _do(
        self,
        name: str,
        participant: Participant,
        action: Awaitable[InteractionHandle | None],
        then: Callable[[InteractionHandle], None] = lambda _: None,
    ) -> None:
        try:
            handle = await action
        except PersonError:  # the bot is offline, or not yet online
            self.activity.offline += 1
            await asyncio.sleep(_AGAIN_S)
            return
        if handle is None:
            return
        self.activity.actions[name] += 1
        then(handle)
        try:
            await handle.acknowledged(timeout_s=_ANSWER_S)
        except WaitTimeoutError:
            self.activity.unanswered += 1
        else:
            await self._note_wait(name, participant, handle)

    async def _note_wait(self, name: str, participant: Participant, handle: InteractionHandle) -> None:
        """Overridden by subclasses that wait for the result."""

    def _choose(
        self, participant: Participant, chance: random.Random
    ) -> tuple[str, Awaitable[InteractionHandle | None]]:
        if not self.may_ask():
            cancels = self.may_cancel and chance.random() < _CANCELS_WHILE_WAITING
            return ("cancel", self._cancel(participant, chance)) if cancels else ("wait", _nothing())
        actions = [
            (50, "imagine", self._imagine),
            (12, "edit", self._edit),
            (4, "vary", self._vary_attachment),
        ]
        actions += [(18, "press", self._press), (6, "queue", self._queue)]
        if self.may_cancel:
            actions.append((10, "cancel", self._cancel))
        (_, name, action) = chance.choices(actions, [weight for weight, *_ in actions])[0]
        return name, action(participant, chance)

    async def _imagine(self, participant: Participant, chance: random.Random) -> InteractionHandle | None:
        return await participant.person.command(
            participant.channel,
            "imagine",
            prompt=f"{chance.choice(_PROMPTS)} {chance.randrange(1000)}",
            count=chance.randint(1, 4),
            private=chance.random() < 0.15,
        )

    async def _edit(self, participant: Participant, chance: random.Random) -> InteractionHandle | None:
        options: dict[str, object] = {
            "instruction": "make it winter",
            "image": chance.choice(self.pictures),
            "count": chance.randint(1, 2),
        }
        if chance.random() < 0.4:
            options["reference-1"] = chance.choice(self.pictures)
        return await participant.person.command_with(participant.channel, "edit", options)

    async def _vary_attachment(
        self, participant: Participant, chance: random.Random
    ) -> InteractionHandle | None:
        return await participant.person.command(
            participant.channel,
            "variations",
            image=chance.choice(self.pictures),
            strength=chance.choice(("subtle", "medium", "strong")),
            count=chance.randint(1, 3),
        )

    async def _press(self, participant: Participant, chance: random.Random) -> InteractionHandle | None:
        """Press a button under a result: a variation or a re-roll."""
        return await self._press_some(participant, chance, ("kb:vary:", "kb:reroll:"))

    async def _cancel(self, participant: Participant, chance: random.Random) -> InteractionHandle | None:
        """Cancel a job: one's own by command, or any visible one, which only a moderator may."""
        if chance.random() < 0.4:
            return await participant.person.command(participant.channel, "cancel")
        return await self._press_some(participant, chance, ("kb:cancel:",))

    async def _queue(self, participant: Participant, chance: random.Random) -> InteractionHandle | None:
        del chance
        return await participant.person.command(participant.channel, "queue")

    async def _press_some(
        self, participant: Participant, chance: random.Random, beginnings: tuple[str, ...]
    ) -> InteractionHandle | None:
        found = [
            (message, button.custom_id)
            for message in participant.person.sees(participant.channel)[-_LOOKED_BACK:]
            for button in message.buttons
            if (button.custom_id or "").startswith(beginnings)
        ]
        if not found:
            return None
        message, custom_id = chance.choice(found)
        return await participant.person.press(message, custom_id=custom_id)


async def _nothing() -> None:
    return None
