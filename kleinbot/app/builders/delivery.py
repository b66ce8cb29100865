"""Builds the delivery of results, and the live messages of open jobs."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.core.look_ups import DiscordLookUps
from kleinbot.chat.delivery.first_response import ExpiredResponses, FirstResponses
from kleinbot.chat.delivery.live_messages import LiveMessages
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.delivery.outbox_worker import OutboxWorker
from kleinbot.chat.delivery.refreshing import MessageRefresher
from kleinbot.chat.delivery.removal import MessageRemover
from kleinbot.chat.delivery.routes import Routes
from kleinbot.chat.delivery.undelivered import Undelivered
from kleinbot.chat.moderation.case_poster import CasePoster
from kleinbot.chat.showcase import ShowcaseContent, ShowcasePoster
from kleinbot.dispatch.clock_repair import ClockRepair
from kleinbot.dispatch.retention import Retention
from kleinbot.domain.job import Job
from kleinbot.domain.pictures import Pixels
from kleinbot.images.preview import encode_preview
from kleinbot.metrics.counters import BotMetrics
from kleinbot.small_klein.vocabulary import unknown_words
from kleinbot.store.moderation import hidings
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import Attachments
from kleinbot.usecases.moderation.hide import Hide


@dataclass(frozen=True)
class Delivery:
    skew: ClockSkew
    live_messages: LiveMessages
    results: ResultMessages
    remover: MessageRemover
    refresher: MessageRefresher
    case_poster: CasePoster
    showcase: ShowcasePoster
    showcase_content: ShowcaseContent
    outbox_worker: OutboxWorker
    undelivered: Undelivered
    clock_repair: ClockRepair
    retention: Retention
    look_ups: DiscordLookUps

    def wake_changes(self) -> None:
        """Have messages of results removed or edited, and posts that show what is now deleted."""
        self.remover.wake()
        self.wake_refresh()
        self.case_poster.wake()

    def wake_refresh(self) -> None:
        """Have messages edited because a result was hidden, or is shown again."""
        self.refresher.wake()
        self.showcase.wake()

    def wake_showcase(self) -> None:
        """Have posts of the showcase sent, edited or removed."""
        self.showcase.wake()
        self.remover.wake()

    @property
    def wakes(self) -> MessageWakes:
        """What use cases call when messages are due."""
        return MessageWakes(
            self.outbox_worker.wake,
            self.wake_changes,
            self.wake_refresh,
            self.case_poster.wake,
            self.wake_showcase,
        )


def build_delivery(
    base: Base,
    scheduling: Scheduling,
    texts: Texts,
    metrics: BotMetrics,
    client: Callable[[], discord.Client],
    *,
    note: str | None,
) -> Delivery:
    """Build the delivery. ``note``: the id of what a result says of words that the model does not know."""
    clock, database, queries = base.clock, base.database, scheduling.queries
    skew = ClockSkew(clock)
    responses = FirstResponses(client)
    live_messages = _live_messages(base, scheduling, responses, texts)
    attachments = Attachments(queries, base.pool)
    results = _results(base, attachments, texts, note)
    remover = MessageRemover(database, client, clock)

    def wake_refresh() -> None:
        refresher.wake()
        showcase.wake()

    def wake_changes() -> None:
        remover.wake()
        refresher.wake()

    hide = Hide(database, wake_refresh, clock)
    refresher = MessageRefresher(database, queries, results, hide, client, clock)
    case_poster = CasePoster(database, queries, attachments, texts, client, clock, skew)
    content = ShowcaseContent(database, queries, attachments, texts)
    showcase = ShowcasePoster(database, content, remover.wake, client, clock, skew)
    routes = Routes(
        database, results, responses, client, clock, base.faults, metrics.delivered, wake_changes, skew
    )
    expired = ExpiredResponses(client, texts)
    outbox_worker = OutboxWorker(
        database, queries, live_messages, routes, expired, clock, metrics.undelivered, skew
    )

    def more_is_due() -> None:
        outbox_worker.wake()
        wake_changes()
        case_poster.wake()
        showcase.wake()

    return Delivery(
        skew,
        live_messages,
        results,
        remover,
        refresher,
        case_poster,
        showcase,
        content,
        outbox_worker,
        Undelivered(database, queries, results, texts, clock, metrics.delivered, wake_changes),
        ClockRepair(database, more_is_due, clock),
        Retention(database, clock),
        DiscordLookUps(client, clock),
    )


def _live_messages(
    base: Base, scheduling: Scheduling, responses: FirstResponses, texts: Texts
) -> LiveMessages:
    async def encoded(pixels: Pixels) -> bytes:
        return await base.pool.run(encode_preview, pixels)

    engine_state = scheduling.scheduler.engine_state
    return LiveMessages(scheduling.queries, responses, texts, engine_state, base.clock, encoded)


def _results(base: Base, attachments: Attachments, texts: Texts, note: str | None) -> ResultMessages:
    def model_note(job: Job) -> str | None:
        if note is None or not (words := unknown_words(job.spec.prompt)):
            return None
        return texts.say(job.locale, note, words=", ".join(words))

    async def is_hidden(job_id: str) -> bool:
        return await hidings.of_job(base.database.read, job_id) is not None

    return ResultMessages(attachments, texts, model_note, is_hidden)
