"""Renders messages as lines of text, as a Discord user reads them; saves their pictures as files."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kleinbot.sandbox.people.messages import LINK_STYLE, ShownButton, ShownPicture
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import State

_MENTION = re.compile(r"<(@!?|#)(\d+)>")
_COMMAND = re.compile(r"</([\w -]+):\d+>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_TIME = re.compile(r"<t:(\d+)(?::([tTdDfFR]))?>")
_SMALL = re.compile(r"^-# ", re.MULTILINE)
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


@dataclass(frozen=True)
class SavedPicture:
    path: Path
    alt_text: str | None


class PictureFolder:
    """The folder that pictures are saved to, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[tuple[int, str, str], Path] = {}

    def save(self, message: ShownMessage, number: int) -> list[SavedPicture]:
        """Write the pictures of a message; ``number`` is its number on the screen."""
        return [SavedPicture(self._path(message, number, each), each.alt_text) for each in message.pictures]

    def _path(self, message: ShownMessage, number: int, picture: ShownPicture) -> Path:
        key = (message.id, picture.filename, hashlib.sha256(picture.data).hexdigest())
        if key not in self._saved:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._free(f"{number}-{Path(picture.filename).name}")
            path.write_bytes(picture.data)
            self._saved[key] = path
        return self._saved[key]

    def _free(self, name: str) -> Path:
        path = self._folder / name
        count = 2
        while path.exists():
            path = self._folder / f"{Path(name).stem}-{count}{Path(name).suffix}"
            count += 1
        return path


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


def lines(message: ShownMessage, state: State, pictures: list[SavedPicture]) -> list[str]:
    """Yield the body of a message line by line: text, pictures, menus, buttons."""
    shown = legible(message.text, state).splitlines() if not message.is_loading else ["is thinking …"]
    for picture in pictures:
        shown.append(f"▣ {picture.path}")
        if picture.alt_text:
            shown.append(f"  {picture.alt_text}")
    for menu in message.selects:
        shown.append(
            f"{menu.placeholder or menu.custom_id}: {' · '.join(each.label for each in menu.options)}"
        )
    if message.buttons:
        shown.append(" ".join(_button(each) for each in message.buttons))
    return shown


def _button(button: ShownButton) -> str:
    if button.style == LINK_STYLE:
        return f"[{button.label}]({button.url})"
    return f"[{button.label}: off]" if button.disabled else f"[{button.label}]"


def heading(message: ShownMessage, number: int) -> str:
    """Return the first line of a message: its number, its author, who sees it."""
    who = f"[{number}] {message.author_name}"
    if message.is_ephemeral:
        who += " · only you see this"
    return who


def progress(message: ShownMessage, state: State, width: int = 100) -> str:
    """Return a message's text on one line."""
    text = " · ".join(line.strip() for line in legible(message.text, state).splitlines() if line.strip())
    return text if len(text) <= width else text[: width - 1] + "…"
