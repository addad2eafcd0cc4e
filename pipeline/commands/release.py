"""`modferry release`: gather what changed and what is known, decide all or none, make objects, publish at once.

Commit, tags and ledger entries are made as objects first; refs move only in one atomic push (or, without
`--push`, only here, as a pending release that `--push` sends later). A push that origin rejects because main
moved is decided again on the new head when the tested bytes are the same there, else Refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.commands.candidates import Gatherer
from pipeline.commands.project import Project
from pipeline.commands.trust import insist_signer, main_signers
from pipeline.domain import changelog
from pipeline.domain.evidence import gate
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft, Entry
from pipeline.domain.module import ModuleGraph
from pipeline.domain.release import (
    Candidate,
    NewVersion,
    Refusal,
    plan_release,
    release_body,
    tag_message,
)
from pipeline.domain.release_notes import upgrade_blocks
from pipeline.domain.version import Bump, Tag, Version, parse_version
from pipeline.errors import ModferryError, RefusedError
from pipeline.ports import SharedLedger, Sign, WritableRepository

ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the caller asks for; no modules: all that changed."""

    modules: tuple[str, ...] = ()
    bump: Bump | None = None
    push: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Released:
    """What came of it: new versions with tag and commit, or every refusal (then nothing was made)."""

    released: tuple[tuple[NewVersion, str, str], ...] = ()
    refused: tuple[Refusal, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "released": [
                {
                    "module": new.candidate.module,
                    "version": str(new.version),
                    "tag": tag,
                    "commit": commit,
                    "digest": new.candidate.digest,
                    "bump": str(new.bump),
                }
                for new, tag, commit in self.released
            ],
            "refused": [refusal.to_json() for refusal in self.refused],
        }


@dataclass(kw_only=True)
class Releaser:
    """One run of the verb. `repository` and `ledger` are the project's, with the rights to write."""

    project: Project
    repository: WritableRepository
    ledger: SharedLedger
    gatherer: Gatherer
    sign: Sign | None = None
    """Signs tags, where a key is configured."""
    _objects: dict[str, str] = field(default_factory=dict)
    """Tag name → tag object of the current attempt."""

    def release(self, wish: Wish) -> Released:
        """Release what changed, or send what is pending; raises RefusedError where the checkout is not fit."""
        branch = self._check_checkout()
        pending = [e for e in self.ledger.pending() if e.kind == "release"]
        if pending and not wish.push:
            raise RefusedError(
                f"{', '.join(e.body['tag'] for e in pending)} waits here to be pushed.",
                remedy="modferry release --push",
            )
        if pending and not wish.dry_run:
            return self._send_pending(pending, branch)
        self._check_current(branch)
        base = self.repository.head()
        for _ in range(ATTEMPTS):
            try:
                return self._attempt(wish, base, branch)
            except ModferryError as error:
                moved = self._moved_head(error, base, branch)
                if moved is None:
                    raise
                base = moved
        raise RefusedError(f"{branch} moved {ATTEMPTS} times while we released.", remedy="run it again")

    # -- gather -----------------------------------------------------------------------------------

    def _check_checkout(self) -> str:
        """The release branch, checked out and clean. Fails closed: else we would tag other bytes."""
        wanted = self.project.settings.release.branch
        if self.repository.is_shallow():
            raise RefusedError("This is a shallow clone: tags and history are cut off.", remedy="git fetch --unshallow")
        branch = self.repository.branch()
        if branch != wanted:
            where = f"on {branch}" if branch else "detached"
            raise RefusedError(
                f"Releases are cut from {wanted}; this checkout is {where}.", remedy=f"git switch {wanted}"
            )
        dirty = self.repository.dirty()
        if dirty:
            shown = ", ".join(dirty[:5]) + (" …" if len(dirty) > 5 else "")
            raise RefusedError(f"The checkout has uncommitted changes: {shown}.", remedy="commit or stash them")
        remote = self.repository.remote()
        if remote:
            self.ledger.fetch()
            self.repository.fetch("--tags", f"+refs/heads/{wanted}:refs/remotes/{remote}/{wanted}")
        return branch

    def _check_current(self, branch: str) -> None:
        """Nothing of origin's branch is missing here. Fails closed: the release would not hold it."""
        remote = self.repository.remote()
        theirs = self.repository.try_resolve(f"refs/remotes/{remote}/{branch}") if remote else None
        if theirs and not self.repository.is_ancestor(theirs, self.repository.head()):
            raise RefusedError(f"{branch} here is behind {remote}'s.", remedy="git pull --ff-only")

    # -- decide and act ---------------------------------------------------------------------------

    def _attempt(self, wish: Wish, base: str, branch: str) -> Released:
        graph = self.project.graph(base)
        signers = main_signers(self.project, base)
        outcome = Released()
        self._objects = {}

        def decide(history: History) -> tuple[Sequence[Draft], Sequence[str]]:
            nonlocal outcome
            candidates = self.gatherer.candidates(wish.modules, base, graph, history, signers)
            first = parse_version(self.project.settings.release.first)
            planned, refused = plan_release(candidates, wanted=wish.bump, first=first)
            if planned and not refused:
                insist_signer(self.sign, signers, now=self.project.clock())
            if refused or not planned or wish.dry_run:
                made = tuple((new, self._tag(new, graph).text, base) for new in planned) if not refused else ()
                outcome = Released(released=made, refused=refused)
                return (), ()
            self._objects = {}
            commit = self._commit(planned, base)
            self._insist_same_bytes(planned, commit)
            drafts, refspecs = [], [f"{commit}:refs/heads/{branch}"]
            published: list[tuple[NewVersion, str, str]] = []
            for new in planned:
                tag = self._tag(new, graph)
                self._insist_free(tag)
                target = self.repository.tag_object(tag.text, commit, tag_message(new, tag.text), self.sign)
                refspecs.append(f"{target}:refs/tags/{tag.text}")
                drafts.append(Draft(kind="release", body=release_body(new, tag.text, commit)))
                self._objects[tag.text] = target
                published.append((new, tag.text, commit))
            outcome = Released(released=tuple(published))
            return drafts, refspecs

        self.ledger.publish(decide, push=wish.push)
        if self._objects:
            self._follow(outcome)
        return outcome

    def _tag(self, new: NewVersion, graph: ModuleGraph) -> Tag:
        return self.project.new_tag(graph.modules[new.candidate.module], new.version)

    def _commit(self, planned: Sequence[NewVersion], base: str) -> str:
        """The commit that writes the changelogs; digests leave them out, so the tested bytes stay the same."""
        tree = self.project.repository.tree(base)
        paths = set(tree.paths())
        day = self.project.clock().date()
        files: dict[str, bytes | None] = {}
        whole: list[str] = []
        for new in planned:
            path = "CHANGELOG.md" if new.candidate.path == "." else f"{new.candidate.path}/CHANGELOG.md"
            own = changelog.section("", new.version, day, new.candidate.commits, upgrade_blocks(new))
            old = tree.read(path).decode() if path in paths else ""
            files[path] = changelog.add_section(old, own).encode()
            whole.append(changelog.section(f"{new.candidate.module} ", new.version, day, new.candidate.commits))
        if "CHANGELOG.md" not in files:
            root = tree.read("CHANGELOG.md").decode() if "CHANGELOG.md" in paths else ""
            for text in reversed(whole):
                root = changelog.add_section(root, text)
            files["CHANGELOG.md"] = root.encode()
        names = ", ".join(f"{new.candidate.module} {new.version}" for new in planned)
        return self.repository.commit_files(base, files, f"chore(release): {names}\n")

    def _insist_same_bytes(self, planned: Sequence[NewVersion], commit: str) -> None:
        """R1: the commit that will be tagged holds the bytes of the digest. Fails closed."""
        graph = self.project.graph(commit)
        for new in planned:
            found = graph.digest(graph.modules[new.candidate.module])
            if found != new.candidate.digest:
                raise RefusedError(
                    f"The release commit would hold other bytes of {new.candidate.module} ({found}) than were tested "
                    f"({new.candidate.digest}).",
                    remedy="look for files that git changes on commit (.gitattributes)",
                )

    def _insist_free(self, tag: Tag) -> None:
        """A tag that exists is never moved, whatever it holds."""
        existing = self.repository.try_resolve(f"refs/tags/{tag.text}")
        if existing:
            raise RefusedError(
                f"The tag {tag.text} exists already, on commit {existing[:12]}, and no release of ours made it.",
                remedy=f"modferry adopt (takes it over), or git tag -d {tag.text} after asking who made it",
            )

    def _follow(self, outcome: Released) -> None:
        """Move this clone's branch and tags to what was published (or is pending)."""
        self.repository.update_refs(*((f"refs/tags/{name}", target, None) for name, target in self._objects.items()))
        self.repository.follow(outcome.released[0][2])

    # -- when origin says no ----------------------------------------------------------------------

    def _moved_head(self, error: ModferryError, base: str, branch: str) -> str | None:
        """The new head of the shared branch, when that is why origin rejected us; else None."""
        remote = self.repository.remote()
        said = str(getattr(error, "said", ""))
        if not remote or not said:
            return None
        self.repository.fetch("--tags", f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}")
        theirs = self.repository.try_resolve(f"refs/remotes/{remote}/{branch}")
        if theirs is None or theirs == base or self.repository.is_ancestor(theirs, base):
            return None
        old, new = self.project.graph(base), self.project.graph(theirs)
        for name, module in old.modules.items():
            if name in new.modules and new.digest(new.modules[name]) != old.digest(module):
                raise RefusedError(
                    f"{remote}'s {branch} moved and {name} has other bytes there than were tested.",
                    remedy=f"git pull, then modferry test {name} and modferry release again",
                )
        if not self.repository.is_ancestor(base, theirs):
            raise RefusedError(f"{branch} here and on {remote} went different ways.", remedy="git pull --rebase")
        return theirs

    def _send_pending(self, pending: Sequence[Entry], branch: str) -> Released:
        """Push what a release without `--push` left: exactly it. Rejected: it is undone here, nothing stays."""
        head = self.repository.head()
        tags = [str(e.body["tag"]) for e in pending]
        commit = str(pending[-1].body["commit"])
        try:
            self.ledger.send_with([f"{head}:refs/heads/{branch}", *(f"refs/tags/{t}:refs/tags/{t}" for t in tags)])
        except ModferryError:
            for tag in tags:
                self.repository.delete_ref(f"refs/tags/{tag}")
            self.ledger.drop_pending()
            if head == commit:
                self.repository.step_back(f"{commit}~1")
            raise
        return Released(released=tuple(_as_sent(entry) for entry in pending))


def _as_sent(entry: Entry) -> tuple[NewVersion, str, str]:
    body = entry.body
    candidate = Candidate(
        module=body["module"],
        path="",
        latest=parse_version(body["from"]) if body["from"] else None,
        digest=body["digest"],
        shipped=body["shipped"],
        commits=(),
        facts=(),
        evidence=(),
        gate=gate(body["module"], (), {}, target=""),
    )
    new = NewVersion(
        candidate=candidate, version=Version.parse(body["version"]), bump=Bump.parse(body["bump"]), notes=()
    )
    return new, body["tag"], body["commit"]
