"""The size of FLUX.2 [klein] 4B: exact parameter counts, and the bytes of each format.

Counted on the models of the published configs; ``tests/hardware/test_model_sizes.py`` repeats the count.
"""

from dataclasses import dataclass

from kleinbot.domain.profile import ComponentPlan, Precision, Profile, WeightFormat

HIDDEN = 3072
"""Width of the transformer's tokens."""
TEXT_TOKENS = 512
EMBEDDING_WIDTH = 7680
LAYERS_USED = 27
"""Out of the text encoder's 36."""

TOKEN_TABLE_PARAMETERS = 388_956_160
VAE_PARAMETERS = 84_046_115
WIDEST = 27_648
"""The output width of ``to_qkv_mlp_proj`` in a single block."""
LARGEST_LINEAR_PARAMETERS = WIDEST * HIDDEN
"""``to_qkv_mlp_proj`` of a single block."""
LAST_LINEAR_PARAMETERS = 12_288 * HIDDEN
"""``to_out`` of a single block, which runs at the peak of the block's activations."""

_BYTES = {Precision.FLOAT32: 4, Precision.BFLOAT16: 2}
_ROW_SCALE_BYTES = {WeightFormat.PLAIN: 0, WeightFormat.FP8: 0, WeightFormat.INT8: 4}


@dataclass(frozen=True)
class ComponentSize:
    """Parameters of a component: ``linear`` are the ones quantised in 8-bit formats, in ``rows`` rows."""

    linear: int
    rest: int
    rows: int

    def bytes(self, weight_format: WeightFormat, precision: Precision) -> int:
        """Return the size of the weights; an FP8 layer's two scalars are negligible."""
        width = _BYTES[precision]
        if weight_format is WeightFormat.PLAIN:
            return (self.linear + self.rest) * width
        return self.linear + self.rows * _ROW_SCALE_BYTES[weight_format] + self.rest * width


TRANSFORMER = ComponentSize(linear=3_680_501_760, rest=195_042_816, rows=952_320)
TRANSFORMER_BLOCK = ComponentSize(linear=245_366_784, rest=512, rows=67_584)
"""The largest block, a double block."""
ENCODER_LAYER = ComponentSize(linear=100_925_440, rest=5_376, rows=30_720)


def width_bytes(profile: Profile) -> int:
    """Return the bytes of one activation."""
    return _BYTES[profile.precision]


def transformer_bytes(plan: ComponentPlan, precision: Precision) -> int:
    return TRANSFORMER.bytes(plan.format, precision)


def encoder_layers_bytes(plan: ComponentPlan, precision: Precision, layers: int = LAYERS_USED) -> int:
    return layers * ENCODER_LAYER.bytes(plan.format, precision)


def token_table_bytes(profile: Profile) -> int:
    return TOKEN_TABLE_PARAMETERS * width_bytes(profile)


def vae_bytes(profile: Profile) -> int:
    return VAE_PARAMETERS * width_bytes(profile)
