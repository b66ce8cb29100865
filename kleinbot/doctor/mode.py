"""Says in an owner's words how the model sits on this machine, and why so."""

from collections.abc import Iterator
from dataclasses import replace

from kleinbot.doctor.findings import Finding, Topic, ok
from kleinbot.domain.profile import Device, Placement, Precision, Profile, WeightFormat
from kleinbot.hardware.checks import NATIVE_FP8_FROM
from kleinbot.hardware.facts import GIB, Gpu, MachineFacts, System
from kleinbot.hardware.model_sizes import encoder_layers_bytes
from kleinbot.hardware.profile_choice import ProfileChoice, should_compile

_FULL_SIDE_PX = 1024


def mode(choice: ProfileChoice, facts: MachineFacts) -> Iterator[Finding]:
    """Yield how the model sits, then one reason each for what an owner may wonder about."""
    profile = choice.profile
    yield ok(
        Topic.MODE,
        "doctor-mode",
        where=_where(profile),
        format=_format(profile),
        encoder=_encoder(profile),
        compiled=_speed_of(profile),
        base="yes" if len(profile.checkpoints) > 1 else "no",
    )
    if profile.device is Device.CUDA and choice.gpu is not None:
        if choice.rejected:
            best = choice.rejected[0]
            figures = round(best.needed_bytes / GIB, 1), round(best.usable_bytes / GIB, 1)
            yield _because("doctor-why-not-larger", needed=figures[0], usable=figures[1])
        yield from _reasons(profile, choice.gpu, facts)


def _reasons(profile: Profile, gpu: Gpu, facts: MachineFacts) -> Iterator[Finding]:
    if profile.multiplies_fp8:
        yield _because("doctor-why-fp8")
    elif profile.transformer.format is not WeightFormat.PLAIN:
        yield _because("doctor-why-memory-not-time", reason=_without_fp8(gpu, facts.system))
    if profile.text_encoder.placement is not Placement.RESIDENT:
        moved = encoder_layers_bytes(profile.text_encoder, profile.precision)
        is_on_disk = profile.text_encoder.placement is Placement.DISK
        gib = round(moved / GIB, 1)
        yield _because("doctor-why-encoder-moved", gib=gib, place="disk" if is_on_disk else "memory")
    if profile.fuses_blocks:
        yield _because("doctor-why-fused")
    elif profile.compiles_blocks:
        yield _because("doctor-why-compiled")
    elif not facts.can_compile and should_compile(gpu, replace(facts, can_compile=True)):
        yield _because("doctor-why-no-compiler", system=facts.system)
    if (side := profile.largest_square.width_px) < _FULL_SIDE_PX:
        yield _because("doctor-why-smaller", side=str(side))


def _speed_of(profile: Profile) -> str:
    """Return what makes the transformer faster: "fused", "yes" if it is compiled, or "no"."""
    if profile.fuses_blocks:
        return "fused"
    return "yes" if profile.compiles_blocks else "no"


def _because(message: str, **parameters: str | float) -> Finding:
    return ok(Topic.REASON, message, **parameters)


def _without_fp8(gpu: Gpu, system: System) -> str:
    """Return why 8-bit weights are not multiplied in 8 bits."""
    if gpu.capability < NATIVE_FP8_FROM:
        return "card"
    return "windows" if system is System.WINDOWS else "format"


def _where(profile: Profile) -> str:
    if profile.device is Device.CPU:
        return "cpu"
    return "card" if profile.transformer.placement is Placement.RESIDENT else "moved"


def _format(profile: Profile) -> str:
    if profile.transformer.format is WeightFormat.PLAIN:
        return "float32" if profile.precision is Precision.FLOAT32 else "plain"
    return "fp8" if profile.multiplies_fp8 else "eight"


def _encoder(profile: Profile) -> str:
    """Return how the text encoder differs from the transformer: "same", "eight", "memory" or "disk"."""
    plan = profile.text_encoder
    if plan.placement is not profile.transformer.placement and plan.placement is not Placement.RESIDENT:
        return "disk" if plan.placement is Placement.DISK else "memory"
    both_in_eight = WeightFormat.PLAIN not in (plan.format, profile.transformer.format)
    if plan.format is profile.transformer.format or both_in_eight:
        return "same"
    return "eight" if plan.format is not WeightFormat.PLAIN else "plain"
