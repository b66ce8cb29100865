"""Completes what is typed at the prompt."""

from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.rules.localised import description_in, name_in, named
from kleinbot.sandbox.terminal.typed_lines import CHAT, GROUP, SUBCOMMAND, VERBS


class SandboxCompleter(Completer):
    """Completes commands, options, choices, verbs, components that can be pressed, and context menus."""

    def __init__(
        self,
        commands: Callable[[], list[Json]],
        labels: Callable[[], Iterable[str]],
        language: str = "en",
    ) -> None:
        self._commands = commands
        self._labels = labels
        self._language = language

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Complete the word before the cursor."""
        del complete_event
        text = document.text_before_cursor
        word = document.get_word_before_cursor(WORD=True)
        for candidate, description in self._candidates(text, word):
            if candidate.lower().startswith(word.lower()) and candidate != word:
                yield Completion(candidate, start_position=-len(word), display_meta=description)

    def _candidates(self, text: str, word: str) -> Iterator[tuple[str, str]]:
        if not text.startswith("/"):
            if text.startswith("press "):
                yield from ((_quoted(each), "") for each in self._labels())
            elif text.startswith("menu "):
                menus = (each for each in self._commands() if each["type"] != CHAT)
                yield from ((_quoted(name_in(each, self._language)), "") for each in menus)
            elif " " not in text:
                yield from ((each, "") for each in VERBS)
        if text.startswith("/") or not text:
            yield from self._of_commands(text, word)

    def _of_commands(self, text: str, word: str) -> Iterator[tuple[str, str]]:
        commands = [each for each in self._commands() if each["type"] == CHAT]
        if " " not in text:
            yield from ((f"/{self._name(each)}", self._description(each)) for each in commands)
            return
        first, *parts = text.split()
        leaf = named(commands, first.removeprefix("/"), self._language) or {}
        for part in parts:
            nested = named(leaf.get("options") or [], part, self._language)
            leaf = nested if nested is not None and nested["type"] in (SUBCOMMAND, GROUP) else leaf
        for option in leaf.get("options") or []:
            name = self._name(option)
            if option["type"] in (SUBCOMMAND, GROUP):
                yield name, self._description(option)
            elif word.startswith(f"{name}:"):
                for choice in option.get("choices") or []:
                    yield f"{name}:{_quoted(self._name(choice))}", ""
            elif f"{name}:" not in text:
                yield f"{name}:", self._description(option)

    def _name(self, part: Json) -> str:
        return name_in(part, self._language)

    def _description(self, part: Json) -> str:
        return description_in(part, self._language)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
