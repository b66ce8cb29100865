"""Hosts for the doctor to look at."""

from pathlib import Path
from typing import Any

from kleinbot.doctor.examination import Instruments
from kleinbot.doctor.findings import Finding, Topic
from kleinbot.host.facts import GIB, HostFacts, HostMemory, System
from kleinbot.klein.download import Download
from kleinbot.settings import Settings
from kleinbot.torch_report import TorchReport

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))
NO_CARD = HostFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
CPU_TORCH = TorchReport("2.13.0+cpu")
CUDA_TORCH = TorchReport("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)


def instruments(
    api: str = "http://127.0.0.1:9", facts: HostFacts = NO_CARD, report: TorchReport = CPU_TORCH
) -> Instruments:
    return Instruments(
        look=lambda: facts,
        ask_torch=lambda: report,
        free_bytes_at=lambda _: 100 * GIB,
        plan_download=lambda _: Download((), 16_000_000_000),
        discord_api=api,
        reads_pictures=lambda: True,
    )


def settings(folder: Path, token: str | None = TOKEN, **others: Any) -> Settings:
    return Settings(discord_token=token, data_folder=folder / "data", **others)


def of(findings: list[Finding], topic: Topic) -> list[Finding]:
    return [finding for finding in findings if finding.topic is topic]


def on_card(facts: HostFacts, report: TorchReport = CUDA_TORCH) -> Instruments:
    return instruments(facts=facts, report=report)
