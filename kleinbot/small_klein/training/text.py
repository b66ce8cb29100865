"""Computes the transformer's text states for training at a fraction of the pipeline's cost.

The pipeline pads to 512 tokens and passes all 512 states. A pad's state depends only on the real tokens and
its own position, because pads are masked as keys. So the states of a few pads can be computed exactly without
the others, and in joint attention a few random pads can represent all if their keys have more weight.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn import functional
from transformers import PreTrainedTokenizerBase, Qwen3ForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3DecoderLayer

TEXT_TOKENS = 512
HEAD_TOKENS = 64
"""No wrapped caption is longer; positions from here on are always pads."""

OUT_LAYERS = (9, 18, 27)

Layer = Callable[[Qwen3DecoderLayer, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""``run_layer``, plain or compiled."""


def wrap(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return token ids (n, 64), padded on the right, and the number of real tokens (n,)."""
    marker = "\u0001"
    template: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": marker}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    before, after = template.split(marker)
    encoded = tokenizer([before + prompt + after for prompt in prompts])["input_ids"]
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int16)
    if lengths.max() > HEAD_TOKENS:
        raise ValueError(f"a caption of {lengths.max()} tokens: {prompts[int(lengths.argmax())]}")
    padded = np.full((len(encoded), HEAD_TOKENS), tokenizer.pad_token_id, dtype=np.int16)
    for row, ids in zip(padded, encoded, strict=True):
        row[: len(ids)] = ids
    return padded, lengths


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), dim=-1) * sin


def run_layer(
    layer: Qwen3DecoderLayer, hidden: torch.Tensor, mask: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
) -> torch.Tensor:
    """Run one Qwen3 layer over (B, positions, width); only the first 64 positions are keys.

    ``mask`` (B, 1, positions, 64) is true where a query may attend.
    """
    attention = layer.self_attn
    normed = layer.input_layernorm(hidden)
    head = normed[:, :HEAD_TOKENS]
    shape = (-1, attention.head_dim)
    query = attention.q_norm(attention.q_proj(normed).unflatten(-1, shape)).transpose(1, 2)
    key = attention.k_norm(attention.k_proj(head).unflatten(-1, shape)).transpose(1, 2)
    value = attention.v_proj(head).unflatten(-1, shape).transpose(1, 2)
    query = _rotate(query, cos, sin)
    key = _rotate(key, cos[..., :HEAD_TOKENS, :], sin[..., :HEAD_TOKENS, :])
    groups = query.shape[1] // key.shape[1]
    mixed = functional.scaled_dot_product_attention(
        query,
        key.repeat_interleave(groups, dim=1),
        value.repeat_interleave(groups, dim=1),
        attn_mask=mask,
        scale=attention.scaling,
    )
    hidden = hidden + attention.o_proj(mixed.transpose(1, 2).flatten(2))
    result: torch.Tensor = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
    return result


def text_states(
    encoder: Qwen3ForCausalLM,
    ids: torch.Tensor,
    lengths: torch.Tensor,
    positions: torch.Tensor,
    step: Layer = run_layer,
) -> torch.Tensor:
    """Return the states (B, positions, 3 × width) of the given ``positions``, 0…63 first.

    ``ids`` (B, 64), ``lengths`` (B,). Equal to ``Flux2KleinPipeline.encode_prompt`` at those positions.
    """
    model = encoder.model
    pads = torch.zeros((ids.shape[0], positions.shape[0] - HEAD_TOKENS), dtype=ids.dtype, device=ids.device)
    hidden = model.embed_tokens(torch.cat((ids, pads + encoder.config.pad_token_id), dim=1))
    cos, sin = model.rotary_emb(hidden, positions.unsqueeze(0))
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    keys = torch.arange(HEAD_TOKENS, device=ids.device)
    mask = (keys.view(1, 1, -1) < lengths.view(-1, 1, 1)) & (keys.view(1, 1, -1) <= positions.view(1, -1, 1))
    mask = mask.unsqueeze(1)
    kept = []
    for number, layer in enumerate(model.layers[: OUT_LAYERS[-1]], start=1):
        hidden = step(layer, hidden, mask, cos, sin)
        if number in OUT_LAYERS:
            kept.append(hidden)
    return torch.cat(kept, dim=-1)


def few_positions(pads: int, device: torch.device) -> torch.Tensor:
    """Return 0…63 and ``pads`` random later positions in order."""
    later = torch.randperm(TEXT_TOKENS - HEAD_TOKENS, device=device)[:pads].sort().values + HEAD_TOKENS
    return torch.cat((torch.arange(HEAD_TOKENS, device=device), later))


def pad_bias(positions: torch.Tensor, image_tokens: int) -> torch.Tensor | None:
    """Return the bias for attention logits, (1, 1, 1, text + image), that makes a few pads count as all.

    A key that represents n keys adds log n to its logit; with all 512 positions the bias is None.
    """
    pads = positions.shape[0] - HEAD_TOKENS
    if pads == TEXT_TOKENS - HEAD_TOKENS:
        return None
    bias = torch.zeros(positions.shape[0] + image_tokens, device=positions.device)
    bias[HEAD_TOKENS : positions.shape[0]] = math.log((TEXT_TOKENS - HEAD_TOKENS) / pads)
    return bias.view(1, 1, 1, -1)
