"""The program behind the moto target: moto's server with our corrections. `-m …moto_server --address-file FILE`.

Promise: it listens on loopback only and writes its port into FILE when it accepts connections, so that no
two starts can fight for a port.
"""

import argparse
import functools
import io
import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.adapters.botocore_data import read_once

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def one_at_a_time(application: Application) -> Application:
    """Requests in turn, each with its body read before. moto's backends and templates are shared by its threads and
    guarded by nothing: what breaks after the effect is answered 500, asked again by every SDK, and then conflicts.
    Long polls (SQS) wait outside of the turn."""
    turn = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        if "ReceiveMessage" in environ.get("HTTP_X_AMZ_TARGET", ""):
            return application(environ, start_response)
        with turn:
            return application(environ, start_response)

    return serve


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--stock", action="store_true", help="moto as it is: proves that corrections are needed")
    options = parser.parse_args()
    read_once()

    if not options.stock:
        from pipeline.adapters.emulators import corrections

        corrections.apply()

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line a request, and a log file for ever
    application = DomainDispatcherApplication(create_backend_app)
    # It lists moto's folder and tries four hundred patterns at each request, twice: a sixth of its time.
    application.get_backend_for_host = functools.cache(application.get_backend_for_host)  # type: ignore[method-assign]
    server = make_server(
        "127.0.0.1", options.port, one_at_a_time(application), threaded=True, request_handler=MotoRequestHandler
    )
    part = options.address_file.with_suffix(".part")
    part.write_text(str(server.server_port))
    part.replace(options.address_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
