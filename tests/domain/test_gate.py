"""R1 and R7: what the gate says of every kind of evidence, and that the worst word wins."""

import pytest

from pipeline.domain.evidence import Evidence, EvidenceKey, Tools, gate
from pipeline.domain.gate import Allowed, Refused, Unknown, combine, insist
from pipeline.domain.verdict import Case, Verdict, exit_for, suite_verdict, worst
from pipeline.errors import Exit, RefusedError, UndecidedError

TOOLS = Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 5")


def key(suite: str = "unit", target: str = "moto", digest: str = "sha256:1") -> EvidenceKey:
    return TOOLS.key(digest=digest, suite=suite, target=target)


def evidence(
    verdict: Verdict, *, at: EvidenceKey | None = None, unsupported: tuple[str, ...] = (), passed: tuple[str, ...] = ()
) -> Evidence:
    return Evidence(
        key=at or key(), module="vpc", verdict=verdict, counts={}, seconds=1, unsupported=unsupported, passed=passed
    )


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (Verdict.PASSED, Allowed),
        (Verdict.FAILED, Refused),
        (Verdict.SKIPPED, Refused),
        (Verdict.EMPTY, Refused),
        (Verdict.ERRORED, Unknown),
    ],
)
def test_only_passed_is_a_pass(verdict: Verdict, word: type) -> None:
    assert isinstance(gate("vpc", [key()], {key(): evidence(verdict)}, target="moto"), word)


def test_no_evidence_and_no_required_suite_are_refused() -> None:
    assert isinstance(gate("vpc", [key()], {}, target="moto"), Refused)
    assert isinstance(gate("vpc", [], {}, target="moto"), Refused)


def test_an_unsupported_case_must_have_passed_elsewhere() -> None:
    here = evidence(Verdict.UNSUPPORTED, unsupported=("a", "b"))
    other = key(target="localstack")
    some = evidence(Verdict.PASSED, at=other, passed=("a",))
    both = evidence(Verdict.PASSED, at=other, passed=("a", "b"))
    refused = gate("vpc", [key()], {key(): here, other: some}, target="moto")
    assert isinstance(refused, Refused)
    assert refused.reasons[0].endswith("no other target passed: b.")
    assert isinstance(gate("vpc", [key()], {key(): here, other: both}, target="moto"), Allowed)


def test_the_worst_word_wins_and_all_its_reasons_are_said() -> None:
    no, dunno = Refused(reasons=("no",), remedy="do"), Unknown(reasons=("dunno",))
    assert combine([Allowed(), dunno, no, Refused(reasons=("no too",))]) == Refused(
        reasons=("no", "no too"), remedy="do"
    )
    assert combine([Allowed(notes=("a",)), dunno]) == dunno
    with pytest.raises(RefusedError, match="no Next: do"):
        insist(no)
    with pytest.raises(UndecidedError):
        insist(dunno)


def test_a_suite_is_as_good_as_its_worst_case() -> None:
    cases = [Case(name="a", verdict=Verdict.PASSED), Case(name="b", verdict=Verdict.SKIPPED)]
    assert suite_verdict(cases) is Verdict.SKIPPED
    assert suite_verdict([]) is Verdict.EMPTY
    assert worst([Verdict.ERRORED, Verdict.FAILED]) is Verdict.FAILED


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASSED], Exit.DONE),
        ([Verdict.PASSED, Verdict.UNSUPPORTED], Exit.DONE),
        ([Verdict.SKIPPED], Exit.UNDECIDED),
        ([Verdict.EMPTY], Exit.UNDECIDED),
        ([Verdict.ERRORED, Verdict.FAILED], Exit.TESTS_FAILED),
    ],
)
def test_exit_codes_of_test(verdicts: list[Verdict], code: Exit) -> None:
    assert exit_for(verdicts) is code
