"""``bot.py doctor`` in the situations that hosts are in."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from kleinbot import cli
from kleinbot.doctor import data, discord_account, machine
from kleinbot.doctor.examination import Instruments, examine, would_start
from kleinbot.doctor.findings import Finding, Topic, Verdict
from kleinbot.doctor.report import as_json, print_report
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, StartError
from kleinbot.folder_lock import folder_locked
from kleinbot.host.facts import GIB, HostFacts, HostMemory, Program, System, TorchBuild
from kleinbot.host.profile import CUDA_BF16, Device
from kleinbot.klein.download import Download, cache_of
from kleinbot.klein.source import BASE_REPOSITORY, HubSource, hub_source
from kleinbot.model_choice import SMALL_KLEIN
from kleinbot.settings import DEFAULT_HUB_REPO, DeviceChoice, Settings
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.texts import Texts, languages
from kleinbot.torch_report import TorchReport, ask_torch
from tests.host.machines import H100, RTX_2080_TI, RTX_3060, RTX_4090

ORDER = "CUDA_DEVICE_ORDER"
TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))
NO_CARD = HostFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
CPU_TORCH = TorchReport("2.13.0+cpu")
CUDA_TORCH = TorchReport("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)


@pytest.fixture(autouse=True)
def clean_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("KLEINBOT_") or name == "DISCORD_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def api() -> Iterator[str]:
    """Play Discord's API on loopback: one server where the bot may do everything but attach files."""
    loop = asyncio.new_event_loop()

    def allowed(request: web.Request) -> None:
        if request.headers["Authorization"] != f"Bot {TOKEN}":
            raise web.HTTPUnauthorized

    async def me(request: web.Request) -> web.Response:
        allowed(request)
        return web.json_response({"id": "42", "username": "kleinbot"})

    async def guilds(request: web.Request) -> web.Response:
        allowed(request)
        lacking = sum(discord_account.NEEDED.values()) - discord_account.NEEDED["Attach Files"]
        return web.json_response(
            [
                {"id": "1", "name": "All", "permissions": "8"},
                {"id": "2", "name": "Some", "permissions": str(lacking)},
            ]
        )

    async def start() -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.add_routes([web.get("/users/@me", me), web.get("/users/@me/guilds", guilds)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    runner, port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def instruments(
    api: str = "http://127.0.0.1:9", facts: HostFacts = NO_CARD, report: TorchReport = CPU_TORCH
) -> Instruments:
    return Instruments(
        look=lambda: facts,
        ask_torch=lambda: report,
        free_bytes_at=lambda _: 100 * GIB,
        plan_download=lambda _: Download((), 16_000_000_000),
        environment={},
        discord_api=api,
    )


def settings(folder: Path, token: str | None = TOKEN, **others: Any) -> Settings:
    return Settings(discord_token=token, data_folder=folder / "data", **others)


def of(findings: list[Finding], topic: Topic) -> list[Finding]:
    return [finding for finding in findings if finding.topic is topic]


def test_a_sound_host_would_start_and_nothing_is_changed(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path, allowed_servers=[1]), instruments=instruments(api))
    assert would_start(findings)
    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert list(tmp_path.iterdir()) == []


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
    [finding] = of(findings, Topic.SERVERS)
    assert finding.verdict is Verdict.WARNING
    assert finding.parameters["servers"] == "Some: Attach Files"
    assert "client_id=42" in str(finding.parameters["invitation"])


def test_a_bot_in_no_server_is_invited(tmp_path: Path, api: str) -> None:
    findings = examine(settings(tmp_path, allowed_servers=[3]), instruments=instruments(api))
    [finding] = of(findings, Topic.SERVERS)
    assert finding.message == "doctor-servers-none"


def test_a_folder_that_holds_no_klein_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "wrong").mkdir()
    findings = examine(settings(tmp_path, weights=str(tmp_path / "wrong")), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert finding.verdict is Verdict.PROBLEM
    assert not would_start(findings)


def test_a_full_disk_is_a_problem(tmp_path: Path) -> None:
    tools = replace(instruments(), free_bytes_at=lambda _: 100)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.DISK)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-disk-full")


def on_card(facts: HostFacts, report: TorchReport = CUDA_TORCH) -> Instruments:
    return instruments(facts=facts, report=report)


@pytest.mark.usefixtures("no_cache")
def test_a_download_that_the_disk_cannot_hold_is_a_problem(tmp_path: Path) -> None:
    tools = replace(on_card(RTX_3060.facts()), free_bytes_at=lambda _: 10 * GIB)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert finding.message == "doctor-weights-no-disk"
    assert finding.parameters["size"] == 16.0


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kleinbot.doctor.model.complete_in_cache", lambda _: None)


def test_the_rest_of_a_download_is_what_needs_room(no_cache: None, tmp_path: Path) -> None:
    """As a start counts it: what has arrived needs no room again."""
    part = replace(on_card(RTX_4090.facts()), plan_download=lambda _: Download((), GIB))
    for free, verdict in ((2 * GIB, Verdict.OK), (GIB // 2, Verdict.PROBLEM)):
        tools = replace(part, free_bytes_at=dict.fromkeys([cache_of(hub_source(CUDA_BF16))], free).get)
        [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
        assert (finding.verdict, finding.parameters["size"]) == (verdict, 1.1)


def test_what_keeps_a_download_from_beginning_is_a_problem(no_cache: None, tmp_path: Path) -> None:
    def refused(source: HubSource) -> Download:
        raise StartError(Code.WEIGHTS_BASE_ALONE, place=source.name)

    tools = replace(on_card(RTX_4090.facts()), plan_download=refused)
    [finding] = of(examine(settings(tmp_path, weights="some-lab/base"), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_BASE_ALONE)


def test_other_weights_in_the_cache_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: HubSource) -> None:
        raise StartError(Code.WEIGHTS_WRONG_VAE, file="vae", found="another", wanted="the VAE of FLUX.2")

    monkeypatch.setattr("kleinbot.doctor.model.complete_in_cache", wrong)
    findings = examine(settings(tmp_path), instruments=on_card(RTX_4090.facts()))
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_WRONG_VAE)


def test_other_weights_in_a_folder_are_a_problem(tmp_path: Path) -> None:
    """The configs are right, a tensor is another model's."""
    folder = shutil.copytree(SMALL_KLEIN, tmp_path / "klein")
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    content = load_file(file)
    save_file({**content, "encoder.conv_out.weight": content["decoder.conv_in.weight"].clone()}, file)
    [finding] = of(examine(settings(tmp_path, weights=str(folder)), instruments=instruments()), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_WRONG_VAE)


def test_the_base_checkpoint_alone_is_a_problem(tmp_path: Path) -> None:
    tools = on_card(RTX_4090.facts())
    findings = examine(settings(tmp_path, weights=BASE_REPOSITORY), instruments=tools)
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_BASE_ALONE)


@pytest.mark.usefixtures("no_cache")
def test_what_would_be_downloaded_is_told_and_offline_is_a_problem(tmp_path: Path) -> None:
    tools = on_card(RTX_4090.facts())
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.OK, "doctor-weights-download")
    offline = replace(tools, environment={"HF_HUB_OFFLINE": "1"})
    [finding] = of(examine(settings(tmp_path), instruments=offline), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-weights-offline")


@pytest.mark.usefixtures("no_cache")
def test_the_profile_says_why_no_better_one_and_how_full_it_gets(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), instruments=on_card(RTX_3060.facts()))
    [finding] = of(findings, Topic.PROFILE)
    assert finding.parameters["profile"] == "int8+int8-encoder"
    assert "bf16 15." in str(finding.parameters["reason"])
    [peaks] = of(findings, Topic.PEAKS)
    assert float(peaks.parameters["edit"]) <= float(peaks.parameters["usable"])


def test_weights_that_are_left_alone_are_named_with_the_reason(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path, weights=DEFAULT_HUB_REPO), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-weights-left-alone")
    assert finding.parameters["weights"] == DEFAULT_HUB_REPO
    assert 30 < float(finding.parameters["needed"]) < 32


def test_of_a_repository_that_is_left_alone_nothing_is_claimed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    findings = examine(settings(tmp_path, weights="somebody/klein"), instruments=instruments())
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "doctor-weights-left-alone-unseen")
    assert finding.parameters == {"weights": "somebody/klein"}
    assert caplog.records == []  # everything is in the report


@pytest.mark.parametrize("device", list(DeviceChoice))
def test_the_9b_is_a_problem_on_every_device(tmp_path: Path, device: DeviceChoice) -> None:
    own = settings(tmp_path, weights="black-forest-labs/FLUX.2-klein-9B", device=device)
    findings = examine(own, instruments=replace(instruments(), ask_torch=lambda: CUDA_TORCH))
    [finding] = of(findings, Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.WEIGHTS_KLEIN_9B)


def test_a_card_that_is_asked_for_and_not_there_is_one_problem(tmp_path: Path) -> None:
    own = settings(tmp_path, device=DeviceChoice.CUDA)
    findings = examine(own, instruments=instruments())
    problems = [finding for finding in findings if finding.verdict is Verdict.PROBLEM]
    assert [(finding.topic, finding.message) for finding in problems] == [
        (Topic.PROFILE, Code.CUDA_UNAVAILABLE)
    ]
    [card] = of(findings, Topic.CARD)
    assert (card.verdict, card.message) == (Verdict.WARNING, "doctor-card-not-found")


@pytest.mark.usefixtures("no_cache")
def test_weights_that_cannot_be_asked_for_are_not_said_to_resume(tmp_path: Path) -> None:
    def offline(source: HubSource) -> Download:
        raise StartError(Code.WEIGHTS_UNREACHABLE, repository=source.name, reason="no network")

    tools = replace(on_card(RTX_4090.facts()), plan_download=offline)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.WEIGHTS)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-weights-unreachable")


def test_what_depends_on_settings_that_cannot_be_read_is_not_looked_at(tmp_path: Path) -> None:
    findings = examine(settings(tmp_path), ["a setting is wrong"], instruments())
    unseen = {finding.topic for finding in findings if finding.message == "doctor-not-looked-at"}
    assert unseen == {
        *(Topic.WEIGHTS, Topic.PROFILE, Topic.TOKEN, Topic.DATA_FOLDER, Topic.DISK, Topic.DATABASE)
    }
    assert all(len(of(findings, topic)) == 1 for topic in unseen)
    assert {finding.verdict for finding in findings if finding.topic in unseen} == {Verdict.WARNING}


def test_weights_that_the_hosts_memory_cannot_hold_are_a_problem(tmp_path: Path) -> None:
    own = settings(tmp_path, weights="somebody/klein", device=DeviceChoice.CPU)
    findings = examine(own, instruments=instruments())
    [finding] = of(findings, Topic.PROFILE)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.CPU_NO_MEMORY)


def test_a_setting_that_cannot_be_is_a_problem(tmp_path: Path) -> None:
    tools = on_card(RTX_3060.facts())
    findings = examine(settings(tmp_path, profile_native_fp8=True), instruments=tools)
    [finding] = of(findings, Topic.PROFILE)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.PROFILE_NO_FP8)


def test_a_torch_for_the_cpu_beside_a_card_is_named() -> None:
    facts = replace(RTX_4090.facts(System.WINDOWS), torch=TorchBuild("2.13.0+cpu", None))
    finding = machine.torch_build(CPU_TORCH, facts, None)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, Code.TORCH_WITHOUT_CUDA)
    assert machine.torch_build(CPU_TORCH, facts, Device.CUDA).verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (TorchReport(error="DLL load failed"), "doctor-torch-broken"),
        (replace(CUDA_TORCH, is_available=False), Code.CUDA_UNAVAILABLE),
        (replace(CUDA_TORCH, has_kernels=False), Code.TORCH_LACKS_CARD),
    ],
)
def test_a_torch_that_cannot_use_the_card_is_a_problem(report: TorchReport, message: str) -> None:
    finding = machine.torch_build(report, RTX_4090.facts(), None)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, message)


def test_an_old_card_is_a_warning_until_it_is_asked_for() -> None:
    [finding, *_] = machine.card(RTX_2080_TI.facts(), None)
    assert (finding.verdict, finding.message) == (Verdict.WARNING, Code.CARD_TOO_OLD)
    [finding, *_] = machine.card(RTX_2080_TI.facts(), Device.CUDA)
    assert finding.verdict is Verdict.PROBLEM


def test_a_card_that_was_never_measured_is_marked() -> None:
    messages = {}
    for measured in (H100, RTX_4090):
        [finding, *_] = machine.card(measured.facts(), None)
        assert finding.verdict is Verdict.OK
        messages[measured.name] = finding.message
    assert messages == {H100.name: "doctor-card", RTX_4090.name: "doctor-card-unmeasured"}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script plays Python")
@pytest.mark.parametrize("hosts_own", [None, "FASTEST_FIRST"])
def test_torch_is_asked_with_the_cards_in_the_order_that_the_bot_takes(
    hosts_own: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "python"
    player.write_text(f'#!/bin/sh\necho "{{\\"version\\": \\"${ORDER}\\"}}"\n', "utf-8")
    player.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(player))
    monkeypatch.delenv(ORDER, raising=False)
    if hosts_own is not None:
        monkeypatch.setenv(ORDER, hosts_own)
    assert ask_torch().version == (hosts_own or "PCI_BUS_ID")


def test_a_game_on_the_card_is_named_with_what_it_holds() -> None:
    card = replace(RTX_4090.card, free_bytes=11 * GIB, programs=(Program(os.getpid(), 12 * GIB),))
    findings = list(machine.card(replace(RTX_4090.facts(), cards=(card, RTX_3060.card)), None))
    assert [finding.message for finding in findings] == [
        "doctor-card-unmeasured",
        "doctor-card-several",
        "doctor-driver",
        "doctor-card-memory-held",
    ]
    assert f"({os.getpid()}) 12.0 GiB" in str(findings[-1].parameters["programs"])


@pytest.mark.usefixtures("no_cache")
def test_a_running_bot_is_told_and_its_own_memory_counts_as_free(tmp_path: Path) -> None:
    card = replace(RTX_4090.card, free_bytes=2 * GIB, programs=(Program(os.getpid(), 21 * GIB),))
    tools = on_card(replace(RTX_4090.facts(), cards=(card,)))
    own = settings(tmp_path, device=DeviceChoice.AUTO)
    with folder_locked(own.data_folder):
        findings = examine(own, instruments=tools)
    [finding] = of(findings, Topic.DATA_FOLDER)
    assert (finding.message, finding.parameters["pid"]) == (Code.FOLDER_IN_USE, str(os.getpid()))
    [profile] = of(findings, Topic.PROFILE)
    assert profile.parameters["profile"] == "bf16"
    assert of(examine(own, instruments=tools), Topic.DATA_FOLDER)[0].verdict is Verdict.OK


def test_old_and_untried_libraries_are_told() -> None:
    versions = {"torch": "2.11.0+cu130", "diffusers": "0.36.0", "transformers": "6.0", "discord.py": "2.7.1"}
    findings = list(machine.libraries(versions.__getitem__))
    assert [(finding.verdict, finding.parameters["library"]) for finding in findings] == [
        (Verdict.PROBLEM, "diffusers"),
        (Verdict.WARNING, "transformers"),
    ]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_database_is_looked_at_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    assert data.database(file).message == "doctor-database-new"
    migrations = load_migrations()
    migrate(file, migrations[:-1], SystemClock())
    before = snapshot(tmp_path)
    assert data.database(file).message == "doctor-database-older"
    assert snapshot(tmp_path) == before
    migrate(file, migrations, SystemClock())
    assert data.database(file).message == "doctor-database"


def test_a_database_in_use_is_read_beside_its_log(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), SystemClock())
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(f"PRAGMA user_version = {len(load_migrations()) + 1}")
    assert data.database(file).message == Code.DATABASE_NEWER
    writer.close()


def test_a_damaged_database_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    file.write_bytes(b"not a database, but long enough to be looked at " * 100)
    finding = data.database(file)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-database-damaged")


@pytest.mark.parametrize("locale", languages())
def test_the_report_is_plain_lines_and_json_in_the_hosts_language(tmp_path: Path, locale: str) -> None:
    findings = examine(settings(tmp_path, token=None), ["a [bracket] is wrong"], instruments())
    texts, stream = Texts(locale), StringIO()
    print_report(findings, texts, stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(findings) + 1
    assert lines[0].endswith("a [bracket] is wrong")
    assert lines[-1] == texts.say(None, "doctor-does-not-start")
    content = json.loads(as_json(findings, texts))
    assert content["starts"] is False
    assert content["findings"][0]["verdict"] == "problem"


def test_the_command_ends_with_whether_the_bot_would_start(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = instruments()
    monkeypatch.setattr("kleinbot.doctor.examination.Instruments", lambda: tools)
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    result = CliRunner().invoke(cli.commands, ["doctor", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["starts"] is True
    monkeypatch.setenv("KLEINBOT_QUOTA_HOURS", "day")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "KLEINBOT_QUOTA_HOURS" in result.stdout
    assert not Path("data").exists()


def test_a_library_that_is_missing_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in ("discord_account", "examination"):
        monkeypatch.delitem(sys.modules, f"kleinbot.doctor.{name}")
        monkeypatch.delattr(f"kleinbot.doctor.{name}")
    result = CliRunner().invoke(cli.commands, ["doctor"])
    assert result.exit_code == 1
    assert "aiohttp is not installed" in result.stderr
