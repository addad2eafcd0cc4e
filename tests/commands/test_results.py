"""Results as evidence and as JUnit."""

from xml.etree import ElementTree as Xml

from pipeline.commands.results import SuiteResult, junit_xml, reused_result
from pipeline.domain.verdict import Case, Verdict
from tests.fakes.workbench import TOOLS

KEY = TOOLS.key(digest="sha256:0", suite="unit", target="moto")


def result(*verdicts: Verdict, message: str = "why", module: str = "net") -> SuiteResult:
    cases = tuple(Case(name=f"case {i}", verdict=v, seconds=0.25, message=message) for i, v in enumerate(verdicts))
    return SuiteResult(module=module, key=KEY, cases=cases, seconds=1.5)


def test_evidence_counts_cases_and_names_what_needs_another_target() -> None:
    found = result(Verdict.PASSED, Verdict.UNSUPPORTED, Verdict.PASSED).to_evidence()
    assert found.verdict is Verdict.UNSUPPORTED
    assert found.counts == {"passed": 2, "unsupported": 1}
    assert (found.passed, found.unsupported) == (("case 0", "case 2"), ("case 1",))


def test_a_suite_takes_its_worst_case() -> None:
    assert result().verdict is Verdict.EMPTY
    for worst in (Verdict.FAILED, Verdict.ERRORED, Verdict.SKIPPED, Verdict.UNSUPPORTED):
        assert result(Verdict.PASSED, worst, Verdict.PASSED).verdict is worst


def test_junit_as_ci_reads_it() -> None:
    every = result(Verdict.PASSED, Verdict.FAILED, Verdict.ERRORED, Verdict.SKIPPED, Verdict.UNSUPPORTED)
    root = Xml.fromstring(junit_xml([every]))
    [suite] = root.iter("testsuite")
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "1", "errors": "1", "skipped": "2",
    }  # fmt: skip
    marks = [[child.tag for child in case] for case in suite.iter("testcase")]
    assert marks == [[], ["failure"], ["error"], ["skipped"], ["skipped"]]


def test_an_empty_suite_is_an_error_in_junit_and_a_reused_one_is_there() -> None:
    known = reused_result(result(Verdict.PASSED).to_evidence())
    suites = list(Xml.fromstring(junit_xml([result(), known])).iter("testsuite"))
    assert [suite.get("errors") for suite in suites] == ["1", "0"]
    assert [case.get("name") for suite in suites for case in suite.iter("testcase")] == [
        "(empty suite)",
        "(evidence reused)",
    ]


def test_messages_with_control_characters_stay_xml() -> None:
    text = junit_xml([result(Verdict.FAILED, message="\x1b[31mError\x00 <&> \ud800 ü")])
    assert "<&>" in "".join(Xml.fromstring(text.encode(errors="replace")).itertext())
