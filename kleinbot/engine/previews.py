"""The engine's previews: their map, fitted once for each VAE and kept, and what they show of a step."""

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path

import torch

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.klein.pipeline.denoise import Denoising
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.preview import PreviewFit, PreviewMap, drawing, identity_of
from kleinbot.process.private_files import write_durably

_log = logging.getLogger(__name__)

FILE = "preview-map.json"
_MOST_BYTES = 10_000_000


class Previews:
    """All of it runs on the engine's thread, and nothing of it may fail a batch."""

    def __init__(self, klein: Klein, autoencoder: Autoencoder, folder: Path | None) -> None:
        """``folder``: where the map is kept; None: it is fitted anew by each process."""
        self._klein = klein
        self._autoencoder = autoencoder
        self._file = None if folder is None else folder / FILE
        self._map: PreviewMap | None = None
        self._identity: str | None = None
        self._fit: PreviewFit | None = None
        self._has_failed = False

    @property
    def must_fit(self) -> bool:
        """Whether previews are wanted and there is no map yet: call ``fit_on`` until it is over."""
        return self._fit is not None

    def of_step(self, tasks: Sequence[RenderTask], denoising: Denoising) -> dict[ImageKey, Pixels]:
        """Return what the step that was just done predicts, for the tasks that want previews."""
        if denoising.is_done or self._has_failed or not any(task.previews for task in tasks):
            return {}
        try:
            found = self._ready_map()
            if found is None:
                return {}
            predicted = denoising.predicted
            return {
                task.key: found.picture(predicted[position : position + 1])
                for position, task in enumerate(tasks)
                if task.previews
            }
        except Exception as error:  # noqa: BLE001 - the edge: a preview is never worth a picture
            self._give_up(error)
            return {}

    def prepare(self) -> None:
        """Read the map that is kept, or begin its fit, before a preview is wanted."""
        try:
            self._ready_map()
        except Exception as error:  # noqa: BLE001 - the edge: pictures are made without previews
            self._give_up(error)

    @torch.inference_mode()
    def fit_on(self) -> None:
        """Do a small part of the fit, which other work may follow; the last part keeps the map."""
        fit = self._fit
        if fit is None:
            return
        try:
            picture = drawing(fit.count)
            fit.add(picture, self._autoencoder.encode(picture))
            if fit.is_done:
                self._map, self._fit = fit.solved(), None
                self._keep(self._map)
                _log.info("previews: fitted to this model's VAE")
        except Exception as error:  # noqa: BLE001 - the edge: pictures are made without previews
            self._give_up(error)

    def _ready_map(self) -> PreviewMap | None:
        if self._map is None and self._fit is None:
            self._identity = identity_of(self._klein.vae)
            self._map = self._read()
            if self._map is None:
                self._fit = PreviewFit()
        return self._map

    def _give_up(self, error: Exception) -> None:
        _log.warning("previews are not shown: %r", error)
        self._has_failed, self._map, self._fit = True, None, None

    def _read(self) -> PreviewMap | None:
        """Return the map that an earlier process kept for this VAE; None if none can be used."""
        if self._file is None:
            return None
        try:
            if self._file.stat().st_size > _MOST_BYTES:
                return None
            kept = json.loads(self._file.read_bytes())
            rows = kept["map"] if kept["vae"] == self._identity else []
            weights = torch.tensor(rows, dtype=torch.float32)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        expected = (self._klein.packed_channels + 1, 12)
        is_usable = tuple(weights.shape) == expected and math.isfinite(float(weights.abs().sum()))
        return PreviewMap(weights) if is_usable else None

    def _keep(self, found: PreviewMap) -> None:
        if self._file is None:
            return
        content = {"schema": 1, "vae": self._identity, "map": found.weights.tolist()}
        try:
            write_durably(self._file, json.dumps(content).encode())
        except OSError as error:
            _log.warning("the map of previews is not kept: %s", error)
