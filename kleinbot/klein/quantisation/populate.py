"""Fills an empty model with weights, plain or with 8-bit linear layers."""

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
    """The target format of a component. ``native``: multiply in FP8 if weights are FP8.

    Quantisation runs on ``device``.
    """

    dtype: torch.dtype
    device: torch.device
    format: WeightFormat = WeightFormat.PLAIN
    native: bool = False

    @property
    def precision(self) -> Precision:
        return Precision(str(self.dtype).removeprefix("torch."))

    def must_quantise(self, component: Component) -> bool:
        """Return whether ``component`` is not yet in the target's 8-bit format."""
        is_there = component.row_scaled_layers or (
            self.format is WeightFormat.FP8 and component.scaled_layers
        )
        return self.format is not WeightFormat.PLAIN and not is_there


def plain(component: Component, name: str, dtype: torch.dtype, reader: TensorReader) -> torch.Tensor:
    """Return the model's tensor ``name`` in ``dtype`` (counters unchanged), dequantised if necessary."""
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
    target: TensorTarget,
    reader: TensorReader,
    on_bytes: Callable[[int], None],
) -> None:
    """Load ``component`` into ``model``, on the CPU; ``on_bytes`` receives the bytes of each loaded tensor.

    If ``target`` is an 8-bit format, 8-bit layers of the files become 8-bit modules unchanged and plain ones
    are quantised; all others become plain. Values are converted on load: converting the whole model
    afterwards would also convert Qwen3's rotary frequencies, which changes the embeddings.
    """
    done: set[str] = set()
    for name, layer in _eight_bit_layers(model, component, target, reader):
        model.set_submodule(name, layer)
        on_bytes(component.tensors[f"{name}.weight"].bytes)
        done.add(name)
    for name in [name for name, _ in (*model.named_parameters(), *model.named_buffers())]:
        parent, _, leaf = name.rpartition(".")
        if parent in done or name not in component.tensors:
            continue
        value = plain(component, name, target.dtype, reader)
        module = model.get_submodule(parent)
        if leaf in module._parameters:
            module._parameters[leaf] = nn.Parameter(value, requires_grad=False)
        else:
            module._buffers[leaf] = value
        on_bytes(component.tensors[name].bytes)
    model.eval()


def _eight_bit_layers(
    model: nn.Module, component: Component, target: TensorTarget, reader: TensorReader
) -> Iterator[tuple[str, nn.Module]]:
    native = target.native and target.format is WeightFormat.FP8
    if target.must_quantise(component):
        for name in sorted(large_layers(model)):
            weight = plain(component, f"{name}.weight", target.dtype, reader)
            narrow, scale = quantise(weight, target.format, target.device)
            yield name, RowScaledLinear(narrow, scale, native=native)
        return
    for name in sorted(component.row_scaled_layers):
        weight, scale = (reader.read(component.tensors[f"{name}.{part}"]) for part in ("weight", ROW_SCALE))
        yield name, RowScaledLinear(weight, scale, native=native)
    for name in sorted(component.scaled_layers) if target.format is WeightFormat.FP8 else ():
        weight, weight_scale, input_scale = (
            reader.read(component.tensors[f"{name}.{part}"]) for part in ("weight", WEIGHT_SCALE, INPUT_SCALE)
        )
        yield name, Fp8Linear(weight, weight_scale, input_scale, target.dtype, native=target.native)
