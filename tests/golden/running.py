"""The lists of a running bot: its commands as Discord got them, and what it leaves on the disk."""

import io
import json
import re
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from tests.e2e.house import ShiftedClock, Stage, build_stage, has_pictures
from tests.e2e.pictures import a_png
from tests.golden import product
from tests.golden.model import add_base_checkpoint, build_model
from tests.scripted_engine import ScriptedEngine

WAIT_S = 60.0
NAMES = ("commands", "data_folder", "picture_labels")
_OF_A_COMMAND = (
    "type", "name", "name_localizations", "default_member_permissions", "contexts", "integration_types",
    "nsfw",
)  # fmt: skip
_OF_AN_OPTION = (
    "type", "name", "name_localizations", "required", "choices", "min_value", "max_value", "min_length",
    "max_length", "autocomplete", "channel_types",
)  # fmt: skip


async def running_lists(scratch: Path) -> dict[str, object]:
    """Run the bot twice, with and without the base checkpoint, and look at what it said and left."""
    weights = build_model(scratch / "model")
    clock = ShiftedClock()
    async with product.StandIn(now=clock.unix_s) as standin:
        stage = build_stage(standin, clock, scratch / "data", weights)
        labels = await _drawn(stage)
        without_base = _sent(stage)
        product.note_failed_profile(scratch / "data" / "scratch")
        layout = {
            "files": data_folder(scratch / "data"),
            "places": product.places(),
            "backup of a database": re.sub(r"\d{8,}", "<number>", product.backup(scratch / "old")),
        }
        add_base_checkpoint(weights)
        async with stage.house(ScriptedEngine(), profile_base_checkpoint=True):
            with_base = _sent(stage)
    changed = [name for name in with_base if with_base[name] != without_base.get(name)]
    return {
        "commands": {
            "commands": without_base,
            "with the base checkpoint": {name: with_base[name] for name in changed},
        },
        "data_folder": layout,
        "picture_labels": labels,
    }


async def _drawn(stage: Stage) -> object:
    """Draw a picture and an edit in 8 bits; return the labels of the first."""
    with product.logging_to(stage.folder):
        async with stage.house(profile_transformer="int8", profile_text_encoder="int8") as house:
            await house.ready()
            handle = await house.ada.command(house.channel, "imagine", prompt="a red fox", seed=7)
            (picture,) = (await handle.message_where(has_pictures, timeout_s=WAIT_S)).pictures
            options = {"instruction": "a hat", "image": a_png(64, 64), "seed": 8}
            edit = await house.ada.command_with(house.channel, "edit", options)
            (edited,) = (await edit.message_where(has_pictures, timeout_s=WAIT_S)).pictures
            return {
                "file name": _numbered(picture.filename),
                "picture": _labels(picture.data),
                "edit": _labels(edited.data),
            }


def _labels(png: bytes) -> dict[str, str]:
    with Image.open(io.BytesIO(png)) as image:
        info = dict(image.info)
    labels = {str(key): str(value) for key, value in info.items() if isinstance(value, str)}
    return {key: re.sub(r"(?<=kleinbot )[\w.+-]+", "<version>", value) for key, value in labels.items()}


def _sent(stage: Stage) -> dict[str, Any]:
    put = stage.standin.exchanges_of("PUT", "/applications/*/commands")[-1]
    return {
        f"{each['name']} ({_KINDS[each.get('type', 1)]})": _named(each, _OF_A_COMMAND) for each in put.body
    }


_KINDS = {1: "command", 2: "menu of a member", 3: "menu of a message"}


def _named(described: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Leave out the sentences: they may be said better at any time."""
    kept = {name: described[name] for name in fields if described.get(name) not in (None, {}, [], False)}
    if options := described.get("options"):
        kept["options"] = [_named(each, _OF_AN_OPTION) for each in options]
    return kept


# --- What lies on the disk


def data_folder(folder: Path) -> object:
    """Return the names in a data folder with what changes taken out, and what is in the files of ours."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.setdefault(_numbered(path.relative_to(folder).as_posix()), _content(path))
    return found


def _numbered(name: str) -> str:
    """Take out keys, hashes and Discord's numbers."""
    return re.sub(r"(?<![0-9a-zA-Z])[0-9a-f]{8,64}(?![0-9a-zA-Z])", "<number>", name)


def _content(path: Path) -> object:
    if path.suffix == ".json":
        return _shape_of(json.loads(path.read_text("utf-8")))
    if path.suffix == ".safetensors":
        return kept_file(path)
    return {".sqlite3": "see database.json", ".log": _log_line(path)}.get(path.suffix)


def _log_line(path: Path) -> str:
    """Return the form of a line's beginning: date and level."""
    first = path.read_text("utf-8").partition("\n")[0] if path.suffix == ".log" else ""
    return " ".join(re.sub(r"\d", "0", first).split()[:2])


def _shape_of(value: object) -> object:
    if isinstance(value, dict):
        return {_numbered(str(key)): _shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shape_of(each) for each in value[:1]]
    return type(value).__name__


def kept_file(path: Path) -> dict[str, Any]:
    """Return what the header of a file in 8 bits says: its labels, and its tensors by name and type."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    labels = {name: json.loads(value) for name, value in header.pop("__metadata__").items()}
    sources = {name: label.pop("sources") for name, label in labels.items()}
    tensors: dict[str, str] = {}
    for name, said in header.items():
        tensors.setdefault(re.sub(r"\.\d+\.", ".<n>.", name), f"{said['dtype']} of {len(said['shape'])} axes")
    return {
        "labels": labels,
        "of each source": {
            name: {
                key: _shape_of(value) if key != "tensors" else "[dtype, shape] by name"
                for key, value in source[0].items()
            }
            for name, source in sources.items()
        },
        "tensors": dict(sorted(tensors.items())),
    }
