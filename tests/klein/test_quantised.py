"""8 bits made on load, and kept for the next start."""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint
from kleinbot.engine_start import Remedy, remedy_of
from kleinbot.host.profile import CPU_SMALL, ComponentPlan, Format, Precision, Profile
from kleinbot.klein import quantised as kept_on_disk
from kleinbot.klein.eight_bit import RowScaledLinear
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.kept import FOLDER, gone_of, kept_in
from kleinbot.klein.load import Klein, load_klein
from kleinbot.klein.quantise import quantise
from kleinbot.klein.weights import Gone
from tests.klein.drawing import latents_of
from tests.klein.layouts import write_bfl_plain
from tests.klein.test_checkpoint import sharded

CPU = torch.device("cpu")


def profile_of(kept: Format, precision: Precision = Precision.FLOAT32) -> Profile:
    plan = ComponentPlan(kept)
    return replace(CPU_SMALL, precision=precision, transformer=plan, text_encoder=plan)


def loaded(folder: Path, profile: Profile, scratch: Path | None) -> Klein:
    return load_klein(find_weights(folder), profile, CPU, lambda _: None, scratch)


@pytest.fixture
def checkout(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "checkout")


@pytest.fixture
def quantised_layers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Format]]:
    """Note every layer that is quantised for the file."""
    made: list[Format] = []

    def noted(weight: torch.Tensor, kept: Format, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        made.append(kept)
        return quantise(weight, kept, device)

    monkeypatch.setattr(kept_on_disk, "quantise", noted)
    return iter([made])


@pytest.mark.parametrize("kept", [Format.FP8, Format.INT8])
def test_eight_bits_are_near_the_plain_model(tiny_folder: Path, klein: Klein, kept: Format) -> None:
    made = loaded(tiny_folder, profile_of(kept), None)
    plain = latents_of(klein)
    error = float((latents_of(made) - plain).norm() / plain.norm())
    assert 0 < error < {Format.FP8: 0.15, Format.INT8: 0.05}[kept]


def test_the_blocks_are_quantised_and_what_leads_in_and_out_is_not(tiny_folder: Path) -> None:
    made = loaded(tiny_folder, profile_of(Format.INT8), None)
    transformer = made.transformers[Checkpoint.DISTILLED]
    plain = {name for name, module in transformer.named_modules() if isinstance(module, nn.Linear)}
    assert {name.split(".")[0] for name in plain} == {
        "x_embedder",
        "context_embedder",
        "time_guidance_embed",
        "double_stream_modulation_img",
        "double_stream_modulation_txt",
        "single_stream_modulation",
        "norm_out",
        "proj_out",
    }
    encoder = made.text_encoder._model
    assert not [module for module in encoder.modules() if isinstance(module, nn.Linear)]
    assert encoder.rotary_emb.inv_freq.dtype is torch.float32


@pytest.mark.parametrize("kept", [Format.FP8, Format.INT8])
@pytest.mark.parametrize("precision", Precision)
def test_what_was_kept_is_what_was_made(
    tiny_folder: Path, tmp_path: Path, kept: Format, precision: Precision
) -> None:
    profile = profile_of(kept, precision)
    in_memory = latents_of(loaded(tiny_folder, profile, None))
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    second = latents_of(loaded(tiny_folder, profile, tmp_path))
    assert torch.equal(first, in_memory)
    assert torch.equal(second, in_memory)


def test_the_second_start_quantises_nothing(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[Format]]
) -> None:
    made = next(quantised_layers)
    loaded(tiny_folder, profile_of(Format.INT8), tmp_path)
    assert made
    made.clear()
    loaded(tiny_folder, profile_of(Format.INT8), tmp_path)
    assert not made


def test_other_weights_are_quantised_anew_and_the_old_file_goes(checkout: Path, tmp_path: Path) -> None:
    loaded(checkout, profile_of(Format.INT8), tmp_path)
    before = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    weights = checkout / "transformer/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes())
    loaded(checkout, profile_of(Format.INT8), tmp_path)
    after = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    assert len(before) == len(after) == 2
    assert len(set(before) & set(after)) == 1


WEIGHTS = ("transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")


def gone_for(profile: Profile, scratch: Path) -> Gone:
    return gone_of(kept for kept in kept_in(scratch) if kept.serves(profile))


def without_plain(folder: Path, profile: Profile, scratch: Path) -> Klein:
    weights = find_weights(folder, gone=gone_for(profile, scratch))
    return load_klein(weights, profile, CPU, lambda _: None, scratch)


def test_the_second_start_needs_no_plain_files(
    checkout: Path, tmp_path: Path, quantised_layers: Iterator[list[Format]]
) -> None:
    profile, made = profile_of(Format.INT8), next(quantised_layers)
    expected = latents_of(loaded(checkout, profile, tmp_path))
    for file in WEIGHTS:
        (checkout / file).unlink()
    made.clear()
    assert torch.equal(latents_of(without_plain(checkout, profile, tmp_path)), expected)
    assert not made


def test_what_is_needed_plain_is_missed(checkout: Path, tmp_path: Path) -> None:
    loaded(checkout, profile_of(Format.INT8), tmp_path)
    for file in WEIGHTS:
        (checkout / file).unlink()
    for other in (
        profile_of(Format.PLAIN),
        profile_of(Format.FP8),
        profile_of(Format.INT8, Precision.BFLOAT16),
    ):
        with pytest.raises(StartError) as raised:
            without_plain(checkout, other, tmp_path)
        assert raised.value.code is Code.WEIGHTS_MISSING
        # Nor is it loaded where somebody asks for more than was found.
        weights = find_weights(checkout, gone=gone_of(kept_in(tmp_path)))
        with pytest.raises(StartError) as raised:
            load_klein(weights, other, CPU, lambda _: None, tmp_path)
        assert raised.value.code is Code.WEIGHTS_MISSING


def test_other_files_in_the_place_of_those_that_went_count(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(Format.INT8)
    first = latents_of(loaded(checkout, profile, tmp_path))
    file = checkout / WEIGHTS[0]
    content = load_file(file)
    file.unlink()
    save_file({**content, "proj_out.weight": -content["proj_out.weight"]}, file)
    second = latents_of(without_plain(checkout, profile, tmp_path))
    assert torch.equal(second, latents_of(loaded(checkout, profile, None)))
    assert not torch.equal(second, first)


def test_a_part_that_changed_is_not_joined_with_one_that_went(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(Format.INT8)
    sharded(checkout)
    loaded(checkout, profile, tmp_path)
    one, other = sorted((checkout / "text_encoder").glob("*.safetensors"))
    one.unlink()
    assert without_plain(checkout, profile, tmp_path)
    other.write_bytes(other.read_bytes())
    with pytest.raises(StartError) as raised:
        without_plain(checkout, profile, tmp_path)
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert raised.value.parameters["file"] == f"text_encoder/{one.name}"


def test_single_files_may_go_too_and_others_come_first(klein: Klein, checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(Format.INT8)
    shutil.rmtree(checkout / "transformer")
    (checkout / "model_index.json").unlink()
    transformer = klein.transformers[Checkpoint.DISTILLED]
    plain = write_bfl_plain(transformer, checkout / "flux-2-klein-4b.safetensors")
    expected = latents_of(loaded(checkout, profile, tmp_path))
    plain.unlink()
    assert torch.equal(latents_of(without_plain(checkout, profile, tmp_path)), expected)
    other = write_bfl_plain(transformer, checkout / "zzz.safetensors")
    found = find_weights(checkout, gone=gone_for(profile, tmp_path)).transformers[Checkpoint.DISTILLED]
    assert {tensor.origin.path for tensor in found.tensors.values()} == {other}


def test_a_kept_file_that_says_nonsense_is_not_believed(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(Format.INT8)
    loaded(checkout, profile, tmp_path)
    for file in (tmp_path / FOLDER).glob("*.safetensors"):
        for said in ("[" * 100_000, "{}", '{"version": 2, "sources": 1}'):
            save_file(load_file(file), file, metadata={"kleinbot_made_of": said})
    assert list(kept_in(tmp_path)) == []
    assert loaded(checkout, profile, tmp_path)
    assert len(list(kept_in(tmp_path))) == 2


def test_a_torn_file_is_made_anew(tiny_folder: Path, tmp_path: Path) -> None:
    expected = latents_of(loaded(tiny_folder, profile_of(Format.INT8), tmp_path))
    for file in (tmp_path / FOLDER).glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-7])
    assert torch.equal(latents_of(loaded(tiny_folder, profile_of(Format.INT8), tmp_path)), expected)


def test_what_a_killed_start_left_is_removed_by_the_next(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        # A killed process cleans nothing up.
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        killed.setattr(Path, "replace", torn_away)
        with pytest.raises(KeyboardInterrupt):
            loaded(tiny_folder, profile_of(Format.INT8), tmp_path)
    folder = tmp_path / FOLDER
    assert sorted(path.suffix for path in folder.iterdir()) == [".part", ".sha256"]
    loaded(tiny_folder, profile_of(Format.PLAIN), tmp_path)
    assert list(folder.iterdir()) == []


def torn_away(*_: object) -> Path:
    raise KeyboardInterrupt


def test_without_room_it_is_quantised_in_memory(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    made = loaded(tiny_folder, profile_of(Format.INT8), tmp_path)
    assert torch.equal(latents_of(made), latents_of(loaded(tiny_folder, profile_of(Format.INT8), None)))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_native_product_of_integers_is_refused() -> None:
    with pytest.raises(ValueError, match="int8"):
        RowScaledLinear(torch.zeros(16, 16, dtype=torch.int8), torch.ones(16), native=True)


@pytest.mark.parametrize("kept", [Format.FP8, Format.INT8])
def test_layers_trace_as_one_graph(kept: Format) -> None:
    torch.manual_seed(0)
    narrow, scale = quantise(torch.randn(32, 48), kept, CPU)
    x = torch.randn(2, 5, 48)
    for native in {False, kept is Format.FP8}:
        layer = RowScaledLinear(narrow, scale, native=native)
        traced = torch.compile(layer, backend="eager", fullgraph=True)
        assert torch.equal(traced(x), layer(x))


def changed_on_disk(scratch: Path) -> list[Path]:
    """Flip a bit of every seventh byte of what is kept, as bad memory does; times stay as they are."""
    files = sorted((scratch / FOLDER).glob("*.safetensors"))
    for file in files:
        facts, content = file.stat(), bytearray(file.read_bytes())
        start = len(content) // 2
        content[start::7] = bytes(byte ^ 1 for byte in content[start::7])
        file.write_bytes(content)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return files


def test_kept_weights_that_changed_on_the_disk_are_made_anew(
    tiny_folder: Path,
    tmp_path: Path,
    quantised_layers: Iterator[list[Format]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = next(quantised_layers)
    profile = profile_of(Format.INT8)
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    made.clear()
    damaged = changed_on_disk(tmp_path)

    assert torch.equal(latents_of(loaded(tiny_folder, profile, tmp_path)), first)

    assert made
    said = caplog.text
    assert all(str(file) in said for file in damaged)


def test_they_are_hashed_once(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = profile_of(Format.INT8)
    for _ in range(2):
        loaded(tiny_folder, profile, tmp_path)

    def hashed_again(*_: object) -> str:
        raise AssertionError("a start must not hash 8 GB")

    monkeypatch.setattr("kleinbot.klein.kept_hashes.sha256_of", hashed_again)
    assert loaded(tiny_folder, profile, tmp_path)


def test_what_an_earlier_version_kept_without_a_hash_is_used(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[Format]]
) -> None:
    made = next(quantised_layers)
    profile = profile_of(Format.INT8)
    loaded(tiny_folder, profile, tmp_path)
    for note in (tmp_path / FOLDER).glob("*.sha256"):
        note.unlink()
    made.clear()
    loaded(tiny_folder, profile, tmp_path)
    assert not made
    assert len(list((tmp_path / FOLDER).glob("*.sha256"))) == 2


def test_where_their_sources_are_gone_a_new_process_fetches_these(checkout: Path, tmp_path: Path) -> None:
    profile = profile_of(Format.INT8)
    loaded(checkout, profile, tmp_path)
    for name in WEIGHTS:
        (checkout / name).unlink()
    changed_on_disk(tmp_path)
    gone = gone_of(kept_in(tmp_path))
    with pytest.raises(StartError) as raised:
        load_klein(find_weights(checkout, gone=gone), profile, CPU, lambda _: None, tmp_path)
    assert raised.value.code is Code.WEIGHTS_KEPT_DAMAGED
    assert remedy_of(raised.value) is Remedy.NEW_PROCESS
    # What is chosen then counts on it no more.
    assert len(gone_of(kept_in(tmp_path))) < len(gone)


def refuses_reading(*_: object) -> str:
    raise OSError(errno.EIO, "Input/output error")


def test_kept_weights_that_the_disk_does_not_give_are_made_anew(
    tiny_folder: Path,
    tmp_path: Path,
    quantised_layers: Iterator[list[Format]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = next(quantised_layers)
    profile = profile_of(Format.INT8)
    first = latents_of(loaded(tiny_folder, profile, tmp_path))
    for note in (tmp_path / FOLDER).glob("*.verified"):
        note.unlink()
    made.clear()
    monkeypatch.setattr("kleinbot.klein.kept_hashes.sha256_of", refuses_reading)
    assert torch.equal(latents_of(loaded(tiny_folder, profile, tmp_path)), first)
    assert made


def test_where_their_sources_are_gone_the_disk_is_asked_again(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profile_of(Format.INT8)
    loaded(checkout, profile, tmp_path)
    for name in WEIGHTS:
        (checkout / name).unlink()
    kept = sorted((tmp_path / FOLDER).glob("*.safetensors"))
    for note in (tmp_path / FOLDER).glob("*.verified"):
        note.unlink()
    gone = gone_of(kept_in(tmp_path))
    monkeypatch.setattr("kleinbot.klein.kept_hashes.sha256_of", refuses_reading)
    with pytest.raises(StartError) as raised:
        load_klein(find_weights(checkout, gone=gone), profile, CPU, lambda _: None, tmp_path)
    assert raised.value.code is Code.WEIGHTS_UNREADABLE
    assert remedy_of(raised.value) is Remedy.AGAIN
    assert sorted((tmp_path / FOLDER).glob("*.safetensors")) == kept, "nobody removes what may be whole"


@pytest.mark.parametrize("left", [b"", b"0123", b"\xff" * 70])
def test_a_note_that_a_power_cut_has_emptied_costs_no_weights(
    tiny_folder: Path, tmp_path: Path, quantised_layers: Iterator[list[Format]], left: bytes
) -> None:
    made = next(quantised_layers)
    profile = profile_of(Format.INT8)
    loaded(tiny_folder, profile, tmp_path)
    notes = list((tmp_path / FOLDER).glob("*.sha256"))
    for note in notes:
        note.write_bytes(left)
    made.clear()
    loaded(tiny_folder, profile, tmp_path)
    assert not made
    assert all(len(note.read_text("utf-8")) == 64 for note in notes), "it is noted again"


def test_what_the_system_does_not_let_go_ends_no_start(tiny_folder: Path, tmp_path: Path) -> None:
    """Another program holds a file, which Windows then keeps; here folders stand in their places."""
    profile = profile_of(Format.INT8)
    for name in ("vae-int8-0.safetensors.part", "text-encoder-int8-0.safetensors", "lone.sha256"):
        (tmp_path / FOLDER / name).mkdir(parents=True)
    assert loaded(tiny_folder, profile, tmp_path)
    assert len(list((tmp_path / FOLDER).glob("*.sha256"))) == 3


def test_the_token_table_on_the_host_is_not_the_mapped_file(checkout: Path) -> None:
    made = load_klein(
        find_weights(checkout), replace(CPU_SMALL, token_table_on_host=True), CPU, lambda _: None
    )
    prompt = ["a red fox"]
    with torch.inference_mode():
        before = made.text_encoder.encode(prompt)
        file = checkout / "text_encoder/model.safetensors"
        with file.open("r+b") as content:
            content.seek(file.stat().st_size // 2)
            content.write(bytes(file.stat().st_size // 2))
        assert torch.equal(made.text_encoder.encode(prompt), before)
