"""Sentences of the stand-in's own client, in the reader's language.

As with gettext, the English sentence is its own key; ``german`` has the others. What the bot says comes from
the bot: the stand-in knows nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kleinbot.sandbox.rules.german import GERMAN


@dataclass(frozen=True)
class Sentence:
    """An English sentence in the syntax of ``str.format``, and what is filled in."""

    english: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said("en")

    def said(self, language: str) -> str:
        """Return it in ``language``, in English if that has no such sentence."""
        pattern = GERMAN.get(self.english, self.english) if language == "de" else self.english
        values = {
            name: value.said(language) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return pattern.format_map(values)
