"""`modferry history`: what happened, entry by entry, from the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.fleet.sentences import tell_all
from pipeline.domain.ledger import Entry, check_chain

ReadEntries = Callable[[], Sequence[Entry]]
"""Every entry of the ledger as known here, in order."""
ReadNewest = Callable[[int], tuple[Sequence[Entry], Sequence[Entry]]]
"""The newest entries, checked, and the earlier ones that opened the promotions they speak of."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One entry as a sentence."""

    entry: Entry
    modules: tuple[str, ...]
    environment: str
    says: str

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "number": self.entry.number,
            "id": self.entry.id,
            "at": self.entry.at,
            "actor": self.entry.actor,
            "kind": self.entry.kind,
            "modules": list(self.modules),
            "environment": self.environment or None,
            "says": self.says,
        }


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What to show: empty means all; `limit` counts from the newest."""

    module: str = ""
    environment: str = ""
    limit: int = 0


def read_history(
    project: Project, read_entries: ReadEntries, read_newest: ReadNewest, wanted: Filter, *, offline: bool
) -> tuple[Told, ...]:
    """The entries that are wanted, newest last. Raises RefusedError where the ledger's chain is broken.

    Only the newest, whatever they are about: then only those are read.
    """
    if wanted.environment:
        project.settings.in_environment(wanted.environment)
    if not offline:
        project.ledger.fetch()
    if wanted.limit and not wanted.module and not wanted.environment:
        newest, earlier = read_newest(wanted.limit)
        return _told([*earlier, *newest], wanted)[len(earlier) :]
    entries = read_entries()
    check_chain(entries)
    told = _told(entries, wanted)
    return told[-wanted.limit :] if wanted.limit else told


def _told(entries: Sequence[Entry], wanted: Filter) -> tuple[Told, ...]:
    return tuple(
        Told(entry=entry, modules=modules, environment=environment, says=says)
        for entry, modules, environment, says in tell_all(entries)
        if (not wanted.module or wanted.module in modules)
        and (not wanted.environment or wanted.environment == environment)
    )
