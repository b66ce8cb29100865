"""Klein is found in what people have on disk, by content; what is not Klein 4B is refused in a sentence."""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from safetensors.torch import load_file, save_file
from transformers import Qwen2TokenizerFast

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, Precision
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.pipeline.prompt import KleinPromptMeter, templated
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import FolderSource
from kleinbot.klein.weights.tokenizer_files import ADDED_TOKENS, open_tokenizer
from kleinbot.texts import Texts, languages
from tests.klein.drawing import latents_of
from tests.klein.layouts import (
    block_linears,
    in_bfl_names,
    in_fp8,
    quantisation_metadata,
    write_bfl_fp8,
    write_bfl_plain,
    write_bfl_vae,
    write_comfy_text_encoder,
    write_comfy_tokenizer,
    write_comfy_vae,
)

Tensors = dict[str, torch.Tensor]
GGUF = b"GGUF\3\0\0\0"
SCALES = dict.fromkeys(block_linears(2, 3), 0.05)


@pytest.fixture(scope="module")
def transformer(klein: Klein) -> Flux2Transformer2DModel:
    return klein.transformers[Checkpoint.DISTILLED]


@pytest.fixture(scope="module")
def comfy_made(
    tiny_folder: Path, transformer: Flux2Transformer2DModel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    root = tmp_path_factory.mktemp("comfy") / "ComfyUI"
    write_bfl_fp8(transformer, root / "models/diffusion_models/flux-2-klein-4b-fp8.safetensors", SCALES)
    write_comfy_text_encoder(tiny_folder, root / "models/text_encoders/qwen_3_4b.safetensors")
    write_comfy_vae(tiny_folder, root / "models/vae/flux2-vae.safetensors")
    write_comfy_tokenizer(tiny_folder, root)
    return root


@pytest.fixture
def comfy(comfy_made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(comfy_made, tmp_path / "ComfyUI")


def refusal(place: Path) -> StartError:
    with pytest.raises(StartError) as raised:
        find_weights(place)
    for language in languages():
        said = Texts().error(raised.value, language)
        assert str(raised.value.parameters.get("file", "")) in said
    return raised.value


@pytest.mark.parametrize("place", ["", "models"])
def test_comfyuis_folder_is_enough(comfy: Path, place: str) -> None:
    weights = find_weights(comfy / place)
    made = load_klein(weights, CPU_SMALL, torch.device("cpu"), lambda _: None)
    assert torch.isfinite(latents_of(made)).all()
    assert made.text_encoder.chat_text("a fox") == templated("a fox")


def test_the_old_folder_names_and_other_file_names_do_too(comfy: Path) -> None:
    models = comfy / "models"
    (models / "diffusion_models").rename(models / "unet")
    (models / "text_encoders").rename(models / "clip")
    for file in models.rglob("*.safetensors"):
        file.rename(file.with_name(f"my {len(file.parent.name)}.safetensors"))
    assert set(find_weights(comfy).transformers) == {Checkpoint.DISTILLED}


def test_single_files_beside_a_checkouts_folders(
    tiny_folder: Path, tmp_path: Path, transformer: Flux2Transformer2DModel
) -> None:
    for part in ("text_encoder", "vae", "tokenizer", "scheduler"):
        shutil.copytree(tiny_folder / part, tmp_path / part)
    write_bfl_plain(transformer, tmp_path / "flux-2-klein-4b.safetensors")
    write_bfl_plain(transformer, tmp_path / "flux-2-klein-base-4b.safetensors")
    write_bfl_fp8(transformer, tmp_path / "flux-2-klein-4b-fp8.safetensors", SCALES)

    weights = find_weights(tmp_path)
    assert set(weights.transformers) == set(Checkpoint)
    assert not weights.transformers[Checkpoint.DISTILLED].scaled_layers
    assert find_weights(tmp_path, prefer_fp8=True).transformers[Checkpoint.DISTILLED].scaled_layers


def test_configs_told_from_shapes_are_those_of_the_checkout(comfy: Path, tiny_folder: Path) -> None:
    told, written = find_weights(comfy), find_weights(tiny_folder)
    for one, other in (
        (told.transformers[Checkpoint.DISTILLED], written.transformers[Checkpoint.DISTILLED]),
        (told.vae, written.vae),
    ):
        shared = {name: value for name, value in other.config.items() if name in one.config}
        assert {name: one.config[name] for name in shared} == shared | {
            name: one.config[name] for name in ("sample_size",) if name in shared
        }


def test_both_checkpoints_share_encoder_and_vae(tiny_folder: Path, tmp_path: Path) -> None:
    base = shutil.copytree(tiny_folder, tmp_path / "base")
    index = base / "model_index.json"
    said = json.loads(index.read_text())
    del said["is_distilled"]
    index.write_text(json.dumps(said))
    weights = find_weights(tiny_folder, base=base)
    profile = replace(CPU_SMALL, checkpoints=tuple(Checkpoint))

    made = load_klein(weights, profile, torch.device("cpu"), lambda _: None)

    assert set(made.transformers) == set(Checkpoint)
    assert torch.equal(latents_of(made), latents_of(made, checkpoint=Checkpoint.BASE))
    with pytest.raises(StartError) as raised:
        load_klein(find_weights(base), CPU_SMALL, torch.device("cpu"), lambda _: None)
    assert raised.value.code is Code.WEIGHTS_NO_CHECKPOINT


def test_the_tokenizer_of_comfyui_reads_as_qwens(comfy: Path) -> None:
    file = FolderSource(comfy).tokenizer_file()
    assert file is not None
    ours = open_tokenizer(file)
    merges = [tuple(line.split(" ")) for line in (file.parent / "merges.txt").read_text().splitlines()[1:]]
    theirs = Qwen2TokenizerFast(
        vocab=json.loads(file.read_text()),
        merges=merges,
        pad_token=ADDED_TOKENS[0],
        additional_special_tokens=list(ADDED_TOKENS[1:]),
    )
    for text in ("a photo of a cat", "Ünïcode 12345  \n\n x's <think>", templated("it's a FOX, 42!")):
        assert ours.encode(text).ids == theirs(text)["input_ids"]
    names = [ours.id_to_token(len(json.loads(file.read_text())) + n) for n in range(len(ADDED_TOKENS))]
    assert tuple(names) == ADDED_TOKENS
    meter = KleinPromptMeter(lambda: file)
    assert meter.load()
    assert meter.limit_tokens < 512


def test_without_a_tokenizer_it_says_where_it_looked(comfy: Path) -> None:
    shutil.rmtree(comfy / "comfy")
    error = refusal(comfy)
    assert error.code is Code.WEIGHTS_TOKENIZER_MISSING
    assert "qwen25_tokenizer" in str(error.parameters["places"])


TRANSFORMER = "models/diffusion_models/flux-2-klein-4b-fp8.safetensors"
TEXT_ENCODER = "models/text_encoders/qwen_3_4b.safetensors"
VAE = "models/vae/flux2-vae.safetensors"


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
        kept = {file: (comfy / file).read_bytes() for file in (TRANSFORMER, TEXT_ENCODER, VAE)}
        WRONG[name][0](comfy)
        for file, content in kept.items():
            shutil.copy(comfy / file, (comfy / file).with_name(f"a {name}.safetensors"))
            (comfy / file).write_bytes(content)
    (comfy / "models/vae/torn.safetensors").write_bytes(b"torn")
    assert find_weights(comfy).bytes > 0


def test_comfyuis_prefix_is_accepted(comfy: Path, transformer: Flux2Transformer2DModel) -> None:
    weights = in_fp8(in_bfl_names(transformer), (), {})
    save_file({f"model.diffusion_model.{n}": t for n, t in weights.items()}, comfy / TRANSFORMER)
    component = find_weights(comfy).transformers[Checkpoint.DISTILLED]
    assert component.tensors.keys() == transformer.state_dict().keys()


def test_comfyuis_prefix_is_accepted_in_the_metadata_of_fp8_too(
    comfy: Path, transformer: Flux2Transformer2DModel
) -> None:
    prefix = "model.diffusion_model."
    content = {f"{prefix}{name}": tensor for name, tensor in load_file(comfy / TRANSFORMER).items()}
    said = quantisation_metadata(f"{prefix}{layer}" for layer in SCALES)
    save_file(content, comfy / TRANSFORMER, metadata=said)
    assert find_weights(comfy).transformers[Checkpoint.DISTILLED].scaled_layers


def test_black_forest_labs_own_vae_file_decodes_and_encodes_as_diffusers(
    comfy: Path, tiny_folder: Path, klein: Klein
) -> None:
    (comfy / VAE).unlink()
    write_bfl_vae(tiny_folder, comfy / "models/vae/ae.safetensors")
    made = load_klein(find_weights(comfy), CPU_SMALL, torch.device("cpu"), lambda _: None)
    ours, theirs = made.vae.state_dict(), klein.vae.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_models_behind_linked_folders_are_found_once(comfy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another disk"
    (comfy / "models/diffusion_models").rename(elsewhere)
    (comfy / "models/diffusion_models").mkdir()
    (comfy / "models/diffusion_models/linked").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "back").symlink_to(comfy / "models", target_is_directory=True)
    assert set(find_weights(comfy).transformers) == {Checkpoint.DISTILLED}


def test_sft_is_safetensors(comfy: Path) -> None:
    (comfy / TRANSFORMER).rename((comfy / TRANSFORMER).with_suffix(".sft"))
    assert find_weights(comfy)


@pytest.mark.parametrize(
    ("name", "checkpoint"),
    [
        ("my database klein", Checkpoint.DISTILLED),
        ("baseline-klein", Checkpoint.DISTILLED),
        ("klein_base_4b", Checkpoint.BASE),
        ("klein-BASE", Checkpoint.BASE),
        ("kleinbase4b", Checkpoint.DISTILLED),
    ],
)
def test_base_is_a_word_of_the_files_name(comfy: Path, name: str, checkpoint: Checkpoint) -> None:
    (comfy / TRANSFORMER).rename((comfy / TRANSFORMER).with_name(f"{name}.safetensors"))
    assert set(find_weights(comfy).transformers) == {checkpoint}


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
    """As with a file server that is away or a paging file that is too small: the bytes may be right."""
    found = set()
    for spare in (0, 1):
        command = [sys.executable, "-c", OUT_OF_HANDLES, str(comfy), str(spare)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        found.add(done.stdout.partition(" ")[0])
    assert found <= {str(Code.WEIGHTS_UNREADABLE), ""}
    assert str(Code.WEIGHTS_UNREADABLE) in found


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
