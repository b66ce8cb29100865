"""Large files of the hub into its cache, from where an earlier process stopped. No torch.

huggingface_hub gives each process its own temporary file since 2.0, so a start that is killed at 15 of 16 GB
would begin anew. What is complete here lies where the hub's own client looks for it first.
"""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.published import RepoFile

# The base of all that the hub's HTTP client raises: httpx's or httpx2's, as this version of the hub uses.
HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]

_PIECE_BYTES = 1 << 20
_PARTIAL_CONTENT = 206

SILENCE_S = 30.0
"""For so long the hub may say nothing before it counts as unreachable."""


class _StoppedError(Exception):
    """The connection ended before the file did."""


def begun_bytes(cache: Path, repository: str, file: RepoFile) -> int:
    """Return how much of ``file`` has arrived in the hub's ``cache`` in earlier attempts."""
    if file.sha256 is None:
        return 0
    blob = _blob(cache, repository, file)
    for path in (blob, _part(blob)):
        if path.is_file():
            return min(file.bytes, path.stat().st_size)
    return 0


def fetch_blob(
    cache: Path,
    repository: str,
    revision: str,
    endpoint: str | None,
    file: RepoFile,
    on_bytes: Callable[[int], None],
) -> Path:
    """Put ``file``, of which a hash is published, into the hub's ``cache``; return the blob.

    ``on_bytes`` is told how many bytes are there. A connection that breaks is taken up again as long as each
    attempt brings something.

    Raises StartError WEIGHTS_UNREACHABLE where another process does the same; HTTP_ERROR; OSError.
    """
    blob = _blob(cache, repository, file)
    if blob.is_file():
        return blob
    part = _part(blob)
    part.parent.mkdir(parents=True, exist_ok=True)
    url = hf_hub_url(repository, file.name, revision=revision, endpoint=endpoint)
    try:
        with FileLock(f"{part}.lock", timeout=0):
            while (before := _size(part)) != file.bytes:
                if before > file.bytes:
                    part.unlink()
                    continue
                try:
                    _append(url, part, file, on_bytes)
                except (HTTP_ERROR, _StoppedError):
                    if _size(part) <= before:
                        raise
            part.replace(blob)
    except Timeout as error:
        reason = "another process is downloading it"
        raise StartError(Code.WEIGHTS_UNREACHABLE, repository=repository, reason=reason) from error
    except _StoppedError as error:
        reason = "the connection ends again and again"
        raise StartError(Code.WEIGHTS_UNREACHABLE, repository=repository, reason=reason) from error
    return blob


def _append(url: str, part: Path, file: RepoFile, on_bytes: Callable[[int], None]) -> None:
    start = _size(part)
    headers = {**build_hf_headers(), "Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    with get_session().stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=SILENCE_S
    ) as response:
        hf_raise_for_status(response)
        is_rest = response.status_code == _PARTIAL_CONTENT
        there = start if is_rest else 0
        with part.open("ab" if is_rest else "wb") as content:
            for piece in response.iter_bytes(_PIECE_BYTES):
                content.write(piece)
                there += len(piece)
                on_bytes(there)
    if there < file.bytes:
        raise _StoppedError


def _blob(cache: Path, repository: str, file: RepoFile) -> Path:
    folder = cache / repo_folder_name(repo_id=repository, repo_type="model") / "blobs"
    return folder / str(file.sha256)


def _part(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
