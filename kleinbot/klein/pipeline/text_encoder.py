"""Encodes prompts to embeddings with the first 27 layers of Qwen3."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase, Qwen3Model

from kleinbot.domain.profile import Placement
from kleinbot.klein.kernels.operations import Operations
from kleinbot.klein.offload.placement import place
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.pipeline.fused_text import FusedQwen3
from kleinbot.klein.pipeline.graphs import Captured
from kleinbot.klein.pipeline.prompt import SEQUENCE_TOKENS

LAYERS_USED = 27
HIDDEN_STATES = (9, 18, 27)
"""Klein reads the concatenated hidden states after these layers."""


class TextEncoder:
    """Qwen3 cut after layer 27, without a language-model head.

    ``model`` must have exactly 27 layers and its final norm replaced by the identity: transformers returns
    the last hidden state *normed*, whereas Klein reads the raw output of layer 27. The embeddings are then
    bit-identical to those of all 36 layers. It runs on ``device``, wherever its weights are between two uses
    (``klein.offload.placement``).
    """

    def __init__(self, model: Qwen3Model, tokenizer: PreTrainedTokenizerBase, device: torch.device) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self._fused: FusedQwen3 | None = None
        self._captured: Captured | None = None

    def fuse(self, operations: Operations) -> None:
        """Run fused operations from now on; on a GPU as a CUDA graph, recorded at the first prompt.

        All prompts have one shape, and launching some 300 small kernels takes four times their own time.
        """
        self._fused = FusedQwen3(self._model, HIDDEN_STATES, operations)

    def unfuse(self) -> None:
        """Run transformers' own classes again."""
        self._fused = self._captured = None

    def encode(self, prompts: Sequence[str]) -> torch.Tensor:
        """Return the embeddings of cleaned ``prompts``: (B, 512, 3·hidden), in the model's dtype and device.

        Each is put into the chat template, then padded or truncated on the right to 512 tokens, as in
        diffusers' pipeline. The padding is masked inside Qwen3 only.
        """
        tokens = [self._tokenise(prompt) for prompt in prompts]
        ids = torch.cat([ids for ids, _ in tokens]).to(self._device)
        mask = torch.cat([mask for _, mask in tokens]).to(self._device)
        if self._fused is not None:
            return self._fused_states(self._fused, self._model.embed_tokens(ids), mask)
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            output_hidden_states=True,
            use_cache=False,
        )
        states = torch.stack([output.hidden_states[layer] for layer in HIDDEN_STATES], dim=2)
        return states.flatten(2)

    def _fused_states(self, fused: FusedQwen3, embedded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self._device.type != "cuda" or len(embedded) > 1:
            return fused.states(embedded, mask)
        if self._captured is None:
            self._captured = Captured(fused.states, (embedded, mask))
        return self._captured(embedded, mask).clone()

    @property
    def bytes(self) -> int:
        """The size of the weights, wherever they are."""
        return sum(part.nbytes for part in (*self._model.parameters(), *self._model.buffers()))

    def modules(self) -> Iterator[nn.Module]:
        """Yield every module of the model."""
        yield from self._model.modules()

    def stream(self) -> None:
        """Move a resident encoder off the GPU: its weights are streamed from host memory for each use."""
        # Packed weights and a recorded graph need weights that stay where they are.
        self.unfuse()
        if not isinstance(self._model.embed_tokens, TokenTable):
            self._model.embed_tokens = TokenTable(self._model.embed_tokens.weight.detach().cpu())
        place(self._model, Placement.STREAMED, self._device, None)

    def chat_text(self, prompt: str) -> str:
        """Return ``prompt`` in the tokenizer's own chat template."""
        text = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return str(text)

    def first_token(self, prompt: str) -> str:
        """Return the first token of ``prompt`` in the chat template."""
        ids, _ = self._tokenise(prompt)
        return str(self._tokenizer.convert_ids_to_tokens(int(ids[0, 0])))

    def _tokenise(self, prompt: str) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = self._tokenizer(
            self.chat_text(prompt),
            return_tensors="pt",
            padding="max_length",
            truncation=True,
            max_length=SEQUENCE_TOKENS,
        )
        return tokens["input_ids"], tokens["attention_mask"]
