"""Lists the tensors of a config's model and compares them with a file's header. Imports no torch.

``tests/klein/test_shapes.py`` compares this with the models of diffusers and transformers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.bfl_names import INPUT_SCALE, WEIGHT_SCALE
from kleinbot.klein.weights.headers import TensorInfo
from kleinbot.klein.weights.weight_set import LAYERS_USED, Component, Config, weights_error

Shapes = Iterable[tuple[str, tuple[int, ...]]]
"""A model's tensor names with their shapes."""

_FLOATS = {"BF16", "F16", "F32"}
_COUNTERS = {"I64"}
_COUNTER = ".num_batches_tracked"
_LATENT_PATCH = (2, 2)
_OF_PICTURE = ("to_q", "to_k", "to_v", "to_out.0")
_OF_TEXT = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")


def check_shapes(component: Component, shapes: Shapes, code: Code) -> None:
    """Compare every tensor to be loaded with the model's.

    Raises StartError ``code`` (file, found, wanted).
    """
    scaled = component.scaled_layers
    for name, shape in shapes:
        stored = component.tensors.get(name)
        wanted = f"{name} {list(shape)}"
        if stored is None:
            raise StartError(code, file=component.file, found="no such tensor", wanted=wanted)
        found = f"{list(stored.shape)} {stored.dtype}"
        if stored.shape != shape:
            raise StartError(code, file=stored.file, found=found, wanted=wanted)
        layer = name.removesuffix(".weight")
        if layer in scaled:
            _check_scales(component, layer, stored)
        elif stored.dtype not in (_COUNTERS if name.endswith(_COUNTER) else _FLOATS):
            # Scaled FP8 read as plain numbers loads silently, with weights thousands of times too large.
            raise StartError(code, file=stored.file, found=found, wanted=f"{wanted} in BF16, F16 or F32")


def _check_scales(component: Component, layer: str, weight: TensorInfo) -> None:
    """Reject other kinds of scaled layers: with one scale per row or block, or with 16-bit scales.

    Raises StartError WEIGHTS_QUANTISATION_UNKNOWN (file, found).
    """
    parts = {"weight": weight} | {
        part: component.tensors.get(f"{layer}.{part}") for part in (WEIGHT_SCALE, INPUT_SCALE)
    }
    for part, tensor in parts.items():
        wanted = "F8_E4M3" if part == "weight" else "F32"
        if tensor is None or tensor.dtype != wanted or (part != "weight" and tensor.shape):
            found = "not there" if tensor is None else f"{tensor.dtype} {list(tensor.shape)}"
            raise StartError(
                Code.WEIGHTS_QUANTISATION_UNKNOWN, file=component.file, found=f"{layer}.{part} {found}"
            )


def check_by_config(component: Component, shapes: Callable[[Config], Shapes], code: Code) -> Component:
    """Check ``component``'s tensors against the model of its own config, and return it.

    Raises StartError ``code`` (file, found, wanted).
    """
    try:
        check_shapes(component, shapes(component.config), code)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise weights_error(
            code, component.file, f"no usable {error}", "the published model's config"
        ) from error
    return component


def transformer_shapes(config: Config) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the tensors of a ``Flux2Transformer2DModel`` without guidance.

    Raises LookupError, TypeError, ValueError, ArithmeticError if the config is invalid, like all functions
    here.
    """
    head = config["attention_head_dim"]
    width = config["num_attention_heads"] * head
    hidden = int(width * config.get("mlp_ratio", 3.0))
    channels = config["in_channels"]
    yield "x_embedder.weight", (width, channels)
    yield "context_embedder.weight", (width, config["joint_attention_dim"])
    yield (
        "time_guidance_embed.timestep_embedder.linear_1.weight",
        (width, config.get("timestep_guidance_channels", 256)),
    )
    yield "time_guidance_embed.timestep_embedder.linear_2.weight", (width, width)
    for stream in ("img", "txt"):
        yield f"double_stream_modulation_{stream}.linear.weight", (6 * width, width)
    yield "single_stream_modulation.linear.weight", (3 * width, width)
    for block in range(config["num_layers"]):
        beginning = f"transformer_blocks.{block}"
        for part in (*_OF_PICTURE, *_OF_TEXT):
            yield f"{beginning}.attn.{part}.weight", (width, width)
        for part in ("norm_q", "norm_k", "norm_added_q", "norm_added_k"):
            yield f"{beginning}.attn.{part}.weight", (head,)
        for part in ("ff", "ff_context"):
            yield f"{beginning}.{part}.linear_in.weight", (2 * hidden, width)
            yield f"{beginning}.{part}.linear_out.weight", (width, hidden)
    for block in range(config["num_single_layers"]):
        beginning = f"single_transformer_blocks.{block}.attn"
        yield f"{beginning}.to_qkv_mlp_proj.weight", (3 * width + 2 * hidden, width)
        yield f"{beginning}.to_out.weight", (width, width + hidden)
        for part in ("norm_q", "norm_k"):
            yield f"{beginning}.{part}.weight", (head,)
    yield "norm_out.linear.weight", (2 * width, width)
    yield (
        "proj_out.weight",
        (config.get("patch_size", 1) ** 2 * (config.get("out_channels") or channels), width),
    )


def text_encoder_shapes(config: Config) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the used tensors of a ``Qwen3Model``: its token table and 27 layers."""
    width, hidden = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    rows = {"q_proj": heads * head, "k_proj": config["num_key_value_heads"] * head}
    rows["v_proj"] = rows["k_proj"]
    yield "embed_tokens.weight", (config["vocab_size"], width)
    for layer in range(LAYERS_USED):
        beginning = f"layers.{layer}"
        for part, out in rows.items():
            yield f"{beginning}.self_attn.{part}.weight", (out, width)
        yield f"{beginning}.self_attn.o_proj.weight", (width, heads * head)
        if config.get("attention_bias"):
            for part, out in {**rows, "o_proj": width}.items():
                yield f"{beginning}.self_attn.{part}.bias", (out,)
        for part in ("q_norm", "k_norm"):
            yield f"{beginning}.self_attn.{part}.weight", (head,)
        for part in ("gate_proj", "up_proj"):
            yield f"{beginning}.mlp.{part}.weight", (hidden, width)
        yield f"{beginning}.mlp.down_proj.weight", (width, hidden)
        for part in ("input_layernorm", "post_attention_layernorm"):
            yield f"{beginning}.{part}.weight", (width,)


def vae_shapes(config: Config) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the tensors of an ``AutoencoderKLFlux2``."""
    down: Sequence[int] = config["block_out_channels"]
    up = list(reversed(config.get("decoder_block_out_channels") or down))
    latent, layers = config["latent_channels"], config["layers_per_block"]
    attends = config.get("mid_block_add_attention", True)
    yield from _layer("encoder.conv_in", down[0], config.get("in_channels", 3), 3)
    for block, (before, width) in enumerate(zip([down[0], *down], down, strict=False)):
        beginning = f"encoder.down_blocks.{block}"
        yield from _resnets(beginning, before, width, layers)
        if block < len(down) - 1:
            yield from _layer(f"{beginning}.downsamplers.0.conv", width, width, 3)
    yield from _ends("encoder", down[-1], attends=attends)
    yield from _norm("encoder.conv_norm_out", down[-1])
    yield from _layer("encoder.conv_out", 2 * latent, down[-1], 3)
    yield from _layer("decoder.conv_in", up[0], latent, 3)
    yield from _ends("decoder", up[0], attends=attends)
    for block, (before, width) in enumerate(zip([up[0], *up], up, strict=False)):
        beginning = f"decoder.up_blocks.{block}"
        yield from _resnets(beginning, before, width, layers + 1)
        if block < len(up) - 1:
            yield from _layer(f"{beginning}.upsamplers.0.conv", width, width, 3)
    yield from _norm("decoder.conv_norm_out", up[-1])
    yield from _layer("decoder.conv_out", config.get("out_channels", 3), up[-1], 3)
    if config.get("use_quant_conv", True):
        yield from _layer("quant_conv", 2 * latent, 2 * latent, 1)
    if config.get("use_post_quant_conv", True):
        yield from _layer("post_quant_conv", latent, latent, 1)
    patched = prod(config.get("patch_size") or _LATENT_PATCH) * latent
    yield "bn.running_mean", (patched,)
    yield "bn.running_var", (patched,)
    yield f"bn{_COUNTER}", ()


def _ends(half: str, width: int, *, attends: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _resnets(f"{half}.mid_block", width, width, 2)
    if attends:
        beginning = f"{half}.mid_block.attentions.0"
        yield from _norm(f"{beginning}.group_norm", width)
        for part in _OF_PICTURE:
            yield f"{beginning}.{part}.weight", (width, width)
            yield f"{beginning}.{part}.bias", (width,)


def _resnets(beginning: str, before: int, width: int, count: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number in range(count):
        own, into = f"{beginning}.resnets.{number}", width if number else before
        yield from _norm(f"{own}.norm1", into)
        yield from _layer(f"{own}.conv1", width, into, 3)
        yield from _norm(f"{own}.norm2", width)
        yield from _layer(f"{own}.conv2", width, width, 3)
        if into != width:
            yield from _layer(f"{own}.conv_shortcut", width, into, 1)


def _layer(name: str, out: int, into: int, side: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, into, side, side)
    yield f"{name}.bias", (out,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
