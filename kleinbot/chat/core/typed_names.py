"""How a person names a job or an image in a command's option: typed, chosen, or pasted."""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\s*#?(\d{1,9})\b(?:[/.](\w*))?.*", re.DOTALL)
_JOB_ID = re.compile(r"\s*([0-9a-f]{24})\s*")
_IMAGE_KEY = re.compile(r"\s*([0-9a-f]{24})\.([0-3])\s*")
_MESSAGE_LINK = re.compile(
    r"\s*https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/channels/(\d{1,19})/(\d{1,19})/(\d{1,19})/?\s*"
)
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class MessageLink:
    """The link of a message in a server, as Discord copies it."""

    server_id: int
    channel_id: int
    message_id: int


@dataclass(frozen=True)
class TypedNumber:
    """A job's number as people see it. ``image``: what follows it after a slash or dot, not checked."""

    number: int
    image: str | None = None


def typed_number(typed: str) -> TypedNumber | None:
    """Read ``412``, ``#412``, ``#412/2`` or a suggestion like ``#412 red fox``; None for anything else.

    Text after the number is ignored: a suggestion may be sent as its label.
    """
    match = _NUMBER.fullmatch(typed)
    return None if match is None else TypedNumber(int(match[1]), match[2] or None)


def typed_job_id(typed: str) -> str | None:
    """Read the key that a choice carries."""
    match = _JOB_ID.fullmatch(typed)
    return None if match is None else match[1]


def typed_image_key(typed: str) -> tuple[str, int] | None:
    """Read the job's key and the image's position that a choice or a pasted recipe carries."""
    match = _IMAGE_KEY.fullmatch(typed)
    return None if match is None else (match[1], int(match[2]))


def typed_message_link(typed: str) -> MessageLink | None:
    """Read a message's link; None for anything else."""
    match = _MESSAGE_LINK.fullmatch(typed)
    return None if match is None else MessageLink(*(min(int(part), _LARGEST_ID) for part in match.groups()))
