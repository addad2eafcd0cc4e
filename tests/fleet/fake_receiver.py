"""A receiver of webhooks on loopback that remembers what it got, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(kw_only=True)
class Receiver:
    """`answers` are used up one call each, then it is `200`. `got`: (path, body) of every call."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serve(receiver: Receiver) -> Iterator[Receiver]:
    """Serve on a free port of this machine until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Tests read `got` instead."""

        def do_GET(self) -> None:
            receiver.got.append((f"GET {self.path}", None))
            self.answer(200)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            receiver.got.append((self.path, body))
            self.answer(receiver.answers.pop(0) if receiver.answers else 200)

        def answer(self, code: int) -> None:
            self.send_response(code)
            if code in (301, 302, 307):
                self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
