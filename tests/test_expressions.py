"""No regular expression of the project takes more than linear time in the text it searches.

``re`` retries a repeat at every position and holds the interpreter's lock meanwhile, so one expression that
is quadratic in external text stops the whole process. Each is given texts of 100,000 characters made of its
own parts: linear time takes a second at most for all of them, quadratic time many, and the child is killed.
"""

import ast
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import kleinbot

ROOT = Path(kleinbot.__file__).parents[1]
SOURCES = sorted([*ROOT.glob("kleinbot/**/*.py"), *ROOT.glob("cogs/**/*.py"), ROOT / "bot.py"])
METHODS = {"search", "match", "fullmatch", "findall", "finditer", "sub", "split"}
KILLED_AFTER_S = 60.0

CHILD = r"""
import json, re, signal, sys

CHARACTERS = 100_000
FILLERS = ["a", "1", " ", "\n", "-", ".", ":", "\xff", "\0"]

for at, expression in enumerate(json.load(sys.stdin)):
    print(at, flush=True)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_VIRTUAL, 5.0)  # of processor time: whatever else the machine does
    source = expression["pattern"]
    if not re.search(r"[*+]|\{\d*,\}", source):
        continue
    parts = dict.fromkeys([*re.findall(r"[A-Za-z0-9]{2,}|\W", source), *FILLERS])
    texts = [part * (CHARACTERS // len(part)) for part in parts]
    texts += [(part + more) * (CHARACTERS // len(part + more)) for part in parts for more in FILLERS[:4]]
    if expression["is_bytes"]:
        source, texts = source.encode("latin-1"), [text.encode("latin-1", "replace") for text in texts]
    pattern = re.compile(source, expression["flags"])
    for text in texts:
        for method in expression["methods"]:
            look = getattr(pattern, method)
            found = look(text[:0], text) if method == "sub" else look(text)
            if method == "finditer":
                all(found)
"""


@dataclass(frozen=True)
class Expression:
    """A regular expression of ours and the methods it is used with."""

    place: str
    pattern: str
    is_bytes: bool
    flags: int
    methods: tuple[str, ...]


def expressions() -> Iterator[Expression]:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
    used: dict[str, set[str]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
    for path, tree in trees.items():
        names = {id(node.value): targets(node) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            if (found := called(node)) is None:
                continue
            call, method = found
            source = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else None
            if source is None:
                continue  # composed of our own names
            methods = {method} if method in METHODS else used.get(names.get(id(call), ""), {"search"})
            is_bytes = isinstance(source, bytes)
            yield Expression(
                f"{path.relative_to(ROOT)}:{call.lineno}",
                source.decode("latin-1") if is_bytes else source,
                is_bytes,
                sum(
                    getattr(re, flag)
                    for flag in ("DOTALL", "IGNORECASE", "MULTILINE")
                    if flag in flags_of(call)
                ),
                tuple(sorted(methods)),
            )


def targets(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def called(node: ast.AST) -> tuple[ast.Call, str] | None:
    is_re = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {"compile", *METHODS}
    )
    return (node, node.func.attr) if is_re else None  # type: ignore[attr-defined,return-value]


def flags_of(call: ast.Call) -> str:
    return " ".join(ast.unparse(argument) for argument in (*call.args[1:], *call.keywords))


def held_up_by(wanted: list[Expression]) -> Expression | None:
    """Return the first of ``wanted`` that takes longer than linear time; None if there is none."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        told, _ = child.communicate(json.dumps([asdict(one) for one in wanted]), timeout=KILLED_AFTER_S)
    except subprocess.TimeoutExpired:
        child.kill()
        told, _ = child.communicate()
        return wanted[int(told.split()[-1])]
    if sys.platform != "win32" and child.returncode == -signal.SIGVTALRM:
        return wanted[int(told.split()[-1])]
    assert child.returncode == 0, told
    return None


def test_no_expression_is_held_up_by_text_of_others() -> None:
    found = list(expressions())
    assert len(found) > 30
    assert held_up_by(found) is None
