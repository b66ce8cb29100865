"""The measurements for the memory model's predictions, and the document that compares both.

``tests.gpu.memory_table`` measures on a GPU and writes a file; ``python -m tests.hardware.measured_memory
FILE…`` merges such files and rewrites ``kleinbot/docs/memory_model.md``, which is also needed after a change
of the model.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from kleinbot.domain.geometry import TOKEN_PX, Grid
from kleinbot.domain.profile import Profile
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.memory_model import WorkShape, predict
from tests.hardware.named_hosts import HOSTS

STORED = Path(__file__).with_name("measured_memory.json")
DOCUMENT = Path(__file__).parents[2] / "kleinbot/docs/memory_model.md"
STAGES = ("encode", "denoise", "decode")
FULL = Grid(64, 64)

_INTRODUCTION = """# Predicted and measured memory

Torch's `max_memory_allocated` as predicted by `hardware/memory_model.py` and as measured, in GiB, for each
stage: predicted, measured, their ratio. Each host has its automatically chosen profile. Measured with
`python -m tests.gpu.memory_table` and `expandable_segments`.
"Reserved" is `max_memory_reserved` of the shape. Memory was not limited, so some batches are larger than
fit the named GPU; the bot makes no batch that is predicted not to fit. References are of 1024².

Every ratio lies between {least:.3f} and {most:.3f}. This file is written by
`python -m tests.hardware.measured_memory`; the tests compare the same measurements with the model.
"""


def shape_of(side_px: int, references: int, batch: int) -> WorkShape:
    """Return the shape of ``batch`` square pictures with ``references`` of 1024² each."""
    side = side_px // TOKEN_PX
    return WorkShape(Grid(side, side), (FULL,) * references, batch)


@dataclass(frozen=True)
class Row:
    """A square picture with references of 1024²; peak bytes of each stage, and torch's peak reservation."""

    side_px: int
    references: int
    batch: int
    encode: int
    denoise: int
    decode: int
    reserved: int

    @property
    def measured(self) -> tuple[int, int, int]:
        return self.encode, self.denoise, self.decode

    def predicted(self, profile: Profile) -> tuple[int, int, int]:
        peaks = predict(profile, shape_of(self.side_px, self.references, self.batch))
        return peaks.encode_bytes, peaks.denoise_bytes, peaks.decode_bytes

    def ratios(self, profile: Profile) -> list[float]:
        """Return the ratio of predicted to measured, by stage."""
        return [one / other for one, other in zip(self.predicted(profile), self.measured, strict=True)]


@dataclass(frozen=True)
class Measured:
    """One of ``named_hosts``. ``conditions``: the GPU, the versions, and notes for the reader."""

    conditions: str
    rows: list[Row]


def read(file: Path) -> dict[str, Measured]:
    """Return the measurements in ``file``, by the host's name."""
    content = json.loads(file.read_text("utf-8"))
    return {
        name: Measured(host["conditions"], [Row(**row) for row in host["rows"]])
        for name, host in content.items()
    }


def as_json(measured: dict[str, Measured]) -> str:
    hosts = []
    for name, host in measured.items():
        rows = ",\n".join(f"  {json.dumps(asdict(row))}" for row in host.rows)
        conditions = json.dumps(host.conditions)
        hosts.append(f' {json.dumps(name)}: {{"conditions": {conditions}, "rows": [\n{rows}]}}')
    return "{\n" + ",\n".join(hosts) + "\n}\n"


def merged(files: list[Path]) -> dict[str, Measured]:
    """Return each host's measurements from the last of ``files`` that has them."""
    hosts: dict[str, Measured] = {}
    for file in files:
        hosts |= read(file)
    return {host.name: hosts[host.name] for host in HOSTS if host.name in hosts}


def document(measured: dict[str, Measured]) -> str:
    """Return the whole document."""
    titles = {host.name: (host.title, host.profile()) for host in HOSTS}
    ratios: list[float] = []
    parts = []
    for name, host in measured.items():
        title, profile = titles[name]
        parts.append(f"\n## {title}: {profile.name}{', compiled' if profile.compiled else ''}\n")
        parts.append(f"{host.conditions}.\n")
        parts.append(f"| picture | references | batch | {' | '.join(STAGES)} | reserved |\n|{'---|' * 7}")
        for row in host.rows:
            ratios += row.ratios(profile)
            parts.append(_line(row, profile))
    beginning = _INTRODUCTION.format(least=min(ratios), most=max(ratios))
    return beginning + "\n".join(parts) + "\n"


def _line(row: Row, profile: Profile) -> str:
    cells = [
        f"{predicted / GIB:.2f}, {measured / GIB:.2f}, {ratio:.3f}"
        for predicted, measured, ratio in zip(
            row.predicted(profile), row.measured, row.ratios(profile), strict=True
        )
    ]
    start = f"| {row.side_px}² | {row.references} | {row.batch} |"
    return f"{start} {' | '.join(cells)} | {row.reserved / GIB:.2f} |"


if __name__ == "__main__":
    result = merged([STORED, *map(Path, sys.argv[1:])])
    STORED.write_text(as_json(result), "utf-8")
    DOCUMENT.write_text(document(result), "utf-8")
