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
    bytes_of = byte_letters()
    spelled = (bytes(bytes_of[letter] for letter in token if letter in bytes_of) for token in tokens)
    return frozenset(each.decode("utf-8", "ignore").strip().lower() for each in spelled)


def byte_letters() -> dict[str, int]:
    """Return which byte a letter of a byte-level BPE stands for (GPT-2's table): "ü" is two of them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + i): byte for i, byte in enumerate(hidden)}
