"""The token, the servers and the bot's permissions in them."""

from pathlib import Path

from kleinbot.doctor import discord_account
from kleinbot.doctor.examination import examine, would_start
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.doctor.report import as_json
from kleinbot.domain.errors import Code
from kleinbot.texts import Texts
from tests.doctor.examining import TOKEN, instruments, of, settings


def test_without_a_token_it_would_not_start(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path, token=None), instruments=instruments())
    assert not would_start(findings)
    [finding] = of(findings, Topic.TOKEN)
    assert finding.message == Code.TOKEN_MISSING


def test_a_token_that_discord_refuses_is_a_problem(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path, token=TOKEN.replace("c", "d")), instruments=instruments(api))
    [finding] = of(findings, Topic.TOKEN)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.TOKEN_REFUSED)


def test_being_offline_is_a_warning_and_the_token_is_never_shown(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), instruments=instruments("http://127.0.0.1:9"))
    [finding] = of(findings, Topic.TOKEN)
    assert finding.verdict is Verdict.WARNING
    assert would_start(findings)
    assert TOKEN not in as_json(findings, Texts())


def test_missing_permissions_are_named_with_their_server(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path), instruments=instruments(api))
    finding, _ = of(findings, Topic.SERVERS)
    assert finding.verdict is Verdict.WARNING
    assert finding.parameters["servers"] == "Some: Attach Files"
    assert "client_id=42" in str(finding.parameters["invitation"])


def test_a_bot_in_no_server_is_invited(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path, allowed_servers=[3]), instruments=instruments(api))
    [finding] = of(findings, Topic.SERVERS)
    assert finding.message == "doctor-servers-none"


def test_that_every_server_may_invite_it_is_a_warning_until_servers_are_listed(
    tmp_path: Path, api: str
) -> None:
    _, finding = of(examine(settings(tmp_path), instruments=instruments(api)), Topic.SERVERS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-servers-anybody")
    [finding] = of(
        examine(settings(tmp_path, allowed_servers=[1]), instruments=instruments(api)), Topic.SERVERS
    )
    assert finding.message == "doctor-servers"


def test_without_an_address_in_a_server_of_somebody_else_it_warns(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path), instruments=instruments(api))
    [finding] = of(findings, Topic.SETTINGS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-contact-missing")
    told = settings(tmp_path, contact="mail@example.org")
    assert of(examine(told, instruments=instruments(api)), Topic.SETTINGS) == []


def test_discord_is_asked_over_the_proxy_that_the_bot_would_take(tmp_path: Path, api: str) -> None:
    behind = settings(tmp_path, proxy="http://127.0.0.1:9")  # a port on which nobody listens
    [finding] = of(examine(behind, instruments=instruments(api)), Topic.TOKEN)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-token-unchecked")
    direct = settings(tmp_path, proxy="direct")
    [finding] = of(examine(direct, instruments=instruments(api)), Topic.TOKEN)
    assert finding.verdict is Verdict.OK


def test_the_clock_is_compared_with_the_date_of_discords_answer(tmp_path: Path, api: str) -> None:
    [finding] = of(examine(settings(tmp_path), instruments=instruments(api)), Topic.CLOCK)
    assert (finding.verdict, finding.message) == (Verdict.OK, "doctor-clock")


def test_a_clock_that_is_far_off_is_a_warning() -> None:
    finding = discord_account.clock(-840.4)
    assert (finding.verdict, finding.parameters) == (Verdict.WARNING, {"seconds": 840, "where": "behind"})
