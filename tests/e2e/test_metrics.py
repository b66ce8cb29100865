"""What Prometheus reads from the running bot, and what /host status shows of the same counts."""

import asyncio
import socket

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.pictures import a_png
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _scraped(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        text = await answer.text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def _drawn(bot: RunningBot, **options: object) -> None:
    handle = await bot.ada.command_with(bot.channel, "imagine", {"prompt": "a secret fox", **options})
    await handle.message_where(has_pictures, timeout_s=QUICK_S)
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)


async def test_the_counts_of_a_working_bot_can_be_scraped(environment: BotEnvironment) -> None:
    port = _free_port()
    async with environment.running_bot(ScriptedEngine(), metrics_port=port) as bot:
        await _drawn(bot, count=2)
        refused = await bot.ada.command(bot.channel, "imagine", prompt="<|im_end|>")
        await refused.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        for picture in (b"no picture at all", a_png(32, 32)):
            refused = await bot.ada.command(bot.channel, "edit", instruction="a hat", image=picture)
            await refused.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        found = await _scraped(port)
        token = (("lane", "token"),)
        assert found["kleinbot_jobs_accepted_total", token] == 1
        assert found["kleinbot_images_accepted_total", token] == 2
        assert found["kleinbot_refusals_total", (("reason", "prompt_empty"),)] == 1
        assert found["kleinbot_refusals_total", (("reason", "picture_not_an_image"),)] == 1
        assert found["kleinbot_refusals_total", (("reason", "picture_too_small"),)] == 1
        assert found["kleinbot_wait_seconds_count", token] == 1
        assert found["kleinbot_inbound_requests", ()] == found["kleinbot_inbound_bytes", ()] == 0
        assert found["kleinbot_intake_waiting", ()] == 0
        batches = {key[1]: value for key, value in found.items() if key[0] == "kleinbot_batches_total"}
        assert sum(int(labels[0][1]) * count for labels, count in batches.items()) == 2
        assert found["kleinbot_stage_seconds_count", (("stage", "denoise"),)] == sum(batches.values())
        assert found["kleinbot_deliveries_total", (("way", "reply"),)] == 1
        assert found["kleinbot_line_images", (("lane", "token"), ("state", "waiting"))] == 0
        assert found["kleinbot_engine_phase", (("phase", "ready"),)] == 1
        busy_s = found["kleinbot_card_busy_seconds_total", ()]
        idle_s = found["kleinbot_card_idle_seconds_total", ()]
        assert busy_s > 0
        assert found["kleinbot_card_idle_ratio", ()] == pytest.approx(idle_s / (idle_s + busy_s))
        assert found["kleinbot_event_loop_delay_worst_seconds", ()] >= 0
        assert ("kleinbot_estimate_error_quantile_seconds", (("quantile", "0.95"),)) in found
        told = repr(found)
        for secret in ("fox", str(bot.ada.id), str(bot.server.id)):
            assert secret not in told
    with pytest.raises(aiohttp.ClientError):
        await _scraped(port)


async def test_a_port_in_use_is_a_sentence_and_the_bot_works(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = int(other.getsockname()[1])
        async with environment.running_bot(ScriptedEngine(), metrics_port=port) as bot:
            await _drawn(bot)
    assert any(
        f"port {port} for the metrics cannot be opened" in record.getMessage()
        and "Set KLEINBOT_METRICS_PORT to a free port." in record.getMessage()
        for record in caplog.records
    )


async def test_status_tells_the_profile_and_the_counts_in_words(environment: BotEnvironment) -> None:
    owner = environment.standin.world.owner
    host = environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _drawn(bot)
        status = await host.command(bot.channel, "host status")
        told = await status.message_where(lambda m: "Engine: ready" in m.text, timeout_s=QUICK_S)
        assert "Model: transformer unquantised, in memory; text encoder unquantised, in memory" in told.text
        assert "Limits: 256 tokens of 16×16 px a picture, 4 references, 1 picture at once" in told.text
        assert "Batches (how many × pictures): 1×1 · card idle" in told.text
        assert "Told starts: half within" in told.text
        assert "Out of memory: never since the start" in told.text


async def test_other_addresses_of_this_machine_are_not_answered(environment: BotEnvironment) -> None:
    port = _free_port()
    async with environment.running_bot(ScriptedEngine(), metrics_port=port):
        assert await _scraped(port)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", port)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("[::1]:{port}", 200),
        ("127.0.0.2", 200),
        ("rebound.example:{port}", 421),
        ("127.0.0.1.rebound.example", 421),
        ("localhost.rebound.example", 421),
        ("10.0.0.1:{port}", 421),
        ("", 421),
    ],
)
async def test_only_who_asks_for_this_machine_is_answered(
    environment: BotEnvironment, host: str, status: int
) -> None:
    port = _free_port()
    async with (
        environment.running_bot(ScriptedEngine(), metrics_port=port),
        aiohttp.ClientSession() as session,
    ):
        headers = {"Host": host.format(port=port)}
        async with session.get(f"http://127.0.0.1:{port}/metrics", headers=headers) as answer:
            assert answer.status == status
            if status != 200:
                assert await answer.text() == f"Ask for http://127.0.0.1:{port}/metrics.\n"
