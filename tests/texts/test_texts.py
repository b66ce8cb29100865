import re
from pathlib import Path

import pytest

import kleinbot
from kleinbot.domain.errors import Code, Refusal, StartError
from kleinbot.domain.moderation.reports import CaseAction, NoticeKind, ReportReason
from kleinbot.domain.work import EnginePhase
from kleinbot.texts import FALLBACK, Texts, languages

SOURCES = Path(kleinbot.__file__).parent
MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =", re.MULTILINE)


def _messages(language: str) -> set[str]:
    files = (SOURCES / "texts" / language).glob("*.ftl")
    return {name for file in files for name in MESSAGE.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("code", list(Code))
def test_each_error_code_has_a_sentence(code: Code) -> None:
    assert Texts().has(FALLBACK, code)


@pytest.mark.parametrize("phase", [phase for phase in EnginePhase if phase is not EnginePhase.READY])
def test_each_phase_of_the_engine_has_a_sentence(phase: EnginePhase) -> None:
    assert Texts().has(FALLBACK, f"engine-{phase}")
    assert Texts().has(FALLBACK, f"presence-{phase}")


def test_each_reason_action_and_notice_of_moderation_has_a_sentence() -> None:
    names = [f"{name}-{reason}" for reason in ReportReason for name in ("reason", "report-reason")]
    names += [f"{name}-{act}" for act in CaseAction for name in ("button-case", "case-did", "case-done")]
    names += [f"told-{kind}" for kind in NoticeKind]
    assert [name for name in names if not Texts().has(FALLBACK, name)] == []


def test_every_sentence_is_used_somewhere() -> None:
    code = "".join(
        file.read_text(encoding="utf-8")
        for folder in (SOURCES, SOURCES.parent / "cogs")
        for file in folder.rglob("*.py")
    )
    said_by_others = {
        name
        for file in (SOURCES / "texts" / FALLBACK).glob("*.ftl")
        for name in re.findall(r"\{ ([a-z-]+) \}", file.read_text(encoding="utf-8"))
    }
    quoted = set(
        re.findall("(?<=[\"'])[a-z0-9-]+(?=[\"'])", code)
    )  # once: the code is long, and so is the list
    computed = re.compile(
        r"(engine|presence|age|variation|form-strength|kind|lane|format|placement|rung"
        r"|reason|report-reason|info-written|history-kind|history-since|form-seen-by|told|button-case|case-did|case-done"
        r"|settings-private)-"
    )
    unused = {
        name
        for name in _messages(FALLBACK)
        if name not in quoted and name not in said_by_others and not computed.match(name)
    }
    assert unused == set()


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_sentence(language: str) -> None:
    assert _messages(language) == _messages(FALLBACK)


def test_one_picture_that_comes_back_is_not_counted() -> None:
    sentences = {
        locale: Texts().say(locale, "quota-returns", pictures=1, at_s=5) for locale in ("en-US", "de")
    }
    assert sentences == {
        "en-US": "The next picture comes back <t:5:R>.",
        "de": "Das nächste Bild kommt <t:5:R> zurück.",
    }


def test_a_damaged_file_is_told_with_what_it_should_be() -> None:
    found = "50000 bytes (Error while deserializing header: header too large)"
    error = StartError(Code.WEIGHTS_DAMAGED, file="vae.safetensors", found=found, wanted="a whole file")
    assert Texts().error(error) == (
        "vae.safetensors is damaged or incomplete. Wanted: a whole file; found: 50000 bytes (Error while "
        "deserializing header: header too large). Delete it and download it again."
    )


def test_an_unknown_locale_falls_back_to_english() -> None:
    assert Texts().say("pt-BR", "button-cancel") == "Cancel"
    assert Texts().say(None, "button-cancel") == "Cancel"


def test_a_regional_locale_finds_its_language() -> None:
    assert Texts().say("en-GB", "button-cancel") == "Cancel"


def test_plurals_follow_the_number() -> None:
    say = Texts().say
    assert say("en", "cancel-done", number="7", refunded=1).endswith("1 picture was given back.")
    assert say("en", "cancel-done", number="7", refunded=2).endswith("2 pictures were given back.")
    assert say("en", "cancel-done", number="7", refunded=0).endswith("Nothing was left to give back.")


def test_an_error_says_its_parameters() -> None:
    refusal = Refusal(Code.PROMPT_TOO_LONG, tokens=600, limit=498, excess=68)
    assert Texts().error(refusal) == (
        "The prompt is 600 tokens long and the model reads at most 498. Shorten it by about 68 words."
    )


@pytest.mark.parametrize("language", languages())
def test_command_names_and_descriptions_fit_discord(language: str) -> None:
    names = [name for name in _messages(language) if name.endswith("-name") and "texts" not in name]
    assert names
    for name in names:
        said = Texts().say(language, name)
        assert re.fullmatch(r"[\w-]{1,32}", said), said
        assert said == said.lower()
    for name in _messages(language):
        if name.endswith("-description"):
            assert len(Texts().say(language, name)) <= 100


def test_moments_are_written_as_discord_reads_them() -> None:
    assert Texts().say("en", "waiting-starts-at", at_s=1795241217) == "<t:1795241217:R>"


@pytest.mark.parametrize("language", languages())
def test_every_language_uses_the_same_parameters(language: str) -> None:
    """A plural selects by a parameter that English uses too, so the sets are equal."""
    assert _parameters(language) == _parameters(FALLBACK)


def _parameters(language: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in (SOURCES / "texts" / language).glob("*.ftl"):
        for entry in re.split(r"^(?=[a-z])", file.read_text(encoding="utf-8"), flags=re.MULTILINE):
            if name := MESSAGE.match(entry):
                found[name[1]] = set(re.findall(r"\$([a-z_]+)", entry))
    return found
