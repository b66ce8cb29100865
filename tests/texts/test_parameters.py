"""Calls that name a sentence pass every variable that it shows."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import kleinbot
from kleinbot.domain.errors import Code

SOURCES = Path(kleinbot.__file__).parent
SENTENCES = Path(__file__).parents[1] / "golden" / "lists" / "sentences.json"
CALLS = {"say", "Refusal", "StartError", "RenderError", "FatalEngineError", "ok", "warning", "problem"}
QUOTES_ANOTHER = {"error-waits-for-card"}
"""Shows another error's sentence, whose variables that error supplies."""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _message_of(call: ast.Call) -> str | None:
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "-" in argument.value:
            return argument.value
        if isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == "Code":
            return Code[argument.attr].value
    return None


def calls(source: str) -> Iterator[tuple[int, str, set[str]]]:
    """Yield the line, message id and variable names of each call that names all its variables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _called(node) in CALLS:
            message = _message_of(node)
            if message is not None and all(keyword.arg for keyword in node.keywords):
                yield node.lineno, message, {str(keyword.arg) for keyword in node.keywords}


def test_every_variable_of_a_sentence_is_passed() -> None:
    shown = json.loads(SENTENCES.read_text("utf-8"))["messages"]
    found = [
        (f"{path.relative_to(SOURCES)}:{line}", message, given)
        for path in sorted(SOURCES.rglob("*.py"))
        for line, message, given in calls(path.read_text("utf-8"))
        if message in shown and message not in QUOTES_ANOTHER
    ]
    assert len(found) > 200
    missing = [(place, message, lacking) for place, message, given in found
               if (lacking := set(shown[message].split()) - given)]  # fmt: skip
    assert missing == []


def test_a_variable_that_is_not_passed_is_found() -> None:
    assert list(calls('texts.say(None, "quota-left", count=1)')) == [(1, "quota-left", {"count"})]
    [(_, message, given)] = calls("raise Refusal(Code.PROMPT_TOO_LONG, tokens=1)")
    assert (message, given) == (Code.PROMPT_TOO_LONG.value, {"tokens"})
    assert list(calls('texts.say(None, "quota-left", **values)')) == []
