"""Checks what the bot sends, and what the stand-in answers, against Discord's own OpenAPI document.

The document lies compressed in ``tests/discord_openapi`` with its licence. ``KLEINBOT_TEST_OPENAPI`` may
name a newer one.
"""

import json
import lzma
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from kleinbot.sandbox import Exchange

VARIABLE = "KLEINBOT_TEST_OPENAPI"
CARRIED = Path(__file__).parent / "discord_openapi" / "openapi.json.xz"
_DOCUMENT = "urn:discord"
_ID = re.compile(r'"[1-9][0-9]{15,19}"')

Alike = tuple[str, str, str]
"""Direction, schema, and a value with its ids left out: what one of them fits, all do."""

# What discord.py sends beyond the document, and Discord takes.
_READ_ONLY = ("size", "url", "proxy_url", "width", "height", "content_type", "ephemeral", "spoiler", "flags")
_EXEMPT = {
    "ApplicationCommandUpdateRequest": ("nsfw",),
    "IncomingWebhookUpdateRequestPartial": ("tts",),
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": ("tts",),
    "MessageEditRequestPartial": ("tts",),
    "RichEmbed": ("flags",),
    "MessageAttachmentRequest": (*_READ_ONLY, "duration", "waveform", "title"),
}


class Checker:
    """Collects what does not fit the document: ``check`` is a hook, ``findings`` the outcome."""

    def __init__(self, path: Path = CARRIED) -> None:
        self.findings: list[str] = []
        self.checked = 0
        self._document, self._requests, self._answers, self._fitting = _load(path)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Checker":
        """Make a checker of the document that the environment names, or else of the one carried here."""
        named = environment.get(VARIABLE)
        return cls(Path(named)) if named else cls()

    def check(self, exchange: Exchange) -> None:
        """Check one exchange, both directions."""
        self.checked += 1
        route = exchange.route
        if exchange.path.endswith("/messages/@original"):
            route = route.replace("{message_id}", "@original")
        operation = self._document["paths"].get(route, {}).get(exchange.method.lower())
        if operation is None:
            self.findings.append(f"{exchange.method} {route} is not in the document")
            return
        pointer = f"#/paths/{_escaped(route)}/{exchange.method.lower()}"
        # What the stand-in has refused with 400 or 413 is known to be wrong, often on purpose.
        if exchange.body is not None and exchange.status not in (400, 413):
            self._check_request(exchange, operation, pointer)
        # What stands in front of Discord answers with a page, of which the document knows nothing.
        if exchange.status < 500 and not isinstance(exchange.answer, str):
            self._check_answer(exchange, operation, pointer)

    def _check_request(self, exchange: Exchange, operation: dict[str, Any], pointer: str) -> None:
        if "requestBody" not in operation:
            if exchange.body:
                self.findings.append(f"{exchange.method} {exchange.path} takes no body")
            return
        at = f"{pointer}/requestBody/content/application~1json/schema"
        self._note(exchange, "sent", self._requests, at, exchange.body)

    def _check_answer(self, exchange: Exchange, operation: dict[str, Any], pointer: str) -> None:
        responses = operation["responses"]
        status = str(exchange.status) if str(exchange.status) in responses else f"{exchange.status // 100}XX"
        if status not in responses:
            self.findings.append(f"{exchange.method} {exchange.path} may not answer {exchange.status}")
            return
        response, at = responses[status], f"{pointer}/responses/{status}"
        if "$ref" in response:
            at = response["$ref"]
            response = self._document["components"]["responses"][at.rpartition("/")[2]]
        if "content" not in response:
            if exchange.answer is not None:
                self.findings.append(f"{exchange.method} {exchange.path} answers {status} without a body")
            return
        self._note(
            exchange, "answered", self._answers, f"{at}/content/application~1json/schema", exchange.answer
        )

    def _note(self, exchange: Exchange, verb: str, registry: Registry[Any], at: str, value: object) -> None:
        # Every start registers the same commands, and the answers differ in ids alone. To look through them
        # again took a fifth of the time of all tests of the whole bot. What stands for an id is not JSON.
        alike = verb, at, _ID.sub(lambda id_: f"id{len(id_[0])}", json.dumps(value, sort_keys=True))
        if alike in self._fitting:
            return
        validator = Draft202012Validator({"$ref": _DOCUMENT + at}, registry=registry)
        error = max(validator.iter_errors(value), key=relevance, default=None)
        if error is None:
            self._fitting.add(alike)
        else:
            place, message = _explained(error)
            self.findings.append(f"{exchange.method} {exchange.path} {verb}: {place}: {message}")


def _explained(error: ValidationError) -> tuple[str, str]:
    """Descend into the alternative that was meant: the one whose ``type`` fits."""
    while error.context:
        alternatives: dict[object, list[ValidationError]] = {}
        for each in error.context:
            alternatives.setdefault(each.schema_path[0], []).append(each)
        meant = [group for group in alternatives.values() if not any(_is_type(each, error) for each in group)]
        group = meant[0] if meant else next(iter(alternatives.values()))
        error = max(group, key=relevance)
    message = error.message if len(error.message) < 400 else f"{error.message[:150]} … {error.message[-150:]}"
    return error.json_path, message


def _is_type(error: ValidationError, parent: ValidationError) -> bool:
    return list(error.absolute_path)[len(parent.absolute_path) :] == ["type"] or (
        error.validator == "type" and error.absolute_path == parent.absolute_path
    )


def _escaped(route: str) -> str:
    return route.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def document_bytes(path: Path = CARRIED) -> bytes:
    """Return the uncompressed document."""
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


@lru_cache(maxsize=2)
def _load(path: Path) -> tuple[dict[str, Any], Registry[Any], Registry[Any], set[Alike]]:
    """Return the document, what requests and answers are checked by, and a place for what has fitted."""
    text = document_bytes(path)
    requests, answers = json.loads(text), json.loads(text)
    schemas = requests["components"]["schemas"]
    # discord.py writes ids as numbers in some places, which Discord takes.
    schemas["SnowflakeType"] = {"anyOf": [schemas["SnowflakeType"], {"type": "integer", "minimum": 0}]}
    for name, keys in _EXEMPT.items():
        schemas[name]["properties"].update(dict.fromkeys(keys, True))
    # The codes of single fields are words ("BASE_TYPE_REQUIRED") in practice, numbers in the document.
    codes = answers["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]
    codes["items"] = {"type": "object", "required": ["code", "message"]}
    for document in (requests, answers):
        _forbid_unknown_fields(document)
    return requests, _registry(requests), _registry(answers), set()


def _registry(document: dict[str, Any]) -> Registry[Any]:
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
    return registry


def _forbid_unknown_fields(document: dict[str, Any]) -> None:
    combined = {"Error"}  # part of an allOf, whose other parts add fields
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and name not in combined:
            schema.setdefault("unevaluatedProperties", False)
