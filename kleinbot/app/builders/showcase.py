"""Builds what members do in the showcase, and how Discord reaches it."""

from dataclasses import dataclass

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.app.builders.delivery import Delivery
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.showcase.handlers import ShowcaseHandlers
from kleinbot.texts import Texts
from kleinbot.usecases.history import History
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.showcase.gallery import Gallery
from kleinbot.usecases.showcase.share import Share
from kleinbot.usecases.showcase.vote import Vote
from kleinbot.usecases.sources import Sources


@dataclass(frozen=True)
class Showcase:
    """The use cases."""

    share: Share
    vote: Vote
    gallery: Gallery


def build_showcase(
    base: Base, history: History, sources: Sources, queries: JobQueries, wakes: MessageWakes
) -> Showcase:
    return Showcase(
        Share(base.database, history, sources, wakes.showcase, base.clock),
        Vote(base.database, wakes.showcase, base.clock),
        Gallery(base.database, history, queries, base.pool, base.clock),
    )


def build_showcase_handlers(
    showcase: Showcase,
    sources: Sources,
    delivery: Delivery,
    create: CreateHandlers,
    interactions: Interactions,
    texts: Texts,
) -> ShowcaseHandlers:
    """Build the handlers; ``create`` knows the forms that are open."""
    return ShowcaseHandlers(
        showcase.share,
        showcase.vote,
        showcase.gallery,
        sources,
        delivery.showcase_content,
        interactions,
        texts,
        create.modal_setup,
    )
