"""The shape of the product in figures: ``python -m tests.shape`` prints them beside their bounds.

Everything is found by walking the repository and its syntax trees, so files may be moved and renamed. The
bounds hold: nobody raises one.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("kleinbot", "cogs")
ENTRY = "bot.py"
MOST_LINES = 400
LOOSE_MODULES_ALLOWED = ("__init__", "cli")


BOUNDS: Mapping[str, int] = {
    "fan-out": 25,
    "longest function": 60,
    "constructor arguments": 11,
    "dataclass fields": 24,
    "modules in import cycles": 0,
    "modules in cycles with TYPE_CHECKING": 0,
    "public class names twice": 0,
    "modules in a folder": 20,
    "loose modules": 0,
    "product files over 400 lines": 0,
    "test files over 400 lines": 0,
    "references to documents that are not here": 0,
}


@dataclass(frozen=True)
class Figure:
    """A number and its sources, the worst first."""

    value: int
    where: tuple[str, ...]


@dataclass
class Module:
    name: str
    path: Path
    tree: ast.Module
    lines: int
    at_runtime: set[str] = field(default_factory=set)
    for_types: set[str] = field(default_factory=set)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def imports(self) -> set[str]:
        return self.at_runtime | self.for_types


@cache
def product() -> dict[str, Module]:
    """Return the product's modules by name, with the imports of each."""
    files = [ROOT / ENTRY, *(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))]
    modules = {module.name: module for module in map(_read, sorted(files))}
    for module in modules.values():
        find_imports(module, modules)
    return modules


def _read(file: Path) -> Module:
    text = file.read_text("utf-8")
    parts = file.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, file, ast.parse(text), len(text.splitlines()))


def find_imports(module: Module, known: Mapping[str, Module]) -> None:
    """Collect a module's imports of the product; those within functions count as any others."""
    only_for_types = {
        id(inner)
        for node in module.nodes
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.body
        for inner in ast.walk(part)
    }
    for node in module.nodes:
        for names in _imported(module, node):
            found = next((name for name in names if name in known), None)
            if found is not None and found != module.name:
                (module.for_types if id(node) in only_for_types else module.at_runtime).add(found)


def _imported(module: Module, node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the possible meanings of each imported name, a module of that name before its parent."""
    if isinstance(node, ast.Import):
        yield from ((alias.name,) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = module.name.split(".")
            above = parts[: len(parts) - node.level + (module.path.stem == "__init__")]
            base = ".".join([*above, *([base] if base else [])])
        yield from ((f"{base}.{alias.name}", base) for alias in node.names)


def cycles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle, largest first (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def enter(name: str) -> Iterator[str]:
        index[name] = low[name] = len(index)
        stack.append(name)
        return iter(sorted(imports.get(name, ())))

    for start in sorted(imports):
        work = [] if start in index else [(start, enter(start))]
        while work:
            name, left = work[-1]
            for other in left:
                if other not in index:
                    work.append((other, enter(other)))
                    break
                if other in stack:
                    low[name] = min(low[name], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    group, stack[at:] = stack[at:], []
                    groups.append(sorted(group))
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


def measure() -> dict[str, Figure]:
    """Return every figure."""
    modules = product()
    tests = {
        str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines())
        for file in (ROOT / "tests").rglob("*.py")
    }
    lines = {str(module.path.relative_to(ROOT)): module.lines for module in modules.values()}
    return {
        "fan-out": _largest({name: len(module.imports) for name, module in modules.items()}),
        "longest function": _largest(dict(_functions(modules))),
        "constructor arguments": _largest(dict(_constructors(modules))),
        "dataclass fields": _largest(dict(_dataclasses(modules))),
        "modules in import cycles": _in_cycles({name: each.at_runtime for name, each in modules.items()}),
        "modules in cycles with TYPE_CHECKING": _in_cycles({name: m.imports for name, m in modules.items()}),
        "public class names twice": _twice(modules),
        "modules in a folder": _largest(_per_folder(modules)),
        "loose modules": _loose(modules),
        "product files over 400 lines": _over(lines),
        "test files over 400 lines": _over(tests),
        "references to documents that are not here": _all_of(absent_documents()),
    }


def _largest(sizes: Mapping[str, int]) -> Figure:
    order = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return Figure(order[0][1], tuple(f"{name} {size}" for name, size in order[:5]))


def _all_of(found: list[str]) -> Figure:
    return Figure(len(found), tuple(found))


def _functions(modules: Mapping[str, Module]) -> Iterator[tuple[str, int]]:
    for module in modules.values():
        for node in module.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module.name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def _constructors(modules: Mapping[str, Module]) -> Iterator[tuple[str, int]]:
    """Without ``self``, and with ``*`` and ``**`` as one each."""
    for module in modules.values():
        for node in module.nodes:
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        asked = part.args
                        named = len(asked.posonlyargs) + len(asked.args) + len(asked.kwonlyargs)
                        stars = (asked.vararg is not None) + (asked.kwarg is not None)
                        yield f"{module.name}:{node.name}", named + stars - 1


def _dataclasses(modules: Mapping[str, Module]) -> Iterator[tuple[str, int]]:
    for module in modules.values():
        for node in module.nodes:
            if isinstance(node, ast.ClassDef) and any(
                "dataclass" in ast.unparse(d) for d in node.decorator_list
            ):
                fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
                yield f"{module.name}:{node.name}", len(fields)


def _in_cycles(imports: Mapping[str, set[str]]) -> Figure:
    groups = cycles(imports)
    return Figure(sum(map(len, groups)), tuple(" ".join(group) for group in groups))


def _twice(modules: Mapping[str, Module]) -> Figure:
    homes: dict[str, list[str]] = defaultdict(list)
    for module in modules.values():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module.name)
    return _all_of(
        [f"{name} ({', '.join(found)})" for name, found in sorted(homes.items()) if len(found) > 1]
    )


def _per_folder(modules: Mapping[str, Module]) -> dict[str, int]:
    return Counter(
        str(module.path.parent.relative_to(ROOT))
        for module in modules.values()
        if module.path.stem != "__init__"
    )


def _loose(modules: Mapping[str, Module]) -> Figure:
    return _all_of(
        [
            module.path.name
            for module in modules.values()
            if module.path.parent == ROOT / PACKAGES[0] and module.path.stem not in LOOSE_MODULES_ALLOWED
        ]
    )


def _over(lines: Mapping[str, int]) -> Figure:
    return _all_of([f"{name} {count}" for name, count in sorted(lines.items()) if count > MOST_LINES])


# A page or document by its file name, or a folder of them outside the repository.
_DOCUMENT = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.(?:md|rst|pdf|docx?))\b")
_ADDRESS = re.compile(r"\w+://\S+")
_OUTSIDE = re.compile(r"(?<!\w)\.\./[\w-]+/[\w./-]*")
_HIDDEN_FOLDERS = {".ci", ".github"}
_NOT_OURS = {"__pycache__", "data", "build", "dist"}
_TEXTS = {".py", ".md", ".sql", ".toml", ".ftl", ".yml", ".yaml", ".cfg", ""}


def absent_documents() -> list[str]:
    """Return places where a file of the repository names a missing document, as ``file:line name``."""
    files = sorted(_files(ROOT))
    names = {file.name for file in files}
    found = []
    for file in files:
        if file.suffix not in _TEXTS or file == Path(__file__).resolve():
            continue
        each = file.relative_to(ROOT).as_posix()
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            if "." not in line:
                continue
            bare = _ADDRESS.sub("", line) if "://" in line else line
            cited = [name for name in _DOCUMENT.findall(bare) if not _is_here(name, file, names)]
            found += [f"{each}:{number} {name}" for name in (*cited, *_outside(bare, file))]
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Yield the repository's own files: no caches, no environment, nothing that a bot has left."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            if (
                path.name not in _NOT_OURS
                and path.suffix != ".egg-info"
                and (path.name in _HIDDEN_FOLDERS or not path.name.startswith("."))
            ):
                yield from _files(path)
        elif path.is_file():
            yield path


def _is_here(name: str, file: Path, names: set[str]) -> bool:
    if name == "LICENSE.md":  # in every repository of the hub
        return True
    if "/" in name:
        return any(
            (place / name).is_file() for place in (ROOT, file.parent, *(ROOT / each for each in PACKAGES))
        )
    return name in names


def _outside(line: str, file: Path) -> list[str]:
    """Return paths that lead out of the repository, from the file or from the repository's root."""
    return [
        path
        for path in _OUTSIDE.findall(line)
        if not (ROOT / path).resolve().is_relative_to(ROOT) and not (file.parent / path).exists()
    ]


def main() -> int:
    """Print the table; return 1 if a bound is broken."""
    is_broken = False
    sys.stdout.write(f"{'':44}{'now':>6}{'bound':>7}\n")
    for name, figure in measure().items():
        bound = BOUNDS[name]
        is_broken |= figure.value > bound
        sys.stdout.write(f"{name:44}{figure.value:6}{bound:7}\n")
        for where in figure.where[:12]:
            sys.stdout.write(f"    {where}\n")
    return int(is_broken)


if __name__ == "__main__":
    sys.exit(main())
