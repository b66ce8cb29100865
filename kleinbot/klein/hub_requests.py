"""Requests to the hub, and whether each failure passes, is the owner's to mend, or never ends. No torch."""

import errno
import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import is_offline_mode, set_client_factory
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from kleinbot.domain.errors import Code, KleinbotError, StartError
from kleinbot.domain.proxies import DIRECT

# The base of all that the hub's HTTP client raises: httpx's or httpx2's, as this version of the hub uses.
HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

SILENCE_S = 30.0
"""For so long the hub may say nothing before it counts as unreachable."""

_UNAUTHORISED = 401
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_FOLDER_UNUSABLE = frozenset(
    (
        errno.EACCES,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    )
)
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class AbandonedError(Exception):
    """Nobody waits for the model any more; what has been downloaded is kept for the next start."""


class StoppedError(Exception):
    """The connection ended before the file did."""


def go_out_over(proxy: str | None) -> None:
    """Have the hub's client take ``proxy`` from now on, an address or DIRECT.

    None leaves the environment's, as the hub's client reads them.
    """
    set_client_factory(lambda: _client(proxy))


def _client(proxy: str | None) -> Any:  # noqa: ANN401 - of httpx or httpx2, as this version of the hub uses
    http = importlib.import_module(HTTP_ERROR.__module__.partition(".")[0])
    way = {"transport": http.HTTPTransport()} if proxy == DIRECT else {"proxy": proxy}
    # As the hub's own, which would ask for nothing either where it is told to be offline.
    hooks = {"request": [_refuse_where_offline]}
    return http.Client(event_hooks=hooks, follow_redirects=True, timeout=None, **way)


def _refuse_where_offline(_request: object) -> None:
    if is_offline_mode():
        raise OfflineModeIsEnabled("HF_HUB_OFFLINE is set")


def with_or_without_token(ask: Callable[[bool | None], _T]) -> _T:
    """Return what ``ask`` does with the owner's token, or without it where the hub refuses that token.

    The hub answers 401 to a token that has expired, also for what everybody may have.
    """
    try:
        return ask(None)
    except HfHubHTTPError as refused:
        if refused.response.status_code != _UNAUTHORISED:
            raise
        try:
            answer = ask(False)
        except HfHubHTTPError:
            raise refused from None
    _log.warning("the hub refuses the token that is set here (HF_TOKEN); going on without it")
    return answer


@contextmanager
def explained(repository: str, cache: Path) -> Iterator[None]:
    """Raise what goes wrong between ``repository`` and ``cache`` as a StartError that says what to do.

    WEIGHTS_REFUSED (repository, reason) never passes; WEIGHTS_SETTINGS (repository, reason) and
    WEIGHTS_CACHE_UNUSABLE (folder, reason) are the owner's to mend; WEIGHTS_UNREACHABLE (repository, reason)
    is all else, since what nobody foresaw may pass. A full disk stays an OSError, for whoever knows the room.
    """
    try:
        yield
    except (KleinbotError, AbandonedError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise _explanation(error, repository, cache) from error


def _explanation(error: Exception, repository: str, cache: Path) -> StartError:
    if (refused := _refusal_of(error)) is not None:
        return StartError(Code.WEIGHTS_REFUSED, repository=repository, reason=refused)
    if (setting := _wrong_setting(error)) is not None:
        return StartError(Code.WEIGHTS_SETTINGS, repository=repository, reason=setting)
    if isinstance(error, OSError) and error.errno in _FOLDER_UNUSABLE:
        reason = error.strerror or str(error)
        return StartError(Code.WEIGHTS_CACHE_UNUSABLE, folder=str(error.filename or cache), reason=reason)
    return StartError(Code.WEIGHTS_UNREACHABLE, repository=repository, reason=_reason(error))


def _refusal_of(error: Exception) -> str | None:
    match error:
        case RevisionNotFoundError():
            return "it has no such revision"
        case GatedRepoError():
            return "it is gated, and its owner has not let this host's token in"
        case RepositoryNotFoundError() | HFValidationError():
            return "there is no such repository, or it is private"
        case _:
            return None


def _wrong_setting(error: Exception) -> str | None:
    """Return what of this host's own settings keeps the hub's client from asking at all."""
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids it"
    if isinstance(error, UnicodeEncodeError):
        return "HF_TOKEN holds a character that no token has"
    for name in _CERTIFICATES:
        place = os.environ.get(name)
        if place and not Path(place).exists():
            return f"{name} names {place}, which is not there"
    if isinstance(error, ImportError) and "SOCKS" in str(error):
        return "ALL_PROXY or HTTPS_PROXY names a SOCKS proxy, and only HTTP proxies can be used"
    if isinstance(error, ValueError) and "proxy" in str(error).lower():
        return f"the proxy in ALL_PROXY or HTTPS_PROXY cannot be used: {error}"
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, StoppedError):
        return "the connection ends again and again"
    if isinstance(error, ValueError) and not isinstance(error, HTTP_ERROR):
        # A captive portal answers everything with its own page.
        return f"what answers there is not the hub ({str(error)[:200]})"
    return (str(error.__cause__ or error) or type(error).__name__)[:500]
