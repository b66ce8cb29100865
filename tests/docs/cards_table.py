"""README's table of graphics cards: what was measured (``kleinbot/docs/cards``) and what is predicted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kleinbot.bench.pictures import KLEIN_NAME
from kleinbot.domain.profile import Placement, Profile, WeightFormat
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.memory_model import WorkShape, predict
from tests.hardware.machines import (
    A100,
    EIGHT_GB,
    RTX_3060,
    RTX_3090,
    RTX_4070_TI_SUPER,
    RTX_4090,
    RTX_5090,
    Machine,
)

FOLDER = Path(__file__).parents[2] / "kleinbot" / "docs" / "cards"
UNMEASURED = "*unmeasured: run `bench --share`*"
HEAD = "| graphics card | how the model sits | memory: picture, edit | seconds: picture, edit |"
_PICTURE, _EDIT = "1024x1024", "1024x1024+1ref"
_RTX_4070 = replace(RTX_4070_TI_SUPER, name="NVIDIA GeForce RTX 4070", gib=12)


@dataclass(frozen=True)
class Mode:
    """How the model sits, as a profile or a measured card tells it. Formats and placements are words."""

    transformer: str
    encoder: str
    encoder_placement: str
    native_fp8: bool
    compiled: bool
    has_base: bool
    fused: bool

    @property
    def words(self) -> str:
        is_plain = self.transformer == self.encoder == WeightFormat.PLAIN
        if is_plain:
            parts = ["all in BF16"]
        elif self.transformer == WeightFormat.PLAIN:
            parts = ["BF16, text encoder in 8 bits"]
        else:
            parts = ["8 bits (FP8 arithmetic)" if self.native_fp8 else "8 bits"]
        if self.encoder_placement != Placement.RESIDENT:
            parts.append("text encoder in RAM")
        if self.has_base:
            parts.append("with the base checkpoint")
        if self.compiled:
            parts.append("compiled")
        if self.fused:
            parts.append("own kernels")
        return ", ".join(parts)


@dataclass(frozen=True)
class Card:
    """A row for what nobody has measured yet: ``machine`` stands for cards of its size."""

    title: str
    machine: Machine


CARDS = (
    Card("8 GB, such as RTX 3070", EIGHT_GB),
    Card("RTX 3060, 12 GB", RTX_3060),
    Card("RTX 4070, 12 GB", _RTX_4070),
    Card("RTX 4070 Ti SUPER, 16 GB", RTX_4070_TI_SUPER),
    Card("RTX 3090, 24 GB", RTX_3090),
    Card("RTX 4090, 24 GB", RTX_4090),
    Card("RTX 5090, 32 GB", RTX_5090),
    Card("A100, 40 GB", A100),
)


def table() -> str:
    """Return the table: each card by its size, then those that only others' measurements know."""
    measured = {content["card"]: content for content in contents()}
    rows = [HEAD, "|---|---|---|---|"]
    for card in CARDS:
        content = measured.pop(card.machine.name, None)
        rows.append(_predicted(card) if content is None else _measured(card.title, content))
    rows += [_measured(name.removeprefix("NVIDIA "), content) for name, content in sorted(measured.items())]
    return "\n".join(rows)


def contents() -> Iterator[dict[str, Any]]:
    """Yield what each file of a graphics card that drew with FLUX.2 [klein] holds."""
    for file in sorted(FOLDER.glob("*.json")):
        content = json.loads(file.read_text("utf-8"))
        if content["card"] is not None and content["model"] == KLEIN_NAME:
            yield content


def mode_of(profile: Profile) -> Mode:
    return Mode(
        profile.transformer.format,
        profile.text_encoder.format,
        profile.text_encoder.placement,
        profile.multiplies_fp8,
        profile.compiles_blocks,
        len(profile.checkpoints) > 1,
        profile.fuses_blocks,
    )


def _measured(title: str, content: dict[str, Any]) -> str:
    shared = content["mode"]
    mode = Mode(
        shared["transformer"]["format"],
        shared["text_encoder"]["format"],
        shared["text_encoder"]["placement"],
        shared["native_fp8"],
        shared["compiled"],
        len(shared["checkpoints"]) > 1,
        shared.get("fused", False),
    )
    rows = {row["case"]: row for row in content["rows"]}
    seconds = [_seconds(rows.get(case)) for case in (_PICTURE, _EDIT)]
    memory = [_memory(rows.get(case)) for case in (_PICTURE, _EDIT)]
    return f"| {title} | {mode.words} | {', '.join(memory)} GiB | **{', '.join(seconds)}** |"


def _predicted(card: Card) -> str:
    profile = card.machine.choice().profile
    grid = profile.largest_square
    peaks = [predict(profile, WorkShape(grid, references)).highest_bytes for references in ((), (grid,))]
    memory = ", ".join(f"{peak / GIB:.1f}" for peak in peaks)
    return f"| {card.title} | {mode_of(profile).words} | {memory} GiB | {UNMEASURED} |"


def _seconds(row: dict[str, Any] | None) -> str:
    return "–" if row is None or row["median_s"] is None else f"{row['median_s']:.2f}"


def _memory(row: dict[str, Any] | None) -> str:
    return "–" if row is None or row["reserved_mib"] is None else f"{row['reserved_mib'] / 1024:.1f}"
