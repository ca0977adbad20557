"""A web server on 127.0.0.1 that says exactly what a test tells it to, the wrong things included."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    path: str
    """As on the request line: the whole URL where the server stands in for a proxy."""
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One answer; the defaults make it a good one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = False
    """Whether a Range header is honoured."""
    cut: int | None = None
    """Close the connection after so many bytes of the body."""
    reset: bool = False
    """Reset the connection instead of answering."""
    stall: float = 0.0
    """Seconds of silence before the body."""
    chunked: bool = False
    """Send the body with Transfer-Encoding: chunked."""


class Loopback:
    """Serves ``routes``: a path's replies in order, the last one again and again; anything else is a 404."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, list[Reply] | Callable[[Request], Reply]] = {}
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._served: dict[str, int] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, path: str, *replies: Reply) -> str:
        """Serve the replies at ``path``, and give its URL."""
        self.routes[path] = list(replies)
        return self.url + path

    def asked(self, path: str) -> int:
        """Count the requests for ``path``."""
        return sum(request.path == path for request in self.requests)

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            route = self.routes.get(request.path)
            if route is None:
                return Reply(status=404)
            if not isinstance(route, list):
                return route(request)
            place = self._served.get(request.path, 0)
            self._served[request.path] = place + 1
            return route[min(place, len(route) - 1)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests hang up on purpose."""


def _cut_range(reply: Reply, wanted: str) -> tuple[int, bytes, dict[str, str]]:
    """Give status, body and headers, a Range header (one range) taken into account."""
    body, extra = reply.body, dict(reply.headers)
    if not (reply.ranges and wanted):
        return reply.status, body, extra
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start = int(first) if first else max(0, len(body) - int(last))
    end = min(int(last), len(body) - 1) if first and last else len(body) - 1
    return 206, body[start : end + 1], {**extra, "Content-Range": f"bytes {start}-{end}/{len(body)}"}


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = loopback.answer(Request(path=self.path, headers=headers))
            if reply.reset:
                # An RST rather than a FIN: what a firewall or a crashed server does.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            with contextlib.suppress(OSError):
                self._send(reply, headers.get("range", ""))

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(self, reply: Reply, wanted: str) -> None:
            status, body, extra = _cut_range(reply, wanted)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if reply.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            elif "Content-Length" not in extra and status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.flush()
            if self.command != "HEAD":
                time.sleep(reply.stall)
                self.wfile.write(body[: reply.cut])
                self.close_connection = self.close_connection or reply.cut is not None

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
