"""Models without weights, and weights into them: plain, or with linear layers in 8 bits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from kleinbot.domain.profile import Precision, WeightFormat
from kleinbot.klein.quantisation.linear import Fp8Linear, RowScaledLinear, widen
from kleinbot.klein.quantisation.quantise import large_layers, quantise
from kleinbot.klein.weights.bfl_names import INPUT_SCALE, WEIGHT_SCALE
from kleinbot.klein.weights.tensor_reader import TensorReader
from kleinbot.klein.weights.weight_set import ROW_SCALE, Component


@dataclass(frozen=True)
class TensorTarget:
    """How a component shall be kept. ``native``: products of FP8 numbers where weights are FP8.

    What must be quantised for it is so on ``device``.
    """

    dtype: torch.dtype
    device: torch.device
    format: WeightFormat = WeightFormat.PLAIN
    native: bool = False

    @property
    def precision(self) -> Precision:
        return Precision(str(self.dtype).removeprefix("torch."))

    def must_quantise(self, component: Component) -> bool:
        """Tell whether ``component`` is not yet in the 8-bit format that is wanted."""
        is_there = component.row_scaled_layers or (
            self.format is WeightFormat.FP8 and component.scaled_layers
        )
        return self.format is not WeightFormat.PLAIN and not is_there


def plain(component: Component, name: str, dtype: torch.dtype, reader: TensorReader) -> torch.Tensor:
    """Return the model's tensor ``name`` in ``dtype`` (counters as they are), dequantised if it must be."""
    value = reader.read(component.tensors[name])
    scale = component.tensors.get(f"{name.removesuffix('.weight')}.{WEIGHT_SCALE}")
    if name.endswith(".weight") and scale is not None:
        value = widen(value, reader.read(scale).float().reshape(()), dtype)
    if value.is_floating_point():
        value = value.to(dtype)
    return value


def populate(
    model: nn.Module,
    component: Component,
    wanted: TensorTarget,
    reader: TensorReader,
    on_bytes: Callable[[int], None],
) -> None:
    """Put ``component`` into ``model``, on the CPU; ``on_bytes`` is told of every tensor that is in.

    Where ``wanted`` is an 8-bit format, layers that the files keep so become 8-bit modules as they are, and
    plain ones are quantised; all else becomes plain. Values are given their dtype on the way in: converting
    the model afterwards would also convert Qwen3's rotary frequencies, which changes the embeddings.
    """
    done: set[str] = set()
    for name, layer in _eight_bit_layers(model, component, wanted, reader):
        model.set_submodule(name, layer)
        on_bytes(component.tensors[f"{name}.weight"].bytes)
        done.add(name)
    for name in [name for name, _ in (*model.named_parameters(), *model.named_buffers())]:
        parent, _, leaf = name.rpartition(".")
        if parent in done or name not in component.tensors:
            continue
        value = plain(component, name, wanted.dtype, reader)
        module = model.get_submodule(parent)
        if leaf in module._parameters:
            module._parameters[leaf] = nn.Parameter(value, requires_grad=False)
        else:
            module._buffers[leaf] = value
        on_bytes(component.tensors[name].bytes)
    model.eval()


def _eight_bit_layers(
    model: nn.Module, component: Component, wanted: TensorTarget, reader: TensorReader
) -> Iterator[tuple[str, nn.Module]]:
    native = wanted.native and wanted.format is WeightFormat.FP8
    if wanted.must_quantise(component):
        for name in sorted(large_layers(model)):
            weight = plain(component, f"{name}.weight", wanted.dtype, reader)
            narrow, scale = quantise(weight, wanted.format, wanted.device)
            yield name, RowScaledLinear(narrow, scale, native=native)
        return
    for name in sorted(component.row_scaled_layers):
        weight, scale = (reader.read(component.tensors[f"{name}.{part}"]) for part in ("weight", ROW_SCALE))
        yield name, RowScaledLinear(weight, scale, native=native)
    for name in sorted(component.scaled_layers) if wanted.format is WeightFormat.FP8 else ():
        weight, weight_scale, input_scale = (
            reader.read(component.tensors[f"{name}.{part}"]) for part in ("weight", WEIGHT_SCALE, INPUT_SCALE)
        )
        yield name, Fp8Linear(weight, weight_scale, input_scale, wanted.dtype, native=wanted.native)
