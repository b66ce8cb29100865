"""A small HTTP proxy on loopback for plain addresses: counts, and leads all to one port."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Thread
from urllib.parse import urlsplit

from tests.klein.hub import QuietServer

_OF_ONE_CONNECTION = frozenset(
    ("connection", "proxy-connection", "proxy-authorization", "keep-alive", "host")
)


class ForwardProxy:
    """``asked`` are the addresses that it was asked for, with their hosts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.authorisations: list[str] = []
        self.address = ""


@contextmanager
def forward_proxy(port: int) -> Iterator[ForwardProxy]:
    """Run a proxy that leads everything to ``port`` of loopback."""
    proxy = ForwardProxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            proxy.asked.append(self.path)
            proxy.authorisations += self.headers.get_all("Proxy-Authorization", [])
            parts = urlsplit(self.path)
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_CONNECTION
            }
            try:
                there.request(self.command, f"{parts.path}?{parts.query}", headers=headers)
                answer = there.getresponse()
                body = answer.read()
            finally:
                there.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_ONE_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - as BaseHTTPRequestHandler calls it

        def log_message(self, format: str, *args: object) -> None:
            return

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        proxy.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
