"""Finds every sentence that the stand-in and its terminal say."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import kleinbot.sandbox

_SAYING = ("Sentence", "PersonError")


def sentences() -> set[str]:
    """Return the English of all sentences in the source."""
    folder = Path(kleinbot.sandbox.__file__).parent
    return {each for file in folder.rglob("*.py") for each in _in(ast.parse(file.read_text("utf-8")))}


def _in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYING:
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def names_in(pattern: str) -> set[str]:
    """Return the names that a pattern of ``str.format`` fills in."""
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
