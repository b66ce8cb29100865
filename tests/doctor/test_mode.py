"""What is chosen and why, in an owner's words."""

from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.doctor.examination import examine
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.doctor.mode import mode
from kleinbot.domain.profile import Device, WeightFormat
from kleinbot.hardware.facts import MachineFacts, System
from kleinbot.hardware.profile_choice import choose
from kleinbot.hardware.profile_overrides import ProfileOverrides
from kleinbot.texts import Texts
from tests.doctor.examining import instruments, of, on_gpu, settings
from tests.hardware.machines import (
    EIGHT_GB,
    RTX_3060,
    RTX_3090,
    RTX_4070_TI_SUPER,
    RTX_4090,
    RTX_5090,
    SIX_GB,
)

RTX_4070 = replace(RTX_4070_TI_SUPER, gib=12)


def told(facts: MachineFacts, overrides: ProfileOverrides | None = None, locale: str = "en") -> list[str]:
    """The sentences, how the model sits first."""
    findings = list(mode(choose(facts, overrides=overrides), facts))
    assert [finding.topic for finding in findings] == [Topic.MODE, *[Topic.REASON] * (len(findings) - 1)]
    assert {finding.verdict for finding in findings} == {Verdict.OK}
    return [Texts().say(locale, finding.message, **finding.parameters) for finding in findings]


def test_a_card_without_fp8_saves_memory_and_not_time() -> None:
    assert told(RTX_3060.facts()) == [
        "The model stays on the graphics card, in 8 bits.",
        "All of it in 16 bits would need 15.8 GiB; 8.5 GiB can be used.",
        "On this graphics card 8 bits save memory, not time: it has no FP8 arithmetic.",
    ]
    assert told(RTX_3060.facts(), locale="de")[-1] == (
        "Auf dieser Grafikkarte sparen 8 Bit Speicher, keine Zeit: Sie kann nicht in FP8 rechnen."
    )


def test_a_card_with_fp8_loses_no_time() -> None:
    how, _, why = told(RTX_4070.facts())
    assert how == "The model stays on the graphics card, in 8 bits (FP8)."
    assert why == "This graphics card computes in FP8 itself, so 8 bits save memory and cost no time."


def test_windows_lacks_what_the_card_has() -> None:
    assert "PyTorch for Windows lacks" in told(RTX_4070.facts(System.WINDOWS))[-1]


def test_weights_that_the_owner_keeps_in_int8_are_no_faster() -> None:
    said = told(RTX_4090.facts(), ProfileOverrides(transformer=WeightFormat.INT8))
    assert "these weights are turned into 16 bits for each product" in said[1]


@pytest.mark.parametrize(("ram_gib", "place"), [(16, "this machine's memory"), (8, "disk")])
def test_an_encoder_that_does_not_fit_is_told_with_what_is_moved(ram_gib: int, place: str) -> None:
    how, *why = told(replace(EIGHT_GB, ram_gib=ram_gib).facts())
    assert how.endswith(f"its text encoder waits {'on disk' if place == 'disk' else 'in ' + place}.")
    assert f"2.5 GiB go from {place} to the graphics card for each picture" in why[-1]


def test_a_small_card_makes_smaller_pictures_and_says_so() -> None:
    assert "512×512 at most" in told(SIX_GB.facts())[-1]


def test_a_card_that_could_compile_says_what_is_missing() -> None:
    assert told(RTX_4090.facts()) == [
        "The model stays on the graphics card, in 16 bits (BF16); compiled.",
        "Compiling takes about a minute at the first start, and makes each picture faster.",
    ]
    assert "sudo apt install gcc" in told(RTX_4090.facts(can_compile=False))[-1]
    assert "triton-windows" in told(RTX_4090.facts(System.WINDOWS, can_compile=False))[-1]
    # One that is not compiled anyway needs nothing.
    assert told(RTX_3090.facts(can_compile=False)) == [
        "The model stays on the graphics card, in 16 bits (BF16)."
    ]


def test_the_base_checkpoint_beside_it_is_named() -> None:
    assert "the base checkpoint for /imagine quality:best beside it; compiled." in told(RTX_5090.facts())[0]


def test_doctor_says_it_before_the_profile_and_of_a_processor_only_how(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), instruments=on_gpu(RTX_3060.facts()))
    topics = [finding.topic for finding in findings]
    assert topics.index(Topic.MODE) < topics.index(Topic.REASON) < topics.index(Topic.PROFILE)
    findings = examine(settings(tmp_path), instruments=instruments())
    [finding] = of(findings, Topic.MODE)
    sentence = Texts().say("en", finding.message, **finding.parameters)
    assert (sentence, of(findings, Topic.REASON)) == ("The processor draws, in 32 bits.", [])
    assert choose(instruments().look()).profile.device is Device.CPU
