"""A proxy before a store that answers some requests with 503, and cuts some off: half of these after the store has done them."""

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers of one connection, which a proxy sets itself."""


class Proxy(ThreadingHTTPServer):
    """``answers`` counts what became of requests: ``passed``, ``503``, ``cut before``, ``cut after``."""

    daemon_threads = True

    def __init__(self, store: str, *, share: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store, self.share, self.rng = store.removeprefix("http://"), share, random.Random(seed)
        self.answers: Counter[str] = Counter()
        self.deciding = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def decide(self) -> str:
        with self.deciding:
            fails = self.rng.random() < self.share
            answer = self.rng.choice(["503", "cut before", "cut after"]) if fails else "passed"
            self.answers[answer] += 1
        return answer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that a cut surprised says so itself."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.decide()
        if answer == "503":
            return self._send(503, [("Content-Type", "application/xml")], SLOW_DOWN)
        if answer == "cut before":
            return self._cut()
        upstream = http.client.HTTPConnection(self.server.store, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP - {"content-length"}:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            found = upstream.getresponse()
            content = found.read()
            length = found.getheader("Content-Length") if self.command == "HEAD" else None
            headers = [(name, value) for name, value in found.getheaders() if name.lower() not in HOP]
        finally:
            upstream.close()
        return self._cut() if answer == "cut after" else self._send(found.status, headers, content, length)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes, length: str | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _cut(self) -> None:
        # With nothing to linger for, closing is a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Tests print what they count."""


@contextmanager
def proxy(store: str, *, share: float = 0.05, seed: int = 1) -> Iterator[Proxy]:
    """A proxy before a store's endpoint, of which a share of requests fails."""
    made = Proxy(store, share=share, seed=seed)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
