"""The words that the small model was taught: whatever else a prompt says, it cannot draw.

Its tokenizer was trained on its captions alone, where each word of theirs became one token; a word that is
several tokens is one that it has never seen.
"""

import json
import re
from functools import cache
from pathlib import Path

from kleinbot.small_klein import CHECKPOINT

_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_SHOWN = 24
_SPACE = "Ġ"
"""How a byte-level BPE writes the space before a word."""


def unknown_words(prompt: str, most: int = 5) -> tuple[str, ...]:
    """Return the first words of ``prompt`` that the model does not know, each once."""
    known = _known(CHECKPOINT / "tokenizer" / "tokenizer.json")
    found = dict.fromkeys(word for word in _WORD.findall(prompt) if word.lower() not in known)
    return tuple(_short(word) for word in list(found)[:most])


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_SHOWN else f"{word[:_LONGEST_SHOWN]}…"


@cache
def _known(file: Path) -> frozenset[str]:
    tokens = json.loads(file.read_text("utf-8"))["model"]["vocab"]
    return frozenset(token.removeprefix(_SPACE).lower() for token in tokens)
