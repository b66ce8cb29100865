"""The available weights, and the owner's overrides of a profile."""

from dataclasses import dataclass, replace

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Attention, ComponentPlan, Placement, Profile, WeightFormat


@dataclass(frozen=True)
class AvailableWeights:
    """The transformer formats and checkpoints that the available weights can be loaded as.

    ``is_named``: the owner named them. ``is_small``: a model that any CPU can run, not a full-size one.

    The text encoder is published in BF16 only; its linear layers are quantised on load, like those of a BF16
    transformer in INT8.
    """

    formats: frozenset[WeightFormat] = frozenset(WeightFormat)
    checkpoints: tuple[Checkpoint, ...] = tuple(Checkpoint)
    is_named: bool = False
    is_small: bool = False


@dataclass(frozen=True)
class ProfileOverrides:
    """The owner's settings for a profile's fields; None leaves a field to the automatic choice."""

    transformer: WeightFormat | None = None
    transformer_placement: Placement | None = None
    text_encoder: WeightFormat | None = None
    text_encoder_placement: Placement | None = None
    native_fp8: bool | None = None
    token_table_on_host: bool | None = None
    lean_decode: bool | None = None
    attention: Attention | None = None
    compiled: bool | None = None
    fused: bool | None = None
    base_checkpoint: bool | None = None
    largest_side_px: int | None = None
    most_references: int | None = None
    largest_batch: int | None = None

    @property
    def are_any(self) -> bool:
        return self != ProfileOverrides()

    def applied_to(self, profile: Profile) -> Profile:
        """Return ``profile`` with the overrides of weights and arithmetic; the caller applies the limits."""
        transformer = ComponentPlan(
            self.transformer or profile.transformer.format,
            self.transformer_placement or profile.transformer.placement,
        )
        if self.native_fp8 and self.transformer is None:
            transformer = replace(transformer, format=WeightFormat.FP8)
        text_encoder = ComponentPlan(
            self.text_encoder or profile.text_encoder.format,
            self.text_encoder_placement or profile.text_encoder.placement,
        )
        checkpoints = profile.checkpoints
        if self.base_checkpoint is not None:
            checkpoints = tuple(Checkpoint) if self.base_checkpoint else (Checkpoint.DISTILLED,)
        fused = _or(self.fused, profile.fused and not self.compiled)
        return replace(
            profile,
            transformer=transformer,
            text_encoder=text_encoder,
            native_fp8=_or(self.native_fp8, profile.native_fp8 and transformer.format is WeightFormat.FP8),
            token_table_on_host=_or(self.token_table_on_host, profile.token_table_on_host),
            lean_decode=_or(self.lean_decode, profile.lean_decode),
            attention=self.attention or profile.attention,
            compiled=_or(self.compiled, profile.compiled) and not fused,
            fused=fused,
            checkpoints=checkpoints,
        )


def _or(override: bool | None, otherwise: bool) -> bool:
    return otherwise if override is None else override
