"""Cleans prompts and counts their tokens as the text encoder does. No torch, no transformers."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from kleinbot.klein.weights.tokenizer_files import open_tokenizer

SEQUENCE_TOKENS = 512
"""Klein's training length: padding is part of its input, so every prompt has exactly this many tokens."""

BEGINNING_OF_TURN = "<|im_start|>"
TEMPLATE_BEFORE = f"{BEGINNING_OF_TURN}user\n"
TEMPLATE_AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
"""Qwen3's chat template for one user message, generation prompt on, thinking off."""

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
"""The same for tokenizers without a template or with another model's, reduced to one user message."""

# All of Qwen3's added tokens have one of these two forms. In a prompt they would become the real
# tokens, and a member could end the user's turn and write the assistant's.
_SPECIAL_TOKEN = re.compile(r"<\|[^<>|\s]+\|>|</?(?:think|tool_call|tool_response)>")
_PIECES = re.compile(r"[<>]|[^<>]+")

# Without a tokenizer: the template has five special tokens, and each other byte is at most one.
_TEMPLATE_TOKENS_AT_MOST = 5 + len(_SPECIAL_TOKEN.sub("", TEMPLATE_BEFORE + TEMPLATE_AFTER).encode())


def clean_prompt(text: str) -> str:
    """Return ``text`` without special tokens, lone surrogates and surrounding white space.

    Removing one token may join the halves of another, which is removed too, so cleaning is idempotent. A
    token contains no other "<" or ">", so one pass finds all of them at any depth.
    """
    kept: list[str] = []
    openings: list[int] = []
    for piece in _PIECES.findall(text.encode("utf-8", "ignore").decode("utf-8")):
        if piece == "<":
            openings.append(len(kept))
        kept.append(piece)
        if piece == ">" and openings:
            start = openings.pop()
            if _SPECIAL_TOKEN.fullmatch("".join(kept[start:])):
                del kept[start:]
            else:
                openings.clear()  # no token spans this ">"
    return "".join(kept).strip()


def templated(prompt: str) -> str:
    """Return the complete text to tokenise for a cleaned ``prompt``."""
    return TEMPLATE_BEFORE + prompt + TEMPLATE_AFTER


class KleinPromptMeter:
    """The domain's ``PromptMeter``: exact once ``load`` has found a tokenizer, an upper bound before.

    ``find_tokenizer`` returns the file for ``tokenizer_files.open_tokenizer``, or None while it is not on
    disk.

    Until then the count is the prompt's UTF-8 bytes after NFC, the tokenizer's normaliser: byte-level BPE
    starts from single bytes and only merges, so it never produces more tokens than that.
    """

    def __init__(self, find_tokenizer: Callable[[], Path | None]) -> None:
        self._find_tokenizer = find_tokenizer
        self._tokenizer: Tokenizer | None = None
        self._template_tokens = _TEMPLATE_TOKENS_AT_MOST

    @property
    def is_exact(self) -> bool:
        """Whether the tokenizer is loaded, so that counts are no longer upper bounds."""
        return self._tokenizer is not None

    def load(self) -> bool:
        """Load the tokenizer if it is on disk; return whether it is loaded now.

        Call it on a thread: Klein's tokenizer takes a third of a second.
        """
        if self._tokenizer is None and (path := self._find_tokenizer()) is not None:
            tokenizer = open_tokenizer(path)
            tokenizer.no_truncation()
            tokenizer.no_padding()
            self._template_tokens = _tokens(tokenizer, templated(""))
            self._tokenizer = tokenizer
        return self.is_exact

    @property
    def limit_tokens(self) -> int:
        """The most tokens of a prompt: 512 minus the chat template's."""
        return SEQUENCE_TOKENS - self._template_tokens

    def clean(self, prompt: str) -> str:
        return clean_prompt(prompt)

    def count_tokens(self, prompt: str) -> int:
        """Return the token count of a cleaned prompt, without the chat template's."""
        if self._tokenizer is None:
            return max(len(prompt.encode()), len(unicodedata.normalize("NFC", prompt).encode()))
        return _tokens(self._tokenizer, templated(prompt)) - self._template_tokens


def _tokens(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode(text).ids)
