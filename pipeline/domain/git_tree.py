"""The id that git gives a tree of files, computed without a repository: in-toto's digest `gitTree`.

An object's id is the sha1 over `<kind> <length>\\0<content>`; a tree's content is its entries, sorted as if a
folder's name ended in `/` (git-mktree(1)). Repositories with sha256 objects have other ids: then this is still
the sha1 one.
"""

from collections.abc import Iterable
from hashlib import sha1
from typing import Any

FOLDER = "40000"


def tree_id(files: Iterable[tuple[str, str, bytes]]) -> str:
    """The id of the tree that holds exactly these files: (path, git mode, bytes)."""
    root: dict[str, Any] = {}
    for path, mode, data in files:
        *folders, name = path.split("/")
        here = root
        for folder in folders:
            here = here.setdefault(folder, {})
        here[name] = (mode, _id("blob", data))
    return _tree(root).hex()


def _tree(folder: dict[str, Any]) -> bytes:
    rows = []
    for name, held in folder.items():
        is_folder = isinstance(held, dict)
        mode, found = (FOLDER, _tree(held)) if is_folder else held
        rows.append(((name + "/" * is_folder).encode(), f"{mode} {name}\0".encode() + found))
    return _id("tree", b"".join(row for _, row in sorted(rows)))


def _id(kind: str, content: bytes) -> bytes:
    return sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()
