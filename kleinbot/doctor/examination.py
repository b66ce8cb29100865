"""All checks, in the order in which a person reads them."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot.app.gpu_availability import falls_back_to_small_model, waits_for
from kleinbot.app.model_choice import hides_gpus, with_left_free
from kleinbot.app.torch_probe import TorchProbe, ask_torch
from kleinbot.config.proxy import proxy_for
from kleinbot.config.settings import Settings
from kleinbot.config.sources import files_with_secrets
from kleinbot.config.values import DeviceChoice
from kleinbot.doctor import classifier, data, discord_account, intake, machine, mode, model
from kleinbot.doctor.findings import Finding, Topic, Verdict, of_error, ok, problem, warning
from kleinbot.domain.profile import Device
from kleinbot.domain.work import ModelSize
from kleinbot.hardware.facts import MachineFacts
from kleinbot.hardware.memory_model import pinned_bytes
from kleinbot.hardware.probe import read_machine_facts
from kleinbot.klein.hub.download import Download, plan_download
from kleinbot.klein.weights.source import HubSource
from kleinbot.process.disk_space import free_disk_bytes
from kleinbot.process.folder_lock import holder_of
from kleinbot.store import served_model

DATABASE_FILE = "kleinbot.sqlite3"
_BY_THE_SETTINGS = (
    Topic.WEIGHTS,
    Topic.PROFILE,
    Topic.TOKEN,
    Topic.DATA_FOLDER,
    Topic.DISK,
    Topic.DATABASE,
    Topic.ARCHIVE,
)


@dataclass(frozen=True)
class Instruments:
    """What the doctor depends on; tests inject their own."""

    look: Callable[[], MachineFacts] = read_machine_facts
    ask_torch: Callable[[], TorchProbe] = ask_torch
    free_bytes_at: Callable[[Path], int | None] = free_disk_bytes
    plan_download: Callable[[HubSource], Download] = plan_download
    discord_api: str = discord_account.API
    reads_pictures: Callable[[], bool] = intake.reads_pictures


def examine(
    settings: Settings, wrong_settings: Sequence[str] = (), instruments: Instruments | None = None
) -> list[Finding]:
    """Return the findings about the bot, or about the sandbox if the settings are its.

    ``wrong_settings``: a sentence for each setting missing from ``settings``.
    """
    tools = instruments or Instruments()
    asked = None if settings.device is DeviceChoice.AUTO else Device(settings.device)
    holder = holder_of(settings.data_folder)
    facts = tools.look()
    if holder is not None:
        facts = model.without_program(facts, holder.pid)
    is_untold = holder is not None and bool(facts.gpus) and facts.system.lends_memory
    if is_untold:
        facts = model.with_empty_gpus(facts)
    found = [problem(Topic.SETTINGS, "doctor-settings", sentence=sentence) for sentence in wrong_settings]
    found += data.readable_secrets(files_with_secrets())
    found.append(machine.python_version(facts.system))
    report = tools.ask_torch()
    if hides_gpus(facts):
        facts = replace(facts, gpus=report.gpus())
    facts = with_left_free(facts, settings)
    found.append(machine.torch_build(report, facts, asked))
    found += machine.libraries()
    found.append(intake.finding(tools.reads_pictures()))
    found += machine.gpu(facts, asked)
    if is_untold:
        found.append(warning(Topic.CARD_MEMORY, "doctor-card-memory-untold"))
    if wrong_settings:
        found.append(machine.host_memory(facts, 0))
        return found + [warning(topic, "doctor-not-looked-at") for topic in _BY_THE_SETTINGS]
    found += _model(settings, facts, report, tools)
    found += _account(settings, tools)
    found += data.data_folder(settings.data_folder, holder, tools.free_bytes_at)
    found.append(data.database(settings.database_file, settings.archive_folder))
    found.append(data.archive(settings.database_file, settings.archive_folder))
    return found


def _account(settings: Settings, tools: Instruments) -> list[Finding]:
    if settings.is_sandbox:
        return [ok(Topic.TOKEN, "doctor-token-none")]
    token = settings.discord_token
    return list(
        discord_account.token(
            None if token is None else token.get_secret_value(),
            settings.allowed_servers,
            tools.discord_api,
            proxy_for(settings, tools.discord_api),
            settings.contact,
        )
    )


def _model(settings: Settings, facts: MachineFacts, report: TorchProbe, tools: Instruments) -> list[Finding]:
    try:
        chosen, found = model.chosen(settings, facts, report)
        if chosen is None:
            return [machine.host_memory(facts, 0), *found]
        if falls_back_to_small_model(settings, _served(settings), chosen):
            away = of_error(Topic.PROFILE, waits_for(chosen.choice.fallback))
            return [machine.host_memory(facts, 0), *found, away]
        judging, judge_bytes = classifier.classifier(settings, draws_small=chosen.is_small)
        found = [machine.host_memory(facts, pinned_bytes(chosen.profile) + judge_bytes)]
        found.append(model.weights(chosen, settings.weights, tools.free_bytes_at, tools.plan_download))
        found.append(judging)
    except OSError as error:
        return [machine.host_memory(facts, 0), model.unreadable(error)]
    return [*found, *mode.mode(chosen.choice, facts), *model.profile(chosen.choice)]


def _served(settings: Settings) -> ModelSize | None:
    try:
        return served_model.read_from_file(settings.data_folder / DATABASE_FILE)
    except sqlite3.Error:  # the database's own finding reports it
        return None


def settings_of_start(settings: Settings, *, live: bool) -> Settings:
    """Return the settings of what would start: the sandbox without a token, unless ``live``."""
    return settings if live or settings.discord_token is not None else settings.for_sandbox()


def would_start(findings: Sequence[Finding]) -> bool:
    """Return whether none of the findings keeps the bot from starting."""
    return all(finding.verdict is not Verdict.PROBLEM for finding in findings)
