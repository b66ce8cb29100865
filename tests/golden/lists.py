"""The lists: each a function that asks the live program. Their names are those of the files in ``lists/``."""

import enum
import json
import re
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.golden import product
from tests.golden.examples import BUTTONS

FOLDER = Path(__file__).parent / "lists"
HOW_TO_CHANGE = (
    "People, files or databases have seen what {name} lists. If it is meant to change: "
    "python -m tests.golden --write, and commit the difference with its reason."
)


def as_text(content: object) -> str:
    """Return a list as its file holds it."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def database(scratch: Path) -> object:
    file = scratch / "new.sqlite3"
    product.migrated_database(file)
    return product.schema_of(file)


def custom_ids(scratch: Path) -> object:
    """Each example, what it says, and what a button that says this carries today."""
    del scratch
    found: dict[str, Any] = {}
    for example in BUTTONS:
        says, again = product.meaning_of(example)
        found[example] = {"says": says} if again == example else {"says": says, "today": again}
    form = re.sub(r"[0-9a-f]{8}", "<8 hex>", re.sub(r":\d{13}:", ":<ms>:", product.form_custom_id()))
    return {"buttons": found, "form": form}


def error_codes(scratch: Path) -> object:
    del scratch
    return sorted(product.ERROR_CODES)


def audit_actions(scratch: Path) -> object:
    del scratch
    return sorted(product.AUDIT_ACTIONS)


def exit_codes(scratch: Path) -> object:
    del scratch
    return product.exit_codes()


def settings(scratch: Path) -> object:
    del scratch
    return {
        "own": {
            variable: {"in kleinbot.toml": name, "default": _shown(default)}
            for name, variable, default in product.settings()
        },
        "passed on to others": product.variables_of_others(),
    }


def _shown(default: object) -> object:
    return (
        list(default)
        if isinstance(default, tuple)
        else str(default)
        if isinstance(default, Path)
        else default
    )


def sentences(scratch: Path) -> object:
    """By message id the variables, once where all languages have the same."""
    del scratch
    by_language = product.sentences()
    merged: dict[str, Any] = {}
    for message_id in sorted({each for messages in by_language.values() for each in messages}):
        of_each = {
            language: messages[message_id]
            for language, messages in by_language.items()
            if message_id in messages
        }
        same = len(of_each) == len(by_language) and len(set(map(tuple, of_each.values()))) == 1
        merged[message_id] = " ".join(next(iter(of_each.values()))) if same else of_each
    return {"languages": sorted(by_language), "messages": merged}


def metrics(scratch: Path) -> object:
    """Names as Prometheus stores them, with their type, labels, and buckets."""
    del scratch
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(product.metrics_text()):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels = {name for name in sample.labels if name != "le"}
            entry = found.setdefault(sample.name, {"type": family.type, "labels": sorted(labels)})
            for label in sorted(
                labels & {"lane", "phase", "state", "stage", "rung", "way", "quantile", "direction"}
            ):
                values = entry.setdefault("values", {}).setdefault(label, [])
                if sample.labels[label] not in values:
                    values.append(sample.labels[label])
            if "le" in sample.labels and sample.labels["le"] not in entry.setdefault("buckets", []):
                entry["buckets"].append(sample.labels["le"])
    return dict(sorted(found.items()))


def command_line(scratch: Path) -> object:
    del scratch
    return dict(_commands("bot.py", product.command_line()))


def _commands(path: str, command: Any) -> list[tuple[str, Any]]:
    kinds = typing.get_type_hints(command.callback) if command.callback else {}
    options = {
        "/".join((*each.opts, *each.secondary_opts)): {
            "takes": "nothing" if each.is_flag else _taken(kinds[each.name]),
            "required": each.required,
            "default": each.default,
        }
        for each in command.params
        if each.name != "help"
    }
    found = [(path, {"options": options} | ({"hidden": True} if command.hidden else {}))]
    for name in sorted(getattr(command, "commands", ())):
        found += _commands(f"{path} {name}", command.commands[name])
    return found


def _taken(kind: Any) -> object:
    """Return what follows an option: a type's name, or what may be chosen."""
    kinds = [each for each in (typing.get_args(kind) or (kind,)) if each is not type(None)]
    if len(kinds) == 1 and issubclass(kinds[0], enum.Enum):
        return [each.value for each in kinds[0]]
    return " or ".join(each.__name__ for each in kinds)


LISTS: Mapping[str, Callable[[Path], object]] = {
    "database": database,
    "custom_ids": custom_ids,
    "error_codes": error_codes,
    "audit_actions": audit_actions,
    "exit_codes": exit_codes,
    "settings": settings,
    "sentences": sentences,
    "metrics": metrics,
    "command_line": command_line,
}
"""Those that need nothing but a folder; ``tests.golden.running`` has those of a running bot."""
