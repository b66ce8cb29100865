"""What was measured of the memory model's predictions, and the document that shows both.

``tests.gpu.memory_table`` measures on a card and writes a file; ``python -m tests.host.measured_memory
FILE…`` takes such files in and writes ``kleinbot/host/MEASURED.md`` anew, which is also needed after a change
of the model.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from kleinbot.domain.geometry import TOKEN_PX, Grid
from kleinbot.host.facts import GIB
from kleinbot.host.memory_model import WorkShape, predict
from kleinbot.host.profile import Profile
from tests.host.named_hosts import HOSTS

KEPT = Path(__file__).with_name("measured_memory.json")
DOCUMENT = Path(__file__).parents[2] / "kleinbot/host/MEASURED.md"
STAGES = ("encode", "denoise", "decode")
FULL = Grid(64, 64)

_INTRODUCTION = """# Predicted and measured memory

What `host/memory_model.py` predicts beside torch's `max_memory_allocated`, in GiB, for each stage:
predicted, measured, their ratio. Each host has the profile that the rules choose for it. Measured with
`python -m tests.gpu.memory_table` and `expandable_segments`.
"Reserved" is `max_memory_reserved` of the shape. Memory was not limited, so some batches are larger than
what fits the named card; the bot makes none that is predicted not to fit. References are of 1024².

Every ratio lies between {least:.3f} and {most:.3f}. This file is written by
`python -m tests.host.measured_memory`; the tests hold the same measurements against the model.
"""


def shape_of(side_px: int, references: int, batch: int) -> WorkShape:
    """Return the shape of ``batch`` square pictures, each with so many references of 1024²."""
    side = side_px // TOKEN_PX
    return WorkShape(Grid(side, side), (FULL,) * references, batch)


@dataclass(frozen=True)
class Row:
    """A square picture with references of 1024²; bytes of each stage, and what torch had taken at most."""

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
        """Return predicted to measured, by stage."""
        return [one / other for one, other in zip(self.predicted(profile), self.measured, strict=True)]


@dataclass(frozen=True)
class Measured:
    """One of ``named_hosts``. ``conditions``: the card, the versions, and what a reader has to know."""

    conditions: str
    rows: list[Row]


def read(file: Path) -> dict[str, Measured]:
    """Return what ``file`` holds, by the host's name."""
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
    """Return of each host what the last of ``files`` has."""
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
    result = merged([KEPT, *map(Path, sys.argv[1:])])
    KEPT.write_text(as_json(result), "utf-8")
    DOCUMENT.write_text(document(result), "utf-8")
