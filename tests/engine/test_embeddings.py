"""Recently encoded prompts are not encoded again, within a limit of bytes."""

import torch

from kleinbot.engine.embeddings import EMBEDDINGS_BYTES, EmbeddingCache

EACH_BYTES = 4 * 10


class Encoder:
    def __init__(self) -> None:
        self.encoded: list[str] = []

    def __call__(self, prompt: str) -> torch.Tensor:
        self.encoded.append(prompt)
        return torch.full((10,), float(len(self.encoded)))


def test_what_is_known_is_not_encoded_again() -> None:
    encoder = Encoder()
    cache = EmbeddingCache(encoder)
    first = cache.get("a")
    cache.get("b")
    assert cache.get("a") is first
    assert encoder.encoded == ["a", "b"]
    assert cache.held_bytes == 2 * EACH_BYTES


def test_what_was_used_longest_ago_leaves_first() -> None:
    encoder = Encoder()
    cache = EmbeddingCache(encoder, limit_bytes=2 * EACH_BYTES)
    for prompt in ("a", "b", "a", "c", "a", "b"):
        cache.get(prompt)
    assert encoder.encoded == ["a", "b", "c", "b"]
    assert cache.held_bytes == 2 * EACH_BYTES


def test_what_is_larger_than_the_bound_is_given_but_not_kept() -> None:
    encoder = Encoder()
    cache = EmbeddingCache(encoder, limit_bytes=EACH_BYTES - 1)
    assert cache.get("a").tolist() == [1.0] * 10
    assert cache.held_bytes == 0
    cache.get("a")
    assert encoder.encoded == ["a", "a"]


class OnTheCard(torch.Tensor):
    """Stands in for a tensor in GPU memory."""

    def cpu(self, *_: object) -> torch.Tensor:
        return self.as_subclass(torch.Tensor)


def test_what_is_remembered_takes_no_memory_of_the_gpu() -> None:
    cache = EmbeddingCache(lambda _: torch.zeros(10).as_subclass(OnTheCard))
    for _ in ("made", "known"):
        assert type(cache.get("a")) is torch.Tensor


def test_the_bound_holds_17_prompts_of_the_full_size() -> None:
    prompt_bytes = 512 * 7680 * 2
    assert EMBEDDINGS_BYTES // prompt_bytes == 17
