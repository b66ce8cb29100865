"""Opens Klein's tokenizer: a checkout's ``tokenizer.json``, or ComfyUI's vocabulary. Imports no torch.

ComfyUI has the vocabulary shared by all Qwen models since 2.5 in ``comfy/text_encoders/qwen25_tokenizer``.
The settings next to it are not Qwen3's: older versions have other tokens at the ids of ``<think>`` and
``</think>``, and the chat template is Qwen2.5's. So only ``vocab.json`` and ``merges.txt`` are read there.
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from kleinbot.domain.errors import Code, StartError

TOKENIZER_JSON = "tokenizer.json"
VOCABULARY, MERGES = "vocab.json", "merges.txt"
COMFY_PLACE = "comfy/text_encoders/qwen25_tokenizer"

PAD_TOKEN = "<|endoftext|>"  # noqa: S105 - not a secret

# Qwen3's added tokens in the order of their ids, 151643 to 151668; those after </tool_call> are not special
# to a decoder, which does not affect encoding.
ADDED_TOKENS = (
    PAD_TOKEN,
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
)
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja")
_MOST_BYTES = 64 << 20
"""Qwen3's tokenizer.json has 11 MB."""

# The regular expression with which Qwen2 and Qwen3 split text (``pre_tokenizer`` in tokenizer.json).
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def find_vocabulary(place: Path) -> Path | None:
    """Return ComfyUI's ``vocab.json`` for ``place``: ComfyUI's folder, or its ``models`` folder."""
    for root in (place, place.parent):
        vocabulary = root / COMFY_PLACE / VOCABULARY
        if vocabulary.is_file() and vocabulary.with_name(MERGES).is_file():
            return vocabulary
    return None


def open_tokenizer(file: Path) -> Tokenizer:
    """Open ``file``: a ``tokenizer.json``, or a ``vocab.json`` with ``merges.txt`` next to it.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    check_sizes(file.parent)
    try:
        return Tokenizer.from_file(str(file)) if file.name == TOKENIZER_JSON else _from_vocabulary(file)
    except Exception as error:  # the library raises no narrower type
        raise StartError(
            Code.WEIGHTS_DAMAGED, file=file.name, found=str(error), wanted="Qwen3's tokenizer"
        ) from error


def check_sizes(folder: Path) -> None:
    """Raise StartError WEIGHTS_DAMAGED if a tokenizer file in ``folder`` is implausibly large.

    The libraries read each file into memory.
    """
    for name in (TOKENIZER_JSON, VOCABULARY, MERGES, *_SETTINGS):
        path = folder / name
        if path.is_file() and path.stat().st_size > _MOST_BYTES:
            found, wanted = f"{path.stat().st_size} bytes", f"at most {_MOST_BYTES} bytes"
            raise StartError(Code.WEIGHTS_DAMAGED, file=name, found=found, wanted=wanted)


def _from_vocabulary(file: Path) -> Tokenizer:
    vocabulary: dict[str, int] = json.loads(file.read_text("utf-8"))
    lines = file.with_name(MERGES).read_text("utf-8").splitlines()
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines) if right]
    if lines and lines[0].startswith("#version"):
        merges = merges[1:]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ADDED_TOKENS])
    return tokenizer
