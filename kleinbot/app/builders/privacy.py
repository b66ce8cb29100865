"""Builds what people may do with what the bot holds about them."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.privacy.handlers import PrivacyHandlers
from kleinbot.chat.privacy.picture_handlers import OwnPictureHandlers
from kleinbot.domain.ports.look_ups import LookUps
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.history import History
from kleinbot.usecases.privacy.editing import MemberChoices
from kleinbot.usecases.privacy.erase import Erase
from kleinbot.usecases.privacy.export import Export
from kleinbot.usecases.privacy.gone_servers import GoneServers
from kleinbot.usecases.privacy.late_erasure import LateErasure
from kleinbot.usecases.privacy.left_members import LeftMembers
from kleinbot.usecases.privacy.policy import PrivacyPolicy
from kleinbot.usecases.privacy.post import Post
from kleinbot.usecases.privacy.purge import PurgePictures
from kleinbot.usecases.privacy.result_pages import ResultPages
from kleinbot.usecases.privacy.take_back import TakeBack
from kleinbot.usecases.sources import Sources


@dataclass(frozen=True)
class Privacy:
    erase: Erase
    export: Export
    choices: MemberChoices
    take_back: TakeBack
    post: Post
    purge: PurgePictures
    left_members: LeftMembers
    gone_servers: GoneServers
    policy: PrivacyPolicy


def build_privacy(
    base: Base,
    scheduler: Scheduler,
    cancel: Cancel,
    history: History,
    sources: Sources,
    wake_removal: Callable[[], None],
    wake_delivery: Callable[[], None],
    window_ms: int,
    contact: str | None,
    is_member_of: Callable[[int], bool | None],
    look_ups: LookUps,
) -> Privacy:
    """Build it. ``window_ms``: how long a spending counts at most. ``contact``: of the host."""
    pages = ResultPages(base.database, base.archive, base.clock, base.faults)
    late = LateErasure(base.database, window_ms, base.clock)
    return Privacy(
        Erase(
            database=base.database,
            archive=base.archive,
            pages=pages,
            cancel=cancel,
            late=late,
            wake_removal=wake_removal,
            wake_delivery=wake_delivery,
            clock=base.clock,
            faults=base.faults,
        ),
        Export(base.database, base.archive, base.pool, base.clock),
        MemberChoices(base.database, base.clock),
        TakeBack(
            database=base.database,
            archive=base.archive,
            scheduler=scheduler,
            wake_removal=wake_removal,
            wake_delivery=wake_delivery,
            clock=base.clock,
            faults=base.faults,
        ),
        Post(base.database, history, sources, wake_delivery, base.clock),
        PurgePictures(base.database, base.archive, base.clock, base.faults),
        LeftMembers(base.database, base.archive, look_ups, base.clock, base.faults),
        GoneServers(
            database=base.database,
            pages=pages,
            look_ups=look_ups,
            is_member_of=is_member_of,
            window_ms=late.window_ms,
            clock=base.clock,
            faults=base.faults,
        ),
        PrivacyPolicy(base.database, contact, window_ms, base.judge),
    )


def build_privacy_handlers(privacy: Privacy, interactions: Interactions, texts: Texts) -> PrivacyHandlers:
    return PrivacyHandlers(privacy.erase, privacy.export, privacy.policy, interactions, texts)


def build_own_picture_handlers(
    privacy: Privacy, interactions: Interactions, texts: Texts
) -> OwnPictureHandlers:
    return OwnPictureHandlers(privacy.choices, privacy.take_back, privacy.post, interactions, texts)
