"""Recipes that stand in files: of every program that is understood, and texts that mean harm."""

import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.images.embedded_recipe import EmbeddedRecipe, exif_block
from kleinbot.images.intake.intake import Intake
from kleinbot.images.intake.protocol import ProtocolViolationError, facts_in
from kleinbot.images.labelled import encode_png, pixel_hash
from kleinbot.images.upload import fit_for_upload
from kleinbot.images.written.facts import PictureFacts, facts_of
from kleinbot.images.written.read import recipe_from, recipe_in
from kleinbot.images.written.recipe import PROMPT_CHARACTERS, RecipeForm, WrittenRecipe

WEBUI = (
    "a red fox,\nin snow\nNegative prompt: blurry, text\nSteps: 20, Sampler: Euler a, CFG scale: 7,"
    ' Seed: 417, Size: 512x768, Model: sd_xl, Lora hashes: "one: 1, two: 2", Version: v1.10.1'
)
FOX = WrittenRecipe(
    RecipeForm.WEBUI, "a red fox, in snow", "blurry, text", 417, 20, "Euler a", 512, 768, "sd_xl"
)
KSAMPLER = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "people/bob/dream.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": ["9", 0], "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "mist", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": ["8", 0], "batch_size": 1}},
    "5": {
        "class_type": "KSampler",
        "inputs": {"seed": 2**63, "steps": 8, "sampler_name": "euler", "model": ["1", 0]}
        | {"positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0]},
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "bob"}},
    "8": {"class_type": "PrimitiveInt", "inputs": {"value": 480}},
    "9": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a wolf"}},
}
KLEIN = {
    "10": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux-2-klein-4b.safetensors"}},
    "11": {"class_type": "CLIPTextEncode", "inputs": {"text": "a heron", "clip": ["20", 0]}},
    "12": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["11", 0]}},
    "13": {
        "class_type": "CFGGuider",
        "inputs": {"cfg": 1, "model": ["10", 0], "positive": ["11", 0], "negative": ["12", 0]},
    },
    "14": {"class_type": "RandomNoise", "inputs": {"noise_seed": 7}},
    "15": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "16": {"class_type": "Flux2Scheduler", "inputs": {"steps": 4, "width": 1024, "height": 768}},
    "17": {"class_type": "EmptyFlux2LatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
    "18": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {"noise": ["14", 0], "guider": ["13", 0], "sampler": ["15", 0]}
        | {"sigmas": ["16", 0], "latent_image": ["17", 0]},
    },
}
DRAWN = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["old.ckpt"]},
        {"id": 2, "type": "CLIPTextEncode", "widgets_values": ["a boat"], "inputs": []},
        {"id": 3, "type": "EmptyLatentImage", "widgets_values": [512, 384, 1]},
        {
            "id": 4,
            "type": "KSampler",
            "widgets_values": [5, "randomize", 30, 7.5, "dpmpp_2m", "karras", 1],
            "inputs": [
                {"name": "model", "link": 11},
                {"name": "positive", "link": 12},
                {"name": "latent_image", "link": 13},
            ],
        },
    ],
    "links": [[11, 1, 0, 4, 0, "MODEL"], [12, 2, 0, 4, 1, "C"], [13, 3, 0, 4, 3, "LATENT"]],
}
TEXTS: dict[str, tuple[dict[str, object], WrittenRecipe]] = {
    "AUTOMATIC1111's": ({"parameters": WEBUI}, FOX),
    "a prompt alone": ({"parameters": "a fox"}, WrittenRecipe(RecipeForm.WEBUI, "a fox")),
    "ComfyUI's": (
        {"prompt": KSAMPLER, "workflow": {}},
        WrittenRecipe(RecipeForm.COMFYUI, "a wolf", "mist", 2**63, 8, "euler", 640, 480, "dream"),
    ),
    "ComfyUI's with a guider": (
        {"prompt": KLEIN},
        WrittenRecipe(RecipeForm.COMFYUI, "a heron", "", 7, 4, "euler", 1024, 768, "flux-2-klein-4b"),
    ),
    "ComfyUI's editor's": (
        {"workflow": DRAWN},
        WrittenRecipe(RecipeForm.COMFYUI, "a boat", "", 5, 30, "dpmpp_2m", 512, 384, "old"),
    ),
    "InvokeAI's": (
        {
            "invokeai_metadata": {"positive_prompt": "a cat", "negative_prompt": None, "seed": 1, "steps": 9}
            | {"scheduler": "euler", "width": 512, "height": 640, "model": {"name": "FLUX", "key": "a-b"}}
        },
        WrittenRecipe(RecipeForm.INVOKEAI, "a cat", "", 1, 9, "euler", 512, 640, "FLUX"),
    ),
    "InvokeAI's old": (
        {"sd-metadata": {"model_weights": "sd15", "image": {"prompt": [{"prompt": "a dog"}], "seed": 3}}},
        WrittenRecipe(RecipeForm.INVOKEAI, "a dog", seed=3, model="sd15"),
    ),
    "SwarmUI's": (
        {
            "parameters": {
                "sui_image_params": {"prompt": "a bee", "negativeprompt": "wasp", "seed": 1, "steps": 20}
                | {"width": 1024, "height": 1024, "model": "Official/flux.sft", "comfyuisampler": "euler"},
                "sui_extra_data": {"user": "bob"},
            }
        },
        WrittenRecipe(RecipeForm.SWARMUI, "a bee", "wasp", 1, 20, "euler", 1024, 1024, "flux"),
    ),
}


def written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def a_picture(suffix: str = "PNG", **saving: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 80), (200, 30, 0)).save(file, suffix, **saving)
    return file.getvalue()


def a_png(texts: dict[str, str], *, packed: bool = False) -> bytes:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text, zip=packed)
    return a_picture(pnginfo=info)


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG with this chunk after its header."""
    png = a_picture()
    chunk = len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", TEXTS)
def test_every_form_is_read_from_a_png(form: str, packed: bool) -> None:
    texts, recipe = TEXTS[form]
    file = a_png({keyword: written(text) for keyword, text in texts.items()}, packed=packed)
    assert recipe_in(file) == recipe


@pytest.mark.parametrize("suffix", ["JPEG", "WEBP", "PNG"])
def test_a_users_comment_is_read_from_every_container(suffix: str) -> None:
    assert recipe_in(a_picture(suffix, exif=exif_block(WEBUI))) == FOX
    for charset, text in ((b"UNICODE\0", WEBUI.encode("utf-16-le")), (b"ASCII\0\0\0", WEBUI.encode())):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = charset + text
        assert recipe_in(a_picture(suffix, exif=exif.tobytes())) == FOX


def test_comfyui_writes_its_graph_into_a_webp_where_cameras_write_their_names() -> None:
    exif = Image.Exif()
    exif[0x0110] = f"prompt:{json.dumps(KLEIN)}"
    exif[0x010F] = "workflow:{}"
    assert recipe_in(a_picture("WEBP", exif=exif.tobytes())) == TEXTS["ComfyUI's with a guider"][1]


def test_our_own_files_are_read_in_any_script_also_when_they_were_made_smaller() -> None:
    recipe = EmbeddedRecipe("狐狸 im Schnee\nzwei", NoiseRecipe(9), 4, 64, 80, "FLUX.2-klein-4B", "1.0")
    pixels = Pixels(64, 80, np.random.default_rng(1).bytes(64 * 80 * 3))
    expected = WrittenRecipe(
        RecipeForm.KLEINBOT, "狐狸 im Schnee zwei", "", 9, 4, "Euler", 64, 80, "FLUX.2-klein-4B"
    )
    png = encode_png(pixels, recipe)
    assert recipe_in(png) == expected
    assert facts_of(png).finish() == PictureFacts(pixel_hash(pixels), expected)
    smaller = fit_for_upload(png, len(png) // 2)
    assert smaller.suffix == ".webp"
    assert recipe_in(smaller.data) == expected


def test_place_camera_and_names_are_never_read() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Camera maker", "Camera 7", "Bob Miller"
    exif[0x010E] = "a photo of Bob"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 1.0)
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Bob at home, 12 High Street"
    for suffix in ("JPEG", "WEBP", "PNG"):
        assert recipe_in(a_picture(suffix, exif=exif.tobytes())) is None
    assert recipe_in(a_png({"Author": "Bob", "Comment": "a fox\nSteps: 1, Seed: 2, Size: 8x8"})) is None


HOSTILE: dict[str, bytes] = {
    "a bomb": with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 50_000_000, 9)),
    "a bomb in UTF-8": with_chunk(b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(b"{" * 50_000_000, 9)),
    "no text": with_chunk(b"iTXt", b"parameters\0\1"),
    "broken": with_chunk(b"zTXt", b"parameters\0\0not zlib"),
    "unknown packing": with_chunk(b"zTXt", b"parameters\0\7abc"),
    "no keyword's end": with_chunk(b"tEXt", b"parameters" * 100),
    "deep": a_png({"prompt": '{"a":' + "[" * 500_000}),
    "a long number": a_png({"prompt": '{"1":' + "9" * 100_000 + "}"}),
    "a circle": a_png(
        {
            "prompt": json.dumps(
                {"1": {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "x": ["1", 0]}}}
            )
        }
    ),
    "odd types": a_png(
        {"prompt": json.dumps({"1": {"class_type": ["KSampler"], "inputs": {"text": [[], {}]}}})}
    ),
    "links to nothing": a_png({"workflow": json.dumps({"nodes": [1, {"inputs": 5}], "links": [[], 3, [1]]})}),
    "an endless directory": with_chunk(
        b"eXIf", b"MM\0*\0\0\0\x08\xff\xff" + b"\x87\x69\0\4\0\0\0\1\0\0\0\x08" * 99
    ),
    "a pointer to nowhere": with_chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("harm", HOSTILE)
def test_hostile_texts_are_no_recipe(harm: str) -> None:
    assert recipe_in(HOSTILE[harm]) is None


def test_what_is_read_is_bounded_and_on_one_line_without_invisible_characters() -> None:
    text = "a\u202e fox\x00\x07 \u2066@everyone\u2069 " + "x" * 9_000
    recipe = recipe_from(
        {"parameters": f"{text}\nSteps: 99999999999, Seed: -1, Size: 0x7, Model: C:\\Bob\\m.pt"}
    )
    assert recipe is not None
    assert recipe.prompt.startswith("a fox @everyone x")
    assert len(recipe.prompt) == PROMPT_CHARACTERS
    assert (recipe.steps, recipe.seed, recipe.model) == (None, None, "m")


async def test_the_process_that_reads_tells_the_facts_of_pictures_that_it_would_not_draw_from() -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=_info(WEBUI))
    intake = Intake(SystemClock())
    try:
        assert await intake.read_facts(file.getvalue(), 1) == PictureFacts(None, FOX)
        pixels = Pixels(64, 80, bytes(64 * 80 * 3))
        recipe = EmbeddedRecipe("a fox", NoiseRecipe(9), 4, 64, 80, "m", "1.0")
        facts = await intake.read_facts(encode_png(pixels, recipe), 1)
        assert facts.pixel_hash == pixel_hash(pixels)
        with pytest.raises(Refusal) as refused:
            await intake.read_facts(b"no picture", 1)
        assert refused.value.code is Code.PICTURE_NOT_AN_IMAGE
    finally:
        await intake.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[null, 5]",
        b'["abc", null]',
        b"[7, null]",
        b'[null, {"prompt": "a"}]',
        b'[null, {"program": "x"}]',
        b"[" * 60_000,
    ],
)
def test_facts_outside_the_protocol_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolViolationError):
        facts_in(body)


def _info(text: str) -> PngInfo:
    info = PngInfo()
    info.add_text("parameters", text)
    return info
