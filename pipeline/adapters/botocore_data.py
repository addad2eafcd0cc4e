"""Reads botocore's data folder once in a process, not once in every session (botocore 1.43).

A session has a loader of its own, and each loader lists four hundred folders and parses the models of its services
again: moto opens fifty sessions while it is imported (1.2 of 4 s), a snapshot of an account opens one.
"""

import threading
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
