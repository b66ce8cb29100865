"""Probes torch in a separate process, because a broken torch may crash its process.

``python -m kleinbot.app.torch_probe`` prints one line of JSON.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import kleinbot
from kleinbot.hardware.facts import Gpu
from kleinbot.hardware.probe import DEVICE_ORDER, VISIBLE_DEVICES

_TIMEOUT_S = 120.0
"""Importing torch from a cold disk takes tens of seconds."""
_LONGEST_REASON = 200


@dataclass(frozen=True)
class TorchProbe:
    """``has_kernels``: this build has code for the first GPU; ``error``: why torch cannot be imported.

    ``gpu``, ``memory_bytes``, ``free_bytes`` and ``capability`` describe the first GPU, if there is one.
    """

    version: str = ""
    cuda: str | None = None
    is_available: bool = False
    has_kernels: bool = False
    error: str | None = None
    gpu: str = ""
    memory_bytes: int = 0
    free_bytes: int = 0
    capability: tuple[int, int] = (0, 0)

    def gpus(self) -> tuple[Gpu, ...]:
        """Return the GPU as torch sees it, for a machine whose driver does not show it."""
        if not self.is_available or not self.memory_bytes:
            return ()
        major, minor = self.capability
        return (Gpu(self.gpu, self.memory_bytes, self.free_bytes, (major, minor)),)


def ask_torch(timeout_s: float = _TIMEOUT_S, gpu: Gpu | None = None) -> TorchProbe:
    """Import torch in a child process and return its report, for ``gpu`` alone if given. Raises nothing."""
    root = str(Path(kleinbot.__file__).parents[1])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    alone = {} if gpu is None or not gpu.identity else {VISIBLE_DEVICES: gpu.identity}
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
        return TorchProbe(error=f"no answer within {timeout_s:g} s")
    except OSError as error:
        return TorchProbe(error=str(error))
    try:
        return TorchProbe(**json.loads(child.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        last = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        return TorchProbe(error=last[:_LONGEST_REASON])


def _report() -> TorchProbe:
    import torch

    from kleinbot.engine.device import has_kernels

    is_available = torch.cuda.is_available()
    seen: dict[str, Any] = {}
    if is_available:
        free_bytes, memory_bytes = torch.cuda.mem_get_info(0)
        seen = {
            "gpu": torch.cuda.get_device_name(0),
            "memory_bytes": memory_bytes,
            "free_bytes": free_bytes,
            "capability": torch.cuda.get_device_capability(0),
        }
    return TorchProbe(
        version=torch.__version__,
        cuda=torch.version.cuda,
        is_available=is_available,
        has_kernels=is_available
        and has_kernels(torch.cuda.get_arch_list(), torch.cuda.get_device_capability(0)),
        **seen,
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_report())) + "\n")
