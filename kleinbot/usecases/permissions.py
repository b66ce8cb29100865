"""Who may do what. Checked where the action happens, however the request arrived."""

from enum import StrEnum

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor


class Action(StrEnum):
    CANCEL = "cancel"
    SEE = "see"
    DELETE = "delete"
    MODERATE = "moderate"


def may(actor: Actor, action: Action, job: Job) -> bool:
    """Return whether ``actor`` may do ``action`` to ``job``. Nobody may act on another server's job.

    SEE does not consider channels: whoever shows a result to people asks ``visibility.sees``.
    """
    if actor.server_id != job.server_id:
        return False
    is_own = actor.member_id == job.member_id
    match action:
        case Action.CANCEL:
            return is_own or actor.moderates(job.channel_id)
        case Action.SEE:
            return is_own or not job.private
        case Action.DELETE:
            return is_own or (actor.moderates(job.channel_id) and not job.private)
        case Action.MODERATE:
            return (actor.moderates(job.channel_id) or actor.is_admin) and not job.private


def require_admin(actor: Actor) -> None:
    """Raise Refusal NOT_AN_ADMIN unless ``actor`` may manage the server in which they act."""
    if not actor.is_admin:
        raise Refusal(Code.NOT_AN_ADMIN)


def require_moderator(actor: Actor) -> None:
    """Raise Refusal NOT_A_MODERATOR unless ``actor`` moderates or manages the whole server."""
    if not (actor.is_moderator or actor.is_admin):
        raise Refusal(Code.NOT_A_MODERATOR)


def require_owner(actor: Actor) -> None:
    """Raise Refusal NOT_THE_HOST unless ``actor`` runs the bot."""
    if not actor.is_owner:
        raise Refusal(Code.NOT_THE_HOST)
