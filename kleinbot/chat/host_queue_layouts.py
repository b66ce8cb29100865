"""What the host's view of the whole line looks like."""

from collections.abc import Callable
from typing import cast

import discord

from kleinbot.chat import wording
from kleinbot.chat.host_queue_buttons import HostCancelButton, HostDoorButton, HostPageButton
from kleinbot.chat.layouts import plain
from kleinbot.chat.waiting_layouts import engine_note
from kleinbot.domain.door import Door
from kleinbot.domain.work import Checkpoint, EnginePhase, EngineState
from kleinbot.studio.host_queue import HostPage, HostRow
from kleinbot.texts import Texts

Row = discord.ui.ActionRow[discord.ui.LayoutView]
ServerName = Callable[[int], str]

DOORS = {
    Door.OPEN: "host-door-open",
    Door.PAUSED: "host-door-paused",
    Door.DRAINING: "host-door-draining",
}
_MOVES = {
    Door.OPEN: "button-resume",
    Door.PAUSED: "button-pause",
    Door.DRAINING: "button-drain",
}


def host_queue(
    texts: Texts, locale: str, page: HostPage, server_name: ServerName, note: str | None
) -> discord.ui.LayoutView:
    """Return one page with a cancel button for each job, and below it what stops and starts the house.

    ``note`` stands on top: what the press that led here has done.
    """
    view = plain("\n".join(_heading(texts, locale, page, note)))
    for row in page.rows:
        label = texts.say(locale, "button-host-cancel", number=str(row.number))
        button = HostCancelButton(row.job_id, page.page, label)
        # A dynamic item is typed for views and layouts at once, which the section's type cannot say.
        accessory = cast("discord.ui.Item[discord.ui.LayoutView]", button)
        text = f"{_row(texts, locale, row, server_name)}\n{_standing(texts, locale, row, page.engine)}"
        view.add_item(discord.ui.Section(text, accessory=accessory))
    view.add_item(_doors(texts, locale, page))
    view.add_item(_turns(texts, locale, page))
    return view


def kind(texts: Texts, locale: str, row: HostRow) -> str:
    suffix = "-best" if row.checkpoint is Checkpoint.BASE else ""
    return texts.say(locale, f"kind-{row.kind}{suffix}")


def lane(texts: Texts, locale: str, row: HostRow) -> str:
    return texts.say(locale, f"lane-{row.lane}")


def _heading(texts: Texts, locale: str, page: HostPage, note: str | None) -> list[str]:
    lines = [] if note is None else [note]
    if page.engine.phase not in (EnginePhase.READY, EnginePhase.PAUSED):
        lines.append(engine_note(texts, locale, page.engine))
    door = texts.say(locale, DOORS[page.door])
    if not page.jobs:
        return [*lines, texts.say(locale, "host-queue-empty", door=door)]
    lines.append(f"**{texts.say(locale, 'host-queue-title', jobs=page.jobs)}**")
    lines.append(
        texts.say(
            locale,
            "host-queue-sums",
            waiting=page.waiting_images,
            running=page.running_images,
            cost=round(page.cost, 1),
            door=door,
        )
    )
    if page.pages > 1:
        lines.append(f"-# {texts.say(locale, 'host-queue-page', page=page.page + 1, pages=page.pages)}")
    return lines


def _row(texts: Texts, locale: str, row: HostRow, server_name: ServerName) -> str:
    return texts.say(
        locale,
        "host-queue-row",
        number=str(row.number),
        server=wording.shown_prompt(server_name(row.server_id)),
        member=wording.mention(row.member_id),
        kind=kind(texts, locale, row),
    )


def _standing(texts: Texts, locale: str, row: HostRow, engine: EngineState) -> str:
    cost, its_lane = round(row.cost, 1), lane(texts, locale, row)
    if row.cost == 0.0:
        return texts.say(locale, "host-queue-storing", lane=its_lane)
    if row.is_drawn:
        return texts.say(locale, "host-queue-running", lane=its_lane, cost=cost)
    place = 1 if row.place is None else row.place
    if engine.phase is not EnginePhase.READY:
        return texts.say(locale, "host-queue-held", place=place, lane=its_lane, cost=cost)
    starts = wording.starts(texts, locale, row.starts_at_ms, row.told)
    return texts.say(locale, "host-queue-waiting", place=place, starts=starts, lane=its_lane, cost=cost)


def _doors(texts: Texts, locale: str, page: HostPage) -> Row:
    """Return the moves that would change something."""
    row: Row = discord.ui.ActionRow()
    for door, label in _MOVES.items():
        if door is not page.door:
            row.add_item(HostDoorButton(door, page.page, texts.say(locale, label)))
    return row


def _turns(texts: Texts, locale: str, page: HostPage) -> Row:
    row: Row = discord.ui.ActionRow()
    row.add_item(HostPageButton(page.page, texts.say(locale, "button-refresh")))
    if page.page > 0:
        row.add_item(HostPageButton(page.page - 1, texts.say(locale, "button-page-before")))
    if page.page + 1 < page.pages:
        row.add_item(HostPageButton(page.page + 1, texts.say(locale, "button-page-after")))
    return row
