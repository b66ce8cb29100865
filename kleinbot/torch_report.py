"""What torch says of itself, asked in a process of its own: a broken torch may take its process down.

``python -m kleinbot.torch_report`` prints one line of JSON.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import kleinbot
from kleinbot.host.facts import Card
from kleinbot.host.probe import DEVICE_ORDER, VISIBLE_DEVICES

_TIMEOUT_S = 120.0
"""Importing torch from a cold disk takes tens of seconds."""
_LONGEST_REASON = 200


@dataclass(frozen=True)
class TorchReport:
    """``has_kernels``: this build holds code for the first card; ``error``: why torch cannot be imported.

    ``card``, ``memory_bytes``, ``free_bytes`` and ``capability`` are the first card's, where it has one.
    """

    version: str = ""
    cuda: str | None = None
    is_available: bool = False
    has_kernels: bool = False
    error: str | None = None
    card: str = ""
    memory_bytes: int = 0
    free_bytes: int = 0
    capability: tuple[int, int] = (0, 0)

    def cards(self) -> tuple[Card, ...]:
        """Return the card as torch sees it, for a machine whose driver does not show it."""
        if not self.is_available or not self.memory_bytes:
            return ()
        major, minor = self.capability
        return (Card(self.card, self.memory_bytes, self.free_bytes, (major, minor)),)


def ask_torch(timeout_s: float = _TIMEOUT_S, card: Card | None = None) -> TorchReport:
    """Import torch in a child and return what it says, of ``card`` alone if one is named. Raises nothing."""
    root = str(Path(kleinbot.__file__).parents[1])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    alone = {} if card is None or not card.identity else {VISIBLE_DEVICES: card.identity}
    try:
        child = subprocess.run(  # noqa: S603 - this same Python and this file
            [sys.executable, "-m", __name__],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env={**DEVICE_ORDER, **os.environ, **alone, "PYTHONPATH": paths},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TorchReport(error=f"no answer within {timeout_s:g} s")
    except OSError as error:
        return TorchReport(error=str(error))
    try:
        return TorchReport(**json.loads(child.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        last = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        return TorchReport(error=last[:_LONGEST_REASON])


def _report() -> TorchReport:
    import torch

    from kleinbot.engine.device import has_kernels

    is_available = torch.cuda.is_available()
    seen: dict[str, Any] = {}
    if is_available:
        free_bytes, memory_bytes = torch.cuda.mem_get_info(0)
        seen = {
            "card": torch.cuda.get_device_name(0),
            "memory_bytes": memory_bytes,
            "free_bytes": free_bytes,
            "capability": torch.cuda.get_device_capability(0),
        }
    return TorchReport(
        version=torch.__version__,
        cuda=torch.version.cuda,
        is_available=is_available,
        has_kernels=is_available
        and has_kernels(torch.cuda.get_arch_list(), torch.cuda.get_device_capability(0)),
        **seen,
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_report())) + "\n")
