"""A small GitHub on loopback that remembers: comments of one pull request, release pages, authors, faults on demand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_fake"


@dataclass(kw_only=True)
class FakeGitHub:
    """`comments` in order; `faults` says which calls (from 1) get a status code instead of an answer."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[int, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    releases: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def add(self, body: str, kind: str = "Bot") -> dict[str, Any]:
        number = len(self.comments) + 1
        made = {"id": number, "body": body, "user": {"type": kind}, "html_url": f"https://github.test/c/{number}"}
        self.comments.append(made)
        return made


@contextmanager
def serve(github: FakeGitHub) -> Iterator[FakeGitHub]:
    """Serve on a free port of this machine until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Tests read `calls` instead."""

        def answer(self, code: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle_call(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length)) if length else {}
            github.calls.append(f"{self.command} {self.path}")
            path = urlsplit(self.path)
            fault = github.faults.get(len(github.calls))
            if fault:
                self.answer(fault, {"message": "no"})
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self.answer(401, {"message": "Bad credentials"})
            elif self.command == "GET" and path.path == "/repos/acme/infra/issues/7/comments":
                query = parse_qs(path.query)
                size, page = int(query["per_page"][0]), int(query["page"][0])
                self.answer(200, github.comments[size * (page - 1) : size * page])
            elif self.command == "GET" and path.path == "/repos/acme/infra/releases":
                query = parse_qs(path.query)
                size, page = int(query["per_page"][0]), int(query["page"][0])
                self.answer(200, github.releases[::-1][size * (page - 1) : size * page])
            elif self.command == "POST" and path.path == "/repos/acme/infra/releases":
                if any(made["tag_name"] == sent["tag_name"] for made in github.releases):
                    self.answer(422, {"message": "Validation Failed"})
                else:
                    made = {**sent, "draft": False, "html_url": f"https://github.test/r/{sent['tag_name']}"}
                    github.releases.append(made)
                    self.answer(201, made)
            elif self.command == "POST" and path.path == "/repos/acme/infra/issues/7/comments":
                if len(sent["body"]) > 65_536:
                    self.answer(422, {"message": "Body is too long"})
                else:
                    self.answer(201, github.add(sent["body"]))
            elif self.command == "PATCH" and path.path.startswith("/repos/acme/infra/issues/comments/"):
                found = github.comments[int(path.path.rpartition("/")[2]) - 1]
                found["body"] = sent["body"]
                self.answer(200, found)
            else:
                self.answer(404, {"message": "Not Found"})

        do_GET = do_POST = do_PATCH = handle_call  # noqa: N815 - the names that http.server calls

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
