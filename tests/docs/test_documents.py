"""The repository explains itself: what its files cite, it holds."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("cogs", "kleinbot", "migrations", "tests", ".github")
OTHER_PEOPLES = {"LICENSE.md"}
"""Of model repositories."""

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
_DOCUMENT = re.compile(r"[\w./-]*\b\w+\.md\b")
_SECTION_ELSEWHERE = re.compile(r"\w+\.md §|\bshared/|\bresearch/")


def texts(*endings: str) -> Iterator[tuple[Path, str]]:
    yield from ((path, path.read_text("utf-8")) for path in ROOT.iterdir() if path.suffix in endings)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings:
                yield path, path.read_text("utf-8")


def test_every_link_of_a_document_leads_to_a_file() -> None:
    links = [(path, link) for path, text in texts(".md") for link in _LINK.findall(text)]
    assert len(links) > 3
    assert [f"{path}: {link}" for path, link in links if not (path.parent / link).exists()] == []


def test_code_names_no_document_that_is_not_here() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in texts(".py", ".toml", ".sql", ".ftl")
        for name in _DOCUMENT.findall(text)
        if not _is_here(path, name) and path != Path(__file__)
    ]
    assert lost == []


def test_nothing_cites_notes_that_are_not_here() -> None:
    citing = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path, text in texts(".py", ".toml", ".sql", ".ftl", ".md")
        if path != Path(__file__) and (found := _SECTION_ELSEWHERE.findall(text))
    ]
    assert citing == []


def _is_here(path: Path, name: str) -> bool:
    return name in OTHER_PEOPLES or any((base / name).is_file() for base in (ROOT, path.parent))
