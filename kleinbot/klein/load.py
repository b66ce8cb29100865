"""A checkout into memory."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel
from diffusers.utils import logging as diffusers_logging
from transformers import PreTrainedTokenizerFast, Qwen2TokenizerFast, Qwen3Config, Qwen3Model
from transformers.utils import logging as transformers_logging

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import Checkpoint
from kleinbot.host.profile import CPU_SMALL, Profile
from kleinbot.klein.checkpoint import LAYERS_USED, TOKENIZER, Component, KleinCheckout
from kleinbot.klein.host_table import HostTable
from kleinbot.klein.placement import place
from kleinbot.klein.prompt import templated
from kleinbot.klein.text_encoder import TextEncoder

_FLOATS = {"BF16", "F16", "F32"}
_COUNTERS = {"I64"}


@dataclass(frozen=True)
class Klein:
    """The loaded model, in evaluation mode; its stages run on ``device``, in ``dtype``.

    Where each component's weights are between two stages is the profile's matter (``klein.placement``), so
    ask this and not a module for the device.
    """

    text_encoder: TextEncoder
    transformers: Mapping[Checkpoint, Flux2Transformer2DModel]
    vae: AutoencoderKLFlux2
    scheduler: FlowMatchEulerDiscreteScheduler
    device: torch.device
    dtype: torch.dtype

    @property
    def packed_channels(self) -> int:
        """Channels of one token: 4 times the VAE's latent channels."""
        return int(next(iter(self.transformers.values())).config.in_channels)


def load_klein(
    checkout: KleinCheckout,
    device: torch.device,
    dtype: torch.dtype,
    on_fraction: Callable[[float], None],
    profile: Profile = CPU_SMALL,
    scratch: Path | None = None,
) -> Klein:
    """Load ``checkout`` in ``dtype`` and put it where ``profile`` says; it runs on ``device``.

    The dtype is given to ``from_pretrained``: converting afterwards would also convert Qwen3's rotary
    frequencies, which changes the embeddings. ``on_fraction`` is told how much is loaded, 0…1, by bytes.

    Raises StartError where the files' tensors do not fit the configs' models: WEIGHTS_NOT_KLEIN,
    WEIGHTS_WRONG_TEXT_ENCODER, WEIGHTS_WRONG_VAE (file, found, wanted). Nothing is loaded then.
    """
    folder = str(checkout.folder)
    with quiet_libraries():
        _check_shapes(checkout)
        text_model = Qwen3Model.from_pretrained(
            folder,
            subfolder="text_encoder",
            num_hidden_layers=LAYERS_USED,
            dtype=dtype,
            local_files_only=True,
        )
        text_model.norm = torch.nn.Identity()
        text_model.eval()
        if profile.token_table_on_host:
            text_model.embed_tokens = HostTable(text_model.embed_tokens.weight.detach())
        place(text_model, profile.text_encoder.placement, device, scratch)
        on_fraction(checkout.text_encoder.bytes / checkout.bytes)
        transformer = Flux2Transformer2DModel.from_pretrained(
            folder, subfolder="transformer", torch_dtype=dtype, local_files_only=True
        )
        place(transformer.eval(), profile.transformer.placement, device, scratch)
        on_fraction(1 - checkout.vae.bytes / checkout.bytes)
        vae = AutoencoderKLFlux2.from_pretrained(
            folder, subfolder="vae", torch_dtype=dtype, local_files_only=True
        )
        vae.eval().to(device)
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(
            folder, subfolder="scheduler", local_files_only=True
        )
        tokenizer = _tokenizer_class(checkout).from_pretrained(
            folder, subfolder="tokenizer", local_files_only=True
        )
    text_encoder = TextEncoder(text_model, tokenizer, device)
    _check_template(text_encoder)
    on_fraction(1.0)
    return Klein(text_encoder, {Checkpoint.DISTILLED: transformer}, vae, scheduler, device, dtype)


def _tokenizer_class(checkout: KleinCheckout) -> type[PreTrainedTokenizerFast]:
    """Return the class that the checkout names, as diffusers' pipeline does: it decides how text is split."""
    is_qwen = checkout.tokenizer_class in ("Qwen2Tokenizer", "Qwen2TokenizerFast")
    named: type[PreTrainedTokenizerFast] = Qwen2TokenizerFast if is_qwen else PreTrainedTokenizerFast
    return named


def _check_shapes(checkout: KleinCheckout) -> None:
    """Compare every tensor that will be loaded with the models that the configs describe."""
    folder = str(checkout.folder)
    text_config = Qwen3Config.from_pretrained(
        folder, subfolder="text_encoder", num_hidden_layers=LAYERS_USED, local_files_only=True
    )
    with torch.device("meta"):
        text_model = Qwen3Model(text_config)
        transformer = Flux2Transformer2DModel.from_config(dict(checkout.transformer.config))
        vae = AutoencoderKLFlux2.from_config(dict(checkout.vae.config))
    text_model.norm = torch.nn.Identity()
    _compare(checkout.transformer, transformer, "", Code.WEIGHTS_NOT_KLEIN)
    _compare(checkout.text_encoder, text_model, "model.", Code.WEIGHTS_WRONG_TEXT_ENCODER)
    _compare(checkout.vae, vae, "", Code.WEIGHTS_WRONG_VAE)


def _compare(component: Component, model: torch.nn.Module, prefix: str, code: Code) -> None:
    for name, tensor in model.state_dict().items():
        stored = component.tensors.get(prefix + name)
        wanted = f"{prefix}{name} {list(tensor.shape)}"
        if stored is None:
            raise StartError(code, file=component.config_file, found="no such tensor", wanted=wanted)
        found = f"{list(stored.shape)} {stored.dtype}"
        if stored.shape != tuple(tensor.shape):
            raise StartError(code, file=stored.file, found=found, wanted=wanted)
        if stored.dtype not in (_FLOATS if tensor.is_floating_point() else _COUNTERS):
            # Scaled FP8 read as plain numbers loads silently, with weights thousands of times too large.
            raise StartError(code, file=stored.file, found=found, wanted=f"{wanted} in BF16, F16 or F32")


def _check_template(text_encoder: TextEncoder) -> None:
    """Prompts are measured with our own copy of the template, so both must agree."""
    probe = "a red fox"
    found = text_encoder.chat_text(probe)
    if found != templated(probe):
        raise StartError(
            Code.WEIGHTS_WRONG_TEXT_ENCODER, file=TOKENIZER, found=repr(found), wanted=repr(templated(probe))
        )


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep progress bars and the list of tensors that were left out on purpose off the log."""
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
