"""Machines for the doctor to examine."""

from pathlib import Path
from typing import Any

from kleinbot.app.torch_probe import TorchProbe
from kleinbot.config.settings import Settings
from kleinbot.doctor.examination import Instruments
from kleinbot.doctor.findings import Finding, Topic
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System
from kleinbot.klein.hub.download import Download

TOKEN = ".".join(("A" * 24, "b" * 6, "c" * 38))
NO_GPU = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
CPU_TORCH = TorchProbe("2.13.0+cpu")
CUDA_TORCH = TorchProbe("2.13.0+cu130", "13.0", is_available=True, has_kernels=True)


def instruments(
    api: str = "http://127.0.0.1:9", facts: MachineFacts = NO_GPU, report: TorchProbe = CPU_TORCH
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


def on_gpu(facts: MachineFacts, report: TorchProbe = CUDA_TORCH) -> Instruments:
    return instruments(facts=facts, report=report)
