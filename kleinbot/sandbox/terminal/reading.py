"""Renders messages as lines of text, as a Discord user reads them."""

import re
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from kleinbot.sandbox.people.messages import LINK_STYLE, ShownButton
from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.terminal.picture_folder import SavedPicture

_MENTION = re.compile(r"<(@!?|#)(\d+)>")
_COMMAND = re.compile(r"</([\w -]+):\d+>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_TIME = re.compile(r"<t:(\d+)(?::([tTdDfFR]))?>")
_SMALL = re.compile(r"^-# ", re.MULTILINE)
_MARKED = re.compile(r"(?<!\\)(\*\*|`|(?<!\w)\*(?=\w))([^*`]{1,400})\1")
_STYLES = {"**": "bold", "`": "cyan", "*": "italic"}
_FENCE = "```"
_BAR = re.compile(r"[▓░]{2,} ?")
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_AHEAD, _BEHIND = {"en": "in {}", "de": "in {}"}, {"en": "{} ago", "de": "vor {}"}
# Singular and plural as they follow "in" and "vor": Discord's clients show times in their reader's language.
_SPANS = {
    "en": {unit: (unit, f"{unit}s") for _, unit in _UNITS},
    "de": {
        "day": ("Tag", "Tagen"),
        "hour": ("Stunde", "Stunden"),
        "minute": ("Minute", "Minuten"),
        "second": ("Sekunde", "Sekunden"),
    },
}
_NOW = {"en": "now", "de": "jetzt"}
_SHORTEST_PROMPT = 12
"""Characters of a prompt that progress shows at least."""


def legible(text: str, state: State) -> str:
    """Replace mentions with names and timestamps with times; other markdown is unchanged."""

    def mention(match: re.Match[str]) -> str:
        sign, number = match[1], int(match[2])
        if sign == "#":
            channel = state.channels.get(number)
            return "#unknown" if channel is None else f"#{channel.name}"
        user = state.users.get(number)
        return "@unknown" if user is None else f"@{user.name}"

    text = _MENTION.sub(mention, text)
    text = _COMMAND.sub(r"/\1", text)
    text = _EMOJI.sub(r"\1", text)
    text = _TIME.sub(
        lambda match: _time(int(match[1]), match[2] or "f", state.now(), state.reader_language), text
    )
    return _SMALL.sub("", text)


def _time(at: int, style: str, now: float, language: str) -> str:
    if style != "R":
        form = {"t": "%H:%M", "T": "%H:%M:%S", "d": "%Y-%m-%d", "D": "%Y-%m-%d"}.get(style, "%Y-%m-%d %H:%M")
        return datetime.fromtimestamp(at, UTC).astimezone().strftime(form)
    away = at - now
    for seconds, unit in _UNITS:
        if abs(away) >= seconds:
            count = round(abs(away) / seconds)
            span = f"{count} {_SPANS[language][unit][count != 1]}"
            return (_AHEAD if away > 0 else _BEHIND)[language].format(span)
    return _NOW[language]


def lines(
    message: ShownMessage, state: State, pictures: list[SavedPicture], *, styled: bool, drawn: bool = False
) -> list[Text]:
    """Return the body of a message line by line: text, pictures, menus, buttons.

    ``styled``: for a terminal, where bold text is bold and what leads somewhere is a link. ``drawn``: its
    pictures are seen, so their descriptions are left out.
    """
    language = state.reader_language
    if message.is_loading:
        shown = [Text(Sentence("is thinking …").said(language))]
    else:
        rows = legible(message.text, state).splitlines()
        shown = [_line(each, styled=styled) for each in rows if not (styled and each == _FENCE)]
    for picture in pictures:
        shown.append(Text("▣ ", no_wrap=True).append_text(_path(picture, styled=styled)))
        if picture.alt_text and not drawn:
            shown.append(Text(f"  {picture.alt_text}", style="dim"))
    menus = message.selects
    for number, menu in enumerate(menus, 1):
        place = f"({number}) " if len(menus) > 1 else ""
        options = " · ".join(f"({each.label})" if each.default else each.label for each in menu.options)
        shown.append(Text(place + ": ".join(filter(None, (menu.placeholder, options)))))
    if message.buttons:
        buttons = [_button(each, language, styled=styled) for each in message.buttons]
        shown.append(Text(" ").join(buttons))
    return shown


def _line(text: str, *, styled: bool) -> Text:
    if not styled:
        return Text(text)
    line, at = Text(), 0
    for marked in _MARKED.finditer(text):
        line.append(text[at : marked.start()]).append(marked[2], style=_STYLES[marked[1]])
        at = marked.end()
    return line.append(text[at:])


def _path(picture: SavedPicture, *, styled: bool) -> Text:
    path = str(picture.path)
    # In quotes it can be pasted as it is, after ``image:`` and into a shell.
    shown = f'"{path}"' if " " in path else path
    return Text(shown, style=Style(link=picture.path.as_uri()) if styled else "")


def _button(button: ShownButton, language: str, *, styled: bool) -> Text:
    if button.style == LINK_STYLE:
        if styled:
            return Text(f"[{button.label}]", style=Style(link=button.url))
        return Text(f"[{button.label}]({button.url})")
    if button.disabled:
        return Text(Sentence("[{label}: off]", {"label": button.label}).said(language), style="dim")
    return Text(f"[{button.label}]")


def heading(message: ShownMessage, number: int, language: str, place: str | None) -> str:
    """Return the first line of a message: its number, its author, who sees it, where if elsewhere."""
    who = f"m{number} · {message.author_name}"
    if place is not None:
        who += f" · {place}"
    if message.is_ephemeral:
        who += f" · {Sentence('only you see this').said(language)}"
    return who


def progress(message: ShownMessage, state: State, width: int, end: str = "") -> str:
    """Return a message's text on one line of ``width`` characters; ``end`` stands last.

    Its first line is the prompt, its second the progress. What does not fit goes in this order: further
    lines, most of the prompt, all of it, the bar, the end of the progress.
    """
    text = _MARKED.sub(r"\2", legible(message.text, state))
    shown = [each.strip() for each in text.splitlines() if each.strip()]
    prompt, status = "".join(shown[:1]), shown[1:2]
    for kept in ([prompt, *shown[1:], end], [prompt, *status, end]):
        line = " · ".join(each for each in kept if each)
        if cell_len(line) <= width:
            return line
    rest = " · ".join(each for each in (*status, end) if each)
    left = width - cell_len(rest) - 3
    if not rest or left >= _SHORTEST_PROMPT:
        return f"{_cut(prompt, left)} · {rest}" if rest else _cut(prompt, width)
    status = [_BAR.sub("", each) if left < -3 else each for each in status]
    tail = f" · {end}" if end else ""
    return _cut(_cut("".join(status), max(width - cell_len(tail), 0)) + tail, width)


def _cut(text: str, width: int) -> str:
    """Cut to ``width`` cells: signs of East Asian scripts take two."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"
