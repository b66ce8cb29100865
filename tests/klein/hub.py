"""As much of the Hugging Face hub as a download needs, on loopback."""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

MOST_FETCHES = 12
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "some-lab/some-klein"


class Hub:
    """Serves ``repositories`` (name to folder); ``fetched`` are the names of files that were asked for.

    ``ranges`` are the first bytes that were asked for. After ``stall_after_bytes`` of a file it sends no more
    and sets ``stalled``, until ``release`` is set. ``wrong`` names files of which other bytes are sent
    than were published. With ``ignores_ranges`` it sends every file from its beginning. ``edit`` may change
    what the listing says before it is sent. ``longer_by`` bytes are sent beyond each file's end. ``portal``
    is a page that answers everything. ``refuses_tokens`` as the public hub does where one has expired.

    Who asks ``MOST_FETCHES`` times for one file gets an error: a client that would go on for ever ends.
    """

    def __init__(self, repositories: Mapping[str, Path]) -> None:
        self.repositories = dict(repositories)
        self.folder = self.repositories[REPOSITORY]
        self.fetched: list[str] = []
        self.ranges: list[tuple[str, int]] = []
        self.stall_after_bytes: int | None = None
        self.stalled = Event()
        self.release = Event()
        self.wrong: set[str] = set()
        self.ignores_ranges = False
        self.edit: Callable[[dict[str, Any]], None] = lambda _: None
        self.longer_by = 0
        self.portal: bytes | None = None
        self.refuses_tokens = False
        self.endpoint = ""

    def names(self) -> list[str]:
        return _names(self.folder)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _git_id(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class QuietServer(ThreadingHTTPServer):
    """A client that leaves in the middle of an answer, as an abandoned download does, is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(folder: Path, others: Mapping[str, Path] | None = None) -> Iterator[Hub]:
    hub = Hub({REPOSITORY: folder, **(others or {})})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            if hub.portal is not None:
                self.send(200, {"Content-Type": "text/html"}, hub.portal, with_body)
                return
            if hub.refuses_tokens and "Authorization" in self.headers:
                self.send(401, {"X-Error-Message": "Invalid credentials"}, b"", with_body)
                return
            for repository, place in hub.repositories.items():
                if path == f"/api/models/{repository}/revision/main":
                    body = self.listing(repository, place)
                    self.send(200, {"Content-Type": "application/json"}, body, with_body)
                    return
                if (match := re.fullmatch(rf"/{repository}/resolve/main/(.+)", path)) is not None:
                    self.send_file(place, match[1], with_body=with_body)
                    return
            self.send(404, {"X-Error-Code": "RepoNotFound"}, b"", with_body)

        def listing(self, repository: str, place: Path) -> bytes:
            siblings = []
            for name in _names(place):
                size = (place / name).stat().st_size
                sibling: dict[str, Any] = {"rfilename": name, "size": size, "blobId": _git_id(place / name)}
                if name.endswith(".safetensors"):
                    sibling["lfs"] = {"sha256": _sha256(place / name), "size": size, "pointerSize": 134}
                siblings.append(sibling)
            listing = {"id": repository, "sha": COMMIT, "siblings": siblings}
            hub.edit(listing)
            return json.dumps(listing).encode()

        def send_file(self, place: Path, name: str, *, with_body: bool) -> None:
            if not (place / name).is_file():
                self.send(404, {"X-Error-Code": "EntryNotFound"}, b"", with_body)
                return
            content = (place / name).read_bytes() + bytes(hub.longer_by)
            headers = {"ETag": f'"{_sha256(place / name)}"', "X-Repo-Commit": COMMIT}
            if name in hub.wrong:
                content = content[:-1] + bytes([content[-1] ^ 1])
            if with_body:
                hub.fetched.append(name)
            if hub.fetched.count(name) > MOST_FETCHES:
                self.send(500, {}, b"", with_body)
                return
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked is None or hub.ignores_ranges:
                self.send(200, headers, content, with_body)
                return
            start = int(asked[1])
            hub.ranges.append((name, start))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send(206, headers, content[start:], with_body)

        def send(self, status: int, headers: dict[str, str], body: bytes, with_body: bool) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not with_body:
                return
            most = hub.stall_after_bytes
            if most is None or len(body) <= most:
                self.wfile.write(body)
                return
            self.wfile.write(body[:most])
            self.wfile.flush()
            hub.stalled.set()
            hub.release.wait(60)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        hub.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.release.set()
            server.shutdown()
            thread.join()


def ignore(_: float) -> None:
    return


def never() -> bool:
    return False
