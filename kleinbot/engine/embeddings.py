"""A cache of recently encoded prompts."""

from collections import OrderedDict
from collections.abc import Callable

import torch

EMBEDDINGS_BYTES = 128 * 2**20
"""Host memory for 17 prompts of 7.9 MB each at full size; a job of four images encodes once."""


class EmbeddingCache:
    """Embeddings by prompt, at most ``limit_bytes``; the least recently used are evicted first.

    They stay in host memory: copying one to the GPU takes a millisecond or two, and GPU memory is needed for
    pictures. The copies block, so no stream sees an incomplete one.
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
        """Return the embedding of ``prompt``, (1, 512, 3·hidden) on the CPU; encode it if not cached."""
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
