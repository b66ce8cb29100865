"""Formats findings: a table on a terminal, plain lines elsewhere, or JSON for programs."""

import json
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kleinbot import __version__
from kleinbot.doctor.examination import would_start
from kleinbot.doctor.findings import Finding, Verdict
from kleinbot.texts import Texts

_END = {
    (False, True): "doctor-starts",
    (False, False): "doctor-does-not-start",
    (True, True): "doctor-sandbox-starts",
    (True, False): "doctor-sandbox-does-not-start",
}
_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "bold red"}


def print_report(findings: Sequence[Finding], texts: Texts, stream: TextIO, *, sandbox: bool = False) -> None:
    """Print ``findings`` and whether the bot, or the sandbox, would start; as a table on a terminal."""
    rows = [(finding.verdict, *_words(finding, texts)) for finding in findings]
    end = texts.say(None, _END[sandbox, would_start(findings)])
    console = Console(file=stream)
    if not console.is_terminal:
        wide = max(len(topic) for _, _, topic, _ in rows)
        for _, verdict, topic, sentence in rows:
            stream.write(f"{verdict:<8} {topic:<{wide}}  {sentence}\n")
        stream.write(f"{end}\n")
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for kind, verdict, topic, sentence in rows:
        # As Text: a sentence may contain brackets, which would be parsed as markup.
        table.add_row(Text(verdict, _STYLES[kind]), Text(topic), Text(sentence))
    console.print(table)
    console.print(Text(end, _STYLES[Verdict.OK if would_start(findings) else Verdict.PROBLEM]))


def as_json(findings: Sequence[Finding], texts: Texts, *, sandbox: bool = False) -> str:
    """Return the findings as JSON for programs: ids and figures beside the sentences.

    ``mode`` tells what ``starts`` is about: the bot (``live``) or the ``sandbox``.
    """
    content = {
        "version": __version__,
        "mode": "sandbox" if sandbox else "live",
        "starts": would_start(findings),
        "findings": [
            {
                "topic": finding.topic.removeprefix("doctor-topic-"),
                "verdict": finding.verdict,
                "message": finding.message,
                "parameters": dict(finding.parameters),
                "sentence": _words(finding, texts)[-1],
            }
            for finding in findings
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _words(finding: Finding, texts: Texts) -> tuple[str, str, str]:
    verdicts = {
        Verdict.OK: "doctor-ok",
        Verdict.WARNING: "doctor-warning",
        Verdict.PROBLEM: "doctor-problem",
    }
    sentence = texts.say(None, finding.message, **finding.parameters)
    return texts.say(None, verdicts[finding.verdict]), texts.say(None, finding.topic), sentence
