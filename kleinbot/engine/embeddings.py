"""Prompts that were encoded a moment ago."""

from collections import OrderedDict
from collections.abc import Callable

import torch

EMBEDDINGS_BYTES = 128 * 2**20
"""Of the host's memory: 17 prompts of 7.9 MB each at full size; a job of four images encodes once."""


class EmbeddingCache:
    """Embeddings by prompt, at most ``limit_bytes`` of them; those that were used longest ago leave first.

    They wait in the host's memory: to bring one to the card takes a millisecond or two, and what waits there
    would be missing for pictures. The copies block, so no stream can see them half made.
    """

    def __init__(self, encode: Callable[[str], torch.Tensor], limit_bytes: int = EMBEDDINGS_BYTES) -> None:
        self._encode = encode
        self._limit_bytes = limit_bytes
        self._known: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._bytes = 0

    @property
    def held_bytes(self) -> int:
        return self._bytes

    def get(self, prompt: str) -> torch.Tensor:
        """Return the embedding of ``prompt``, (1, 512, 3·hidden) on the CPU; encode what is not known."""
        known = self._known.get(prompt)
        if known is not None:
            self._known.move_to_end(prompt)
            return known
        embedding = self._encode(prompt).cpu()
        self._known[prompt] = embedding
        self._bytes += embedding.nbytes
        while self._bytes > self._limit_bytes:
            _, oldest = self._known.popitem(last=False)
            self._bytes -= oldest.nbytes
        return embedding
