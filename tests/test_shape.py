"""The product's shape gets no worse: ``python -m tests.shape`` shows the figures and where they come from."""

import ast
from pathlib import Path

import pytest

from tests.shape import BOUNDS, MOST_LINES, Figure, Module, cycles, find_imports, measure


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return measure()


@pytest.mark.parametrize("name", BOUNDS)
def test_no_figure_is_worse_than_its_bound(name: str, figures: dict[str, Figure]) -> None:
    figure = figures[name]
    assert figure.value <= BOUNDS[name].today, "\n".join(figure.where)


def test_every_figure_has_a_bound_and_a_goal_that_is_no_weaker(figures: dict[str, Figure]) -> None:
    assert figures.keys() == BOUNDS.keys()
    assert [name for name, bound in BOUNDS.items() if bound.goal > bound.today] == []


def _module(name: str, text: str, file: str = "x.py") -> Module:
    return Module(name, Path(file), ast.parse(text), MOST_LINES)


def test_imports_are_found_in_functions_for_types_and_with_dots() -> None:
    text = (
        "from typing import TYPE_CHECKING\nimport a.b\nif TYPE_CHECKING:\n    from a.c import X\n"
        "def f() -> None:\n    from . import d\n    from .e import Y\n"
    )
    module = _module("a.x", text)
    known = {name: _module(name, "") for name in ("a", "a.b", "a.c", "a.d", "a.e", "a.x")}
    find_imports(module, known)
    assert module.at_runtime == {"a.b", "a.d", "a.e"}
    assert module.for_types == {"a.c"}


def test_a_circle_is_found_and_a_chain_is_none() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}}) == [
        ["a", "b", "c"],
        ["d", "e"],
    ]
