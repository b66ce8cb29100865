"""The shortened text encoder gives the same embeddings as the whole one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kleinbot.domain.profile import CPU_SMALL, Precision
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.weights.find_weights import find_weights


@pytest.mark.parametrize("precision", Precision)
def test_an_encoder_of_27_layers_embeds_as_one_of_36(tiny_folder: Path, precision: Precision) -> None:
    from transformers import Qwen3Model

    profile = replace(CPU_SMALL, precision=precision)
    made = load_klein(find_weights(tiny_folder), profile, torch.device("cpu"), lambda _: None)
    whole = Qwen3Model.from_pretrained(tiny_folder, subfolder="text_encoder", dtype=made.dtype).eval()
    assert len(whole.layers) == 36
    cut = made.text_encoder
    with torch.inference_mode():
        ids, mask = cut._tokenise("a photo of a cat")
        states = whole(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        wanted = torch.stack([states[layer] for layer in (9, 18, 27)], dim=2).flatten(2)
        assert torch.equal(cut.encode(["a photo of a cat"]), wanted)


def test_a_token_table_on_the_host_gives_the_same_embeddings(tiny_folder: Path, klein: Klein) -> None:
    profile = replace(CPU_SMALL, token_table_on_host=True)
    made = load_klein(find_weights(tiny_folder), profile, torch.device("cpu"), lambda _: None)
    table = made.text_encoder._model.embed_tokens
    assert isinstance(table, TokenTable)
    assert list(table.parameters()) == list(table.buffers()) == []
    with torch.inference_mode():
        assert torch.equal(made.text_encoder.encode(["a cat"]), klein.text_encoder.encode(["a cat"]))
