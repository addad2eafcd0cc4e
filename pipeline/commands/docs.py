"""`modferry docs`: README tables written from the interface, or checked against it.

Only modules whose README has the markers are concerned; the others are named, never changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.interface.elements import Interface
from pipeline.domain.module import ROOT, Module, ModuleGraph
from pipeline.domain.readme import has_markers, is_current, render, replace

ReadInterface = Callable[[Mapping[str, bytes]], Interface]
"""Files of one folder by path → the interface; raises UsageError with file, line and column."""
README = "README.md"


class DocsState(Enum):
    """How the tables of a README stand to the module's files."""

    CURRENT = "current"
    STALE = "stale"
    NO_MARKERS = "no markers"
    NO_README = "no README"


@dataclass(frozen=True, kw_only=True)
class DocsRow:
    """One module's README: its state, and its text as it should be (None where there is nothing to write)."""

    module: str
    readme: str
    state: DocsState
    text: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"module": self.module, "readme": self.readme, "state": self.state.value}


def plan_docs(project: Project, read: ReadInterface, names: Sequence[str] = ()) -> tuple[DocsRow, ...]:
    """What the README of each module (all, or those named) is and should be."""
    graph = project.graph()
    wanted = [graph.find(name) for name in names] or [graph.modules[name] for name in sorted(graph.modules)]
    return tuple(docs_row(graph, module, read) for module in wanted)


def docs_row(graph: ModuleGraph, module: Module, read: ReadInterface) -> DocsRow:
    """One module's README against its files."""
    prefix = "" if module.path == ROOT else f"{module.path}/"
    readme = prefix + README
    own = [path for path in graph.folders[module.path] if "/" not in path[len(prefix) :]]
    if readme not in own:
        return DocsRow(module=module.name, readme=readme, state=DocsState.NO_README)
    text = graph.files.read(readme).decode(errors="replace")
    if not has_markers(text):
        return DocsRow(module=module.name, readme=readme, state=DocsState.NO_MARKERS)
    code = [path for path in own if path.endswith((".tf", ".tf.json"))]
    graph.files.load(code)
    tables = render(read({path: graph.files.read(path) for path in code}))
    if is_current(text, tables):
        return DocsRow(module=module.name, readme=readme, state=DocsState.CURRENT)
    return DocsRow(module=module.name, readme=readme, state=DocsState.STALE, text=replace(text, tables))


def write_docs(rows: Sequence[DocsRow], write: Callable[[str, str], None]) -> tuple[DocsRow, ...]:
    """Write the stale READMEs through `write(path, text)`; returns the rows that were written."""
    stale = tuple(row for row in rows if row.text is not None)
    for row in stale:
        assert row.text is not None
        write(row.readme, row.text)
    return stale
