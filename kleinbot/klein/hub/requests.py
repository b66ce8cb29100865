"""Requests to the hub; failures are transient, the owner's to fix, or permanent. Imports no torch."""

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
from kleinbot.domain.ports.proxies import DIRECT

# The base class of the hub client's HTTP errors: httpx's or httpx2's, depending on its version.
HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

TIMEOUT_S = 30.0
"""After this long without an answer the hub counts as unreachable."""

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
    """The start was abandoned; downloaded bytes stay for the next start."""


class IncompleteDownloadError(Exception):
    """The connection ended before the file was complete."""


def use_proxy(proxy: str | None) -> None:
    """Make the hub's client use ``proxy`` from now on, an address or DIRECT.

    None keeps the environment's proxies, as the hub's client reads them.
    """
    global _in_use
    _in_use = (proxy,)
    set_client_factory(lambda: _client(proxy))


def keep_proxy(proxy: str | None) -> None:
    """Like ``use_proxy``, but break off no download of another thread where ``proxy`` is in use already."""
    if _in_use != (proxy,):
        use_proxy(proxy)


_in_use: tuple[str | None] | None = None
"""What ``use_proxy`` was called with last; it closes the connections of before."""


def _client(proxy: str | None) -> Any:  # noqa: ANN401 - of httpx or httpx2, as this version of the hub uses
    http = importlib.import_module(HTTP_ERROR.__module__.partition(".")[0])
    transport = {"transport": http.HTTPTransport()} if proxy == DIRECT else {"proxy": proxy}
    # Like the hub's own client, which sends no requests in offline mode either.
    hooks = {"request": [_refuse_if_offline]}
    return http.Client(event_hooks=hooks, follow_redirects=True, timeout=None, **transport)


def _refuse_if_offline(_request: object) -> None:
    if is_offline_mode():
        raise OfflineModeIsEnabled("HF_HUB_OFFLINE is set")


def with_or_without_token(send: Callable[[bool | None], _T]) -> _T:
    """Call ``send`` with the owner's token, and again without it if the hub rejects the token.

    The hub answers 401 to an expired token, even for public files.
    """
    try:
        return send(None)
    except HfHubHTTPError as refused:
        if refused.response.status_code != _UNAUTHORISED:
            raise
        try:
            answer = send(False)
        except HfHubHTTPError:
            raise refused from None
    _log.warning("the hub rejects the configured token (HF_TOKEN); continuing without it")
    return answer


@contextmanager
def hub_errors(repository: str, cache: Path) -> Iterator[None]:
    """Turn errors between ``repository`` and ``cache`` into StartErrors that say what to do.

    WEIGHTS_REFUSED (repository, reason) is permanent; WEIGHTS_SETTINGS (repository, reason) and
    WEIGHTS_CACHE_UNUSABLE (folder, reason) are the owner's to fix; WEIGHTS_UNREACHABLE (repository, reason)
    is everything else, since unexpected errors may be transient. A full disk stays an OSError for the caller,
    who knows the space needed.
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
    """Return the local setting that keeps the hub's client from sending requests, or None."""
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
    if isinstance(error, IncompleteDownloadError):
        return "the connection ends again and again"
    if isinstance(error, ValueError) and not isinstance(error, HTTP_ERROR):
        # A captive portal answers every request with its own page.
        return f"what answers there is not the hub ({str(error)[:200]})"
    return (str(error.__cause__ or error) or type(error).__name__)[:500]
