"""What to release: versions from facts and words, held against the gate. Pure: candidates in, a plan out.

The bump is the largest of what the facts require, what the commits declare and what the caller asks for.
Commit words can only raise. A bump that is asked for below the facts is Refused with the findings. All
modules of one release go together, or none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain.commits import Commit, declared_bump
from pipeline.domain.evidence import Evidence
from pipeline.domain.gate import Allowed, Decision, Refused, Unknown
from pipeline.domain.rehearsal import Rehearsal
from pipeline.domain.version import Bump, Version, next_version


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One finding that requires a bump, as `modferry diff` or the upgrade suite says it."""

    rule: str
    bump: Bump
    address: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A module that may be released: what is known of it, and what its gate says."""

    module: str
    path: str
    latest: Version | None
    digest: str
    shipped: str
    commits: tuple[Commit, ...]
    facts: tuple[Fact, ...]
    evidence: tuple[Evidence, ...]
    gate: Decision
    because: tuple[str, ...] = ()
    """Modules whose change makes this one change (a cascade)."""
    rehearsal: Mapping[str, Any] = field(default_factory=dict)
    """How the way back to `latest` went (`Rehearsal.to_json`); empty where it was not tried."""


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """One module's next version."""

    candidate: Candidate
    version: Version
    bump: Bump
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A module that may not be released now, every reason, and the next command."""

    module: str
    reasons: tuple[str, ...]
    remedy: str
    unknown: bool

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"module": self.module, "reasons": list(self.reasons), "next": self.remedy}


def plan_release(
    candidates: Iterable[Candidate], *, wanted: Bump | None, first: Version
) -> tuple[tuple[NewVersion, ...], tuple[Refusal, ...]]:
    """Decide every candidate. With any refusal nothing may be released."""
    planned: list[NewVersion] = []
    refusals: list[Refusal] = []
    for candidate in candidates:
        bump, bump_says = decide_bump(candidate, wanted)
        match candidate.gate:
            case Refused(reasons=reasons, remedy=remedy) | Unknown(reasons=reasons, remedy=remedy):
                unknown = isinstance(candidate.gate, Unknown)
                refusals.append(Refusal(module=candidate.module, reasons=reasons, remedy=remedy, unknown=unknown))
            case Allowed(notes=notes):
                match bump_says:
                    case Refused(reasons=reasons, remedy=remedy):
                        refusals.append(Refusal(module=candidate.module, reasons=reasons, remedy=remedy, unknown=False))
                    case _:
                        version = first if candidate.latest is None else next_version(candidate.latest, bump)
                        planned.append(NewVersion(candidate=candidate, version=version, bump=bump, notes=notes))
    return tuple(planned), tuple(refusals)


def decide_bump(candidate: Candidate, wanted: Bump | None) -> tuple[Bump, Decision]:
    """The bump and whether the asked-for one is enough.

    Fails closed: asked for below the facts is Refused, because users plan their upgrades by the number.
    """
    required = max((fact.bump for fact in candidate.facts), default=Bump.NONE)
    declared = declared_bump(candidate.commits)
    cascade = Bump.PATCH if candidate.because else Bump.NONE
    bump = max(required, declared, cascade, wanted or Bump.NONE, Bump.PATCH)
    if wanted is not None and wanted < required and candidate.latest is not None:
        reasons = [f"--bump {wanted} is below what the facts of {candidate.module} require ({required})."]
        reasons += [f"{f.rule} {f.address}: {f.says}" for f in candidate.facts if f.bump > wanted]
        return bump, Refused(reasons=tuple(reasons), remedy=f"modferry release {candidate.module} --bump {required}")
    return bump, Allowed()


def first_line(says: str, block_is: str) -> str:
    """A finding's sentence without the block to copy that may follow it; `block_is`: where that stands instead."""
    first, _, block = says.partition("\n")
    return f"{first.rstrip(':')} ({block_is})." if block else first


def tag_message(new: NewVersion, tag: str) -> str:
    """What the annotated tag carries: the version, the digest of the tested bytes, the evidence behind it."""
    candidate = new.candidate
    lines = [tag, "", f"{candidate.module} {new.version} ({new.bump})", ""]
    lines += [f"- {first_line(fact.says, 'see the changelog')}" for fact in candidate.facts if fact.bump >= Bump.MINOR]
    if len(lines) > 4:
        lines.append("")
    lines += [f"Digest: {candidate.digest}", f"Shipped: {candidate.shipped}"]
    lines += [f"Evidence: {', '.join(e.id for e in candidate.evidence)}", f"Bump: {new.bump}"]
    if candidate.rehearsal:
        lines.append(f"Rehearsal: {Rehearsal.from_json(candidate.rehearsal)}")
    return "\n".join(lines) + "\n"


def tag_fields(message: str) -> dict[str, str]:
    """The `Name: value` lines of a tag's message."""
    rows = (line.partition(": ") for line in message.splitlines())
    known = ("Digest", "Shipped", "Evidence", "Bump", "Rehearsal")
    return {name: value for name, colon, value in rows if colon and name in known}


def release_body(new: NewVersion, tag: str, commit: str) -> dict[str, Any]:
    """The release's ledger entry."""
    candidate = new.candidate
    return {
        "module": candidate.module,
        "version": str(new.version),
        "tag": tag,
        "commit": commit,
        "digest": candidate.digest,
        "shipped": candidate.shipped,
        "bump": str(new.bump),
        "from": str(candidate.latest) if candidate.latest else "",
        "evidence": [e.id for e in candidate.evidence],
        "facts": [{"rule": f.rule, "bump": str(f.bump), "address": f.address} for f in candidate.facts],
        **({"rehearsal": dict(candidate.rehearsal)} if candidate.rehearsal else {}),
    }
