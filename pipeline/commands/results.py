"""Results of suites: merged from parts, as JSON, as evidence, as JUnit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as Xml

from pipeline.domain.evidence import Evidence, EvidenceKey
from pipeline.domain.rehearsal import Rehearsal, worst
from pipeline.domain.verdict import Case, Verdict, suite_verdict


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """One suite of one module on one target; `reused` when its evidence already stood in the ledger."""

    module: str
    key: EvidenceKey
    cases: tuple[Case, ...]
    seconds: float
    reused: bool = False
    verdict_reused: Verdict | None = None
    flaky: tuple[str, ...] = ()
    found: Mapping[str, Any] = field(default_factory=dict)
    """What the suite found beside its verdict, as evidence carries it."""

    @property
    def verdict(self) -> Verdict:
        """Its worst case; a reused suite has what its evidence says."""
        return self.verdict_reused or suite_verdict(self.cases)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "module": self.module,
            "suite": self.key.suite,
            "target": self.key.target,
            "verdict": str(self.verdict),
            "reused": self.reused,
            "digest": self.key.digest,
            "seconds": round(self.seconds, 3),
            "flaky": list(self.flaky),
            "cases": [
                {"name": c.name, "verdict": str(c.verdict), "seconds": round(c.seconds, 3), "message": c.message}
                for c in self.cases
            ],
            **self.found,
        }

    def to_evidence(self, tree: str = "") -> Evidence:
        """As the ledger keeps it; `tree` is the git tree of the tested files."""
        verdicts = [case.verdict for case in self.cases]
        return Evidence(
            key=self.key,
            module=self.module,
            verdict=self.verdict,
            counts={str(v): verdicts.count(v) for v in Verdict if v in verdicts},
            seconds=self.seconds,
            unsupported=tuple(c.name for c in self.cases if c.verdict is Verdict.UNSUPPORTED),
            passed=tuple(c.name for c in self.cases if c.verdict is Verdict.PASSED),
            flaky=self.flaky,
            extra=self.found,
            tree=tree,
        )


def found_by(cases: Iterable[Case]) -> dict[str, Any]:
    """What an upgrade's cases found: every finding once, and the worst way back."""
    every = tuple(case.data for case in cases if case.data)
    if not every:
        return {}
    rows = {(r["rule"], r["address"], r["file"]): r for data in every for r in data.get("findings", ())}
    way_back = worst(Rehearsal.from_json(data["rehearsal"]) for data in every if "rehearsal" in data)
    return {
        "findings": [rows[key] for key in sorted(rows)],
        **({"rehearsal": way_back.to_json()} if way_back else {}),
    }


def reused_result(evidence: Evidence) -> SuiteResult:
    """What a suite's evidence says, as a result that was not run."""
    return SuiteResult(
        module=evidence.module,
        key=evidence.key,
        cases=(),
        seconds=evidence.seconds,
        reused=True,
        verdict_reused=evidence.verdict,
        flaky=evidence.flaky,
        found=evidence.extra,
    )


def junit_xml(results: Iterable[SuiteResult]) -> str:
    """JUnit XML as CI systems read it: failed → failure, errored and empty → error, the rest skipped or passed."""
    root = Xml.Element("testsuites", name="modferry")
    for result in results:
        suite = Xml.SubElement(root, "testsuite", name=f"{result.module} {result.key.suite} ({result.key.target})")
        cases: Sequence[Case] = result.cases or (_whole(result),)
        for case in cases:
            item = Xml.SubElement(
                suite,
                "testcase",
                classname=f"{result.module}.{result.key.suite}",
                name=case.name,
                time=f"{case.seconds:.3f}",
            )
            tag = {
                Verdict.FAILED: "failure",
                Verdict.ERRORED: "error",
                Verdict.EMPTY: "error",
                Verdict.SKIPPED: "skipped",
                Verdict.UNSUPPORTED: "skipped",
            }.get(case.verdict)
            if tag:
                Xml.SubElement(
                    item, tag, message=f"{case.verdict}: {_printable(case.message)[:200]}"
                ).text = _printable(case.message)
        verdicts = [case.verdict for case in cases]
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(verdicts.count(Verdict.FAILED)))
        suite.set("errors", str(verdicts.count(Verdict.ERRORED) + verdicts.count(Verdict.EMPTY)))
        suite.set("skipped", str(verdicts.count(Verdict.SKIPPED) + verdicts.count(Verdict.UNSUPPORTED)))
        suite.set("time", f"{result.seconds:.3f}")
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _whole(result: SuiteResult) -> Case:
    """A suite without cases in one line: reused evidence, or an empty suite."""
    name = "(evidence reused)" if result.reused else "(empty suite)"
    return Case(name=name, verdict=result.verdict, seconds=result.seconds, message=f"{result.verdict}")


def _printable(text: str) -> str:
    """Text without the control characters that XML 1.0 forbids."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)
