"""What is logged, and what must never be."""

import io
import logging
import re
import sys
from pathlib import Path

import pytest

from kleinbot.process.logging_setup import LOG_FILE, logging_to

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))


def logged(folder: Path) -> str:
    return (folder / LOG_FILE).read_text("utf-8")


def test_lines_go_to_the_file_and_the_terminal_with_utc_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("kleinbot.x").info("drew %d pictures", 4)
        logging.getLogger("kleinbot.x").debug("not this")
    line = logged(tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    kleinbot\.x: drew 4 pictures\n", line)
    assert capsys.readouterr().err == line


def test_the_terminal_can_be_quieter_than_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path, logging.INFO, terminal_level=logging.WARNING):
        logging.getLogger("kleinbot").info("quiet")
        logging.getLogger("kleinbot").warning("loud")
    assert "quiet" in logged(tmp_path)
    assert "quiet" not in (shown := capsys.readouterr().err)
    assert "loud" in shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_real_terminal_lines_are_shown_by_rich_and_as_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("kleinbot").info("[bold]drew %d[/bold] for %s", 4, TOKEN)
    shown = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue())
    assert "kleinbot: [bold]drew 4[/bold] for [redacted]" in " ".join(shown.split())


def test_the_token_cannot_appear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("kleinbot")
    with logging_to(tmp_path, logging.INFO, secrets=["a secret of odd shape"]):
        log.info("message with a secret of odd shape")
        log.info("argument %s", {"token": "a secret of odd shape"})
        log.info("another bot's %s", TOKEN)
        told = f"Bot {TOKEN} and a secret of odd shape"
        try:
            raise RuntimeError(told)
        except RuntimeError:
            log.exception("raised")
    for text in (logged(tmp_path), capsys.readouterr().err):
        assert "odd shape" not in text
        assert TOKEN not in text
        assert text.count("[redacted]") == 5
        assert "RuntimeError: Bot [redacted] and [redacted]" in text


def test_an_interactions_token_cannot_appear(tmp_path: Path) -> None:
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("discord.http").info(
            "POST /webhooks/123/%s/messages/@original", "aW50ZXJhY3Rpb246" * 3
        )
    assert "POST /webhooks/123/[redacted]/messages/@original" in logged(tmp_path)


def test_missing_voice_libraries_are_not_mentioned(tmp_path: Path) -> None:
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("discord.client").warning("PyNaCl is not installed, voice will NOT be supported")
        logging.getLogger("discord.client").warning("something that matters")
    assert "PyNaCl" not in logged(tmp_path)
    assert "something that matters" in logged(tmp_path)


def test_chatter_of_libraries_is_left_out(tmp_path: Path) -> None:
    with logging_to(tmp_path, logging.DEBUG):
        logging.getLogger("httpx").info("chatter")
        logging.getLogger("discord.http").debug("a payload")
        logging.getLogger("discord.gateway").info("connected")
    assert re.search("chatter|payload", logged(tmp_path)) is None
    assert "connected" in logged(tmp_path)


def test_everything_is_put_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("httpx").level)
    with pytest.raises(ZeroDivisionError), logging_to(tmp_path, logging.DEBUG):
        raise ZeroDivisionError
    assert (root.level, list(root.handlers), logging.getLogger("httpx").level) == before


def test_nothing_is_written_before_the_first_line(tmp_path: Path) -> None:
    with logging_to(tmp_path, logging.INFO):
        pass
    assert not (tmp_path / LOG_FILE).exists()


@pytest.mark.parametrize(
    "line",
    [
        "HfApi(token='SECRETsecret1')",
        'token="SECRETsecret1", x',
        '{"access_token": "SECRETsecret1"}',
        "HF_TOKEN=SECRETsecret1",
        "hf_SECRETsecret1abc",
        "Authorization: Bot SECRETsecret1.abc.def",
        "{'Authorization': 'Bearer SECRETsecret1'}",
        "Bearer SECRETsecret1",
        "https://me:SECRETsecret1@proxy.example:8080/x",
        "https://cdn.example/f?x=1&Signature=SECRETsecret1&y=2",
        "https://discord.com/api/v10/webhooks/123/SECRETsecret1SECRETsecret1/messages/@original",
        "https://discord.com/api/v10/interactions/123/SECRETsecret1SECRETsecret1/callback",
        "aW50ZXJhY3Rpb246MTIzSECRETsecret1SECRETsecret1==",
        "api_key: SECRETsecret1",
        "password=SECRETsecret1",
    ],
)
def test_secrets_are_known_by_their_name_or_form(tmp_path: Path, line: str) -> None:
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("kleinbot").info("before %s after", line)
    assert "SECRET" not in logged(tmp_path)
    assert "[redacted]" in logged(tmp_path)
    assert "before" in logged(tmp_path)
    assert "after" in logged(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "error-prompt-too-long(tokens=700000, limit=512)",
        "the tokenizer has 151669 tokens",
        "profile: h200 on cuda, transformer plain resident",
        "metrics: http://127.0.0.1:9300/metrics",
        "KLEINBOT_DISCORD_TOKEN (.env) is not set",
    ],
)
def test_ordinary_lines_stay_whole(tmp_path: Path, line: str) -> None:
    with logging_to(tmp_path, logging.INFO):
        logging.getLogger("kleinbot").info(line)
    assert line in logged(tmp_path)
