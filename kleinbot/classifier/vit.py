"""The model itself: a vision transformer in 32-bit numbers on the processor."""

from pathlib import Path

import torch
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification
from transformers.utils import logging

from kleinbot.classifier.layout import Layout, read_layout
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.pictures import Pixels


class VitClassifier:
    """Not thread-safe: one picture at a time."""

    def __init__(self, folder: Path, labels: tuple[str, ...]) -> None:
        """Load from safetensors alone; no code of the repository runs.

        Raises StartError as ``read_layout``, CLASSIFIER_NOT_VIT also if the weights are not of the layout.
        """
        self._layout = read_layout(folder, labels)
        self._model = _loaded(folder, self._layout)
        mean, std = (torch.tensor(each).view(3, 1, 1) for each in (self._layout.mean, self._layout.std))
        self._mean, self._std = mean, std

    def probability(self, pixels: Pixels) -> float:
        """Return the probability that one of the blocking labels is right, 0…1.

        Raises ArithmeticError if the model does not answer with numbers.
        """
        side = self._layout.size_px
        picture = Image.frombytes("RGB", (pixels.width_px, pixels.height_px), pixels.rgb)
        scaled = picture.resize((side, side), Image.Resampling(self._layout.resample))
        values = torch.frombuffer(bytearray(scaled.tobytes()), dtype=torch.uint8)
        planes = values.view(side, side, 3).permute(2, 0, 1).to(torch.float32) / 255
        with torch.inference_mode():
            logits = self._model(pixel_values=((planes - self._mean) / self._std)[None]).logits[0]
            found = float(torch.softmax(logits, 0)[list(self._layout.blocking)].sum())
        if not 0 <= found <= 1 + 1e-3:  # also where it is not a number
            raise ArithmeticError(f"the classifier answers {found}")
        return min(1.0, found)


def _loaded(folder: Path, layout: Layout) -> ViTForImageClassification:
    logging.disable_progress_bar()
    config = ViTConfig(
        **layout.numbers,
        layer_norm_eps=layout.layer_norm_eps,
        qkv_bias=layout.qkv_bias,
        id2label=dict(enumerate(layout.labels)),
        label2id={label: position for position, label in enumerate(layout.labels)},
    )
    try:
        model, report = ViTForImageClassification.from_pretrained(
            folder, config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32,
            output_loading_info=True,
        )  # fmt: skip
    except (OSError, RuntimeError, ValueError) as error:
        raise StartError(Code.CLASSIFIER_NOT_VIT, folder=str(folder), reason=str(error)[:200]) from error
    wrong = [*report["missing_keys"], *report["mismatched_keys"]]
    if wrong:
        raise StartError(
            Code.CLASSIFIER_NOT_VIT, folder=str(folder), reason=f"{len(wrong)} tensors are missing or wrong"
        )
    return model.eval()
