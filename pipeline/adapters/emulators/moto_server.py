"""The program behind the moto target: moto's server with our corrections. `-m …moto_server --address-file FILE`.

Promise: it listens on loopback only and writes its port into FILE when it accepts connections, so that no
two starts can fight for a port.
"""

import argparse
import gc
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.botocore_data import read_once
from pipeline.adapters.collected import kept
from pipeline.adapters.emulators.turns import in_turns

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


COLLECTED_AT = 50_000
"""Objects made until the collector looks again. Python's 700 is for programs that are small: here it went through all
that a service is made of, again and again while it was imported, which took a quarter of a start."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--stock", action="store_true", help="moto as it is: proves that corrections are needed")
    options = parser.parse_args()
    gc.set_threshold(COLLECTED_AT)
    with kept():
        server = _made(options.port, stock=options.stock)
    part = options.address_file.with_suffix(".part")
    part.write_text(str(server.server_port))
    part.replace(options.address_file)
    server.serve_forever()


def _made(port: int, *, stock: bool) -> "BaseWSGIServer":
    read_once()

    if not stock:
        from pipeline.adapters.emulators import corrections

        corrections.apply()

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from pipeline.adapters.emulators import moto, shortcuts
    from pipeline.adapters.emulators.connections import KeptConnection
    from pipeline.adapters.emulators.side_door import with_side_door

    class Handler(KeptConnection, MotoRequestHandler):
        """moto's environ, our connections."""

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line a request, and a log file for ever
    application = DomainDispatcherApplication(create_backend_app)
    shortcuts.take()
    shortcuts.of_hosts(application)
    version = f"{moto.version()}, stock" if stock else moto.version()
    served = in_turns(with_side_door(application, version))
    return make_server("127.0.0.1", port, served, threaded=True, request_handler=Handler)


if __name__ == "__main__":
    main()
