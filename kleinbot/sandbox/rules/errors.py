"""Discord's errors: JSON with a code for the bot, a message in the client for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kleinbot.sandbox.rules.sentences import Sentence

Json = dict[str, Any]


class PersonError(Exception):
    """The person's own client would prevent the action; the message is what they would read.

    ``english`` is a sentence in the syntax of ``str.format``, whose ``values`` are filled in.
    """

    def __init__(self, english: str | Sentence, /, **values: object) -> None:
        self.sentence = english if isinstance(english, Sentence) else Sentence(english, values)
        super().__init__(str(self.sentence))


@dataclass(frozen=True)
class Fault:
    """One error in a request body: its path, Discord's code, and the sentence."""

    path: tuple[str | int, ...]
    code: str
    message: str


class RefusedError(Exception):
    """Discord's error response to a request of the bot."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """Return the JSON body that Discord would send."""
        body: Json = {"code": self.code, "message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class CommandLimitError(RefusedError):
    """A refusal for the rest of the day."""

    def body(self) -> Json:
        return super().body() | {"retry_after": 24 * 3600.0, "global": False}


class OldEditsError(RefusedError):
    """A limit besides those of the routes: for edits of messages older than an hour."""

    def __init__(self, retry_after_s: float) -> None:
        message = "Maximum number of edits to messages older than 1 hour reached. Try again later."
        super().__init__(429, 30046, message)
        self.retry_after_s = retry_after_s

    def body(self) -> Json:
        return super().body() | {"retry_after": self.retry_after_s, "global": False}


def unauthorized() -> RefusedError:
    return RefusedError(401, 0, "401: Unauthorized")


def not_found() -> RefusedError:
    return RefusedError(404, 0, "404: Not Found")


def unknown_channel() -> RefusedError:
    return RefusedError(404, 10003, "Unknown Channel")


def unknown_server() -> RefusedError:
    return RefusedError(404, 10004, "Unknown Guild")


def unknown_member() -> RefusedError:
    return RefusedError(404, 10007, "Unknown Member")


def unknown_message() -> RefusedError:
    return RefusedError(404, 10008, "Unknown Message")


def unknown_user() -> RefusedError:
    return RefusedError(404, 10013, "Unknown User")


def unknown_webhook() -> RefusedError:
    return RefusedError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> RefusedError:
    return RefusedError(404, 10062, "Unknown interaction")


def too_many_commands_created() -> RefusedError:
    message = "Max number of daily application command creates has been reached (200)"
    return CommandLimitError(429, 30034, message)


def already_acknowledged() -> RefusedError:
    return RefusedError(400, 40060, "Interaction has already been acknowledged.")


def too_large() -> RefusedError:
    return RefusedError(413, 40005, "Request entity too large")


def missing_access() -> RefusedError:
    return RefusedError(403, 50001, "Missing Access")


def not_author() -> RefusedError:
    return RefusedError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> RefusedError:
    return RefusedError(400, 50006, "Cannot send an empty message")


def direct_messages_closed() -> RefusedError:
    return RefusedError(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> RefusedError:
    return RefusedError(403, 50013, "Missing Permissions")


def thread_is_archived() -> RefusedError:
    return RefusedError(403, 50083, "Thread is archived")


def thread_is_locked() -> RefusedError:
    return RefusedError(403, 160005, "Thread is locked")


def too_many_old_edits(retry_after_s: float) -> RefusedError:
    return OldEditsError(retry_after_s)


def dead_token() -> RefusedError:
    return RefusedError(401, 50027, "Invalid Webhook Token")


def invalid_json() -> RefusedError:
    return RefusedError(400, 50109, "The request body contains invalid JSON.")


def invalid_form(faults: Iterable[Fault]) -> RefusedError:
    """Nest ``faults`` as Discord does: by path, with the list under ``_errors``."""
    errors: Json = {}
    for fault in faults:
        place = errors
        for key in fault.path:
            place = place.setdefault(str(key), {})
        place.setdefault("_errors", []).append({"code": fault.code, "message": fault.message})
    return RefusedError(400, 50035, "Invalid Form Body", errors)
