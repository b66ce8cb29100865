"""Keeps off the log what torchao says of its parts that are not used here. No torch.

diffusers imports torchao where it is installed, so this must be done before the model is imported.
"""

import logging
import os

_BEGINNINGS = {
    "torchao": ("Skipping import of cpp extensions", "Failed to load "),
    "torchao.kernel.intmm": ("Warning: Detected no triton",),
    "torch.utils._pytree": ("<enum 'KernelPreference'>", "<enum 'ScaleCalculationMode'>"),
    "diffusers.quantizers.torchao.torchao_quantizer": ("Unable to import `torchao` Tensor objects",),
}


def quieten_torchao() -> None:
    """Filter the known harmless lines by their logger and beginning; everything else is still said.

    The compiled parts are left out: they are kernels for other formats, and no build of them loads beside
    every torch.
    """
    os.environ.setdefault("TORCHAO_FORCE_SKIP_LOADING_SO_FILES", "1")
    for name, beginnings in _BEGINNINGS.items():
        logger = logging.getLogger(name)
        if not any(isinstance(known, _Known) for known in logger.filters):
            logger.addFilter(_Known(beginnings))


class _Known(logging.Filter):
    """Lets everything pass but the lines that begin as given."""

    def __init__(self, beginnings: tuple[str, ...]) -> None:
        super().__init__()
        self._beginnings = beginnings

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._beginnings)
