"""Who counts as a signer, by the main that everybody shares."""

from datetime import datetime

from pipeline.commands.project import Project
from pipeline.domain.trust import ALLOWED_SIGNERS, TAGS, Signed, Signers
from pipeline.errors import RefusedError, UndecidedError
from pipeline.ports import Sign


def signers_at(project: Project, commit: str) -> Signers | None:
    """The signers that a commit of main names; None where it has no `allowed_signers`: unsigned counts there."""
    tree = project.repository.tree(commit)
    if ALLOWED_SIGNERS not in tree.paths():
        return None
    text, where = tree.read(ALLOWED_SIGNERS).decode(errors="replace"), f"{ALLOWED_SIGNERS} of main at {commit[:12]}"

    def check(data: bytes, signature: str, namespace: str, at: str) -> Signed:
        return project.check_signature(text, where, data, signature, namespace, at)

    return Signers(where=where, check=check)


def main_here(project: Project) -> str:
    """The shared main's commit as this clone knows it: origin's, or without a remote the local branch.

    Fails closed: where neither is here nobody can say who may sign, and what is checked out instead may be a branch
    that says so itself.
    """
    branch, remote = project.settings.release.branch, project.repository.remote()
    ref = f"refs/remotes/{remote}/{branch}" if remote else f"refs/heads/{branch}"
    found = project.repository.try_resolve(ref)
    if found is None:
        raise UndecidedError(
            f"{branch} of {remote or 'this repository'} is not here, so nobody can say whose signature counts.",
            remedy=f"git fetch {remote} {branch}" if remote else f"git branch {branch}",
        )
    return found


def main_signers(project: Project, base: str = "") -> Signers | None:
    """The signers of the shared main; where it names none, those that `base` brings to it (a release's commit).

    A commit that is not on main yet can only ask for more than main does, never for less or for other keys.
    """
    return signers_at(project, main_here(project)) or (signers_at(project, base) if base else None)


def insist_signer(sign: Sign | None, signers: Signers | None, *, now: datetime) -> None:
    """Where only signed tags count, the key that signs them is one that counts; tried before anything is made.

    Fails closed: a tag that nobody may trust must not be published, because it is never moved or made again.
    """
    if signers is None:
        return
    if sign is None:
        raise RefusedError(
            f"No key signs the tag, and {signers.where} lets only signed ones count.",
            remedy="set MODFERRY_SIGNING_KEY, or [signing] key in modferry.toml",
        )
    trial = b"modferry"
    found = signers.check(trial, sign(trial, TAGS), TAGS, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if found.problem:
        raise RefusedError(
            f"The tag's signature would not count: {found.problem}.",
            remedy=f"sign with a key of {ALLOWED_SIGNERS}, or add this one on main first",
        )
