"""References equal those of the model's own pipeline, and small ones are scaled up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, Aspect
from kleinbot.domain.pictures import Pixels
from kleinbot.images.reference import Sizing, to_reference


def noise(width: int, height: int) -> Pixels:
    samples = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Pixels(width, height, samples.tobytes())


def as_diffusers_makes_it(pixels: Pixels) -> Pixels:
    """``Flux2KleinPipeline.__call__``, "4. process images" (diffusers 0.42.1), with its own processor."""
    processing = pytest.importorskip("diffusers.pipelines.flux2.image_processor")
    processor = processing.Flux2ImageProcessor(vae_scale_factor=16)
    image = Image.frombytes("RGB", (pixels.width_px, pixels.height_px), pixels.rgb)
    processor.check_image_input(image)
    if image.width * image.height > 1024 * 1024:
        image = processor._resize_to_target_area(image, 1024 * 1024)
    width, height = image.width // 16 * 16, image.height // 16 * 16
    tensor = processor.preprocess(image, height=height, width=width, resize_mode="crop")[0]
    samples = ((tensor + 1) * 127.5).round().permute(1, 2, 0).to("cpu").numpy().astype(np.uint8)
    return Pixels(width, height, samples.tobytes())


SIZES = [
    (1500, 1000),
    (1025, 1024),
    (2047, 513),
    (3000, 400),
    (1000, 1001),
    (1344, 768),
    (1024, 1024),
    (900, 1100),
]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_large_pictures_equal_those_of_the_models_own_pipeline(width: int, height: int) -> None:
    assert to_reference(noise(width, height)) == as_diffusers_makes_it(noise(width, height))


@pytest.mark.parametrize(("width", "height"), [*SIZES, (128, 128), (640, 480), (70, 500), (700, 300)])
def test_what_is_only_looked_at_equals_the_models_own_pipeline_in_every_size(width: int, height: int) -> None:
    looked_at = to_reference(noise(width, height), Sizing(upscales=False))
    assert looked_at == as_diffusers_makes_it(noise(width, height))


@pytest.mark.parametrize("aspect", Aspect)
def test_our_own_pictures_stay_as_they_are(aspect: Aspect) -> None:
    pixels = noise(aspect.grid.width_px, aspect.grid.height_px)
    assert to_reference(pixels) == pixels


@pytest.mark.parametrize(
    ("size", "grown"), [((128, 128), (1024, 1024)), ((64, 64), (1024, 1024)), ((640, 480), (1168, 880))]
)
def test_small_pictures_grow_towards_a_megapixel(size: tuple[int, int], grown: tuple[int, int]) -> None:
    reference = to_reference(noise(*size))
    assert (reference.width_px, reference.height_px) == grown


def test_small_hosts_get_small_references() -> None:
    reference = to_reference(noise(1500, 1000), Sizing(1024))
    assert (reference.width_px, reference.height_px) == (624, 416)


@settings(max_examples=60, deadline=None)
@given(st.integers(64, 1600), st.integers(64, 1600), st.sampled_from((16, 100, 256, 1024, MAX_OUTPUT_TOKENS)))
def test_every_reference_is_a_grid_within_the_limit(width: int, height: int, max_tokens: int) -> None:
    narrow = max(width, height) > 8 * min(width, height)
    if narrow:
        width = height = min(width, height)
    reference = to_reference(Pixels(width, height, bytes(width * height * 3)), Sizing(max_tokens))
    assert reference.width_px % 16 == 0
    assert reference.height_px % 16 == 0
    tokens = reference.width_px * reference.height_px // 256
    assert tokens <= max_tokens
    assert tokens >= max_tokens // 2 or max_tokens < 256
