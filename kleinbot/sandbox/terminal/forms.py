"""Asks for a form field by field, as often as it takes."""

from collections.abc import Callable

from kleinbot.sandbox.people.modals import Field, Modal
from kleinbot.sandbox.rules.modal_rules import CHECKBOX, FILE_UPLOAD
from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.terminal.input_lines import Lines

_YES = ("y", "yes", "true", "on", "x", "j", "ja", "an")


class FormQuestions:
    """Asks for the fields of one form. What was typed is the default when it is asked again."""

    def __init__(
        self, modal: Modal, lines: Lines, write: Callable[[Sentence | str, str], None], language: str
    ) -> None:
        self._modal = modal
        self._lines = lines
        self._write = write
        self._language = language
        self._typed: dict[str, str] = {}

    async def ask(self) -> dict[str, object]:
        """Return a value for each field. Raises KeyboardInterrupt or EOFError if the person leaves."""
        self._write(f"— {self._modal.title} —", "bold")
        for text in self._modal.texts:
            self._write(text, "")
        return {field.custom_id: await self._value(field) for field in self._modal.fields}

    async def _value(self, field: Field) -> object:
        if field.description:
            self._write(field.description, "dim")
        if field.options:
            choices = " · ".join(each.label for each in field.options)
            self._write(Sentence("choose: {choices}", {"choices": choices}), "dim")
        default = self._typed.get(field.custom_id, field.value or "")
        typed = await self._lines.ask(self._question(field), default, is_field=True)
        self._typed[field.custom_id] = typed
        if field.kind == CHECKBOX:
            return typed.strip().lower() in _YES
        if field.is_list:
            return [each.strip() for each in typed.split(",") if each.strip()]
        return typed or None

    def _question(self, field: Field) -> str:
        notes = []
        if field.kind == FILE_UPLOAD:
            notes.append(Sentence("a path, or several with commas" if field.high > 1 else "a path"))
        if field.kind == CHECKBOX:
            notes.append(Sentence("y or n"))
        elif not field.required:
            notes.append(Sentence("may be empty"))
        said = ", ".join(each.said(self._language) for each in notes)
        return f"{field.label} ({said}): " if said else f"{field.label}: "
