"""The provider's schema, cut down to the types in use, and its cache on disk.

The AWS provider 5.100 describes 2,100 types in 4.9 MB; the provider needs 0.6-0.9 s to send them, Terraform 1 s
to decode them, in every process. An answer with the types in use alone has a few kB.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Set as AbstractSet
from pathlib import Path

from pipeline.adapters.warm.wire import fields

TYPED = frozenset({2, 3, 8, 9, 11})
"""Fields of GetProviderSchema.Response that are maps from type name to schema: resources, data sources,
ephemeral resources, list resources, actions (the same numbers in protocol 5 and 6)."""


class Schema:
    """A whole GetProviderSchema answer and what can be cut from it."""

    def __init__(self, whole: bytes) -> None:
        self.whole = whole
        self._parts: list[tuple[str | None, memoryview]] = []
        for number, payload, field in fields(memoryview(whole)):
            name = None
            if number in TYPED and isinstance(payload, memoryview):
                name = next(bytes(v).decode() for n, v, _ in fields(payload) if n == 1 and not isinstance(v, int))
            self._parts.append((name, field))
        self.names = frozenset(name for name, _ in self._parts if name)

    def used(self, types: AbstractSet[str] | None) -> frozenset[str] | None:
        """The types that this provider knows out of `types`; None stands for all."""
        return None if types is None else self.names & types

    def pruned(self, types: AbstractSet[str] | None) -> bytes:
        """The answer without the schemas of types that are not in `types`."""
        if types is None:
            return self.whole
        return b"".join(field for name, field in self._parts if name is None or name in types)


class SchemaCache:
    """`FOLDER/<identity of the binary>.schema`: a line of JSON ({"protocol", "sha256"}), then the bytes.

    Disposable: a file that is missing, cut short or changed is read as "not there". Names the binary by path,
    size and time of change, which costs nothing, where its digest (700 MB) costs a second.
    """

    def __init__(self, folder: Path, binary: Path) -> None:
        stat = binary.stat()
        identity = f"{binary.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
        self.path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()}.schema"

    def read(self) -> tuple[int, Schema] | None:
        """(protocol version, schema), or None."""
        try:
            head, _, body = self.path.read_bytes().partition(b"\n")
            record = json.loads(head)
            if hashlib.sha256(body).hexdigest() != record["sha256"]:
                return None
            return int(record["protocol"]), Schema(body)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, protocol: int, schema: Schema) -> None:
        """Replace the file at once; a folder that cannot be written costs time, not correctness."""
        record = {"protocol": protocol, "sha256": hashlib.sha256(schema.whole).hexdigest()}
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(record).encode() + b"\n" + schema.whole)
            Path(name).replace(self.path)


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/modferry/schema`, else under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "modferry" / "schema"
