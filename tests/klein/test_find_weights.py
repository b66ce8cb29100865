"""Klein is found by content in the folders that people have."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from safetensors.torch import load_file, save_file
from transformers import Qwen2TokenizerFast

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.pipeline.prompt import KleinPromptMeter, templated
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.source import FolderSource
from kleinbot.klein.weights.tokenizer_files import ADDED_TOKENS, open_tokenizer
from tests.klein.drawing import latents_of
from tests.klein.layouts import (
    SCALES,
    TRANSFORMER,
    VAE,
    in_bfl_names,
    in_fp8,
    quantisation_metadata,
    write_bfl_fp8,
    write_bfl_plain,
    write_bfl_vae,
)


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


def test_configs_derived_from_shapes_are_those_of_the_checkout(comfy: Path, tiny_folder: Path) -> None:
    derived, written = find_weights(comfy), find_weights(tiny_folder)
    for one, other in (
        (derived.transformers[Checkpoint.DISTILLED], written.transformers[Checkpoint.DISTILLED]),
        (derived.vae, written.vae),
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
