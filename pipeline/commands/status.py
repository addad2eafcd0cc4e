"""`modferry status`: main's pins and the ledger, gathered after a fetch, as one board."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipeline.commands.project import Project
from pipeline.domain.fleet.board import plan_board
from pipeline.domain.fleet.rows import Board, MainStack
from pipeline.domain.fleet.through import Through, find_through
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.reach import RESERVED
from pipeline.errors import UsageError
from pipeline.ports import Tree


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Where the fleet is looked at from. `main(offline)` is the commit of the shared main branch (None: there is
    none yet), fetched before, and the ledger with it, unless `offline`; `source` the repository address that pins
    name."""

    project: Project
    main: Callable[[bool], str | None]
    source: str


def read_board(outlook: Outlook, *, offline: bool) -> Board:
    """The fleet now; with `offline` as last fetched."""
    project = outlook.project
    main = outlook.main(offline)
    stacks = read_stacks(outlook, project.repository.tree(main)) if main else ()
    history = project.ledger.history()
    return plan_board(history, main or "", stacks, project.settings, project.tag_format, project.clock())


def look_through(outlook: Outlook, board: Board) -> Board:
    """The board with the modules that each pinned one brings along. Reads a tree for each version that is pinned."""
    project = outlook.project
    history, tags = project.ledger.history(), project.repository.tags()
    found: dict[tuple[str, str], tuple[Through, ...]] = {}
    for module, ref in sorted({(pin.module, pin.ref) for stack in board.stacks for pin in stack.pins}):
        commit = tags.get(ref)
        if commit:
            found[module, ref] = find_through(module, project.graph(commit), history)
    stacks = (
        replace(stack, pins=tuple(replace(pin, through=found.get((pin.module, pin.ref))) for pin in stack.pins))
        for stack in board.stacks
    )
    return replace(board, stacks=tuple(stacks))


def read_stacks(outlook: Outlook, tree: Tree) -> Sequence[MainStack]:
    """Every stack of a tree with its pins, read in one go."""
    folder = outlook.project.settings.environments_path.strip("/") + "/"
    found: dict[tuple[str, str], list[str]] = {}
    for path in tree.paths():
        if path.startswith(folder):
            parts = path[len(folder) :].split("/", 2)
            if len(parts) == 3 and parts[1] != RESERVED and tree.mode(path) != "120000":
                found.setdefault((parts[0], parts[1]), []).append(path)
    stacks = {name: paths for name, paths in found.items() if any(_is_own_code(path, folder) for path in paths)}
    load = getattr(tree, "load", None)
    if load:
        load([path for paths in stacks.values() for path in paths])
    return [_read_stack(outlook, tree, f"{folder}{e}/{s}/", e, s, paths) for (e, s), paths in stacks.items()]


def _read_stack(
    outlook: Outlook, tree: Tree, prefix: str, environment: str, stack: str, paths: Sequence[str]
) -> MainStack:
    files = {path[len(prefix) :]: tree.read(path) for path in paths}
    try:
        pins = refs_of(find_pins({name: data for name, data in files.items() if b"module" in data}, outlook.source))
    except UsageError as error:
        raise UsageError(f"{environment}/{stack}: {error.what}", remedy=error.remedy) from error
    return MainStack(environment=environment, stack=stack, pins=pins, digest=content_digest(files))


def _is_own_code(path: str, folder: str) -> bool:
    return path.count("/", len(folder)) == 2 and path.endswith((".tf", ".tf.json"))
