"""The larger model starts from the smaller one's words, and its attention is the same in another form."""

import torch
from torch.nn import functional

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.enlarging.attention import attend
from kleinbot.small_klein.training.enlarging.supply import Supply
from kleinbot.small_klein.training.enlarging.warm_start import known_rows
from tests.small_klein.test_training import ENGLISH, AtOnce


def test_new_words_start_at_their_meaning_and_old_ones_stay() -> None:
    old = {"Ġred": 4, "Ġcircle": 7, "red": 9}
    new = {"Ġred": 0, "Ġrotes": 1, "rotes": 2, "Ġkreis": 3, "Ġfox": 4}
    assert known_rows(old, new) == {0: (4, True), 1: (4, False), 2: (9, False), 3: (7, False)}


def test_a_bias_in_the_key_is_a_bias_of_the_attention() -> None:
    torch.manual_seed(1)
    query, key, value = torch.randn(3, 2, 24, 6, 32)
    bias = torch.zeros(1, 1, 1, 24)
    bias[..., 3:9] = 2.6
    q, k, v = (part.transpose(1, 2) for part in (query, key, value))
    for given in (bias, None):
        expected = functional.scaled_dot_product_attention(q, k, v, attn_mask=given).transpose(1, 2)
        assert torch.allclose(attend(query, key, value, attn_mask=given), expected, atol=1e-5)


def test_a_supply_brings_every_kind_of_sheet_first_and_never_ends() -> None:
    supply = Supply(AtOnce(), CHECKPOINT / "tokenizer", seed=2, size=2, ahead=2, languages=ENGLISH)
    kinds = []
    for _ in range(5):
        sheet = supply.take(wait=False)
        assert sheet is not None
        kinds.append(sheet.order.references)
    assert kinds[:4] == [0, 1, 2, 3]
