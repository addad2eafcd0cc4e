"""Reads botocore's data folder once in a process, not once in every session (botocore 1.43).

A session has a loader of its own, and each loader lists four hundred folders and parses the models of its services
again: moto opens fifty sessions while it is imported (1.2 of 4 s), a snapshot of an account opens one.
"""

import os
import threading
from collections.abc import Iterable
from typing import Any


def read_once() -> None:
    """From here on, what was read or listed in this process is kept. Safe to call twice."""
    from botocore.loaders import JSONFileLoader, Loader

    if hasattr(JSONFileLoader.load_file, "modferry"):
        return
    read, listed = JSONFileLoader.load_file, Loader.list_available_services
    files, services = dict[str, Any](), dict[Any, list[str]]()
    # Forty threads that describe an account begin at once; without the lock each of them lists the folder.
    listing = threading.Lock()

    def load_file(self: Any, file_path: str) -> Any:
        if file_path not in files:
            files[file_path] = read(self, file_path)
        return files[file_path]

    def list_available_services(self: Any, type_name: str) -> list[str]:
        key = (tuple(dict.fromkeys(self.search_paths)), type_name)
        with listing:
            if key not in services:
                services[key] = listed(self, type_name)
        return services[key]

    load_file.modferry = True  # type: ignore[attr-defined]
    JSONFileLoader.load_file = load_file
    Loader.list_available_services = list_available_services


def read_models(loader: Any, services: Iterable[str]) -> None:
    """Have a session's loader keep what clients of these services are made from."""
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)


class Models:
    """botocore's descriptions of services, kept for the processes that are forked later."""

    def __init__(self) -> None:
        import boto3.session
        import botocore.session
        import localstack_client.session  # noqa: F401 - imported for those that are forked

        read_once()
        session = botocore.session.Session()
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        boto3.session.Session("nobody", "nobody", region_name="us-east-1", botocore_session=session)
        self._loader = session.get_component("data_loader")
        for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
            self._loader.load_data(name)
        self._known = set(self._loader.list_available_services("service-2"))

    def read(self, services: set[str]) -> None:
        """Read them; a name that is no service's is left for the test to find out."""
        read_models(self._loader, sorted(services & self._known))
