"""The owner's view of the queue."""

from collections.abc import Callable

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import plain
from kleinbot.chat.delivery.waiting_views import engine_note
from kleinbot.chat.owner.buttons import OwnerCancelButton, OwnerPageButton, ServiceModeButton
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.owner.owner_queue import OwnerQueuePage, OwnerQueueRow

Row = discord.ui.ActionRow[discord.ui.LayoutView]
ServerName = Callable[[int], str]

SERVICE_MODES = {
    ServiceMode.OPEN: "host-door-open",
    ServiceMode.PAUSED: "host-door-paused",
    ServiceMode.FREED: "host-door-freed",
    ServiceMode.DRAINING: "host-door-draining",
}
_SERVICE_MODE_BUTTONS = {
    ServiceMode.OPEN: "button-resume",
    ServiceMode.PAUSED: "button-pause",
    ServiceMode.FREED: "button-free",
    ServiceMode.DRAINING: "button-drain",
}


def host_queue(
    texts: Texts, locale: str, page: OwnerQueuePage, server_name: ServerName, note: str | None
) -> discord.ui.LayoutView:
    """Return one page with a cancel button for each job, and below it the buttons of the service mode.

    ``note`` stands on top: what the press that led here has done.
    """
    view = plain("\n".join(_heading(texts, locale, page, note)))
    for row in page.rows:
        label = texts.say(locale, "button-host-cancel", number=str(row.number))
        button = OwnerCancelButton(row.job_id, page.page).labelled(label)
        text = f"{_row(texts, locale, row, server_name)}\n{_status(texts, locale, row, page.engine)}"
        view.add_item(discord.ui.Section(text, accessory=button))
    view.add_item(_service_modes(texts, locale, page))
    view.add_item(_page_buttons(texts, locale, page))
    return view


def kind(texts: Texts, locale: str, row: OwnerQueueRow) -> str:
    suffix = "-best" if row.checkpoint is Checkpoint.BASE else ""
    return texts.say(locale, f"kind-{row.kind}{suffix}")


def lane(texts: Texts, locale: str, row: OwnerQueueRow) -> str:
    return texts.say(locale, f"lane-{row.lane}")


def _heading(texts: Texts, locale: str, page: OwnerQueuePage, note: str | None) -> list[str]:
    lines = [] if note is None else [note]
    if page.engine.phase not in (EnginePhase.READY, EnginePhase.PAUSED):
        lines.append(engine_note(texts, locale, page.engine))
    service_mode = texts.say(locale, SERVICE_MODES[page.service_mode])
    if not page.jobs:
        return [*lines, texts.say(locale, "host-queue-empty", door=service_mode)]
    lines.append(f"**{texts.say(locale, 'host-queue-title', jobs=page.jobs)}**")
    lines.append(
        texts.say(
            locale,
            "host-queue-sums",
            waiting=page.waiting_images,
            running=page.running_images,
            cost=round(page.cost, 1),
            door=service_mode,
        )
    )
    if page.pages > 1:
        lines.append(f"-# {texts.say(locale, 'host-queue-page', page=page.page + 1, pages=page.pages)}")
    return lines


def _row(texts: Texts, locale: str, row: OwnerQueueRow, server_name: ServerName) -> str:
    return texts.say(
        locale,
        "host-queue-row",
        number=str(row.number),
        server=core_text.shown_prompt(server_name(row.server_id)),
        member=core_text.mention(row.member_id),
        kind=kind(texts, locale, row),
    )


def _status(texts: Texts, locale: str, row: OwnerQueueRow, engine: EngineState) -> str:
    cost, its_lane = round(row.cost, 1), lane(texts, locale, row)
    if row.cost == 0.0:
        return texts.say(locale, "host-queue-storing", lane=its_lane)
    if row.is_drawn:
        return texts.say(locale, "host-queue-running", lane=its_lane, cost=cost)
    place = 1 if row.place is None else row.place
    if engine.phase is not EnginePhase.READY:
        return texts.say(locale, "host-queue-held", place=place, lane=its_lane, cost=cost)
    starts = core_text.starts(texts, locale, row.starts_at_ms, row.certainty)
    return texts.say(locale, "host-queue-waiting", place=place, starts=starts, lane=its_lane, cost=cost)


def _service_modes(texts: Texts, locale: str, page: OwnerQueuePage) -> Row:
    """Return a button for each service mode but the present one."""
    row: Row = discord.ui.ActionRow()
    for service_mode, label in _SERVICE_MODE_BUTTONS.items():
        if service_mode is not page.service_mode:
            row.add_item(ServiceModeButton(service_mode, page.page).labelled(texts.say(locale, label)))
    return row


def _page_buttons(texts: Texts, locale: str, page: OwnerQueuePage) -> Row:
    row: Row = discord.ui.ActionRow()
    row.add_item(OwnerPageButton(page.page).labelled(texts.say(locale, "button-refresh")))
    if page.page > 0:
        row.add_item(OwnerPageButton(page.page - 1).labelled(texts.say(locale, "button-page-before")))
    if page.page + 1 < page.pages:
        row.add_item(OwnerPageButton(page.page + 1).labelled(texts.say(locale, "button-page-after")))
    return row
