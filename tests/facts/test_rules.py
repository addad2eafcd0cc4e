"""Every rule on every pair of fixtures: exactly the expected findings, nothing more and nothing less.

A folder in tests/fixtures/rules holds `old/` and `new/` of one module and expected.json. A rule's own pair has
the rule's id as its name; the others are pairs in which rules are easily wrong.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.adapters.hcl.module import ModuleReader
from pipeline.adapters.hcl.package import read_package
from pipeline.domain.rules.addresses import Package
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.finding import Finding, Rule
from pipeline.domain.rules.table import RULES, findings, required_bump, required_version_step
from pipeline.domain.version import Bump, Version
from tests.conftest import REPORT

PAIRS = sorted(path for path in (Path(__file__).parent.parent / "fixtures" / "rules").iterdir() if path.is_dir())


def package_in(folder: Path) -> Package:
    def read(inner: str) -> dict[str, bytes]:
        files = (folder / inner).glob("*.tf") if (folder / inner).is_dir() else ()
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read_package(".", read, ModuleReader())


def found_in(pair: Path) -> tuple[Finding, ...]:
    return findings(package_in(pair / "old"), package_in(pair / "new"))


def expected_of(pair: Path) -> Counter[tuple[str, str]]:
    return Counter((row["rule"], row["address"]) for row in json.loads((pair / "expected.json").read_text()))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_every_rule_on_a_pair(pair: Path) -> None:
    found = found_in(pair)
    assert Counter((finding.rule, finding.address) for finding in found) == expected_of(pair)
    for finding in found:
        assert finding.file.endswith(".tf")
        assert finding.line > 0
        assert finding.says.endswith((".", "}"))


def test_every_rule_has_its_pair_and_finds_it() -> None:
    folders = {pair.name: pair for pair in PAIRS}
    for rule in RULES:
        assert rule.id in folders, f"make tests/fixtures/rules/{rule.id}/old and new"
        assert any(name == rule.id for name, _ in expected_of(folders[rule.id]))
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_exactly_this(rule: Rule) -> None:
    """The sentence is what users read: in its own pair every finding's text is written down."""
    folder = next(pair for pair in PAIRS if pair.name == rule.id)
    rows = json.loads((folder / "expected.json").read_text())
    written = sorted(
        (row["address"], row.get("says", "(nothing is written down)")) for row in rows if row["rule"] == rule.id
    )
    assert written
    assert sorted((f.address, f.says) for f in found_in(folder) if f.rule == rule.id) == written


def test_nothing_is_found_where_nothing_changed() -> None:
    for pair in PAIRS:
        for side in ("old", "new"):
            assert findings(package_in(pair / side), package_in(pair / side)) == ()


def test_precision_and_recall(record_property: Callable[[str, object], None]) -> None:
    """The table is printed at the end of the run (tests/conftest.py)."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for pair in PAIRS:
        change = Change(package_in(pair / "old"), package_in(pair / "new"))
        expected = expected_of(pair)
        for rule in RULES:
            got = Counter((rule.id, finding.address) for finding in rule.findings(change))
            want = Counter({key: count for key, count in expected.items() if key[0] == rule.id})
            right[rule.id] += (got & want).total()
            wrong[rule.id] += (got - want).total()
            missed[rule.id] += (want - got).total()
    lines = [f"{len(RULES)} rules on {len(PAIRS)} pairs: precision and recall"]
    for rule in RULES:
        precision = right[rule.id] / max(1, right[rule.id] + wrong[rule.id])
        recall = right[rule.id] / max(1, right[rule.id] + missed[rule.id])
        lines.append(f"  {rule.id:32} {precision:5.2f} {recall:5.2f}  of {right[rule.id] + missed[rule.id]}")
    record_property(REPORT, "\n".join(lines))
    assert not wrong.total()
    assert not missed.total()


def says(pair: str, rule: str) -> str:
    folder = next(p for p in PAIRS if p.name == pair)
    return "\n".join(finding.says for finding in found_in(folder) if finding.rule == rule)


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("variable-renamed", "Input cidr is now ipv4_range"),
        ("variable-type-narrowed", 'values that were accepted, for example "text", are refused'),
        ("variable-validation-tightened", "length(var.name) > 2 && length(var.name) < 20"),
        ("resource-renamed", "moved {\n  from = aws_subnet.private\n  to   = aws_subnet.inner\n}"),
        ("module-renamed", "moved {\n  from = module.net\n  to   = module.network\n}"),
        ("repetition-changed", 'from = aws_vpc.a[0]\n  to   = aws_vpc.a["KEY"]'),
        ("moved-dropped", "moved {\n  from = aws_vpc.older\n  to   = aws_vpc.main\n}"),
        ("provider-alias-required", "providers = { aws.replica = … }"),
        ("output-type-changed", "attribute arn is gone"),
    ],
)
def test_a_finding_says_what_to_do(rule: str, part: str) -> None:
    assert part in says(rule, rule)


@pytest.mark.parametrize(
    ("bump", "version", "step"),
    [
        (Bump.MAJOR, "1.2.3", Bump.MAJOR),
        (Bump.MAJOR, "0.2.3", Bump.MINOR),
        (Bump.MINOR, "0.2.3", Bump.PATCH),
        (Bump.PATCH, "0.2.3", Bump.PATCH),
        (Bump.NONE, "0.2.3", Bump.NONE),
    ],
)
def test_below_one_the_steps_are_smaller(bump: Bump, version: str, step: Bump) -> None:
    assert required_version_step(bump, Version.parse(version)) is step


def test_the_largest_bump_is_required() -> None:
    assert required_bump(()) is Bump.NONE
    folder = next(p for p in PAIRS if p.name == "address-moved")
    assert required_bump(found_in(folder)) is Bump.PATCH
