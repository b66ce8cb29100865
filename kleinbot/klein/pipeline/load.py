"""Loads a weight set into memory according to a profile."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel
from diffusers.utils import logging as diffusers_logging
from torch import nn
from transformers import PreTrainedTokenizerFast, Qwen2TokenizerFast, Qwen3Config, Qwen3Model
from transformers.utils import logging as transformers_logging

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import ComponentPlan, Placement, Precision, Profile
from kleinbot.klein.low_memory.tiled_blocks import run_in_tiles
from kleinbot.klein.offload.placement import place
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.pipeline.prompt import BEGINNING_OF_TURN, CHAT_TEMPLATE, templated
from kleinbot.klein.pipeline.text_encoder import TextEncoder
from kleinbot.klein.quantisation.populate import TensorTarget, populate
from kleinbot.klein.quantisation.quantised import quantised, remove_unfinished
from kleinbot.klein.quantisation.quantised_cache import TEXT_ENCODER
from kleinbot.klein.weights.shapes import Shapes, check_shapes
from kleinbot.klein.weights.tensor_reader import TensorReader
from kleinbot.klein.weights.tokenizer_files import PAD_TOKEN, TOKENIZER_JSON, check_sizes, open_tokenizer
from kleinbot.klein.weights.weight_set import LAYERS_USED, Component, TokenizerFiles, WeightSet

_DTYPES = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Klein:
    """The loaded model in evaluation mode; its stages run on ``device``, in ``dtype``.

    The profile decides where a component's weights are between two stages (``klein.offload.placement``), so
    take the device from here, not from a module.
    """

    text_encoder: TextEncoder
    transformers: Mapping[Checkpoint, Flux2Transformer2DModel]
    vae: AutoencoderKLFlux2
    scheduler: FlowMatchEulerDiscreteScheduler
    device: torch.device
    dtype: torch.dtype
    files: tuple[Path, ...] = ()
    """What was read: the weights' files, or those of the quantised cache."""

    @property
    def packed_channels(self) -> int:
        """Channels of one token: four times the VAE's latent channels."""
        return int(next(iter(self.transformers.values())).config.in_channels)


def load_klein(
    weights: WeightSet,
    profile: Profile,
    device: torch.device,
    on_fraction: Callable[[float], None],
    scratch: Path | None = None,
) -> Klein:
    """Load the components that ``profile`` needs and place them, one after the other.

    ``on_fraction`` receives the loaded share of bytes, 0…1. ``scratch`` is the folder of the quantised cache
    and of weights placed on disk; without one, weights are quantised at every start.

    Raises StartError: WEIGHTS_NO_CHECKPOINT; WEIGHTS_MISSING (folder, file) if a required file no longer
    exists; WEIGHTS_NOT_KLEIN, WEIGHTS_WRONG_TEXT_ENCODER or WEIGHTS_WRONG_VAE (file, found, wanted) if the
    tensors do not match the models of the configs. Nothing is loaded then.
    """
    with quiet_libraries():
        return _Loading(weights, profile, device, on_fraction, scratch).klein()


class _Loading:
    """One load: each component is read, quantised and placed before the next one."""

    def __init__(
        self,
        weights: WeightSet,
        profile: Profile,
        device: torch.device,
        on_fraction: Callable[[float], None],
        scratch: Path | None,
    ) -> None:
        self._weights = weights
        self._profile = profile
        self._device = device
        self._dtype = _DTYPES[profile.precision]
        self._on_fraction = on_fraction
        self._scratch = scratch
        self._transformers = {
            checkpoint: weights.transformer(checkpoint) for checkpoint in profile.checkpoints
        }
        components = (*self._transformers.values(), weights.text_encoder, weights.vae)
        self._bytes_total = sum(component.bytes for component in components)
        self._bytes_done = 0
        self._bytes_of_component = 0
        self._share = 0.0
        self._files: set[Path] = set()

    def klein(self) -> Klein:
        weights, profile = self._weights, self._profile
        empty_text_model, empty_transformers, empty_autoencoder = self._empty_models()
        if self._scratch is not None:
            remove_unfinished(self._scratch)
        tokenizer = _tokenizer(weights.tokenizer)
        text_model = self._load(TEXT_ENCODER, empty_text_model, weights.text_encoder, profile.text_encoder)
        if profile.token_table_on_host:
            # Off the mapped file, which may be replaced or cut short while the bot runs.
            text_model.embed_tokens = TokenTable(text_model.embed_tokens.weight.detach().clone())
        text_encoder = TextEncoder(text_model, tokenizer, self._device)
        check_vocabulary(len(tokenizer), weights.text_encoder)
        check_template(text_encoder, weights.tokenizer)
        self._place(text_model, profile.text_encoder)
        transformers = {}
        for checkpoint, component in self._transformers.items():
            transformers[checkpoint] = self._load(
                f"transformer-{checkpoint}",
                empty_transformers[checkpoint],
                component,
                profile.transformer,
                native=profile.native_fp8,
            )
            if not profile.compiles_blocks and not profile.fuses_blocks:
                run_in_tiles(transformers[checkpoint], profile.row_tiling)
            self._place(transformers[checkpoint], profile.transformer)
        vae = self._load("vae", empty_autoencoder, weights.vae, ComponentPlan())
        self._place(vae, ComponentPlan())
        scheduler = FlowMatchEulerDiscreteScheduler.from_config(dict(weights.scheduler))
        self._on_fraction(1.0)
        files = tuple(sorted(self._files))
        return Klein(text_encoder, transformers, vae, scheduler, self._device, self._dtype, files)

    def _empty_models(
        self,
    ) -> tuple[Qwen3Model, dict[Checkpoint, Flux2Transformer2DModel], AutoencoderKLFlux2]:
        """Return the models without their weights, their shapes checked.

        Once more than ``find_weights`` did: this diffusers' models may be other ones.
        """
        text_encoder, vae = self._weights.text_encoder, self._weights.vae
        transformers = {}
        for checkpoint, component in self._transformers.items():
            transformers[checkpoint] = empty_transformer(component)
            check_shapes(component, shapes_of(transformers[checkpoint]), Code.WEIGHTS_NOT_KLEIN)
        text_model = empty_text_encoder(text_encoder)
        check_shapes(text_encoder, shapes_of(text_model), Code.WEIGHTS_WRONG_TEXT_ENCODER)
        autoencoder = empty_vae(vae)
        check_shapes(vae, shapes_of(autoencoder), Code.WEIGHTS_WRONG_VAE)
        return text_model, transformers, autoencoder

    def _load(
        self, label: str, model: M, component: Component, plan: ComponentPlan, *, native: bool = False
    ) -> M:
        target = TensorTarget(self._dtype, self._device, plan.format, native)
        source = component
        self._bytes_of_component, self._share = component.bytes, 0.0
        if self._scratch is not None and target.must_quantise(component):
            cached = quantised(
                label, component, model, target, self._scratch, self._progress_of(component, 0.9)
            )
            source = cached or component
        source.require_files()
        self._files |= source.files
        with TensorReader() as reader:
            populate(model, source, target, reader, self._progress_of(source, 1.0))
        self._bytes_done += component.bytes
        return model

    def _progress_of(self, component: Component, most: float) -> Callable[[int], None]:
        """Return a callback that turns bytes read of ``component`` into overall progress.

        ``most``: the component's progress once all its bytes are read; quantising comes before loading.
        """
        done, whole = 0, component.bytes

        def report(amount: int) -> None:
            nonlocal done
            done += amount
            share = max(self._share, min(most, most * done / whole))
            self._share = share
            total = (self._bytes_done + self._bytes_of_component * share) / self._bytes_total
            self._on_fraction(min(1.0, total))

        return report

    def _place(self, model: nn.Module, plan: ComponentPlan) -> None:
        if self._device.type == "cpu" and plan.placement is Placement.RESIDENT:
            # Copied out of the mapped file, which may be replaced while the bot runs.
            for tensor in (*model.parameters(), *model.buffers()):
                tensor.data = tensor.data.clone()
        place(model, plan.placement, self._device, self._scratch)


def shapes_of(model: nn.Module) -> Shapes:
    """Return the names of ``model``'s tensors, with their shapes."""
    return [(name, tuple(tensor.shape)) for name, tensor in model.state_dict().items()]


def empty_transformer(component: Component) -> Flux2Transformer2DModel:
    """Return the model of ``component``'s config on the meta device."""
    with init_empty_weights():
        return Flux2Transformer2DModel.from_config(dict(component.config))


class _Uninitialised(Qwen3Model):  # type: ignore[misc]
    """Qwen3 without random weights, which took most of the time to build; the files supply them."""

    def _init_weights(self, module: nn.Module) -> None:
        del module


def empty_text_encoder(component: Component) -> Qwen3Model:
    """Return the 27 used layers without the final norm, on the meta device."""
    config = dict(component.config)
    config["num_hidden_layers"] = LAYERS_USED
    if config.get("layer_types"):
        config["layer_types"] = config["layer_types"][:LAYERS_USED]
    with init_empty_weights():
        model = _Uninitialised(Qwen3Config.from_dict(config))
    model.norm = nn.Identity()
    return model


def empty_vae(component: Component) -> AutoencoderKLFlux2:
    """Return the model of ``component``'s config on the meta device."""
    with init_empty_weights():
        return AutoencoderKLFlux2.from_config(dict(component.config))


def _tokenizer(files: TokenizerFiles) -> PreTrainedTokenizerFast:
    """Return a checkout's tokenizer by the class it names, or ComfyUI's vocabulary as Qwen3's.

    Klein was trained with Qwen3's padding, on the right, so the files' own padding is ignored.
    """
    check_sizes(files.file.parent)
    if files.file.name == TOKENIZER_JSON:
        is_qwen = files.named_class in ("Qwen2Tokenizer", "Qwen2TokenizerFast")
        named: type[PreTrainedTokenizerFast] = Qwen2TokenizerFast if is_qwen else PreTrainedTokenizerFast
        tokenizer = named.from_pretrained(files.file.parent, local_files_only=True)
        tokenizer.padding_side = tokenizer.truncation_side = "right"
        if PAD_TOKEN not in tokenizer.get_vocab():
            raise _wrong_tokenizer(files, f"no {PAD_TOKEN}", PAD_TOKEN)
        tokenizer.pad_token = PAD_TOKEN
        tokenizer.chat_template = tokenizer.chat_template or CHAT_TEMPLATE
        return tokenizer
    return PreTrainedTokenizerFast(
        tokenizer_object=open_tokenizer(files.file),
        pad_token=PAD_TOKEN,
        padding_side="right",
        chat_template=CHAT_TEMPLATE,
    )


def check_vocabulary(tokens: int, component: Component) -> None:
    """Raise StartError WEIGHTS_WRONG_TEXT_ENCODER if the tokenizer has more tokens than the table rows."""
    rows = component.config["vocab_size"]
    if tokens > rows:
        raise StartError(
            Code.WEIGHTS_WRONG_TEXT_ENCODER,
            file=component.file,
            found=f"vocab_size {rows}",
            wanted=f"at least the tokenizer's {tokens}",
        )


def check_template(text_encoder: TextEncoder, files: TokenizerFiles) -> None:
    """Check that the tokenizer applies our own copy of the template, which measures prompts, and no more.

    Raises StartError WEIGHTS_WRONG_TEXT_ENCODER (file, found, wanted).
    """
    probe = "a red fox"
    try:
        found = text_encoder.chat_text(probe)
    except Exception as error:  # a checkout's template may raise anything
        raise _wrong_tokenizer(files, str(error), repr(templated(probe))) from error
    if found != templated(probe):
        raise _wrong_tokenizer(files, repr(found), repr(templated(probe)))
    first = text_encoder.first_token(probe)
    if first != BEGINNING_OF_TURN:
        raise _wrong_tokenizer(files, f"{first} before the prompt", BEGINNING_OF_TURN)


def _wrong_tokenizer(files: TokenizerFiles, found: str, wanted: str) -> StartError:
    file = f"{files.file.parent.name}/{files.file.name}"
    return StartError(Code.WEIGHTS_WRONG_TEXT_ENCODER, file=file, found=found[:500], wanted=wanted)


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep progress bars and the list of intentionally unused tensors out of the log."""
    before = [
        (library, library.get_verbosity(), library.is_progress_bar_enabled())
        for library in (diffusers_logging, transformers_logging)
    ]
    for library, _, _ in before:
        library.set_verbosity(logging.ERROR)
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, verbosity, bars in before:
            library.set_verbosity(verbosity)
            if bars:
                library.enable_progress_bar()
