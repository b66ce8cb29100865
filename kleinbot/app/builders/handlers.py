"""Builds the handlers of every command, button and form."""

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.delivery import Delivery
from kleinbot.app.builders.finding import build_finding_handlers
from kleinbot.app.builders.habits import build_habit_handlers
from kleinbot.app.builders.moderation import build_moderation_handlers
from kleinbot.app.builders.privacy import build_own_picture_handlers, build_privacy_handlers
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.app.builders.showcase import build_showcase_handlers
from kleinbot.app.builders.usecases import UseCases
from kleinbot.chat.core.client import CurrentClient
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.routing import Handlers
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.jobs.job_responder import JobResponder
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_handlers import OwnerServerHandlers
from kleinbot.chat.owner.server_names import ServerNames
from kleinbot.chat.quota import QuotaHandlers, RoleRuleHandlers, UsageHandlers
from kleinbot.chat.results.handlers import ResultHandlers
from kleinbot.chat.setup.handlers import SetUpHandlers
from kleinbot.texts import Texts


def build_handlers(
    base: Base,
    scheduling: Scheduling,
    delivery: Delivery,
    usecases: UseCases,
    texts: Texts,
    current: CurrentClient,
    interactions: Interactions,
    gate: InteractionGate,
    *,
    draws_small: bool,
) -> Handlers:
    """Build them; each checks nothing itself but calls a use case that does.

    ``draws_small``: the small model draws, which /help says.
    """
    responder, server_names = JobResponder(delivery.live_messages, texts, base.clock), ServerNames(current)
    quotas = usecases.quotas
    create = _create(base, usecases, responder, interactions, gate, texts)
    jobs = _jobs(scheduling, usecases, responder, interactions, create, texts)
    return Handlers(
        jobs=jobs,
        create=create,
        results=_results(usecases, delivery, interactions, texts),
        finding=build_finding_handlers(
            usecases.finding,
            usecases.history,
            delivery.results,
            interactions,
            texts,
            create.modal_setup,
            jobs.imagine,
        ),
        quota=QuotaHandlers(quotas.view, quotas.administer, quotas.set_member_weight, interactions, texts),
        role_rules=RoleRuleHandlers(quotas.role_rules, interactions, texts),
        quota_usage=UsageHandlers(quotas.usage, interactions, texts),
        moderation=build_moderation_handlers(
            usecases.moderation, delivery, create, interactions, texts, base.clock
        ),
        privacy=build_privacy_handlers(usecases.privacy, interactions, texts),
        own_pictures=build_own_picture_handlers(usecases.privacy, interactions, texts),
        habits=build_habit_handlers(usecases, interactions, texts, draws_small=draws_small),
        showcase=build_showcase_handlers(
            usecases.showcase, usecases.sources, delivery, create, interactions, texts
        ),
        owner=_owner(usecases, server_names, interactions, texts),
        owner_queue=_owner_queue(usecases, server_names, interactions, texts),
        owner_servers=_owner_servers(usecases, server_names, interactions, texts),
        set_up=SetUpHandlers(usecases.set_up.choices, quotas.administer, interactions, texts),
    )


def _owner(usecases: UseCases, names: ServerNames, interactions: Interactions, texts: Texts) -> OwnerHandlers:
    gone_servers = usecases.privacy.gone_servers
    return OwnerHandlers(usecases.owner.bot_control, gone_servers, usecases.rule, names, interactions, texts)


def _results(
    usecases: UseCases, delivery: Delivery, interactions: Interactions, texts: Texts
) -> ResultHandlers:
    return ResultHandlers(
        usecases.history,
        usecases.favourites,
        usecases.delete,
        usecases.original_file,
        delivery.results,
        interactions,
        texts,
    )


def _owner_queue(
    usecases: UseCases, names: ServerNames, interactions: Interactions, texts: Texts
) -> OwnerQueueHandlers:
    owner = usecases.owner
    return OwnerQueueHandlers(owner.bot_control, owner.queue, usecases.cancel, names, interactions, texts)


def _jobs(
    scheduling: Scheduling,
    usecases: UseCases,
    responder: JobResponder,
    interactions: Interactions,
    create: CreateHandlers,
    texts: Texts,
) -> JobHandlers:
    return JobHandlers(
        usecases.submit,
        usecases.cancel,
        scheduling.queries,
        usecases.privacy.choices,
        usecases.set_up.styles,
        interactions,
        responder,
        texts,
        scheduling.scheduler.engine_state,
        create.modal_setup,
    )


def _create(
    base: Base,
    usecases: UseCases,
    responder: JobResponder,
    interactions: Interactions,
    gate: InteractionGate,
    texts: Texts,
) -> CreateHandlers:
    return CreateHandlers(
        interactions,
        gate,
        responder,
        usecases.sources,
        usecases.edit,
        usecases.variations,
        usecases.privacy.choices,
        texts,
        base.clock,
    )


def _owner_servers(
    usecases: UseCases, names: ServerNames, interactions: Interactions, texts: Texts
) -> OwnerServerHandlers:
    return OwnerServerHandlers(usecases.owner.bans, usecases.owner.lines, names, interactions, texts)
