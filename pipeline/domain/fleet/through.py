"""Modules that a pinned module brings along: it calls them by path, at the commit of its own tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.history import History
from pipeline.domain.module import ModuleGraph
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Through:
    """A module that comes with another one. `version` is the newest release with the very same bytes; None: these
    bytes were never released by themselves."""

    module: str
    version: Version | None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"module": self.module, "version": str(self.version) if self.version else None}

    def __str__(self) -> str:
        return f"{self.module} {self.version or 'as never released'}"


def find_through(module: str, graph: ModuleGraph, history: History) -> tuple[Through, ...]:
    """What `module` brings along; `graph` is of the commit that its pin names. None where that has no such module."""
    if module not in graph.modules:
        return ()
    known: Mapping[tuple[str, str], Version] = {
        (release.module, release.shipped): version for (_, version), release in sorted(history.releases.items())
    }
    return tuple(
        Through(module=name, version=known.get((name, graph.shipped_digest(graph.modules[name]))))
        for name in graph.closure(graph.modules[module])
        if name in graph.modules and name != module
    )
