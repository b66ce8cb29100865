"""Lists a repository's files; the hub's answer is validated before use. Imports no torch."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoSibling

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.hub.published import RepoFile
from kleinbot.klein.hub.requests import TIMEOUT_S, with_or_without_token
from kleinbot.klein.weights.source import HubPart

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_ID = re.compile(r"[0-9a-f]{40}")
_COMMIT = re.compile(r"[0-9A-Za-z]{1,64}")
_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]{0,254}")
"""A file or folder name: no separator, drive, parent, hidden name, or character that a system forbids."""

_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Windows treats these names as devices, with any extension."""

_MOST_PARTS = 6
_MOST_FILES = 1000
_MOST_BYTES = 1 << 40


@dataclass(frozen=True)
class Listing:
    """The needed files of a repository at ``commit``."""

    commit: str
    files: Sequence[RepoFile]


def list_files(part: HubPart, endpoint: str | None) -> Listing:
    """Request the list of ``part``'s files from the hub; write nothing.

    Raises StartError WEIGHTS_UNREACHABLE (repository, reason) if the answer is invalid; propagates the hub
    client's errors.
    """
    info = with_or_without_token(
        lambda token: HfApi(endpoint).model_info(
            part.repository, revision=part.revision, timeout=TIMEOUT_S, files_metadata=True, token=token
        )
    )
    commit, siblings = info.sha, info.siblings
    if not isinstance(commit, str) or _COMMIT.fullmatch(commit) is None:
        raise _invalid_listing(part, f"it names no commit but {str(commit)[:80]!r}")
    wanted = [each for each in siblings or () if part.holds(str(each.rfilename))]
    if len(wanted) > _MOST_FILES:
        raise _invalid_listing(part, f"it lists {len(wanted)} files of one model")
    return Listing(commit, [_checked(part, commit, each) for each in wanted])


def _checked(part: HubPart, commit: str, sibling: RepoSibling) -> RepoFile:
    """Return the published file.

    Only 64 hexadecimal digits count as a hash; if a mirror gives none, or another kind, the file is
    identified by its location.
    """
    name = sibling.rfilename
    if not is_plain_path(name):
        raise _invalid_listing(part, f"it lists the file name {str(name)[:80]!r}")
    size = sibling.size if sibling.size is not None else sibling.lfs and sibling.lfs.size
    if not isinstance(size, int) or not 0 <= size <= _MOST_BYTES:
        raise _invalid_listing(part, f"it says that {name} has {str(size)[:40]} bytes")
    sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
    if not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None:
        sha256 = None
    git_id = sibling.blob_id if sibling.lfs is None else None
    if not isinstance(git_id, str) or _GIT_ID.fullmatch(git_id) is None:
        git_id = None
    return RepoFile(name, size, sha256, git_id, commit)


def is_plain_path(name: object) -> bool:
    """Return whether ``name`` is a relative path to a file inside a folder on every system."""
    if not isinstance(name, str):
        return False
    parts = name.split("/")
    return len(parts) <= _MOST_PARTS and all(
        _NAME.fullmatch(each) is not None and not each.endswith(".") and _DEVICE.fullmatch(each) is None
        for each in parts
    )


def _invalid_listing(part: HubPart, reason: str) -> StartError:
    return StartError(Code.WEIGHTS_UNREACHABLE, repository=part.repository, reason=reason)
