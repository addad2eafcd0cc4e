"""HTTP/1.1 as moto's server speaks it: many requests over one connection.

werkzeug's own handler closes each connection after one request, and a connection with its thread costs more than
what moto does for a small request.

Promise: a request is read whole before it is asked, so that nothing of it is taken for the next one, and one that
does not come whole is not asked. An answer says its length and leaves in one piece: half as many packets, and a
client that is about to give up its connection (see turns.py) has most answers already. The client closes the
connection, never we: Go does not send a POST again that met a closing server.
"""

import email.utils
import functools
import io
import time
import traceback
from typing import Any

from werkzeug.exceptions import InternalServerError
from werkzeug.serving import WSGIRequestHandler

from pipeline.adapters.emulators.turns import Answer, Application, ask

_FRAMING = {"connection", "content-length", "transfer-encoding"}
"""Headers that say where an answer ends: ours to write."""


class KeptConnection(WSGIRequestHandler):
    """Stands before another handler, which makes the environ: `class Handler(KeptConnection, Other)`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request. `100 Continue` was said where it was expected: http.server does, werkzeug again."""
        environ = self.make_environ()
        try:
            environ["wsgi.input"] = io.BytesIO(self._body(environ))
        except (EOFError, OSError, ValueError) as error:
            self.send_error(400, explain=str(error))  # and closes: where the next request begins is anybody's guess
            return
        application: Application = self.server.app
        try:
            message = self._message(ask(application, environ))
        except Exception:  # noqa: BLE001 - whatever moto raises is its answer 500, as with werkzeug
            self.server.log("error", f"Error on request:\n{traceback.format_exc()}")
            message = self._message(ask(InternalServerError(), environ))
        self.connection.sendall(message)

    def _body(self, environ: dict[str, Any]) -> bytes:
        """All of it. Raises EOFError, OSError or ValueError where it does not come whole."""
        if environ.get("wsgi.input_terminated"):  # chunked
            whole: bytes = environ["wsgi.input"].read()
            return whole
        length = environ.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()):
            raise ValueError(f"no length of a body: {length}")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise EOFError(f"{len(body)} of {length} bytes came")
        return body

    def _message(self, answer: Answer) -> bytes:
        """Head and body; the answer to HEAD says the length of a body that it does not have."""
        bare = self.command == "HEAD" or answer.status.startswith(("1", "204", "304"))
        head = [f"{self.protocol_version} {answer.status}", f"Server: {self.version_string()}"]
        head.append(f"Date: {_date(int(time.time()))}")
        kept = _FRAMING - {"content-length"} if bare else _FRAMING
        head += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in kept]
        if not bare:
            head.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            head.append("Connection: close")
        return "\r\n".join((*head, "", "")).encode("latin-1") + (b"" if bare else answer.body)


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
