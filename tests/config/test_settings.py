"""The values that each setting accepts, and the sentence about a wrong one."""

from pathlib import Path

import pytest

from kleinbot.config.settings import Settings
from kleinbot.config.sources import SettingsError, described, load_settings
from kleinbot.config.values import DeviceChoice, LogLevel

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))


pytestmark = pytest.mark.usefixtures("clean_folder")


def problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.problems


def test_without_any_source_everything_has_its_default() -> None:
    loaded = load_settings()
    assert loaded.settings == Settings()
    assert loaded.origins == {}
    assert (loaded.settings.quota_pictures, loaded.settings.quota_hours) == (60, 24)
    assert loaded.settings.data_folder == Path("data")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().quota_pictures = 5  # type: ignore[misc]


def test_the_token_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", f" {TOKEN}\n")
    loaded = load_settings()
    assert loaded.settings.discord_token is not None
    assert loaded.settings.discord_token.get_secret_value() == TOKEN
    assert TOKEN not in repr(loaded)
    assert TOKEN not in "\n".join(described(loaded))


@pytest.mark.parametrize("wrong", ["123456789012345678", f'"{TOKEN}"', f"Bot {TOKEN}", "a" * 64])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", wrong)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    [problem] = caught.value.problems
    assert problem.startswith("DISCORD_TOKEN (the environment) has a value that cannot be right")
    assert "three parts joined by dots" in problem
    assert wrong not in problem
    assert caught.value.__cause__ is None


def test_a_token_in_the_wrong_place_is_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_LOCALE", TOKEN)
    [problem] = problems()
    assert TOKEN not in problem


def test_a_truth_value_is_not_a_number(clean_folder: Path) -> None:
    (clean_folder / "kleinbot.toml").write_text("quota_hours = true\n")
    [problem] = problems()
    assert problem.startswith("quota_hours (kleinbot.toml) is True; it should be a whole number of hours")


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-1", "soon"])
def test_a_grace_period_is_a_number_of_seconds(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_GRACE_S", value)
    assert problems() == (
        f"KLEINBOT_GRACE_S (the environment) is '{value}'; it should be a number of seconds from 1 to 3600.",
    )


def test_words_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_DEVICE", "CUDA")
    monkeypatch.setenv("KLEINBOT_LOG_LEVEL", "Debug")
    settings = load_settings().settings
    assert (settings.device, settings.log_level) == (DeviceChoice.CUDA, LogLevel.DEBUG)


@pytest.mark.parametrize("written", ["1,2", "1, 2", "1 2", "1,2,"])
def test_servers_in_a_variable_are_separated_by_commas(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_ALLOWED_SERVERS", written)
    assert load_settings().settings.allowed_servers == (1, 2)


def test_servers_in_toml_are_a_list(clean_folder: Path) -> None:
    (clean_folder / "kleinbot.toml").write_text("allowed_servers = [1, 2]\n")
    assert load_settings().settings.allowed_servers == (1, 2)


@pytest.mark.parametrize("written", ["my server", "-1", str(2**63)])
def test_a_server_that_is_not_an_id_is_refused(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_ALLOWED_SERVERS", written)
    [problem] = problems()
    assert "it should be server ids separated by commas" in problem


def test_weights_are_a_folder_where_there_is_one(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clean_folder / "models" / "klein").mkdir(parents=True)
    monkeypatch.setenv("KLEINBOT_WEIGHTS", "models/klein")
    assert load_settings().settings.weights == Path("models/klein")


def test_weights_are_a_repository_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_WEIGHTS", "black-forest-labs/FLUX.2-klein-4B")
    assert load_settings().settings.weights == "black-forest-labs/FLUX.2-klein-4B"


@pytest.mark.parametrize("written", ["flux-2-klein-4b.safetensors", "models/flux-2-klein-4b.safetensors"])
def test_of_a_file_of_weights_its_folder_is_asked_for(
    written: str, clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looks like a repository."""
    file = clean_folder / written
    file.parent.mkdir(exist_ok=True)
    file.touch()
    monkeypatch.setenv("KLEINBOT_WEIGHTS", written)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "of single .safetensors files: the folder they lie in" in str(caught.value)


@pytest.mark.parametrize(
    "written", ["./models/klein", "/nowhere/at/all", "klein", "a/b/c", "~nobody-of-this-name/klein"]
)
def test_weights_that_are_neither_are_refused(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_WEIGHTS", written)
    [problem] = problems()
    assert problem.startswith(
        f"KLEINBOT_WEIGHTS (the environment) is '{written}'; it should be a folder that exists"
    )


def test_a_data_folder_that_is_a_file_is_refused(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clean_folder / "pictures").write_text("")
    monkeypatch.setenv("KLEINBOT_DATA_FOLDER", "pictures/of/us")
    [problem] = problems()
    assert problem.startswith(
        "KLEINBOT_DATA_FOLDER (the environment) is 'pictures/of/us'; it should be a folder"
    )


def test_the_default_data_folder_is_checked_too(clean_folder: Path) -> None:
    (clean_folder / "data").write_text("")
    [problem] = problems()
    assert problem.startswith("KLEINBOT_DATA_FOLDER (default) is 'data'; it should be a folder")


def test_a_language_without_sentences_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_LOCALE", "tlh")
    [problem] = problems()
    assert problem.startswith("KLEINBOT_LOCALE (the environment) is 'tlh'; it should be one of ")


def test_the_sandbox_cannot_meet_the_live_bot() -> None:
    live = Settings(discord_token=TOKEN, data_folder=Path("data"), allowed_servers=(1,))
    own = live.for_sandbox()
    assert own.data_folder == Path("data/sandbox")
    assert (own.discord_token, own.allowed_servers) == (None, ())
