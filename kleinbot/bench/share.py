"""Writes what others may know of a measurement: the card, versions, the mode and figures; no names.

Left out are the host, its users, paths, the weights' folder or repository, and other programs. The form is
that of ``kleinbot/docs/cards/*.json``, from which README's table of graphics cards is made.
"""

import dataclasses
import json
import platform
import re
from typing import Any

from kleinbot.bench.pictures import name_of
from kleinbot.bench.results import Conditions, Report, Row
from kleinbot.domain.profile import Profile

FORMAT = "kleinbot-card/1"
_MIB = 2**20


def as_shared(report: Report) -> str:
    """Return the shared form of ``report`` as JSON: every key is named here, nothing is passed on whole."""
    conditions = report.conditions
    content = {
        "format": FORMAT,
        "card": conditions.card,
        "card_mib": _mib(conditions.card_bytes),
        "held_by_others_mib": _mib(conditions.held_bytes),
        "power_limit_w": conditions.power_limit_w,
        "clock_mhz": conditions.clock_mhz,
        "most_clock_mhz": conditions.most_clock_mhz,
        "driver": conditions.driver,
        "cpu": conditions.cpu,
        "cpu_threads": conditions.cpu_threads,
        # Without the release, which some people build and name themselves.
        "system": platform.system(),
        "kleinbot": conditions.version,
        "python": conditions.python,
        "torch": conditions.torch,
        "diffusers": conditions.diffusers,
        "date": conditions.date[:10],
        "model": name_of(conditions.size),
        "mode": _mode(conditions.profile),
        "steps": conditions.steps,
        "runs": conditions.runs,
        "load_s": round(report.load_s, 1),
        "is_first_start": report.is_first_start,
        "moved_mib_a_picture": None if report.transfer is None else _mib(report.transfer.bytes),
        "rows": [_row(row) for row in report.rows],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def file_name(conditions: Conditions) -> str:
    """Return a name of letters, digits and hyphens for the shared file: "nvidia-geforce-rtx-3060.json"."""
    words = re.findall(r"[a-z0-9]+", (conditions.card or conditions.cpu or "cpu").lower())
    return f"{'-'.join(words)[:80] or 'cpu'}.json"


def _mode(profile: Profile) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "device": profile.device,
        "precision": profile.precision,
        "transformer": dataclasses.asdict(profile.transformer),
        "text_encoder": dataclasses.asdict(profile.text_encoder),
        "native_fp8": profile.multiplies_fp8,
        "token_table_on_host": profile.token_table_on_host,
        "lean_decode": profile.lean_decode,
        "compiled": profile.compiles_blocks,
        "fused": profile.fuses_blocks,
        "checkpoints": list(profile.checkpoints),
    }


def _row(row: Row) -> dict[str, Any]:
    """Return the figures of a case; a failed one has none, and not its message, which may name files."""
    whole, stages = row.whole, row.stages
    return {
        "case": row.case.name,
        "batch": row.case.batch,
        "references": row.case.references,
        "median_s": None if whole is None else round(whole.median_s, 4),
        "least_s": None if whole is None else round(whole.least_s, 4),
        "most_s": None if whole is None else round(whole.most_s, 4),
        "stages_s": stages and {name: round(value, 4) for name, value in dataclasses.asdict(stages).items()},
        "allocated_mib": _mib(row.allocated_bytes) or None,
        "reserved_mib": _mib(row.reserved_bytes) or None,
        "failed": row.problem is not None,
    }


def _mib(count: int | None) -> int | None:
    return None if count is None else round(count / _MIB)
