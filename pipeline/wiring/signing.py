"""Signatures: what signs here, and what checks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.adapters.git import GitRepository
from pipeline.errors import UsageError
from pipeline.wiring.repository import entries_of

if TYPE_CHECKING:
    from pipeline.commands.project import Project
    from pipeline.domain.gate import Decision
    from pipeline.domain.trust import Signed
    from pipeline.ports import Sign


def signer_of(project: Project, environ: Mapping[str, str]) -> Sign | None:
    """What signs evidence and tags: MODFERRY_SIGNING_KEY (a path or the key itself), else `[signing] key`."""
    from pipeline.adapters.signatures import TEXT, SshSigner

    key = environ.get("MODFERRY_SIGNING_KEY", "").strip()
    source = "MODFERRY_SIGNING_KEY" if key else "[signing] key in modferry.toml"
    key = key or project.settings.signing.key.strip()
    if not key or key.startswith(TEXT):
        return SshSigner(key=key) if key else None
    path = project.repository.root / Path(key).expanduser()
    if not path.is_file():
        raise UsageError(f"{source} names {key}, and there is no such file.", remedy="name an SSH key, or unset it")
    return SshSigner(key=str(path))


def check_signature(allowed: str, where: str, data: bytes, signature: str, namespace: str, at: str) -> Signed:
    """Asks ssh-keygen; see the port."""
    from pipeline.adapters import signatures

    return signatures.check_signature(allowed, where, data, signature, namespace, at)


def prover(project: Project) -> Callable[[str, str, str], Decision]:
    """Proves a version by what origin has now: (main, tag, commit) → decision. The tag is fetched under a name of
    ours: the user's own tags stay as they are."""
    from pipeline.commands.verify import prove_on_origin

    repository = project.repository
    assert isinstance(repository, GitRepository)

    def read_tag(name: str) -> bytes:
        ref = f"refs/modferry/{repository.remote()}/tags/{name}"
        repository.fetch("--no-tags", f"+refs/tags/{name}:{ref}")
        return repository.read_tag(ref)

    def prove(main: str, tag: str, commit: str) -> Decision:
        if repository.try_resolve(commit) is None:
            read_tag(tag)
        return prove_on_origin(project, entries_of(project), read_tag, main, tag, commit)

    return prove
