"""The ledger on an orphan branch `modferry-ledger`: linear, written with git plumbing, never checked out.

Promise: an append that is pushed is a compare-and-swap on origin; a lost race fetches, replays and decides
again. What is only local (evidence of a laptop, a pending release) waits on the local branch in front of
origin's. A rewritten remote branch, a gap or a broken link is Refused, never read on. What cannot be written
raises, and then nothing was written.

The replay is cached under `.git/modferry/`, keyed by the ledger's commit; the cache may be deleted any time.
"""

import contextlib
import fcntl
import getpass
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.git_door import GitError
from pipeline.adapters.replay_cache import ReplayCache
from pipeline.adapters.replays import Replays
from pipeline.domain.history import History, fold
from pipeline.domain.ledger import Draft, Entry, write
from pipeline.errors import ModferryError, RefusedError, UndecidedError
from pipeline.ports import Clock, Decide, DecideRefs

BRANCH = "modferry-ledger"
REF = f"refs/heads/{BRANCH}"
ATTEMPTS = 25
MESSAGE = "modferry ledger: {kinds}\n"


class GitLedger:
    """The ledger of one clone."""

    def __init__(self, repository: GitRepository, clock: Clock, actor: str | None = None) -> None:
        self.repository = repository
        self.clock = clock
        self.actor = actor or actor_of(repository, os.environ)
        self.remote = repository.remote()
        self.replays = Replays(repository, ReplayCache(repository.common_dir / "modferry" / "replay.pickle"))
        self._fetched = False
        self.tracking = f"refs/modferry/{self.remote}/ledger"  # ours: no configured `+` refspec may force it

    # -- reading ----------------------------------------------------------------------------------

    def tip(self) -> str | None:
        """The newest commit known here: the local branch, or origin's where there is no local one."""
        return self.repository.ref(REF) or self.origin_tip()

    def origin_tip(self) -> str | None:
        """Origin's ledger as last fetched."""
        return self.repository.ref(self.tracking) if self.remote else None

    def fetch(self) -> None:
        """Bring origin's ledger here. Refused when origin's branch was rewritten."""
        if not self.remote:
            return
        try:
            self.repository.fetch("--refmap=", f"{REF}:{self.tracking}")
        except GitError as error:
            if "couldn't find remote ref" in error.said:
                return
            if "non-fast-forward" in error.said or "rejected" in error.said:
                raise RefusedError(
                    f"The ledger on {self.remote} was rewritten: its branch {BRANCH} no longer holds what it held.",
                    remedy=f"ask who force-pushed {BRANCH}; a clone that has the old branch can push it back",
                ) from error
            raise UndecidedError(
                f"The ledger on {self.remote} could not be fetched: {error.said}", remedy="check the network, run again"
            ) from error
        self._fetched = True
        self._follow_origin()

    def fetch_along(self, refspec: str) -> bool:
        """As `fetch`, with another refspec in the same question. False: ask for each by itself, which says what is
        wrong (or that there is no ledger yet)."""
        if not self.origin_tip():
            return False
        try:
            self.repository.fetch("--refmap=", f"{REF}:{self.tracking}", refspec)
        except GitError:
            return False
        self._fetched = True
        self._follow_origin()
        return True

    def _follow_origin(self) -> None:
        """Move the local branch to origin's where nothing local is pending."""
        origin, local = self.origin_tip(), self.repository.ref(REF)
        if origin and origin != local and (local is None or self.repository.is_ancestor(local, origin)):
            self.repository.update_ref(REF, origin, local)

    def history(self) -> History:
        """Replay of what is known here, pending entries included."""
        return self.replay(self.tip())

    def pending(self) -> tuple[Entry, ...]:
        """Entries that only this clone has."""
        local = self.repository.ref(REF)
        if not self.remote or local is None:
            return ()
        base = self._fork_point(local)
        return tuple(self.entries(base, local)) if base != local else ()

    def _fork_point(self, local: str) -> str | None:
        origin = self.origin_tip()
        return self.repository.fork_point(origin, local) if origin else None

    def entries(self, old: str | None, new: str) -> list[Entry]:
        """The entries added between two ledger commits, in order; Refused when any was changed or removed."""
        return self.replays.entries(old, new)

    def replay(self, commit: str | None) -> History:
        """The history at a ledger commit."""
        return self.replays.at(commit)

    # -- writing ----------------------------------------------------------------------------------

    def append(self, decide: Decide, *, push: bool) -> tuple[Entry, ...]:
        """Decide on the newest history and write; see the port."""
        return self.publish(lambda history: (decide(history), ()), push=push)

    def publish(self, decide: DecideRefs, *, push: bool, send: bool = False) -> tuple[Entry, ...]:
        """As append, with more refs in the same atomic push: `decide` returns (drafts, refspecs).

        Nothing decided, nothing pushed; `send`: what is pending goes out all the same.
        """
        shared = push and self.remote is not None
        with self._alone():
            for attempt in range(ATTEMPTS):
                fresh = not self._fetched or attempt > 0
                if shared and fresh:
                    self.fetch()
                base, carried = self._base(shared=shared)
                history = self.replay(base)
                again = write(carried, after=history.last, now=self.clock(), actor=self.actor)
                try:
                    drafts, refspecs = decide(fold(history.copy(), again) if again else history)
                except ModferryError:
                    if not shared or fresh or not self._has_moved():
                        raise
                    continue
                if not drafts and not refspecs and not (send and carried):
                    if shared and not fresh and self._has_moved():
                        continue
                    return ()
                after = again[-1] if again else history.last
                new = write(drafts, after=after, now=self.clock(), actor=self.actor)
                commit = self._commit(base, (*again, *new)) if carried or drafts else base
                if not shared:
                    self._move_local(commit)
                elif not self._push(commit, refspecs):
                    time.sleep(random.uniform(0, 0.05 * (attempt + 1)))  # noqa: S311 - spreads writers, guards nothing
                    continue
                if commit and commit != base and commit == self.tip():
                    self.replays.remember(base, commit, (*again, *new))
                return new
        raise UndecidedError(
            f"The ledger on {self.remote} moved {ATTEMPTS} times while we wrote.", remedy="run the command again"
        )

    def _has_moved(self) -> bool:
        """Whether origin's ledger is another one than we decided on; it is here afterwards.

        A run that fetched once writes on what it knows: where that is old, origin refuses the push, and what is
        decided on it without a push is decided again.
        """
        before = self.origin_tip()
        self.fetch()
        return self.origin_tip() != before

    def send(self) -> None:
        """Push what is pending here; nothing new is decided."""
        if self.remote and self.pending():
            self.publish(lambda _: ((), ()), push=True, send=True)

    def send_with(self, refspecs: Sequence[str]) -> None:
        """Push exactly what is pending here, and `refspecs`, at once; raises when origin has moved on."""
        local = self.tip()
        if local and self.remote:
            with self._alone():
                if not self._push(local, refspecs):
                    raise PushRejectedError(self.remote, "the ledger moved on meanwhile: rejected")

    def drop_pending(self) -> tuple[Entry, ...]:
        """Take the local branch back to origin's; returns what was only here (evidence is kept, appended again)."""
        with self._alone():
            gone = self.pending()
            local, origin = self.repository.ref(REF), self.origin_tip()
            if gone and local:
                if origin:
                    self.repository.update_ref(REF, origin, local)
                else:
                    self.repository.git("update-ref", "-d", REF, local)
        kept = [Draft(kind=e.kind, body=e.body) for e in gone if e.kind == "evidence"]
        if kept:
            self.append(lambda _: kept, push=False)
        return gone

    def _base(self, *, shared: bool) -> tuple[str | None, tuple[Draft, ...]]:
        """The commit to write on, and what must be written again before: pending evidence, when origin moved."""
        local = self.repository.ref(REF)
        origin = self.origin_tip()
        if not shared or local is None or local == origin:
            return (local or origin), ()
        pending = self.pending()
        if not pending:
            return origin, ()
        others = [e for e in pending if e.kind != "evidence"]
        if others:
            raise RefusedError(
                f"A pending {others[0].kind} ({others[0].body.get('tag', others[0].id)}) waits in this clone.",
                remedy="modferry release --push (sends it), or modferry release --drop",
            )
        return origin, tuple(Draft(kind=e.kind, body=e.body) for e in pending)

    def _commit(self, base: str | None, entries: Sequence[Entry]) -> str:
        kinds = ", ".join(dict.fromkeys(e.kind for e in entries))
        files = {e.path: e.to_bytes() for e in entries}
        return self.repository.commit_files(base, files, MESSAGE.format(kinds=kinds))

    def _push(self, commit: str | None, refspecs: Sequence[str]) -> bool:
        """Whether origin took it. False: the ledger moved there. Raises when origin refuses for another reason."""
        assert commit is not None
        try:
            self.repository.push(f"{commit}:{REF}", *refspecs)
        except GitError as error:
            before = self.origin_tip()
            self.fetch()
            now = self.origin_tip()
            if now and self.repository.is_ancestor(commit, now):  # the answer was lost, not the push
                self._move_local(now)
                return True
            if _lost_race(error.said) or (now != before and not refspecs):
                return False
            raise PushRejectedError(self.remote or "", error.said) from error
        moves = [(self.tracking, commit, self.origin_tip()), (REF, commit, self.repository.ref(REF))]
        self.repository.update_refs(*(move for move in moves if move[1] != move[2]))
        return True

    def _move_local(self, commit: str | None) -> None:
        assert commit is not None
        self.repository.update_ref(REF, commit, self.repository.ref(REF))

    # -- local helpers ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time in this clone (a file lock; origin's compare-and-swap guards the rest)."""
        folder = self._folder()
        with (folder / "ledger.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _folder(self) -> Path:
        folder = self.repository.common_dir / "modferry"
        folder.mkdir(exist_ok=True)
        return folder


class PushRejectedError(RefusedError):
    """Origin refused the push for its own reasons (a hook, a protected branch, main moved): nothing stays."""

    def __init__(self, remote: str, said: str) -> None:
        self.said = said
        reason = next((line for line in said.splitlines() if "rejected" in line or "denied" in line), said)
        super().__init__(
            f"{remote} rejected the push, and nothing of it stays: {reason.strip()}",
            remedy=f"check your rights and branch protection on {remote}, then run the command again",
        )


def actor_of(repository: GitRepository, environ: Mapping[str, str]) -> str:
    """Who acts: MODFERRY_ACTOR, GitHub's actor, git's user, or the login name."""
    for name in ("MODFERRY_ACTOR", "GITHUB_ACTOR"):
        if environ.get(name):
            return environ[name]
    return repository.config("user.email") or environ.get("USER") or getpass.getuser()


def _lost_race(said: str) -> bool:
    """Whether somebody else's append came first, and nothing but the ledger was in the way.

    git says so in the lines of the refs (`! [rejected] … (fetch first)`, `! [remote rejected] … (failed to
    update ref)`); in an atomic push the other refs only say `atomic push failed`.
    """
    lost = [line for line in said.splitlines() if "rejected]" in line and "atomic push failed" not in line]
    words = ("fetch first", "non-fast-forward", "failed to update ref", "cannot lock ref", "incorrect old value")
    return bool(lost) and all(BRANCH in line and any(word in line for word in words) for line in lost)
