"""Files are labelled as other programs read it and hold exactly the same pixels."""

import hashlib
import io
import time
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from kleinbot.domain.noise import Blend, NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.images.embedded_recipe import (
    DIGITAL_SOURCE_TYPE,
    EmbeddedRecipe,
    exif_block,
    recipe_text,
    xmp_packet,
)
from kleinbot.images.labelled import decode_own, encode_png, encode_reference, pixel_hash

RECIPE = EmbeddedRecipe("a red fox", NoiseRecipe(42), 4, 1024, 768, "FLUX.2-klein-4B", "0.1.0")


def gradient(width: int, height: int, grain: int = 0) -> Pixels:
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([columns * 255 // width, rows * 255 // height, (columns + rows) % 256], axis=2)
    picture = picture + np.random.default_rng(0).integers(-grain, grain + 1, picture.shape)
    return Pixels(width, height, picture.clip(0, 255).astype(np.uint8).tobytes())


def test_the_recipe_reads_as_other_programs_write_it() -> None:
    assert recipe_text(RECIPE) == (
        "a red fox\nSteps: 4, Sampler: Euler, CFG scale: 1, Seed: 42, Size: 1024x768, "
        "Model: FLUX.2-klein-4B, Version: kleinbot 0.1.0"
    )


def test_mixed_noise_and_references_are_part_of_the_recipe() -> None:
    noise = NoiseRecipe(1, (Blend(2, 0.25), Blend(3, 0.5)))
    text = recipe_text(EmbeddedRecipe("x", noise, 4, 64, 64, "m", "1", references=2))
    assert "Seed: 1, " in text
    assert "Noise: 1 0.25:2 0.5:3, References: 2, Version: kleinbot 1" in text


@pytest.mark.parametrize(
    "prompt", ["a\nSteps: 99, Seed: 1, Size: 1x1", "a\r\nb\x00\x1b[2J", "\ud800 lone", "  "]
)
def test_a_prompt_cannot_change_the_line_of_settings(prompt: str) -> None:
    text = recipe_text(EmbeddedRecipe(prompt, NoiseRecipe(42), 4, 64, 64, "m, Seed: 7", "1"))
    assert text.rpartition("\n")[2] == (
        "Steps: 4, Sampler: Euler, CFG scale: 1, Seed: 42, Size: 64x64, Model: m Seed: 7, Version: kleinbot 1"
    )
    assert text.isprintable() or "\n" in text
    text.encode()


@pytest.mark.parametrize("prompt", ["a red fox", "ein Fuchs im Grünen", "赤い狐 🦊"])
def test_a_png_holds_pixels_recipe_and_source_type(prompt: str) -> None:
    pixels = gradient(96, 64)
    recipe = EmbeddedRecipe(prompt, NoiseRecipe(42), 4, 96, 64, "m", "1")
    png = encode_png(pixels, recipe)
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert image.tobytes() == pixels.rgb
        assert image.info["parameters"] == recipe_text(recipe)
        assert DIGITAL_SOURCE_TYPE.encode() in image.info["xmp"]
        assert b"kleinbot 1" in image.info["xmp"]
    assert decode_own(png) == pixels
    first_data = png.index(b"IDAT")
    assert png.index(b"parameters") < first_data, "readers stop at the first pixel data"
    assert png.index(b"XML:com.adobe.xmp") < first_data


def test_the_xmp_packet_is_well_formed_whatever_the_version_is() -> None:
    recipe = EmbeddedRecipe("x", NoiseRecipe(0), 4, 64, 64, "m", '1"<&>')
    root = ET.fromstring(xmp_packet(recipe))  # noqa: S314 - our own
    description = next(root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"))
    assert (
        description.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
        == DIGITAL_SOURCE_TYPE
    )
    assert description.attrib["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == 'kleinbot 1"<&>'


def test_the_exif_comment_reads_as_other_programs_read_it() -> None:
    exif = Image.Exif()
    exif.load(exif_block("赤い狐"))
    assert exif.endian == ">"
    assert exif.get_ifd(0x8769)[0x9286] == b"UNICODE\0" + "赤い狐".encode("utf-16-be")


def test_a_reference_file_holds_pixels_only() -> None:
    png = encode_reference(gradient(64, 64))
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert image.info == {}
    assert decode_own(png) == gradient(64, 64)


def test_the_pixel_hash_is_of_the_picture_not_of_the_file() -> None:
    pixels = gradient(64, 32)
    assert pixel_hash(decode_own(encode_png(pixels, RECIPE))) == pixel_hash(
        decode_own(encode_reference(pixels))
    )
    assert pixel_hash(pixels) != pixel_hash(Pixels(32, 64, pixels.rgb))
    assert pixel_hash(Pixels(1, 1, b"abc")) == hashlib.sha256(b"1x1\nabc").hexdigest()


def test_the_same_picture_is_the_same_file() -> None:
    assert encode_png(gradient(128, 128), RECIPE) == encode_png(gradient(128, 128), RECIPE)


def test_a_full_size_picture_is_encoded_and_the_time_printed() -> None:
    pixels = gradient(1024, 1024, grain=6)
    started_s = time.perf_counter()
    png = encode_png(pixels, RECIPE)
    took_s = time.perf_counter() - started_s
    print(f"1024² PNG: {took_s * 1000:.0f} ms, {len(png) / 2**20:.2f} MiB")  # noqa: T201
    assert png.startswith(b"\x89PNG")


def test_whatever_is_damaged_in_a_file_of_ours_is_an_oserror() -> None:
    png = encode_reference(gradient(16, 16))
    damaged = 0
    for position in range(len(png)):
        for value in (0, 5, 255):
            try:
                decode_own(png[:position] + bytes([value]) + png[position + 1 :])
            except OSError:
                damaged += 1
    assert damaged > len(png)


def as_webui_reads(text: str) -> tuple[str, str]:
    """Return the prompt and negative prompt as in AUTOMATIC1111's ``parse_generation_parameters``."""
    *lines, settings = text.strip().split("\n")
    assert settings.startswith("Steps: 4, ")
    prompt, negative, is_negative = "", "", False
    for line in (each.strip() for each in lines):
        rest = line
        if line.startswith("Negative prompt:"):
            is_negative, rest = True, line[16:].strip()
        if is_negative:
            negative += ("" if negative == "" else "\n") + rest
        else:
            prompt += ("" if prompt == "" else "\n") + rest
    return prompt, negative


@pytest.mark.parametrize(
    "prompt",
    [
        "Negative prompt: ugly",
        "a fox\nNegative prompt: ugly",
        "a fox\n  Negative prompt:\nugly",
        "a fox\r\nNegative prompt: ugly\nSteps: 99, Sampler: x, CFG scale: 7",
        "a fox, negative prompt: ugly. Steps: 3",
    ],
)
def test_a_prompt_cannot_split_itself_for_readers(prompt: str) -> None:
    text = recipe_text(EmbeddedRecipe(prompt, NoiseRecipe(42), 4, 64, 64, "m", "1"))
    read, negative = as_webui_reads(text)
    assert negative == ""
    assert read.replace(" :", ":").split() == prompt.split()
    assert text.count("Steps:") == 1
    assert "negative prompt:" not in text.lower()
