"""What the bot says about people's data, from the settings that hold."""

from dataclasses import dataclass

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.people import Actor
from kleinbot.domain.ports.picture_judge import PictureJudge
from kleinbot.store.database import Database
from kleinbot.store.members import settings

NO_CONTACT = "none"
"""Stands in sentences where the host has given no address."""


@dataclass(frozen=True)
class PolicyFacts:
    """What the sentences name. ``kept_days`` 0: pictures are kept until somebody deletes them."""

    contact: str
    window_hours: int
    kept_days: int
    is_judged: bool
    """Whether a classifier looks at each picture before it is shown."""


class PrivacyPolicy:
    """``contact``: where people reach the host. ``window_ms``: how long a spending counts at most."""

    def __init__(self, database: Database, contact: str | None, window_ms: int, judge: PictureJudge) -> None:
        self._judge = judge
        self._database = database
        self._contact = contact
        self._window_ms = window_ms

    async def of(self, actor: Actor) -> PolicyFacts:
        """Return what holds in the actor's server."""
        chosen = await settings.of_server(self._database.read, actor.server_id)
        return PolicyFacts(
            self._contact or NO_CONTACT,
            -(-self._window_ms // HOUR_MS),
            chosen.retention_days or 0,
            self._judge.state.is_on,
        )
