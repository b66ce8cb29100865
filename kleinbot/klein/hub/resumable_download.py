"""Downloads files into the hub's cache, resuming where an earlier process stopped. Imports no torch.

Since 2.0 huggingface_hub uses a temporary file per process, so a start killed at 15 of 16 GB would start
over. It also takes cache names from response headers. Here ``klein.hub.listing`` has validated every name and
size, and the cache layout is the one that the client expects: ``blobs/<hash>``,
``snapshots/<commit>/<name>``, ``refs/<revision>``.
"""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import file_download, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.hub.published import RepoFile
from kleinbot.klein.hub.requests import HTTP_ERROR, TIMEOUT_S, IncompleteDownloadError, with_or_without_token

_PIECE_BYTES = 1 << 20
_PARTIAL_CONTENT = 206


def downloaded_bytes(cache: Path, repository: str, file: RepoFile) -> int:
    """Return how many bytes of ``file`` earlier attempts have downloaded into the hub's ``cache``."""
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
    """Download ``file`` into the hub's ``cache``; return the blob.

    ``on_bytes`` receives the number of downloaded bytes. A broken connection is resumed as long as each
    attempt makes progress.

    Raises StartError WEIGHTS_UNREACHABLE if another process is downloading it, or if the hub sends more bytes
    than announced; HTTP_ERROR; IncompleteDownloadError; OSError.
    """
    blob = _blob(cache, repository, file)
    if blob.is_file():
        return blob
    part = _part(blob)
    part.parent.mkdir(parents=True, exist_ok=True)
    url = hf_hub_url(repository, file.name, revision=revision, endpoint=endpoint)
    try:
        with FileLock(f"{part}.lock", timeout=0):
            while (before := _size(part)) != file.bytes or not part.is_file():
                if before > file.bytes:
                    part.unlink()
                    continue
                try:
                    _append(url, part, repository, file, on_bytes)
                except (HTTP_ERROR, IncompleteDownloadError):
                    if _size(part) <= before:
                        raise
            part.replace(blob)
    except Timeout as error:
        reason = "another process is downloading it"
        raise StartError(Code.WEIGHTS_UNREACHABLE, repository=repository, reason=reason) from error
    return blob


def link_into_snapshot(cache: Path, repository: str, revision: str, file: RepoFile, blob: Path) -> Path:
    """Link ``blob`` where the hub's client looks for ``file`` at ``revision``; return that path.

    Without support for links (Windows), the blob itself is moved there, so that nothing is stored twice.

    Raises OSError.
    """
    folder = _folder(cache, repository)
    path = folder / "snapshots" / file.commit / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if file_download.are_symlinks_supported(cache):
        above = Path(*[".."] * len(path.parent.relative_to(folder).parts))
        path.symlink_to(above / blob.relative_to(folder))
    else:
        blob.replace(path)
    note = folder / "refs" / revision
    if not note.is_file() or note.read_text("utf-8") != file.commit:
        note.parent.mkdir(parents=True, exist_ok=True)
        written = note.with_name(f"{note.name}.kleinbot")
        written.write_text(file.commit, "utf-8")
        written.replace(note)
    return path


def _append(url: str, part: Path, repository: str, file: RepoFile, on_bytes: Callable[[int], None]) -> None:
    with_or_without_token(lambda token: _append_as(token, url, part, repository, file, on_bytes))


def _append_as(
    token: bool | None,
    url: str,
    part: Path,
    repository: str,
    file: RepoFile,
    on_bytes: Callable[[int], None],
) -> None:
    start = _size(part)
    headers = {**build_hf_headers(token=token), "Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    if start == 0:
        # A range that starts past the end of an empty file cannot be satisfied.
        del headers["Range"]
    with get_session().stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S
    ) as response:
        hf_raise_for_status(response)
        is_rest = response.status_code == _PARTIAL_CONTENT
        there = start if is_rest else 0
        with part.open("ab" if is_rest else "wb") as content:
            for piece in response.iter_bytes(_PIECE_BYTES):
                if there + len(piece) > file.bytes:
                    break
                content.write(piece)
                there += len(piece)
                on_bytes(there)
            else:
                if there < file.bytes:
                    raise IncompleteDownloadError
                return
    part.unlink()
    reason = f"it sends more of {file.name} than the {file.bytes} bytes that it announced"
    raise StartError(Code.WEIGHTS_UNREACHABLE, repository=repository, reason=reason)


def _folder(cache: Path, repository: str) -> Path:
    return cache / repo_folder_name(repo_id=repository, repo_type="model")


def _blob(cache: Path, repository: str, file: RepoFile) -> Path:
    return _folder(cache, repository) / "blobs" / file.blob


def _part(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
