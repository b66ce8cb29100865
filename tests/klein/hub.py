"""As much of the Hugging Face hub as a download needs, on loopback."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "some-lab/some-klein"


class Hub:
    """Serves the files of ``folder`` as ``REPOSITORY``; ``fetched`` are the names that were downloaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetched: list[str] = []
        self.endpoint = ""

    def names(self) -> list[str]:
        return sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        )


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    hub = Hub(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            if path == f"/api/models/{REPOSITORY}/revision/main":
                self.send(200, {"Content-Type": "application/json"}, self.repository(), with_body)
            elif (match := re.fullmatch(rf"/{REPOSITORY}/resolve/main/(.+)", path)) is not None:
                self.send_file(match[1], with_body=with_body)
            else:
                self.send(404, {"X-Error-Code": "RepoNotFound"}, b"", with_body)

        def repository(self) -> bytes:
            siblings = [
                {"rfilename": name, "size": (folder / name).stat().st_size, "blobId": name}
                for name in hub.names()
            ]
            return json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}).encode()

        def send_file(self, name: str, *, with_body: bool) -> None:
            content = (folder / name).read_bytes()
            headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            if with_body:
                hub.fetched.append(name)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked is None:
                self.send(200, headers, content, with_body)
                return
            start = int(asked[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send(206, headers, content[start:], with_body)

        def send(self, status: int, headers: dict[str, str], body: bytes, with_body: bool) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
