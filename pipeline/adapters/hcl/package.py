"""A module and the local modules that it calls, read from any tree of files."""

import posixpath
from collections.abc import Callable, Mapping

from pipeline.adapters.hcl.module import ModuleReader
from pipeline.domain.rules.addresses import Package

ReadFolder = Callable[[str], Mapping[str, bytes]]
"""Folder (`.` is the root) → path and content of the files directly in it; empty where there is none."""


def read_package(
    folder: str, read: ReadFolder, reader: ModuleReader, blobs: Mapping[str, str] | None = None
) -> Package:
    """The module in `folder` with all that it calls by relative paths; a circle ends where it closes."""
    return _read(posixpath.normpath(folder), read, reader, blobs or {}, ())


def _read(
    folder: str, read: ReadFolder, reader: ModuleReader, blobs: Mapping[str, str], outer: tuple[str, ...]
) -> Package:
    interface = reader.read(read(folder), blobs)
    calls = {}
    for call in interface.modules.values():
        target = posixpath.normpath(posixpath.join(folder, call.source))
        if call.is_local and target not in (*outer, folder) and read(target):
            calls[call.name] = _read(target, read, reader, blobs, (*outer, folder))
    return Package(interface=interface, calls=calls)
