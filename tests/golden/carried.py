"""How a world is laid down as files, and how it becomes an installation again."""

import hashlib
import json
import lzma
import random
import shutil
import sqlite3
import struct
from base64 import b64decode, b64encode
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.house import ShiftedClock, Stage, build_stage
from tests.golden import product
from tests.golden.model import PLAIN_FILES
from tests.klein.tiny import ensure_tiny

WORLD = Path(__file__).parent / "worlds" / "first"
_DATABASE = "kleinbot.sqlite3"
_DUMP, _MESSAGES, _FACTS, _KEPT, _CONFIGS = "database.sql", "messages.jsonl", "facts.json", "kept", "model"
_LEFT_OUT = (
    "kleinbot.lock", "kleinbot.owner.json", "kleinbot.log", "kleinbot.sqlite3-wal", "kleinbot.sqlite3-shm",
)  # fmt: skip
_CONFIG_FILES = ("transformer/config.json", "text_encoder/config.json")
_MODEL = "/carried/model"
"""Where the model of a carried world lies, until it is laid down somewhere."""
_MADE_OF = "kleinbot_made_of"
_LATER_S = 3600.0
"""So long after it was left a world is opened: replies' tokens are dead, the rolling day is not over."""


@dataclass(frozen=True)
class Carried:
    """A world on a stand-in. ``kept``: the files in 8 bits by name, as they were laid down."""

    stage: Stage
    facts: dict[str, Any]
    kept: dict[str, bytes]
    old_messages: tuple[product.Message, ...]

    @property
    def kept_now(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in _kept_files(self.stage.folder)}


# --- Laying down


def lay_down(stage: Stage, out: Path, facts: dict[str, Any]) -> None:
    """Write the world of a bot that runs as if its process ended now."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    _dump(stage.folder / _DATABASE, out / _DUMP)
    for file in sorted(stage.folder.rglob("*")):
        name = file.relative_to(stage.folder)
        if file.is_file() and name.parts[0] != "scratch" and name.name not in (*_LEFT_OUT, _DATABASE):
            (out / "data" / name.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, out / "data" / name)
    for file in _kept_files(stage.folder):
        carried = _of_model_at(file.read_bytes(), str(stage.weights), _MODEL)
        (out / _KEPT).mkdir(exist_ok=True)
        (out / _KEPT / f"{file.name}.xz").write_bytes(lzma.compress(carried, preset=9))
    for config in _CONFIG_FILES:
        (out / _CONFIGS / config).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stage.weights / config, out / _CONFIGS / config)
    ours = {"made_ms": stage.clock.now_ms(), "application_id": stage.standin.application_id}
    (out / _FACTS).write_text(json.dumps({**facts, **ours}, indent=1) + "\n", "utf-8")
    lines = [
        json.dumps(_message(stage, message), ensure_ascii=False)
        for channel in stage.server.channels.values()
        for message in channel.log.values()
    ]
    (out / _MESSAGES).write_text("\n".join([*lines, ""]), "utf-8")


def _dump(file: Path, to: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as copy:
        with closing(sqlite3.connect(file)) as source:
            source.backup(copy)
        pragmas = [
            f"PRAGMA {name} = {copy.execute(f'PRAGMA {name}').fetchone()[0]};"
            for name in ("user_version", "application_id")
        ]
        to.write_text("\n".join([*copy.iterdump(), *pragmas, ""]), "utf-8")


def _message(stage: Stage, message: product.Message) -> dict[str, Any]:
    files = [stage.standin.state.files.get(file_id) for file_id in message.file_ids]
    return {
        "payload": message.payload,
        "visible_to": message.visible_to,
        "files": [
            {
                "id": file.id,
                "filename": file.filename,
                "description": file.description,
                "ephemeral": file.ephemeral,
                "data": b64encode(file.data).decode(),
            }
            for file in files
            if file is not None
        ],
    }


# --- Taking up


def take_up(standin: product.StandIn, clock: ShiftedClock, folder: Path, world: Path = WORLD) -> Carried:
    """Lay a world's files into ``folder`` and its people and messages on the stand-in."""
    facts = json.loads((world / _FACTS).read_text("utf-8"))
    weights = _model(world, folder / "model")
    data = folder / "data"
    shutil.copytree(world / "data", data)
    with closing(sqlite3.connect(data / _DATABASE)) as connection:
        connection.executescript((world / _DUMP).read_text("utf-8"))
    kept = {}
    quantised = data / product.KEPT_FOLDER
    quantised.mkdir(parents=True)
    for file in sorted((world / _KEPT).glob("*.xz")):
        content = _of_model_at(lzma.decompress(file.read_bytes()), _MODEL, str(weights))
        kept[file.stem] = content
        (quantised / file.stem).write_bytes(content)
        (quantised / f"{file.stem}.sha256").write_text(hashlib.sha256(content).hexdigest(), "utf-8")
    product.be_application(standin, facts["application_id"])
    stage = build_stage(standin, clock, data, weights)
    stage.chance = random.Random(6)  # others than those of the world's own jobs
    lines = (world / _MESSAGES).read_text("utf-8").splitlines()
    messages = tuple(product.put_message(standin, json.loads(line), b64decode) for line in lines)
    return Carried(stage, facts, kept, messages)


def clock_of(world: Path = WORLD) -> ShiftedClock:
    """Return a clock that begins an hour after the world was left."""
    clock = ShiftedClock()
    left_ms: int = json.loads((world / _FACTS).read_text("utf-8"))["made_ms"]
    clock.advance(left_ms / 1000 + _LATER_S - clock.unix_s())
    return clock


def _model(world: Path, folder: Path) -> Path:
    """Build the model that the kept files were made of, without the plain weights: those are gone."""
    shutil.copytree(ensure_tiny(folder.with_name("tiny")), folder)
    for component in ("transformer", "text_encoder"):
        shutil.rmtree(folder / component)
        shutil.copytree(world / _CONFIGS / component, folder / component)
    assert not any((folder / file).exists() for file in PLAIN_FILES)
    return folder


def _kept_files(data: Path) -> list[Path]:
    return sorted((data / product.KEPT_FOLDER).glob("*.safetensors"))


def _of_model_at(content: bytes, old: str, new: str) -> bytes:
    """Return a kept file as it would be if its model lay at ``new``: paths are all that changes."""
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    made_of = json.loads(header["__metadata__"][_MADE_OF])
    for source in made_of["sources"]:
        source["path"] = source["path"].replace(old, new)
        source["state"][0] = source["state"][0].replace(old, new)
    header["__metadata__"][_MADE_OF] = json.dumps(made_of, separators=(",", ":"))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + content[8 + length :]
