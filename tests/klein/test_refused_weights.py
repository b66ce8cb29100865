"""Files that are not Klein 4B are rejected with an error that names their content."""

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.texts import Texts, languages
from tests.klein.layouts import (
    SCALES,
    TEXT_ENCODER,
    TRANSFORMER,
    VAE,
    quantisation_metadata,
)

Tensors = dict[str, torch.Tensor]


GGUF = b"GGUF\3\0\0\0"


def refusal(place: Path) -> StartError:
    with pytest.raises(StartError) as raised:
        find_weights(place)
    for language in languages():
        said = Texts().error(raised.value, language)
        assert str(raised.value.parameters.get("file", "")) in said
    return raised.value


def test_without_a_tokenizer_it_says_where_it_looked(comfy: Path) -> None:
    shutil.rmtree(comfy / "comfy")
    error = refusal(comfy)
    assert error.code is Code.WEIGHTS_TOKENIZER_MISSING
    assert "qwen25_tokenizer" in str(error.parameters["places"])


def changed(file: str, change: Callable[[Tensors], object], **metadata: str) -> Callable[[Path], object]:
    def rewrite(place: Path) -> None:
        content = load_file(place / file)
        change(content)
        said = metadata or (quantisation_metadata(SCALES) if file == TRANSFORMER else None)
        save_file(content, place / file, metadata=said)

    return rewrite


def holding(file: str, *names: str, shape: tuple[int, ...] = (4, 4)) -> Callable[[Path], object]:
    return lambda place: save_file({name: torch.zeros(shape) for name in names}, place / file)


def without(file: str) -> Callable[[Path], object]:
    return lambda place: (place / file).unlink()


def cut(file: str) -> Callable[[Path], object]:
    return lambda place: (place / file).write_bytes((place / file).read_bytes()[:-9])


def written(file: str, content: bytes) -> Callable[[Path], object]:
    return lambda place: (place / file).write_bytes(content)


def of_another_ending(file: str, ending: str, content: bytes) -> Callable[[Path], object]:
    def replace_it(place: Path) -> None:
        (place / file).unlink()
        (place / file).with_suffix(ending).write_bytes(content)

    return replace_it


def of_9b(place: Path) -> None:
    content = load_file(place / TRANSFORMER)
    content["txt_in.weight"] = torch.zeros(content["txt_in.weight"].shape[0], 12288)
    save_file(content, place / TRANSFORMER, metadata=quantisation_metadata(SCALES))


WRONG = {
    "FLUX.1's VAE": (
        holding(VAE, "decoder.conv_in.weight", "encoder.conv_in.weight", shape=(512, 16, 3, 3)),
        Code.WEIGHTS_WRONG_VAE,
        "the VAE of FLUX.1",
    ),
    "SDXL's VAE": (
        holding(VAE, "decoder.conv_in.weight", "encoder.conv_in.weight", shape=(512, 4, 3, 3)),
        Code.WEIGHTS_WRONG_VAE,
        "the VAE of SDXL or SD 1.5",
    ),
    "an SD 1.5 checkpoint as VAE": (
        holding(VAE, "first_stage_model.decoder.conv_in.weight"),
        Code.WEIGHTS_WRONG_VAE,
        "a whole Stable Diffusion checkpoint",
    ),
    "a VAE in Black Forest Labs' names without its layers": (
        holding(VAE, "bn.running_mean", "encoder.down.0.block.0.conv1.weight", "decoder.conv_in.weight"),
        Code.WEIGHTS_WRONG_VAE,
        "no usable",
    ),
    "T5": (
        holding(TEXT_ENCODER, "encoder.block.0.layer.0.SelfAttention.q.weight"),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "T5",
    ),
    "Mistral3": (
        holding(TEXT_ENCODER, "language_model.model.layers.0.self_attn.q_proj.weight"),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "Mistral3",
    ),
    "Qwen3-8B": (
        changed(
            TEXT_ENCODER,
            lambda c: c.update({"model.embed_tokens.weight": torch.zeros(512, 64)}),
        ),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "hidden_size 64",
    ),
    "FP8 text encoder": (
        changed(TEXT_ENCODER, lambda c: c.update({"model.layers.0.mlp.up_proj.comfy_quant": torch.zeros(3)})),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "comfy_quant",
    ),
    "FLUX.1": (
        holding(TRANSFORMER, "double_blocks.0.img_mod.lin.weight"),
        Code.WEIGHTS_OTHER_MODEL,
        "FLUX.1",
    ),
    "FLUX.1 as ComfyUI saves it": (
        holding(TRANSFORMER, "model.diffusion_model.double_blocks.0.img_mod.lin.weight"),
        Code.WEIGHTS_OTHER_MODEL,
        "FLUX.1",
    ),
    "FLUX.2 dev as ComfyUI saves it": (
        holding(TRANSFORMER, "model.diffusion_model.guidance_in.in_layer.weight"),
        Code.WEIGHTS_OTHER_MODEL,
        "FLUX.2 [dev]",
    ),
    "Stable Diffusion 3 as ComfyUI saves it": (
        holding(TRANSFORMER, "model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight"),
        Code.WEIGHTS_OTHER_MODEL,
        "Stable Diffusion 3",
    ),
    "Stable Diffusion": (
        holding(TRANSFORMER, "model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.x.weight"),
        Code.WEIGHTS_OTHER_MODEL,
        "Stable Diffusion",
    ),
    "Qwen3-VL": (
        holding(
            TEXT_ENCODER, "model.visual.blocks.0.x.weight", "model.language_model.layers.0.mlp.up_proj.weight"
        ),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "Qwen3-VL",
    ),
    "GGUF in a safetensors file": (
        written(TRANSFORMER, GGUF),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "GGUF",
    ),
    "a GGUF file": (
        of_another_ending(TRANSFORMER, ".gguf", GGUF),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "GGUF",
    ),
    "layers beyond number": (
        changed(
            TEXT_ENCODER,
            lambda c: c.update({"model.layers.999999999999.mlp.up_proj.weight": torch.zeros(2, 2)}),
        ),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "a tensor of number 999999999999",
    ),
    "FLUX.2 dev": (
        changed(TRANSFORMER, lambda c: c.update({"guidance_in.in_layer.weight": torch.zeros(2, 2)})),
        Code.WEIGHTS_OTHER_MODEL,
        "FLUX.2 [dev]",
    ),
    "9B": (of_9b, Code.WEIGHTS_KLEIN_9B, "12288"),
    "NVFP4": (
        changed(TRANSFORMER, lambda c: c.update({"single_blocks.0.linear1.weight_scale_2": torch.zeros(())})),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "NVFP4",
    ),
    "older scaled FP8": (
        changed(TRANSFORMER, lambda c: c.update({"single_blocks.0.linear1.scale_weight": torch.zeros(())})),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "scale_weight",
    ),
    "FP8 without metadata": (
        changed(TRANSFORMER, lambda _: None, format="pt"),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "_quantization_metadata",
    ),
    "FP8 without metadata and scales": (
        changed(
            TRANSFORMER,
            lambda c: [c.pop(name) for name in list(c) if name.endswith(("weight_scale", "input_scale"))],
            format="pt",
        ),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "F8_E4M3",
    ),
    "metadata of another version": (
        changed(TRANSFORMER, lambda _: None, _quantization_metadata='{"format_version": "2", "layers": {}}'),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "format_version 2",
    ),
    "metadata of another format": (
        changed(
            TRANSFORMER,
            lambda _: None,
            _quantization_metadata='{"format_version": "1.0", "layers": {"img_in": {"format": "nvfp4"}}}',
        ),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "nvfp4",
    ),
    "metadata nested too deep": (
        changed(TRANSFORMER, lambda _: None, _quantization_metadata="[" * 200_000),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "_quantization_metadata [[[",
    ),
    "a transformer without a layer": (
        changed(TRANSFORMER, lambda c: c.pop("single_blocks.1.norm.key_norm.scale")),
        Code.WEIGHTS_NOT_KLEIN,
        "no such tensor",
    ),
    "a text encoder without a layer": (
        changed(TEXT_ENCODER, lambda c: c.pop("model.layers.9.mlp.down_proj.weight")),
        Code.WEIGHTS_WRONG_TEXT_ENCODER,
        "no such tensor",
    ),
    "a scale that is missing": (
        changed(TRANSFORMER, lambda c: c.pop("single_blocks.0.linear1.input_scale")),
        Code.WEIGHTS_QUANTISATION_UNKNOWN,
        "input_scale",
    ),
    "a name that Klein does not have": (
        changed(TRANSFORMER, lambda c: c.update({"double_blocks.0.other.weight": torch.zeros(2, 2)})),
        Code.WEIGHTS_NOT_KLEIN,
        "double_blocks.0.other.weight",
    ),
    "a torn transformer": (cut(TRANSFORMER), Code.WEIGHTS_DAMAGED, "bytes"),
    "a torn VAE": (cut(VAE), Code.WEIGHTS_DAMAGED, "bytes"),
    "no transformer": (without(TRANSFORMER), Code.WEIGHTS_MISSING, None),
    "no text encoder": (without(TEXT_ENCODER), Code.WEIGHTS_MISSING, None),
    "no VAE": (without(VAE), Code.WEIGHTS_MISSING, None),
}


@pytest.mark.parametrize(("change", "code", "found"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_what_it_is(
    comfy: Path, change: Callable[[Path], object], code: Code, found: str | None
) -> None:
    change(comfy)
    error = refusal(comfy)
    assert error.code is code
    if found is not None:
        assert found in str(error.parameters["found"])


def test_a_right_file_is_found_among_wrong_ones(comfy: Path) -> None:
    """ComfyUI's folders hold many models."""
    for name in ("FLUX.1's VAE", "T5", "FLUX.1", "Mistral3"):
        originals = {file: (comfy / file).read_bytes() for file in (TRANSFORMER, TEXT_ENCODER, VAE)}
        WRONG[name][0](comfy)
        for file, content in originals.items():
            shutil.copy(comfy / file, (comfy / file).with_name(f"a {name}.safetensors"))
            (comfy / file).write_bytes(content)
    (comfy / "models/vae/torn.safetensors").write_bytes(b"torn")
    assert find_weights(comfy).bytes > 0


OUT_OF_HANDLES = textwrap.dedent(
    """
    import os, resource, sys
    from pathlib import Path
    from kleinbot.domain.errors import StartError
    from kleinbot.klein.weights.find_weights import find_weights

    find_weights(Path(sys.argv[1]))
    names = os.listdir("/proc/self/fd")
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(names) - 1 + int(sys.argv[2]), 4096))
    try:
        find_weights(Path(sys.argv[1]))
    except StartError as error:
        print(error.code, error.parameters["reason"])
    """
)


@pytest.mark.skipif(sys.platform != "linux", reason="handles are counted in /proc")
def test_what_the_system_does_not_open_is_not_called_damaged(comfy: Path) -> None:
    """For example an unreachable file server or a paging file that is too small: the bytes may be intact."""
    found = set()
    for spare in (0, 1):
        command = [sys.executable, "-c", OUT_OF_HANDLES, str(comfy), str(spare)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        found.add(done.stdout.partition(" ")[0])
    assert found <= {str(Code.WEIGHTS_UNREADABLE), ""}
    assert str(Code.WEIGHTS_UNREADABLE) in found
