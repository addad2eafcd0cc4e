"""Commits as loose objects, written without a process of git: a promotion writes two for every stack.

The formats are git's own (gitformat-loose(5), git-hash-object(1), git-mktree(1), git-commit-tree(1)). Promise: an
object is there whole or not at all (written beside, then renamed); no ref, index or checkout is touched.
"""

import contextlib
import hashlib
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

FILE, FOLDER = "100644", "40000"
Tree = dict[str, tuple[str, str]]
"""Name → (mode, object)."""
ReadBlobs = Callable[[Sequence[str]], Mapping[str, bytes]]


class ObjectStore:
    """The objects folder of one repository. `read` brings objects that were not written here; `kind` is the
    repository's hash (`sha1` or `sha256`)."""

    def __init__(self, folder: Path, read: ReadBlobs, *, kind: str = "sha1") -> None:
        self.folder = folder
        self.read = read
        self.kind = kind
        self._trees: dict[str, bytes] = {}

    def write(self, what: str, data: bytes) -> str:
        """The id of an object of type `what`, which is there afterwards. Raises OSError, then it may be absent."""
        whole = f"{what} {len(data)}\0".encode() + data
        name = hashlib.new(self.kind, whole, usedforsecurity=False).hexdigest()
        path = self.folder / name[:2] / name[2:]
        if what == "tree":
            self._trees[name] = data
        if path.exists():
            return name
        path.parent.mkdir(exist_ok=True)
        draft = path.parent / f"tmp_obj_{os.getpid()}_{os.urandom(4).hex()}"  # the name that `git gc` sweeps up
        try:
            draft.write_bytes(zlib.compress(whole, 1))
            draft.chmod(0o444)
            draft.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        return name

    def tree_with(self, tree: str | None, files: Mapping[str, bytes | None]) -> str:
        """`tree` with files (path → bytes; None: gone) written into it; their modes stay. Empty folders go."""
        return self._put(tree, files) or self.write("tree", b"")

    def commit(self, tree: str, parents: Sequence[str], author: str, committer: str, message: str) -> str:
        """A commit made now; people as `Name <mail>`."""
        now = f"{int(time.time())} +0000"
        head = "".join(f"parent {parent}\n" for parent in parents)
        text = f"tree {tree}\n{head}author {author} {now}\ncommitter {committer} {now}\n\n{message}"
        return self.write("commit", text.encode())

    def _put(self, tree: str | None, files: Mapping[str, bytes | None]) -> str | None:
        found = self._entries(tree) if tree else {}
        below: dict[str, dict[str, bytes | None]] = {}
        for path, data in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = data
            elif data is None:
                found.pop(name, None)
            else:
                mode = found.get(name, (FILE, ""))[0]
                found[name] = (FILE if mode == FOLDER else mode, self.write("blob", data))
        for name, some in below.items():
            mode, old = found.get(name, ("", ""))
            new = self._put(old if mode == FOLDER else None, some)
            if new:
                found[name] = (FOLDER, new)
            elif mode == FOLDER:
                del found[name]
        return self._write_tree(found) if found else None

    def _write_tree(self, entries: Tree) -> str:
        order = sorted(entries, key=lambda name: name.encode() + (b"/" if entries[name][0] == FOLDER else b""))
        rows = (f"{entries[n][0]} {n}\0".encode() + bytes.fromhex(entries[n][1]) for n in order)
        return self.write("tree", b"".join(rows))

    def _entries(self, tree: str) -> Tree:
        if tree not in self._trees:
            self._trees[tree] = self.read([tree])[tree]
        data, size = self._trees[tree], hashlib.new(self.kind, usedforsecurity=False).digest_size
        found: Tree = {}
        at = 0
        while at < len(data):
            end = data.index(b"\0", at)
            mode, _, name = data[at:end].partition(b" ")
            found[name.decode(errors="surrogateescape")] = (mode.decode(), data[end + 1 : end + 1 + size].hex())
            at = end + 1 + size
        return found


def person(name: str, mail: str) -> str:
    """`Name <mail>` as git writes it: without what would end it (ident.c)."""
    name, mail = (re.sub(r"[<>\n\0]", "", text).strip() for text in (name, mail))
    return f"{name} <{mail}>"


def tag_text(name: str, commit: str, tagger: str, message: str) -> str:
    """An annotated tag's object on a commit (git-mktag(1)), without a signature."""
    head = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger} {int(time.time())} +0000\n"
    return f"{head}\n{message.rstrip()}\n"
