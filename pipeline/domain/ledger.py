"""The ledger: numbered entries, each naming its predecessor's hash. Order is the number, not the clock.

An entry's hash is the sha256 of its canonical bytes (JSON, sorted keys, no spaces, UTF-8, final newline),
which are also the bytes of its file, `YYYY/MM/DD/NNNNNNNN-<kind>.json`. Changing any entry therefore breaks
the chain at its successor, and `check_chain` says where.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from pipeline.errors import RefusedError

SCHEMA = "modferry.ledger/1"
START = "sha256:" + "0" * 64
"""What the first entry names as its predecessor."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What somebody wants to write: its kind and body (JSON values only, never a secret)."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One written line of history. `at` is the writer's clock in UTC, `actor` who ran the command."""

    number: int
    previous: str
    at: str
    actor: str
    kind: str
    body: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Its canonical bytes."""
        record = {
            "schema": SCHEMA,
            "number": self.number,
            "previous": self.previous,
            "at": self.at,
            "actor": self.actor,
            "kind": self.kind,
            "body": self.body,
        }
        return (_canonical(record) + "\n").encode()

    @cached_property
    def hash(self) -> str:
        """`sha256:…` of its canonical bytes."""
        return "sha256:" + sha256(self.to_bytes()).hexdigest()

    @property
    def id(self) -> str:
        """How other entries and tags refer to it: number and the beginning of its hash."""
        return f"{self.number}-{self.hash[7:19]}"

    @property
    def path(self) -> str:
        """Where its file lies on the ledger branch."""
        return f"{self.at[:10].replace('-', '/')}/{self.number:08d}-{self.kind}.json"

    @classmethod
    def from_bytes(cls, data: bytes, path: str) -> "Entry":
        """Read an entry's file; raises RefusedError when it is not what it claims to be."""
        try:
            record = json.loads(data)
            entry = cls(**{name: record[name] for name in ("number", "previous", "at", "actor", "kind", "body")})
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError(
                f"The ledger's file {path} cannot be read as an entry ({error}).", remedy=_REMEDY
            ) from error
        if entry.to_bytes() != data:
            raise RefusedError(f"The ledger's file {path} was edited: its bytes are not canonical.", remedy=_REMEDY)
        entry.__dict__["hash"] = "sha256:" + sha256(data).hexdigest()  # they are the canonical bytes: once is enough
        return entry


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_REMEDY = "restore the ledger branch from a copy that verifies (git log modferry-ledger shows who changed it)"


def write(drafts: Sequence[Draft], *, after: Entry | None, now: datetime, actor: str) -> tuple[Entry, ...]:
    """Number and chain `drafts` behind `after` (None: an empty ledger)."""
    entries: list[Entry] = []
    for draft in drafts:
        last = entries[-1] if entries else after
        entries.append(
            Entry(
                number=last.number + 1 if last else 1,
                previous=last.hash if last else START,
                at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                actor=actor,
                kind=draft.kind,
                body=draft.body,
            )
        )
    return tuple(entries)


def check_chain(entries: Iterable[Entry], *, after: Entry | None = None) -> None:
    """Raise RefusedError at the first gap or broken link of a numbered sequence."""
    last = after
    for entry in entries:
        number = last.number + 1 if last else 1
        if entry.number != number:
            raise RefusedError(f"The ledger has a gap: entry {number} is missing before {entry.path}.", remedy=_REMEDY)
        if entry.previous != (last.hash if last else START):
            raise RefusedError(
                f"The ledger's chain breaks at {entry.path}: entry {number - 1} is not the one it was written after.",
                remedy=_REMEDY,
            )
        last = entry
