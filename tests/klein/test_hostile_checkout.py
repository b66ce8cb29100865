"""A checkout whose files were written to harm: each is told in a sentence, nothing else is opened."""

import json
import os
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.json_files import MOST_CONFIG_BYTES, MOST_INDEX_BYTES, is_shard_name, read_object
from kleinbot.klein.tokenizer_files import open_tokenizer
from kleinbot.texts import Texts, languages

CONFIG = "transformer/config.json"
INDEX = "text_encoder/model.safetensors.index.json"
WEIGHTS = "text_encoder/model.safetensors"
GIB = 1 << 30
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


@pytest.fixture
def checkout(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "checkout")


def refusal(checkout: Path) -> StartError:
    """Return why ``checkout`` is refused, after a look at its sentences."""
    with pytest.raises(StartError) as raised:
        find_weights(checkout)
    for language in languages():
        sentence = Texts().error(raised.value, language)
        assert "{" not in sentence
        assert "\n" not in sentence
        assert len(sentence) < 400
    return raised.value


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(GIB)


HARMFUL: dict[str, bytes] = {
    "nested deeply": b'{"a":' + 300_000 * b"[" + 300_000 * b"]" + b"}",
    "not a number": b'{"_class_name": "Flux2Transformer2DModel", "num_layers": NaN}',
    "infinity": b'{"num_layers": -Infinity}',
    "a number too large": b'{"mlp_ratio": 1e999}',
    "a number of a million digits": b'{"num_layers": ' + 1_000_000 * b"9" + b"}",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
@pytest.mark.parametrize("file", [CONFIG, "model_index.json", INDEX])
def test_what_is_no_json_object_is_damage(checkout: Path, file: str, content: bytes) -> None:
    (checkout / file).write_bytes(content)
    error = refusal(checkout)
    assert (error.code, error.parameters["file"]) == (Code.WEIGHTS_DAMAGED, file)


@pytest.mark.parametrize(("file", "most"), [(CONFIG, MOST_CONFIG_BYTES), (INDEX, MOST_INDEX_BYTES)])
def test_a_file_of_a_gibibyte_is_not_read(checkout: Path, file: str, most: int) -> None:
    sparse(checkout / file)
    tracemalloc.start()
    try:
        error = refusal(checkout)
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.code is Code.WEIGHTS_DAMAGED
    assert error.parameters["found"] == f"{GIB} bytes"
    assert highest < 3 * most + (16 << 20)


def test_a_tokenizer_of_a_gibibyte_is_not_read(checkout: Path) -> None:
    folder = checkout / "tokenizer"
    for name in ("tokenizer_config.json", "tokenizer.json"):
        sparse(folder / name)
        with pytest.raises(StartError) as raised:
            open_tokenizer(folder / "tokenizer.json")
        assert raised.value.code is Code.WEIGHTS_DAMAGED
        assert f"{GIB} bytes" in str(raised.value.parameters["found"])


@posix_only
@pytest.mark.parametrize("file", [CONFIG, INDEX])
def test_what_never_ends_is_not_opened(checkout: Path, file: str) -> None:
    (checkout / file).unlink(missing_ok=True)
    (checkout / file).symlink_to("/dev/zero")
    (checkout / WEIGHTS).unlink()
    assert refusal(checkout).code in (Code.WEIGHTS_DAMAGED, Code.WEIGHTS_MISSING)
    (checkout / file).unlink()
    os.mkfifo(checkout / file)
    assert refusal(checkout).code in (Code.WEIGHTS_DAMAGED, Code.WEIGHTS_MISSING)


@posix_only
def test_a_link_to_itself_is_a_missing_file(checkout: Path) -> None:
    (checkout / CONFIG).unlink()
    (checkout / CONFIG).symlink_to(checkout / CONFIG)
    error = refusal(checkout)
    assert (error.code, error.parameters["file"]) == (Code.WEIGHTS_MISSING, CONFIG)


def test_what_the_system_does_not_open_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(StartError) as raised:
        read_object(tmp_path, f"{300 * 'x'}.json")
    assert raised.value.code is Code.WEIGHTS_UNREADABLE


@posix_only
def test_links_out_of_the_folder_are_followed(checkout: Path, tmp_path: Path) -> None:
    """The hub's own cache consists of them."""
    for file in (CONFIG, WEIGHTS):
        there = tmp_path / file.replace("/", "-")
        (checkout / file).rename(there)
        (checkout / file).symlink_to(there)
    assert find_weights(checkout).text_encoder.tensors


ELSEWHERE = [
    "../../secret.safetensors",
    "/etc/secret.safetensors",
    "..",
    "sub/model.safetensors",
    "..\\..\\secret.safetensors",
    "c:secret.safetensors",
    "model.bin",
    ".safetensors",
    "model\n.safetensors",
    "\u202emodel.safetensors",
    300 * "x" + ".safetensors",
    "",
]


@pytest.mark.parametrize("shard", [*ELSEWHERE, None, 7, ["model.safetensors"]])
def test_an_index_names_files_beside_it_and_no_others(checkout: Path, tmp_path: Path, shard: object) -> None:
    """There is a whole file elsewhere; it is refused for its place alone."""
    content = load_file(checkout / WEIGHTS)
    save_file(content, tmp_path / "secret.safetensors")
    (checkout / WEIGHTS).unlink()
    (checkout / INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(content, shard)}))
    error = refusal(checkout)
    assert (error.code, error.parameters["file"]) == (Code.WEIGHTS_DAMAGED, INDEX)
    assert "file name" in str(error.parameters["found"])


def test_shard_names() -> None:
    assert is_shard_name("diffusion_pytorch_model-00001-of-00002.safetensors")
    assert is_shard_name("my model.safetensors")
    assert not any(map(is_shard_name, ELSEWHERE))


SENSELESS: dict[str, Callable[[list[str]], object]] = {
    "no map": lambda _: {},
    "an empty map": lambda _: {"weight_map": {}},
    "a list": lambda names: {"weight_map": names},
    "too many files": lambda _: {"weight_map": {f"t{n}": f"{n}.safetensors" for n in range(1001)}},
}


@pytest.mark.parametrize("make", SENSELESS.values(), ids=SENSELESS.keys())
def test_an_index_that_makes_no_sense_is_damage(checkout: Path, make: Callable[[list[str]], object]) -> None:
    names = list(load_file(checkout / WEIGHTS))
    (checkout / INDEX).write_text(json.dumps(make(names)))
    error = refusal(checkout)
    assert (error.code, error.parameters["file"]) == (Code.WEIGHTS_DAMAGED, INDEX)


def test_a_config_of_the_largest_size_is_read(tmp_path: Path) -> None:
    text = b'{"a": 1}'
    (tmp_path / "a.json").write_bytes(text + (MOST_CONFIG_BYTES - len(text)) * b" ")
    assert read_object(tmp_path, "a.json") == {"a": 1}
