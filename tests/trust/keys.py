"""SSH keys of tests, made by the real ssh-keygen, and repositories whose evidence they sign."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.signatures import SshSigner
from pipeline.commands.project import Project
from pipeline.commands.release import Releaser
from pipeline.domain.evidence import Evidence
from pipeline.domain.ledger import Draft
from pipeline.domain.statement import NAMESPACE, attested, signed_bytes, statement_of
from pipeline.domain.trust import fingerprint
from pipeline.domain.verdict import Verdict
from pipeline.wiring.signing import check_signature
from tests.conftest import git, write_files
from tests.release import test_release as releases


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key pair and whose it is."""

    path: Path
    principal: str

    @property
    def public(self) -> str:
        """Kind and key, without the comment."""
        return " ".join(self.path.with_suffix(".pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen prints it."""
        out = subprocess.run(
            ("ssh-keygen", "-l", "-f", str(self.path)), check=True, capture_output=True, text=True
        ).stdout
        return out.split()[1]

    @property
    def sign(self) -> SshSigner:
        """Signs with it."""
        return SshSigner(key=str(self.path))

    def line(self, options: str = "") -> str:
        """Its line in allowed_signers."""
        return f"{self.principal} {options + ' ' if options else ''}{self.public}\n"


def make_key(folder: Path, principal: str, kind: str = "ed25519") -> Key:
    path = folder / principal.partition("@")[0]
    subprocess.run(("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", principal, "-f", str(path)), check=True)
    return Key(path=path, principal=principal)


def allow(clone: Path, *keys: Key, push: bool = True) -> None:
    """Main says whose signature counts."""
    write_files(clone, {"allowed_signers": "".join(key.line() for key in keys)})
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "chore: signers")
    if push:
        git(clone, "push", "-q", "origin", "HEAD:main")


def open_project(clone: Path) -> Project:
    return replace(releases.project(clone), check_signature=check_signature)


def releaser(clone: Path, key: Key | None) -> Releaser:
    opened, plain = open_project(clone), releases.releaser(clone)
    assert isinstance(opened.repository, GitRepository)
    gatherer = replace(plain.gatherer, project=opened)
    return replace(plain, project=opened, gatherer=gatherer, sign=key.sign if key else None)


def evidence_of(
    clone: Path, name: str, suites: Sequence[str] = releases.SUITES, verdict: Verdict = Verdict.PASSED
) -> list[Evidence]:
    """Evidence of the working tree's bytes, as a run of tests finds it."""
    graph = releases.project(clone).graph()
    module = graph.modules[name]
    return [
        Evidence(
            key=releases.TOOLS.key(digest=graph.digest(module), suite=suite, target="moto"),
            module=name,
            verdict=verdict,
            counts={str(verdict): 1},
            seconds=1.25,
            passed=("a",) if verdict is Verdict.PASSED else (),
            tree=graph.tested_tree(module),
        )
        for suite in suites
    ]


def signed(evidence: Evidence, key: Key) -> dict[str, object]:
    signature = key.sign(signed_bytes(statement_of(evidence)), NAMESPACE)
    return attested(evidence, signature, fingerprint(signature))


def prove(clone: Path, key: Key | None, *modules: str, verdict: Verdict = Verdict.PASSED) -> None:
    """Write evidence of every required suite, signed by a key (None: unsigned)."""
    found = [one for name in modules for one in evidence_of(clone, name, verdict=verdict)]
    bodies = [signed(one, key) if key else one.to_body() for one in found]
    drafts = [Draft(kind="evidence", body=body) for body in bodies]
    releases.project(clone).ledger.append(lambda _: drafts, push=False)
