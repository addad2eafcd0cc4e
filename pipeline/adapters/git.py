"""The git repository: reading trees and tags, and the few ways we write. Every call goes through git_door.py."""

import re
import weakref
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pipeline.adapters.git_door import GitDoor, GitError
from pipeline.adapters.git_objects import ObjectStore, ReadBlobs, person, tag_text
from pipeline.adapters.trees import CommitTree, Listing, WorkingTree, read_listing
from pipeline.domain.trust import TAGS, armored
from pipeline.errors import RefusedError, UsageError
from pipeline.ports import Sign

KINDS = ("AUTHOR", "COMMITTER")
NEAR = 32
"""Commits that are looked at one by one: each takes a thirtieth of a process of git."""
KEPT = 8
"""Listings of commits; a history of tags must not fill the memory."""
_OBJECT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class GitRepository(GitDoor):
    """The repository that holds modules, stacks and the ledger."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(directory, environ)
        self._remote = ""
        self._roots: dict[str, str] = {}
        self._identity: dict[str, str] = {}
        self._listings: dict[str, Listing] = {}

    # -- reading ----------------------------------------------------------------------------------

    def head(self) -> str:
        """The commit checked out."""
        try:
            return self._id("HEAD^{commit}")
        except GitError as error:
            raise RefusedError("The repository has no commit yet.", remedy="git commit your modules first") from error

    def resolve(self, ref: str) -> str:
        """The commit a ref names."""
        try:
            return self._id(ref + "^{commit}")
        except GitError as error:
            hint = "git fetch --unshallow --tags" if self.is_shallow() else "git fetch --tags, or check the name"
            raise UsageError(f"{ref!r} names no commit here.", remedy=hint) from error

    def try_resolve(self, ref: str) -> str | None:
        """The commit a ref names, or None."""
        try:
            return self._id(ref + "^{commit}")
        except GitError:
            return None

    def _id(self, name: str) -> str:
        """The object a name stands for now; raises GitError."""
        found = self.find(name)
        return found.id if found else self.git("rev-parse", "--verify", "--quiet", "--end-of-options", name).strip()

    def ref(self, name: str) -> str | None:
        """The object that a whole ref name (`refs/…`) points at, or None; a loose ref costs no process.

        A ref's own file stands before packed ones (gitrepository-layout(5)); where there is none git is asked.
        """
        try:
            text = (self.common_dir / name).read_text().strip()
        except OSError:
            text = ""
        return text if _OBJECT.fullmatch(text) else self.try_resolve(name)

    def branch(self) -> str | None:
        """The branch checked out; None when detached."""
        try:
            return self.git("symbolic-ref", "--short", "--quiet", "HEAD").strip()
        except GitError:
            return None

    def is_shallow(self) -> bool:
        """Whether history was cut off (gitrepository-layout(5))."""
        return (self.common_dir / "shallow").exists()

    def dirty(self, *paths: str) -> list[str]:
        """Changed, staged and untracked (unignored) paths."""
        out = self.git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", *paths)
        return [line[3:] for line in out.split("\0") if len(line) > 3]

    def tree(self, ref: str | None) -> CommitTree | WorkingTree:
        """The files at a ref, or of the working tree."""
        return WorkingTree(self) if ref is None else CommitTree(self, self.resolve(ref))

    def tags(self) -> dict[str, str]:
        """Tag name → commit (annotated tags peeled), in git's order."""
        out = self.git("for-each-ref", "refs/tags", "--format=%(refname:strip=2)%00%(objectname)%00%(*objectname)")
        rows = (line.split("\0") for line in out.splitlines())
        return {name: peeled or own for name, own, peeled in rows}

    def remote(self) -> str | None:
        """`origin`, or the only remote, or None."""
        if not self._remote:
            given = (key.removeprefix("remote.") for key in self._settings if key.startswith("remote."))
            names = sorted({key.rpartition(".")[0] for key in given if "." in key}) or self.git("remote").split()
            self._remote = "origin" if "origin" in names else names[0] if names else ""
        return self._remote or None

    def remote_refs(self, *patterns: str) -> dict[str, str]:
        """Ref → object on the remote, as it is now (`ls-remote`); peeled tags as `…^{}`."""
        remote = self.remote()
        if remote is None:
            return {}
        out = self.git("ls-remote", remote, *patterns)
        return {ref: found for found, ref in (line.split("\t") for line in out.splitlines())}

    def subjects(self, since: str | None, until: str, paths: Iterable[str]) -> list[tuple[str, str]]:
        """(commit, full message) of commits that touched `paths`, newest first."""
        reach = f"{since}..{until}" if since else until
        out = self.git("log", "--format=%H%x00%B%x01", "--no-merges", reach, "--", *paths)
        rows = (item.strip("\n").split("\0") for item in out.split("\x01"))
        return [(row[0], row[1].strip()) for row in rows if len(row) == 2]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is in the history of `new`."""
        return self._is_near(old, new) or self.succeeds("merge-base", "--is-ancestor", old, new)

    def fork_point(self, one: str, other: str) -> str | None:
        """The newest commit that two commits share, or None."""
        try:
            return one if self._is_near(one, other) else self.git("merge-base", one, other).strip()
        except GitError:
            return None

    def _is_near(self, old: str, new: str) -> bool:
        """Whether `old` is `new`, or one of the commits right before it; False says nothing."""
        step = new
        for _ in range(NEAR):
            found = self.find(step) if _OBJECT.fullmatch(step) else None
            if found is None or found.kind != "commit" or step == old:
                return found is not None and step == old
            head = found.data.partition(b"\n\n")[0].split(b"\n")
            step = next((line[7:].decode() for line in head if line.startswith(b"parent ")), "")
        return False

    def config(self, name: str) -> str | None:
        """A value of git's configuration, as it was when this repository was first asked for one."""
        section, _, key = name.rpartition(".")
        first, dot, rest = section.partition(".")
        try:
            return self._settings.get(f"{first.lower()}{dot}{rest}.{key.lower()}")
        except GitError:
            return None

    @cached_property
    def _settings(self) -> dict[str, str]:
        """Key → the value that counts, the last one: sections and names in small letters."""
        rows = (row.partition("\n") for row in self.git("config", "--list", "-z").split("\0") if row)
        return {key: value.strip() for key, _, value in rows}

    def listing(self, commit: str) -> Listing:
        """Path → (mode, id) of the files of a commit, by its whole id; of a few commits it is kept."""
        if commit not in self._listings:
            if len(self._listings) >= KEPT:
                del self._listings[next(iter(self._listings))]
            self._listings[commit] = read_listing(self.git("ls-tree", "-r", "-z", commit))
        return self._listings[commit]

    # -- writing ----------------------------------------------------------------------------------

    def identity(self) -> dict[str, str]:
        """Who writes commits: the user's identity, or modferry's where git knows none (CI)."""
        if not self._identity:
            who = self.config("user.name") or "modferry"
            mail = self.config("user.email") or "modferry@localhost"
            names = {f"GIT_{kind}_{part}": value for kind in KINDS for part, value in (("NAME", who), ("EMAIL", mail))}
            self._identity = {name: self.env.get(name, value) for name, value in names.items()}
        return self._identity

    def commit_files(self, parent: str | None, files: Mapping[str, bytes | None], message: str) -> str:
        """A commit on top of `parent` that writes (None: removes) files; no ref, index or checkout is touched."""
        who = self.identity()
        author, committer = (person(who[f"GIT_{kind}_NAME"], who[f"GIT_{kind}_EMAIL"]) for kind in KINDS)
        try:
            old = self._tree_of(parent) if parent else None
            tree = self.objects.tree_with(old, files)
            parents = (parent,) if parent else ()
            commit = self.objects.commit(tree, parents, author, committer, message)
        except OSError as error:
            raise GitError(("commit",), f"{error.strerror or error}") from error
        self._roots[commit] = tree
        return commit

    @cached_property
    def objects(self) -> ObjectStore:
        """Where this repository's objects are written."""
        return ObjectStore(self.common_dir / "objects", _reader(weakref.ref(self)), kind=self.object_format)

    def _tree_of(self, commit: str) -> str:
        """The root tree of a commit that was written here or lies in the repository."""
        if commit not in self._roots:
            self._roots[commit] = self._id(f"{commit}^{{tree}}")
        return self._roots[commit]

    def tag_object(self, name: str, commit: str, message: str, sign: Sign | None = None) -> str:
        """An annotated tag as an object (git-mktag(1)); no ref is made. `sign`: with its signature at the end, as git
        itself writes it with `gpg.format=ssh`; `git tag -s` would make a ref, and ask the user's configuration."""
        who = self.identity()
        tagger = person(who["GIT_COMMITTER_NAME"], who["GIT_COMMITTER_EMAIL"])
        text = tag_text(name, commit, tagger, message)
        signature = armored(sign(text.encode(), TAGS)) if sign else ""
        return self.git("mktag", stdin=text + signature).strip()

    def read_tag(self, ref: str) -> bytes:
        """An annotated tag's object, as git keeps it; empty for a lightweight one, or where there is no such ref."""
        row = self.git("for-each-ref", ref, "--format=%(objecttype) %(objectname) %(refname)").splitlines()
        kinds = [line.split(" ") for line in row]
        found = next((name for kind, name, where in kinds if kind == "tag" and where == ref), "")
        return self.blobs([found])[found] if found else b""

    def follow(self, commit: str) -> None:
        """Fast-forward the checked-out branch, files included; raises GitError where that is not possible."""
        self.git("merge", "--ff-only", "--quiet", commit)

    def update_ref(self, ref: str, new: str, old: str | None) -> None:
        """Move a local ref, only if it still is where we saw it (None: it does not exist)."""
        self.update_refs((ref, new, old))

    def update_refs(self, *moves: tuple[str, str, str | None]) -> None:
        """Move local refs (ref, new, where we saw it), all or none, in one process."""
        rows = "".join(f"update {ref} {new} {old or '0' * len(new)}\n" for ref, new, old in moves)
        self.git("update-ref", "--create-reflog", "--stdin", stdin=rows)

    def delete_ref(self, ref: str) -> None:
        """Remove a local ref."""
        self.git("update-ref", "-d", ref)

    def step_back(self, commit: str) -> None:
        """Move the checked-out branch back; a file with local changes makes git refuse (`reset --keep`)."""
        self.git("reset", "--keep", "--quiet", commit)

    def push(self, *refspecs: str, atomic: bool = True, dry_run: bool = False) -> None:
        """Push to the shared remote, all or nothing; raises GitError with the remote's words when rejected."""
        remote = self.remote()
        assert remote is not None
        flags = (("--atomic",) if atomic else ()) + (("--dry-run",) if dry_run else ())
        self.git("push", *flags, remote, *refspecs)

    def fetch(self, *arguments: str) -> None:
        """Fetch from the shared remote (options, then refspecs); nothing without one."""
        remote = self.remote()
        if remote is not None:
            options = [a for a in arguments if a.startswith("--")]
            refspecs = [a for a in arguments if not a.startswith("--")]
            self.git("fetch", "--no-write-fetch-head", *options, remote, *refspecs)


def _reader(there: "weakref.ref[GitRepository]") -> ReadBlobs:
    """Reads objects for what a repository holds; it must not hold the repository, which would then end late."""

    def read(ids: Sequence[str]) -> Mapping[str, bytes]:
        found = there()
        assert found is not None
        return found.blobs(ids)

    return read
