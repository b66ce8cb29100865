"""Klein's tokenizer on disk: a checkout's ``tokenizer.json``, or ComfyUI's copy of the vocabulary. No torch.

ComfyUI keeps the vocabulary that all Qwen models since 2.5 share in ``comfy/text_encoders/qwen25_tokenizer``.
The settings beside it are not Qwen3's: older versions name other tokens at the ids of ``<think>`` and
``</think>``, and the chat template is Qwen2.5's. So only ``vocab.json`` and ``merges.txt`` are read there.
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from kleinbot.domain.errors import Code, StartError

TOKENIZER_JSON = "tokenizer.json"
VOCABULARY, MERGES = "vocab.json", "merges.txt"
COMFY_PLACE = "comfy/text_encoders/qwen25_tokenizer"

PAD_TOKEN = "<|endoftext|>"  # noqa: S105 - a word, no secret

# Qwen3's added tokens in the order of their ids, 151643 to 151668; those after </tool_call> are no special
# tokens to a decoder, which changes nothing when text is read.
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

# How Qwen2 and Qwen3 split text before merging (``pre_tokenizer`` in the published tokenizer.json).
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def find_vocabulary(place: Path) -> Path | None:
    """Return the ``vocab.json`` of ComfyUI's source for ``place``: its folder, or its ``models`` folder."""
    for root in (place, place.parent):
        vocabulary = root / COMFY_PLACE / VOCABULARY
        if vocabulary.is_file() and vocabulary.with_name(MERGES).is_file():
            return vocabulary
    return None


def open_tokenizer(file: Path) -> Tokenizer:
    """Open ``file``: a ``tokenizer.json``, or a ``vocab.json`` with ``merges.txt`` beside it.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    check_sizes(file.parent)
    try:
        return Tokenizer.from_file(str(file)) if file.name == TOKENIZER_JSON else _from_vocabulary(file)
    except Exception as error:  # the library raises nothing narrower
        raise StartError(
            Code.WEIGHTS_DAMAGED, file=file.name, found=str(error), wanted="Qwen3's tokenizer"
        ) from error


def check_sizes(folder: Path) -> None:
    """Raise StartError WEIGHTS_DAMAGED where a tokenizer's file in ``folder`` is far larger than any is.

    The libraries read each as a whole.
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
