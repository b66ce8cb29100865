"""Builds what people may do with what the bot holds about them."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.privacy.handlers import PrivacyHandlers
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.privacy.erase import Erase
from kleinbot.usecases.privacy.export import Export
from kleinbot.usecases.privacy.late_erasure import LateErasure


@dataclass(frozen=True)
class Privacy:
    erase: Erase
    export: Export


def build_privacy(
    base: Base,
    cancel: Cancel,
    wake_removal: Callable[[], None],
    wake_delivery: Callable[[], None],
    window_ms: int,
) -> Privacy:
    """Build it. ``window_ms``: how long a spending counts at most."""
    return Privacy(
        Erase(
            database=base.database,
            archive=base.archive,
            cancel=cancel,
            late=LateErasure(base.database, window_ms, base.clock),
            wake_removal=wake_removal,
            wake_delivery=wake_delivery,
            clock=base.clock,
            faults=base.faults,
        ),
        Export(base.database, base.archive, base.pool, base.clock),
    )


def build_privacy_handlers(privacy: Privacy, interactions: Interactions, texts: Texts) -> PrivacyHandlers:
    return PrivacyHandlers(privacy.erase, privacy.export, interactions, texts)
