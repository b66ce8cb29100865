"""Builds the delivery of results, and the live messages of open jobs."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.delivery.first_response import ExpiredResponses, FirstResponses
from kleinbot.chat.delivery.live_messages import LiveMessages
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.delivery.outbox_worker import OutboxWorker
from kleinbot.chat.delivery.removal import MessageRemover
from kleinbot.chat.delivery.routes import Routes
from kleinbot.chat.delivery.undelivered import Undelivered
from kleinbot.dispatch.clock_repair import ClockRepair
from kleinbot.dispatch.retention import Retention
from kleinbot.domain.job import Job
from kleinbot.metrics.counters import BotMetrics
from kleinbot.small_klein.vocabulary import unknown_words
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import Attachments


@dataclass(frozen=True)
class Delivery:
    skew: ClockSkew
    live_messages: LiveMessages
    results: ResultMessages
    remover: MessageRemover
    outbox_worker: OutboxWorker
    undelivered: Undelivered
    clock_repair: ClockRepair
    retention: Retention


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
    live_messages = LiveMessages(queries, responses, texts, scheduling.scheduler.engine_state, clock)

    def model_note(job: Job) -> str | None:
        if note is None or not (words := unknown_words(job.spec.prompt)):
            return None
        return texts.say(job.locale, note, words=", ".join(words))

    results = ResultMessages(Attachments(queries, base.pool), texts, model_note)
    remover = MessageRemover(database, client, clock)
    routes = Routes(
        database, results, responses, client, clock, base.faults, metrics.delivered, remover.wake, skew
    )
    expired = ExpiredResponses(client, texts)
    outbox_worker = OutboxWorker(
        database, queries, live_messages, routes, expired, clock, metrics.undelivered, skew
    )

    def more_is_due() -> None:
        outbox_worker.wake()
        remover.wake()

    return Delivery(
        skew,
        live_messages,
        results,
        remover,
        outbox_worker,
        Undelivered(database, queries, results, texts, clock, metrics.delivered, remover.wake),
        ClockRepair(database, more_is_due, clock),
        Retention(database, clock),
    )
