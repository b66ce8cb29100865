"""The sources of settings, and the sentences about mistakes in them."""

import os
from pathlib import Path

import pytest

from kleinbot.config.settings import Settings
from kleinbot.config.sources import (
    SettingsError,
    described,
    export_dotenv,
    installation_folder,
    load_settings,
    valid_value,
    variable,
)
from kleinbot.config.values import LogLevel

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))


pytestmark = pytest.mark.usefixtures("clean_folder")


def problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.problems


def test_arguments_beat_the_environment_beats_dotenv_beats_toml(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = "quota_pictures = 1\nquota_hours = 1\ngrace_s = 1\nlog_level = 'error'\n"
    (clean_folder / "kleinbot.toml").write_text(toml)
    (clean_folder / ".env").write_text(
        "KLEINBOT_QUOTA_PICTURES=2\nKLEINBOT_QUOTA_HOURS=2\nKLEINBOT_GRACE_S=2\n"
    )
    monkeypatch.setenv("KLEINBOT_QUOTA_PICTURES", "3")
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "3")
    loaded = load_settings(quota_pictures=4)
    settings = loaded.settings
    assert settings.quota_pictures == 4
    assert settings.quota_hours == 3
    assert settings.grace_s == 2
    assert settings.log_level is LogLevel.ERROR
    assert [
        loaded.origins[name].source for name in ("quota_pictures", "quota_hours", "grace_s", "log_level")
    ] == [
        "an argument",
        "the environment",
        ".env",
        "kleinbot.toml",
    ]


def test_the_settings_class_itself_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_QUOTA_PICTURES", "3")
    assert Settings().quota_pictures == 60


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    assert load_settings().settings.discord_token is None


def test_all_problems_are_reported_at_once(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_QUOTA_PICTURES", "many")
    monkeypatch.setenv("KLEINBOT_QOUTA_HOURS", "12")
    (clean_folder / ".env").write_text("KLEINBOT_DEVICE=gpu\n")
    (clean_folder / "kleinbot.toml").write_text('quota_hours = 0\ngrace = 3\ncolour = "red"\n')
    assert problems() == (
        "KLEINBOT_QOUTA_HOURS (the environment) is not a setting: did you mean KLEINBOT_QUOTA_HOURS?",
        "grace (kleinbot.toml) is not a setting: did you mean grace_s?",
        "colour (kleinbot.toml) is not a setting: `python bot.py settings` lists all there are.",
        "KLEINBOT_DEVICE (.env) is 'gpu'; it should be one of auto, cpu, cuda.",
        "KLEINBOT_QUOTA_PICTURES (the environment) is 'many'; it should be a whole number from 1 to 100000.",
        "quota_hours (kleinbot.toml) is 0; it should be a whole number of hours from 1 to 744 (31 days).",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("KLEINBOT_DISCORD_TOKEN", "DISCORD_TOKEN"),
        ("KLEINBOT_TOKEN", "DISCORD_TOKEN"),
        ("KLEINBOT_DATA", "KLEINBOT_DATA_FOLDER"),
    ],
)
def test_a_misnamed_variable_is_refused_with_what_was_meant(
    written: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(written, "x")
    assert problems() == (f"{written} (the environment) is not a setting: did you mean {meant}?",)


def test_variables_of_the_tests_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_TEST_ANYTHING", "1")
    assert load_settings().settings == Settings()


def test_other_variables_in_dotenv_are_not_ours(clean_folder: Path) -> None:
    (clean_folder / ".env").write_text("HF_HOME=/somewhere\n")
    assert load_settings().settings == Settings()


def test_files_with_a_byte_order_mark_are_read(clean_folder: Path) -> None:
    (clean_folder / ".env").write_bytes(b"\xef\xbb\xbfKLEINBOT_QUOTA_HOURS=5\n")
    (clean_folder / "kleinbot.toml").write_bytes(b"\xef\xbb\xbfquota_pictures = 6\n")
    settings = load_settings().settings
    assert (settings.quota_hours, settings.quota_pictures) == (5, 6)


def test_files_that_powershell_wrote_are_read(clean_folder: Path) -> None:
    (clean_folder / ".env").write_bytes("KLEINBOT_QUOTA_HOURS=5\r\n".encode("utf-16"))
    (clean_folder / "kleinbot.toml").write_bytes("quota_pictures = 6\r\n".encode("utf-16"))
    settings = load_settings().settings
    assert (settings.quota_hours, settings.quota_pictures) == (5, 6)


def test_a_dotenv_with_notepads_hidden_ending_is_named(clean_folder: Path) -> None:
    (clean_folder / ".env.txt").write_text("DISCORD_TOKEN=x\n", "utf-8")
    [problem] = problems()
    assert problem.startswith(".env.txt is not read: rename it to .env")


@pytest.mark.parametrize("name", [".env", "kleinbot.toml"])
def test_a_file_in_another_encoding_is_one_sentence(name: str, clean_folder: Path) -> None:
    (clean_folder / name).write_bytes("x = 'ü'".encode("cp1252"))
    [problem] = problems()
    assert problem.startswith(f"{name} is not UTF-8 text")


def test_invalid_toml_gives_one_sentence_with_the_line(clean_folder: Path) -> None:
    (clean_folder / "kleinbot.toml").write_text("quota_hours = 5\nlocale = en\n")
    [problem] = problems()
    assert problem.startswith("kleinbot.toml is not TOML: ")
    assert "line 2" in problem


@pytest.mark.parametrize("line", [f"DISCORD_TOKEN {TOKEN}", TOKEN, "DISCORD_TOKEN"])
def test_a_dotenv_line_without_a_value_is_named_but_not_shown(line: str, clean_folder: Path) -> None:
    (clean_folder / ".env").write_text(f"KLEINBOT_QUOTA_HOURS=5\n{line}\n")
    assert problems() == ("Line 2 of .env should be NAME=value.",)


def test_every_setting_is_documented() -> None:
    text = "\n".join(described(load_settings()))
    for name, info in Settings.model_fields.items():
        assert info.description
        assert valid_value(name)
        assert f"{name} = " in text
        assert variable(name) in text


def test_a_misspelt_token_name_is_reported_if_there_is_no_token(clean_folder: Path) -> None:
    (clean_folder / ".env").write_text(f"DISCORD_TOKN={TOKEN}\n")
    assert problems() == ("DISCORD_TOKN (.env) is not read: did you mean DISCORD_TOKEN?",)
    (clean_folder / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\nDISCORD_TOKEN_2=another\n")
    assert load_settings().settings.discord_token is not None


def _elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the installation in one folder and start in another; return the installation's."""
    home, other = folder / "kleinbot", folder / "other"
    home.mkdir()
    other.mkdir()
    monkeypatch.chdir(other)
    return home


def test_started_elsewhere_the_installations_own_folder_is_meant(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _elsewhere(clean_folder, monkeypatch)
    assert installation_folder(home) == Path()
    (home / ".env").write_text("KLEINBOT_QUOTA_PICTURES=7\n")
    assert installation_folder(home) == home
    settings = load_settings(installation_folder(home)).settings
    assert (settings.quota_pictures, settings.data_folder) == (7, home / "data")


def test_a_database_alone_is_an_installation(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _elsewhere(clean_folder, monkeypatch)
    (home / "data").mkdir()
    (home / "data" / "kleinbot.sqlite3").touch()
    assert installation_folder(home) == home


def test_an_installation_in_the_working_directory_stays_there(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _elsewhere(clean_folder, monkeypatch)
    (home / "kleinbot.toml").write_text("quota_pictures = 7\n")
    Path(".env").write_text("SOMETHING=else\n")
    assert installation_folder(home) == home
    Path(".env").write_text("DISCORD_TOKEN=\n")
    assert installation_folder(home) == Path()


def test_paths_from_the_environment_are_relative_to_the_working_directory(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _elsewhere(clean_folder, monkeypatch)
    (home / "kleinbot.toml").write_text("data_folder = 'mine'\n")
    assert load_settings(home).settings.data_folder == home / "mine"
    monkeypatch.setenv("KLEINBOT_DATA_FOLDER", "here")
    assert load_settings(home).settings.data_folder == Path("here")


def test_what_others_read_is_taken_over_from_dotenv(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv("HF_TOKEN", "of the environment")
    (clean_folder / ".env").write_text("HF_HOME=/large/disk\nHF_TOKEN=of the file\nPATH=/evil\n")
    path = os.environ["PATH"]
    export_dotenv()
    assert os.environ["HF_HOME"] == "/large/disk"
    assert os.environ["HF_TOKEN"] == "of the environment"
    assert os.environ["PATH"] == path
    monkeypatch.delenv("HF_HOME")


@pytest.mark.parametrize("path", [r"C:\new\test", r"C:\Users\ada", r"\\server\new"])
@pytest.mark.parametrize(
    ("file", "line"), [(".env", 'KLEINBOT_DATA_FOLDER="{}"'), ("kleinbot.toml", 'data_folder = "{}"')]
)
def test_for_a_windows_path_in_double_quotes_the_right_spelling_is_shown(
    clean_folder: Path, file: str, line: str, path: str
) -> None:
    (clean_folder / file).write_text("# a comment\n" + line.format(path) + "\n")
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    name = line.split("=")[0].strip()
    [problem] = wrong.value.problems
    assert problem == (
        f"{name} (line 2 of {file}): between double quotes a backslash begins a sign like a tab. "
        "Write the path in single quotes, 'C:\\pictures', or with slashes, \"C:/pictures\"."
    )


@pytest.mark.parametrize("written", [r"'C:\new\test'", r'"C:\\new\\test"', '"C:/new/test"'])
def test_a_windows_path_that_is_written_well_is_taken(clean_folder: Path, written: str) -> None:
    (clean_folder / "kleinbot.toml").write_text(f"weights = {written}\n")
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    assert "backslash" not in str(wrong.value)  # only that there is no such folder here
