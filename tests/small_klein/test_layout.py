import torch

from kleinbot.small_klein.training.layout import layout_of_noise, with_layout


def test_noise_can_be_given_a_layout_and_gives_it_back() -> None:
    noise, freedoms = torch.randn(4, 221, 32), torch.randn(4, 9)
    assert torch.allclose(layout_of_noise(with_layout(noise, freedoms)), freedoms, atol=1e-5)


def test_layouts_are_standard_normal_on_every_grid() -> None:
    for tokens in (144, 256, 252, 576):
        layouts = layout_of_noise(torch.randn(4000, tokens, 12, generator=torch.Generator().manual_seed(1)))
        assert abs(layouts.mean().item()) < 0.02
        assert abs(layouts.std().item() - 1) < 0.02


def test_a_variance_preserving_mix_mixes_layouts_alike() -> None:
    base, other, weight = torch.randn(2, 256, 32), torch.randn(2, 256, 32), 0.5
    mixed = (1 - weight**2) ** 0.5 * base + weight * other
    expected = (1 - weight**2) ** 0.5 * layout_of_noise(base) + weight * layout_of_noise(other)
    assert torch.allclose(layout_of_noise(mixed), expected, atol=1e-5)
