"""The machines that the GPU measurements cover, with their promises and overrides."""

from dataclasses import dataclass, replace

from kleinbot.domain.profile import Device, Placement, Profile, WeightFormat
from kleinbot.hardware.profile_choice import choose
from kleinbot.hardware.profile_overrides import ProfileOverrides
from tests.hardware.machines import (
    EIGHT_GB,
    H100,
    RTX_3060,
    RTX_3090,
    RTX_4070_TI_SUPER,
    RTX_4090,
    RTX_5090,
    Machine,
)

BF16_STREAMED = ProfileOverrides(
    transformer=WeightFormat.PLAIN,
    transformer_placement=Placement.STREAMED,
    text_encoder=WeightFormat.PLAIN,
    text_encoder_placement=Placement.STREAMED,
    lean_decode=True,
    compiled=False,
)
NATIVE_FP8 = ProfileOverrides(
    transformer=WeightFormat.FP8,
    text_encoder=WeightFormat.INT8,
    token_table_on_host=True,
    native_fp8=True,
    lean_decode=True,
    compiled=False,
)


@dataclass(frozen=True)
class Host:
    """``promise_gib`` is the most GPU memory that the profile may reserve; None promises nothing.

    ``too_large``: the profile gets stock decoding and so little memory that only this stage should fail.
    """

    name: str
    title: str
    machine: Machine
    promise_gib: float | None
    overrides: ProfileOverrides | None = None
    too_large: bool = False

    def profile(self) -> Profile:
        """Return the chosen profile."""
        return choose(self.machine.facts(), Device.CUDA, overrides=self.overrides).profile


HOSTS = (
    Host("8GB", "8 GB card", EIGHT_GB, 6.0),
    Host("8GB-little-ram", "8 GB card, 8 GB of RAM", replace(EIGHT_GB, ram_gib=8), 6.0),
    Host("3060", "RTX 3060 12 GB", RTX_3060, 7.8),
    Host(
        "3060-fp8",
        "RTX 3060 12 GB, FP8 files only",
        RTX_3060,
        7.8,
        ProfileOverrides(transformer=WeightFormat.FP8),
    ),
    Host("4070tis", "RTX 4070 Ti SUPER 16 GB", RTX_4070_TI_SUPER, 12.0),
    Host("4070tis-fp8", "RTX 4070 Ti SUPER 16 GB, native FP8", RTX_4070_TI_SUPER, 7.8, NATIVE_FP8),
    Host("3090", "RTX 3090 24 GB", RTX_3090, 16.5),
    Host("3090-offloaded", "RTX 3090 24 GB, BF16 streamed", RTX_3090, 11.5, BF16_STREAMED),
    Host("4090", "RTX 4090 24 GB", RTX_4090, 16.5),
    Host("5090", "RTX 5090 32 GB", RTX_5090, 7.8, ProfileOverrides(base_checkpoint=False)),
    Host(
        "5090-both",
        "RTX 5090 32 GB, both checkpoints",
        RTX_5090,
        12.5,
        ProfileOverrides(base_checkpoint=True),
    ),
    Host("data-centre", "data-centre card, both checkpoints", H100, None, ProfileOverrides(compiled=True)),
    Host(
        "3060-too-large",
        "RTX 3060 12 GB",
        RTX_3060,
        None,
        ProfileOverrides(lean_decode=False),
        too_large=True,
    ),
)
