"""Builds the use cases of members, admins and the owner."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kleinbot.app.builders.base import Base, MessageWakes
from kleinbot.app.builders.finding import FindingUseCases, build_finding
from kleinbot.app.builders.moderation import Moderation, build_moderation
from kleinbot.app.builders.owner import OwnerUseCases, build_owner
from kleinbot.app.builders.privacy import Privacy, build_privacy
from kleinbot.app.builders.quotas import Quotas, build_quotas
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.app.builders.set_up import ServerSetUp, build_notices, build_set_up
from kleinbot.app.builders.showcase import Showcase, build_showcase
from kleinbot.domain.ports.look_ups import LookUps
from kleinbot.domain.profile import Profile
from kleinbot.domain.requests import PromptMeter
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.delete import Delete
from kleinbot.usecases.edit import Edit
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.history import History
from kleinbot.usecases.inputs import Fetch, Inputs
from kleinbot.usecases.notices import Notices
from kleinbot.usecases.original_file import OriginalFile
from kleinbot.usecases.owner.bot_control import Health
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.sources import Sources
from kleinbot.usecases.submit import Submit
from kleinbot.usecases.variations import Variations


@dataclass(frozen=True)
class UseCasePorts:
    """Functions that use cases call in packages they do not import.

    ``used``: the finished fraction of each running image of a job. ``is_member_of``: whether the bot is in a
    server.
    """

    used: Callable[[str], Mapping[int, Fraction]]
    fetch: Fetch
    wake_delivery: Callable[[], None]
    wake_remover: Callable[[], None]
    wakes: MessageWakes
    is_member_of: Callable[[int], bool | None]
    look_ups: LookUps
    health: Callable[[], Awaitable[Health]]
    service_mode_changed: Callable[[], None]


@dataclass(frozen=True)
class UseCases:
    rule: QuotaRule
    submit: Submit
    cancel: Cancel
    sources: Sources
    edit: Edit
    variations: Variations
    history: History
    favourites: Favourites
    delete: Delete
    original_file: OriginalFile
    finding: FindingUseCases
    quotas: Quotas
    owner: OwnerUseCases
    notices: Notices
    moderation: Moderation
    set_up: ServerSetUp
    privacy: Privacy
    showcase: Showcase


def build_usecases(
    base: Base,
    scheduling: Scheduling,
    meter: PromptMeter,
    rule: QuotaRule,
    profile: Profile,
    ports: UseCasePorts,
    *,
    new_server_share: float = 1.0,
    contact: str | None = None,
) -> UseCases:
    """Build the use cases. ``new_server_share``: the initial share of the GPU for a new server."""
    database, archive, clock = base.database, base.archive, base.clock
    scheduler, queries = scheduling.scheduler, scheduling.queries
    submit = _submit(base, scheduling, meter, rule)
    cancel = _cancel(base, scheduling, ports)
    sources = Sources(database)
    inputs = Inputs(archive, base.inbound, base.intake, base.pool, ports.fetch, profile.largest_grid_tokens)
    history = History(database, queries, base.pool, ports.wake_remover, clock)
    return UseCases(
        rule=rule,
        submit=submit,
        cancel=cancel,
        sources=sources,
        edit=Edit(submit, sources, inputs, profile.most_references),
        variations=Variations(submit, sources, inputs),
        history=history,
        favourites=Favourites(database, history, clock),
        delete=Delete(database, archive, history, ports.wake_remover, clock, base.faults),
        original_file=OriginalFile(history, queries),
        finding=build_finding(base, history, sources, inputs),
        quotas=build_quotas(base, scheduling, rule),
        owner=build_owner(
            base,
            scheduling,
            rule,
            is_member_of=ports.is_member_of,
            wake_delivery=ports.wake_delivery,
            health=ports.health,
            service_mode_changed=ports.service_mode_changed,
            new_server_share=new_server_share,
        ),
        notices=build_notices(base),
        moderation=build_moderation(base, scheduling, history, submit.prompts.words, ports.wakes),
        set_up=build_set_up(base, rule, submit.prompts, ports.wakes),
        showcase=build_showcase(base, history, sources, scheduling.queries, ports.wakes),
        privacy=build_privacy(
            base,
            scheduler,
            cancel,
            history,
            sources,
            ports.wake_remover,
            ports.wake_delivery,
            rule.window_ms,
            contact,
            ports.is_member_of,
            ports.look_ups,
        ),
    )


def _cancel(base: Base, scheduling: Scheduling, ports: UseCasePorts) -> Cancel:
    return Cancel(
        database=base.database,
        scheduler=scheduling.scheduler,
        used=ports.used,
        wake_delivery=ports.wake_delivery,
        clock=base.clock,
    )


def _submit(base: Base, scheduling: Scheduling, meter: PromptMeter, rule: QuotaRule) -> Submit:
    return Submit(
        database=base.database,
        archive=base.archive,
        scheduler=scheduling.scheduler,
        queries=scheduling.queries,
        meter=meter,
        rule=rule,
        clock=base.clock,
        random=base.random,
        metrics=base.metrics,
    )
