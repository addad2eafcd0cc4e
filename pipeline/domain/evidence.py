"""Evidence: this suite, on this digest, on this target, with these tools, had this verdict. About bytes.

Evidence counts at the gate, and is reused instead of a run, by one and the same key. The newest piece of
evidence for a key is the one that counts: a later failure takes an earlier pass away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pipeline.domain.gate import Allowed, Decision, Refused, Unknown, combine
from pipeline.domain.verdict import Suite, Verdict

FOUND = ("findings", "rehearsal")
"""What evidence of an upgrade carries beside its verdict."""


@dataclass(frozen=True, kw_only=True, order=True)
class EvidenceKey:
    """What must be equal for evidence to count: versions as the tools print them, `base` for upgrade only."""

    digest: str
    suite: str
    target: str
    terraform: str
    provider: str
    emulator: str
    base: str = ""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The versions that evidence is bound to, as the tools print them; `emulator` with its corrections."""

    terraform: str
    provider: str
    emulator: str

    def key(self, *, digest: str, suite: str, target: str, base: str = "") -> EvidenceKey:
        """The key of a suite's evidence with these tools."""
        return EvidenceKey(
            digest=digest,
            suite=suite,
            target=target,
            terraform=self.terraform,
            provider=self.provider,
            emulator=self.emulator,
            base=base,
        )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One suite's outcome. `id` is the ledger entry that holds it, `counts` cases by verdict.

    `extra` is what the suite found beside its verdict: of an upgrade `findings` and `rehearsal`. `tree` is the
    git tree of the tested files, `signature` what somebody signed this with (domain/statement), `at` when it was
    written.
    """

    key: EvidenceKey
    module: str
    verdict: Verdict
    counts: Mapping[str, int]
    seconds: float
    unsupported: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    tree: str = ""
    signature: str = ""
    at: str = ""

    def to_body(self) -> dict[str, Any]:
        """As the ledger keeps it, without a signature: what is signed."""
        return {
            **self.extra,
            **({"tree": self.tree} if self.tree else {}),
            "module": self.module,
            "digest": self.key.digest,
            "suite": self.key.suite,
            "target": self.key.target,
            "terraform": self.key.terraform,
            "provider": self.key.provider,
            "emulator": self.key.emulator,
            "base": self.key.base,
            "verdict": str(self.verdict),
            "counts": dict(self.counts),
            "seconds": round(self.seconds, 3),
            "unsupported": list(self.unsupported),
            "passed": list(self.passed),
            "flaky": list(self.flaky),
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any], id: str, at: str = "") -> "Evidence":  # noqa: A002 - the field's name
        """As read from the ledger."""
        names = ("digest", "suite", "target", "terraform", "provider", "emulator", "base")
        return cls(
            key=EvidenceKey(**{name: str(body.get(name, "")) for name in names}),
            module=str(body["module"]),
            verdict=Verdict(body["verdict"]),
            counts=dict(body["counts"]),
            seconds=float(body["seconds"]),
            unsupported=tuple(body.get("unsupported", ())),
            passed=tuple(body.get("passed", ())),
            flaky=tuple(body.get("flaky", ())),
            id=id,
            extra={name: body[name] for name in FOUND if name in body},
            tree=str(body.get("tree", "")),
            signature=signature_in(body),
            at=at,
        )


def signature_in(body: Mapping[str, Any]) -> str:
    """The signature of an evidence entry's DSSE envelope, base64; empty where there is none that could be one."""
    try:
        return str(body["attestation"]["signatures"][0]["sig"])
    except (KeyError, IndexError, TypeError):
        return ""


def judge_suite(
    wanted: EvidenceKey,
    evidence: Mapping[EvidenceKey, Evidence],
    remedy: str,
    left: Mapping[EvidenceKey, str] = MappingProxyType({}),
) -> Decision:
    """Whether one required suite has passed on exactly these bytes. `left`: why evidence that is there does not count.

    Fails closed: without evidence that counts, or with evidence that says anything but passed, nobody knows that
    the suite passes. Unsupported cases count as passed when another target's newest evidence for the same
    digest and suite names them as passed.
    """
    found = evidence.get(wanted)
    say = f"The {wanted.suite} suite of these files ({short(wanted.digest)})"
    if found is None and wanted in left:
        return Refused(reasons=(f"{say} has no evidence that counts: {left[wanted]}.",), remedy=remedy)
    if found is None:
        where = [e for k, e in evidence.items() if k.digest == wanted.digest and k.suite == wanted.suite]
        hint = f" (there is evidence for {describe(where[-1].key)})" if where else ""
        return Refused(reasons=(f"{say} has no evidence on {describe(wanted)}{hint}.",), remedy=remedy)
    match found.verdict:
        case Verdict.PASSED:
            return Allowed(notes=tuple(f"{name} was flaky" for name in found.flaky))
        case Verdict.UNSUPPORTED:
            return _judge_unsupported(say, found, evidence, remedy)
        case Verdict.FAILED | Verdict.SKIPPED | Verdict.EMPTY:
            return Refused(reasons=(f"{say} is {found.verdict} on {wanted.target}.",), remedy=remedy)
        case Verdict.ERRORED:
            return Unknown(reasons=(f"{say} errored on {wanted.target}: it could not be found out.",), remedy=remedy)


def _judge_unsupported(say: str, found: Evidence, evidence: Mapping[EvidenceKey, Evidence], remedy: str) -> Decision:
    elsewhere = {
        name
        for key, other in evidence.items()
        if key.digest == found.key.digest and key.suite == found.key.suite and key.target != found.key.target
        for name in other.passed
        if other.verdict in (Verdict.PASSED, Verdict.UNSUPPORTED)
    }
    open_cases = [name for name in found.unsupported or ("(unnamed)",) if name not in elsewhere]
    if not open_cases:
        return Allowed(notes=(f"{len(found.unsupported)} cases passed on another target",))
    names = ", ".join(open_cases)
    return Refused(
        reasons=(f"{say} has cases that {found.key.target} does not support and no other target passed: {names}.",),
        remedy=remedy,
    )


def gate(
    module: str,
    wanted: Iterable[EvidenceKey],
    evidence: Mapping[EvidenceKey, Evidence],
    *,
    target: str,
    left: Mapping[EvidenceKey, str] = MappingProxyType({}),
) -> Decision:
    """R1 for one module: every required suite passed on exactly this digest with these tools.

    Fails closed: no required suite at all is Refused, because an empty gate would let everything through.
    """
    keys = tuple(wanted)
    if not keys:
        return Refused(reasons=(f"No suite is required of {module}.",), remedy="set suites in modferry.toml")
    return combine(
        judge_suite(
            key,
            evidence,
            f"modferry test {module} --suite {key.suite} --on {target}"
            + (", where MODFERRY_SIGNING_KEY is a key of allowed_signers" if key in left else ""),
            left,
        )
        for key in keys
    )


def short(digest: str) -> str:
    """The first twelve digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:12]


def describe(key: EvidenceKey) -> str:
    """Target and tools in one phrase."""
    base = f", from {key.base}" if key.suite == Suite.UPGRADE and key.base else ""
    return (
        f"{key.target} with Terraform {key.terraform}, provider {key.provider}, {key.emulator or 'no emulator'}{base}"
    )
