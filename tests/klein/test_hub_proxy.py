"""Downloads use the bot's proxy: KLEINBOT_PROXY, otherwise the environment's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import huggingface_hub
import pytest

from kleinbot.app.model_choice import choose_model
from kleinbot.config.settings import Settings
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.ports.proxies import DIRECT
from kleinbot.klein.hub.download import fetch_from_hub, plan_download
from kleinbot.klein.weights.source import HubSource
from tests.hardware.machines import H100
from tests.klein.forward_proxy import ForwardProxy, forward_proxy
from tests.klein.hub import Hub, ignore, never

NOWHERE = "http://hub.invalid"
"""A hub that only the proxy can reach."""


@pytest.fixture(autouse=True)
def _the_environments_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def proxy(hub: Hub) -> Iterator[ForwardProxy]:
    port = urlsplit(hub.endpoint).port
    assert port is not None
    with forward_proxy(port) as proxy:
        yield proxy


def test_every_request_goes_over_the_proxy_of_the_setting(
    hub: Hub, source: HubSource, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # the setting takes precedence
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    address = proxy.address.replace("http://", "http://me:secret@")
    wanted = replace(source, endpoint=NOWHERE, proxy=address)

    assert fetch_from_hub(wanted, ignore, never)

    assert {urlsplit(each).hostname for each in proxy.asked} == {"hub.invalid"}
    assert len(proxy.authorisations) == len(proxy.asked)
    files = [each for each in proxy.asked if "/resolve/" in each]
    assert len(files) == len(hub.fetched), "the hub was asked past the proxy"
    assert any(each.endswith(".safetensors") for each in files)
    assert any("/api/models/" in each for each in proxy.asked)


def test_a_look_by_doctor_goes_over_it_too(source: HubSource, proxy: ForwardProxy) -> None:
    plan_download(replace(source, endpoint=NOWHERE, proxy=proxy.address))
    assert proxy.asked


def test_direct_takes_no_proxy_of_the_environment(
    hub: Hub, source: HubSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with pytest.raises(StartError) as raised:
        plan_download(source)
    assert raised.value.code is Code.WEIGHTS_UNREACHABLE
    assert fetch_from_hub(replace(source, proxy=DIRECT), ignore, never)
    assert hub.fetched


def test_without_a_setting_the_environments_is_taken(
    source: HubSource, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.address)
    plan_download(replace(source, endpoint=NOWHERE))
    assert proxy.asked


def test_offline_stays_offline(
    source: HubSource, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StartError) as raised:
        plan_download(replace(source, endpoint=NOWHERE, proxy=proxy.address))
    assert raised.value.code is Code.WEIGHTS_SETTINGS
    assert proxy.asked == []


def test_the_setting_reaches_the_source(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_folder": tmp_path, "proxy": "http://me:secret@proxy.example:1"})
    source = choose_model(settings, H100.facts).source
    assert isinstance(source, HubSource)
    assert source.proxy == "http://me:secret@proxy.example:1"
    assert "secret" not in repr(source)
