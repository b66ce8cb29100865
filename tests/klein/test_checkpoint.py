"""Anything but Klein 4B is recognised before any weight is loaded."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import CPU_SMALL, Precision
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.weights.find_weights import find_weights
from tests.gpu import full_size

TRANSFORMER_WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
TEXT_WEIGHTS = "text_encoder/model.safetensors"
VAE_WEIGHTS = "vae/diffusion_pytorch_model.safetensors"

Break = Callable[[Path], None]


@pytest.fixture
def checkout(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "checkout")


def setting(file: str, **values: Any) -> Break:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(content | values))

    return change


def without(file: str) -> Break:
    return lambda folder: (folder / file).unlink()


def cut(file: str, bytes_left: int) -> Break:
    def change(folder: Path) -> None:
        whole = (folder / file).read_bytes()
        (folder / file).write_bytes(whole[:bytes_left])

    return change


def replaced(file: str, content: bytes) -> Break:
    def change(folder: Path) -> None:
        (folder / file).write_bytes(content)

    return change


def tensors(file: str, change: Callable[[dict[str, torch.Tensor]], object]) -> Break:
    def rewrite(folder: Path) -> None:
        content = load_file(folder / file)
        change(content)
        save_file(content, folder / file)

    return rewrite


def sharded(folder: Path) -> None:
    """Split the text encoder into two files and an index, like the published one."""
    content = load_file(folder / TEXT_WEIGHTS)
    names = sorted(content)
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, half in halves.items():
        save_file({name: content[name] for name in half}, folder / "text_encoder" / file)
    weight_map = {name: file for file, half in halves.items() for name in half}
    index = folder / "text_encoder/model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / TEXT_WEIGHTS).unlink()


def as_of_flux_1(content: dict[str, torch.Tensor]) -> None:
    """It has no statistics, no layers before and after quantisation, and other latents."""
    for name in [name for name in content if name.startswith(("bn.", "quant_conv.", "post_quant_conv."))]:
        del content[name]
    width = content["encoder.conv_out.weight"].shape[1]
    content["encoder.conv_out.weight"] = torch.zeros(32, width, 3, 3)


def refusal(folder: Path) -> StartError:
    """Return the error that profile choice and doctor get: nothing is loaded."""
    with pytest.raises(StartError) as raised:
        find_weights(folder)
    return raised.value


WRONG = {
    "no index": (without("model_index.json"), Code.WEIGHTS_MISSING, "model_index.json"),
    "no weights": (without(TRANSFORMER_WEIGHTS), Code.WEIGHTS_MISSING, TRANSFORMER_WEIGHTS),
    "no VAE config": (without("vae/config.json"), Code.WEIGHTS_MISSING, "vae/config.json"),
    "no tokenizer": (without("tokenizer/tokenizer.json"), Code.WEIGHTS_MISSING, "tokenizer/tokenizer.json"),
    "another pipeline": (
        setting("model_index.json", _class_name="Flux2Pipeline"),
        Code.WEIGHTS_NOT_KLEIN,
        "model_index.json",
    ),
    "9B by its layers": (
        setting("transformer/config.json", num_single_layers=24),
        Code.WEIGHTS_KLEIN_9B,
        "transformer/config.json",
    ),
    "9B by its width": (
        setting("transformer/config.json", joint_attention_dim=12288),
        Code.WEIGHTS_KLEIN_9B,
        "transformer/config.json",
    ),
    "FLUX.2 dev's transformer": (
        setting("transformer/config.json", guidance_embeds=True),
        Code.WEIGHTS_NOT_KLEIN,
        "transformer/config.json",
    ),
    "another scheduler": (
        setting("scheduler/scheduler_config.json", use_dynamic_shifting=False),
        Code.WEIGHTS_NOT_KLEIN,
        "scheduler/scheduler_config.json",
    ),
    "FLUX.1's VAE by the index": (
        setting("model_index.json", vae=["diffusers", "AutoencoderKL"]),
        Code.WEIGHTS_WRONG_VAE,
        "model_index.json",
    ),
    "FLUX.1's VAE by its config": (
        setting("vae/config.json", _class_name="AutoencoderKL"),
        Code.WEIGHTS_WRONG_VAE,
        "vae/config.json",
    ),
    "a VAE of other channels": (
        setting("vae/config.json", latent_channels=16),
        Code.WEIGHTS_WRONG_VAE,
        "vae/config.json",
    ),
    "FLUX.1's VAE under the right config": (
        tensors(VAE_WEIGHTS, as_of_flux_1),
        Code.WEIGHTS_WRONG_VAE,
        VAE_WEIGHTS,
    ),
    "a config with words for numbers": (
        setting("transformer/config.json", num_layers="five"),
        Code.WEIGHTS_NOT_KLEIN,
        "transformer/config.json",
    ),
    "a config of endless layers": (
        setting("transformer/config.json", num_layers=10**12),
        Code.WEIGHTS_NOT_KLEIN,
        "transformer/config.json",
    ),
    "a VAE without statistics": (
        tensors(VAE_WEIGHTS, lambda content: content.pop("bn.running_mean")),
        Code.WEIGHTS_WRONG_VAE,
        "vae/config.json",
    ),
    "T5": (
        setting("text_encoder/config.json", model_type="t5"),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "text_encoder/config.json",
    ),
    "Mistral by the index": (
        setting("model_index.json", text_encoder=["transformers", "Mistral3ForConditionalGeneration"]),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "model_index.json",
    ),
    "a Qwen3 of another width": (
        setting("text_encoder/config.json", hidden_size=64),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "text_encoder/config.json",
    ),
    "a Qwen3 of too few layers": (
        setting("text_encoder/config.json", num_hidden_layers=26),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "text_encoder/config.json",
    ),
    "JSON cut short": (cut("vae/config.json", 20), Code.WEIGHTS_DAMAGED, "vae/config.json"),
    "JSON nested too deep": (
        replaced("vae/config.json", b"[" * 200_000),
        Code.WEIGHTS_DAMAGED,
        "vae/config.json",
    ),
    "an index nested too deep": (
        replaced("vae/diffusion_pytorch_model.safetensors.index.json", b"[" * 200_000),
        Code.WEIGHTS_DAMAGED,
        "vae/diffusion_pytorch_model.safetensors.index.json",
    ),
    "JSON of another kind": (replaced("vae/config.json", b"[]"), Code.WEIGHTS_DAMAGED, "vae/config.json"),
    "weights cut at the end": (cut(TEXT_WEIGHTS, -1), Code.WEIGHTS_DAMAGED, TEXT_WEIGHTS),
    "weights cut in the header": (cut(VAE_WEIGHTS, 100), Code.WEIGHTS_DAMAGED, VAE_WEIGHTS),
    "empty weights": (cut(VAE_WEIGHTS, 0), Code.WEIGHTS_DAMAGED, VAE_WEIGHTS),
    "a Git LFS pointer": (
        replaced(TRANSFORMER_WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
        Code.WEIGHTS_DAMAGED,
        TRANSFORMER_WEIGHTS,
    ),
    "a weight of another shape": (
        tensors(TRANSFORMER_WEIGHTS, lambda c: c.update({"proj_out.weight": torch.zeros(3, 3)})),
        Code.WEIGHTS_NOT_KLEIN,
        TRANSFORMER_WEIGHTS,
    ),
    "scaled FP8 weights": (
        tensors(
            TRANSFORMER_WEIGHTS,
            lambda c: c.update({"proj_out.weight": c["proj_out.weight"].to(torch.float8_e4m3fn)}),
        ),
        Code.WEIGHTS_NOT_KLEIN,
        TRANSFORMER_WEIGHTS,
    ),
    "a text encoder without a layer": (
        tensors(TEXT_WEIGHTS, lambda c: c.pop("model.layers.26.mlp.up_proj.weight")),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "text_encoder/config.json",
    ),
}


@pytest.mark.parametrize(("change", "code", "file"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_checkout_is_refused_with_what_is_wrong(
    checkout: Path, change: Break, code: Code, file: str
) -> None:
    change(checkout)

    error = refusal(checkout)

    assert error.code is code
    assert error.parameters["file"] == file
    if code is Code.WEIGHTS_MISSING:
        assert error.parameters["folder"] == str(checkout)
    else:
        assert error.parameters["found"]
        assert error.parameters["wanted"]


LAYER = "transformer_blocks.0.attn.to_q"
SCALES: dict[str, tuple[dict[str, torch.Tensor], str]] = {
    "a scale for each row": (
        {"weight_scale": torch.ones(64, 1), "input_scale": torch.ones(())},
        "weight_scale F32 [64, 1]",
    ),
    "scales of 16 bits": (
        {"weight_scale": torch.ones((), dtype=torch.bfloat16), "input_scale": torch.ones(())},
        "weight_scale BF16 []",
    ),
    "no scale of the input": ({"weight_scale": torch.ones(())}, "input_scale not there"),
}


@pytest.mark.parametrize(("scales", "found"), SCALES.values(), ids=SCALES.keys())
def test_a_checkout_in_another_kind_of_fp8_is_refused_before_it_is_loaded(
    checkout: Path, scales: dict[str, torch.Tensor], found: str
) -> None:
    def change(content: dict[str, torch.Tensor]) -> None:
        content[f"{LAYER}.weight"] = content[f"{LAYER}.weight"].to(torch.float8_e4m3fn)
        content.update({f"{LAYER}.{part}": scale for part, scale in scales.items()})

    tensors(TRANSFORMER_WEIGHTS, change)(checkout)
    error = refusal(checkout)
    assert error.code is Code.WEIGHTS_QUANTISATION_UNKNOWN
    assert found in str(error.parameters["found"])


def ids_of(checkout: Path) -> torch.Tensor:
    made = load_klein(find_weights(checkout), CPU_SMALL, torch.device("cpu"), lambda _: None)
    return made.text_encoder._tokenise("a red fox")[0]


def padded_by(**padding: object) -> Break:
    """Change the padding in ``tokenizer.json``."""
    said = {"strategy": {"Fixed": 600}, "direction": "Left", "pad_to_multiple_of": None}
    token = {"pad_id": 3, "pad_type_id": 0, "pad_token": "<|im_end|>"}
    return setting("tokenizer/tokenizer.json", padding=said | token | padding)


SAME_IDS = {
    "padding on the left": setting("tokenizer/tokenizer_config.json", padding_side="left"),
    "another padding token": setting("tokenizer/tokenizer_config.json", pad_token="<|im_end|>"),
    "no padding token": setting("tokenizer/tokenizer_config.json", pad_token=None),
    "cut on the left": setting("tokenizer/tokenizer_config.json", truncation_side="left"),
    "its own padding": padded_by(),
    "its own length": setting(
        "tokenizer/tokenizer.json",
        truncation={"max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Left"},
    ),
    "no template": without("tokenizer/chat_template.jinja"),
}


@pytest.mark.parametrize("change", SAME_IDS.values(), ids=SAME_IDS.keys())
def test_what_a_tokenizer_says_beyond_its_vocabulary_changes_no_ids(checkout: Path, change: Break) -> None:
    wanted = ids_of(checkout)
    change(checkout)
    assert torch.equal(ids_of(checkout), wanted)


def test_a_tokenizer_that_adds_tokens_of_its_own_is_refused(checkout: Path) -> None:
    setting("model_index.json", tokenizer=["transformers", "PreTrainedTokenizerFast"])(checkout)
    beginning = {"SpecialToken": {"id": "<|im_end|>", "type_id": 0}}
    setting(
        "tokenizer/tokenizer.json",
        post_processor={
            "type": "TemplateProcessing",
            "single": [beginning, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<|im_end|>": {"id": "<|im_end|>", "ids": [3], "tokens": ["<|im_end|>"]}},
        },
    )(checkout)
    with pytest.raises(StartError) as raised:
        ids_of(checkout)
    assert raised.value.code is Code.WEIGHTS_WRONG_TEXT_ENCODER


def test_another_chat_template_is_refused(checkout: Path) -> None:
    replaced("tokenizer/chat_template.jinja", b"{{ messages[0].content }}")(checkout)
    with pytest.raises(StartError) as raised:
        load_klein(find_weights(checkout), CPU_SMALL, torch.device("cpu"), lambda _: None)
    assert raised.value.code is Code.WEIGHTS_WRONG_TEXT_ENCODER
    assert raised.value.parameters["file"] == "tokenizer/tokenizer.json"


def test_layers_that_are_never_run_may_be_missing(checkout: Path) -> None:
    tensors(
        TEXT_WEIGHTS,
        lambda content: [
            content.pop(name) for name in list(content) if ".layers.27." in name or ".norm." in name
        ],
    )(checkout)
    setting("text_encoder/config.json", num_hidden_layers=27, layer_types=["full_attention"] * 27)(checkout)
    load_klein(find_weights(checkout), CPU_SMALL, torch.device("cpu"), lambda _: None)


def test_shards_are_read_through_their_index(checkout: Path, tiny_folder: Path) -> None:
    sharded(checkout)

    loaded = load_klein(find_weights(checkout), CPU_SMALL, torch.device("cpu"), lambda _: None)

    assert find_weights(checkout).bytes == find_weights(tiny_folder).bytes
    whole = load_klein(find_weights(tiny_folder), CPU_SMALL, torch.device("cpu"), lambda _: None)
    with torch.inference_mode():
        assert torch.equal(loaded.text_encoder.encode(["a"]), whole.text_encoder.encode(["a"]))


@pytest.mark.parametrize("half", ["00001", "00002"])
def test_a_missing_shard_is_named(checkout: Path, half: str) -> None:
    sharded(checkout)
    file = f"text_encoder/model-{half}-of-00002.safetensors"
    (checkout / file).unlink()

    error = refusal(checkout)

    assert (error.code, error.parameters["file"]) == (Code.WEIGHTS_MISSING, file)


def test_an_index_that_promises_too_much_is_damaged(checkout: Path) -> None:
    sharded(checkout)
    file = "text_encoder/model-00001-of-00002.safetensors"
    tensors(file, lambda content: content.popitem())(checkout)
    assert refusal(checkout).code is Code.WEIGHTS_DAMAGED


def test_loading_tells_how_far_it_is(tiny_folder: Path) -> None:
    reported: list[float] = []
    load_klein(find_weights(tiny_folder), CPU_SMALL, torch.device("cpu"), reported.append)
    assert reported == sorted(reported)
    assert reported[-1] == 1.0


def test_bfloat16_keeps_the_rotary_frequencies_in_float32(tiny_folder: Path) -> None:
    klein = load_klein(
        find_weights(tiny_folder),
        replace(CPU_SMALL, precision=Precision.BFLOAT16),
        torch.device("cpu"),
        lambda _: None,
    )
    model = klein.text_encoder._model
    assert model.rotary_emb.inv_freq.dtype is torch.float32
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert klein.dtype is klein.vae.dtype is torch.bfloat16


def test_the_published_layout_has_the_published_tensors() -> None:
    assert len(full_size.shapes_of_transformer()) == 169
    assert sum(s.numel() for s in full_size.shapes_of_transformer().values()) == 3_875_544_576
    assert len(full_size.shapes_of_text_encoder()) == 398
    assert sum(s.numel() for s in full_size.shapes_of_text_encoder().values()) == 4_022_468_096
