"""One proxy for the client, its downloads and doctor."""

import pytest

from kleinbot.config.proxy import proxy_for, shown
from kleinbot.config.settings import Settings

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "setting", "expected"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "http://a:1"}, None, "http://a:1"),
        ({"ALL_PROXY": "http://b:2"}, None, "http://b:2"),
        ({"HTTP_PROXY": "http://c:3"}, None, None),
        ({"HTTPS_PROXY": "http://a:1", "ALL_PROXY": "http://b:2"}, None, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "discord.com"}, None, None),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "example.org"}, None, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1"}, "direct", None),
        ({"HTTPS_PROXY": "http://a:1"}, "http://u:p@d:4", "http://u:p@d:4"),
        ({"NO_PROXY": "*"}, "http://d:4", "http://d:4"),
        ({"ALL_PROXY": "socks5://a:1"}, None, None),
    ],
)
def test_the_setting_decides_and_else_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], setting: str | None, expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(Settings.model_validate({"proxy": setting})) == expected


@pytest.mark.parametrize("wrong", ["socks5://a:1", "a:1", "http://", "http://a:99999", "proxy"])
def test_what_is_no_http_proxy_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an HTTP proxy"):
        Settings.model_validate({"proxy": wrong})


def test_user_and_password_of_a_proxy_are_not_shown() -> None:
    assert shown("http://me:secret@proxy.example:3128/") == "http://proxy.example:3128"
    assert "secret" not in repr(Settings.model_validate({"proxy": "http://me:secret@proxy.example:3128"}))
