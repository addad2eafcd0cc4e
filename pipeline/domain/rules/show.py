"""A DiffReport as text, Markdown, GitHub annotations or SARIF 2.1.0. Pure: a report in, text out."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.domain.rules.report import DiffReport
from pipeline.domain.rules.table import RULES
from pipeline.domain.version import Bump

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
SARIF_LEVELS = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "note", Bump.NONE: "none"}
GITHUB_LEVELS = {Bump.MAJOR: "error", Bump.MINOR: "warning", Bump.PATCH: "notice", Bump.NONE: "notice"}


def show_text(report: DiffReport) -> str:
    """For a terminal: the bump, then each finding with its place."""
    head = f"{report.module} {report.since} → {report.target}: {report.bump}"
    if not report.findings:
        return f"{head}; nothing changed for whoever upgrades"
    lines = [head]
    for finding in report.findings:
        lines.append(f"{finding.bump!s:5}  {finding.rule}  {finding.address}  ({finding.file}:{finding.line})")
        lines += [f"       {line}" for line in finding.says.splitlines()]
    return "\n".join(lines)


def show_markdown(report: DiffReport) -> str:
    """For a pull request: a table, and the blocks to add below it."""
    title = f"### {report.module}: {report.since} → {report.target} needs **{report.bump}**"
    if not report.findings:
        return f"{title}\n\nNothing changed for whoever upgrades."
    lines = [title, "", "| Bump | What | Says | Where |", "|------|------|------|-------|"]
    blocks = []
    for finding in report.findings:
        first, _, block = finding.says.partition("\n")
        said = first.replace("|", r"\|")
        lines.append(
            f"| {finding.bump} | `{finding.address}`<br/>{finding.rule} | {said} | {finding.file}:{finding.line} |"
        )
        if block and block not in blocks:
            blocks.append(block)
    if blocks:
        lines += ["", "```hcl", *"\n\n".join(blocks).splitlines(), "```"]
    return "\n".join(lines)


def show_github(report: DiffReport) -> str:
    """Workflow commands: one annotation a finding (docs.github.com, "Workflow commands")."""

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def value(text: str) -> str:
        return data(text).replace(":", "%3A").replace(",", "%2C")

    return "\n".join(
        f"::{GITHUB_LEVELS[f.bump]} file={value(f.file)},line={f.line},title={value(f'{f.bump}: {f.rule}')}::"
        + data(f.says)
        for f in report.findings
    )


def show_sarif(report: DiffReport) -> str:
    """SARIF 2.1.0 with every rule described, for code scanning."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.id.replace("-", " ")},
            "fullDescription": {"text": rule.says},
            "defaultConfiguration": {"level": SARIF_LEVELS[rule.bump]},
            "properties": {"bump": str(rule.bump)},
        }
        for rule in RULES
    ]
    results: list[dict[str, Any]] = [
        {
            "ruleId": finding.rule,
            "level": SARIF_LEVELS[finding.bump],
            "message": {"text": finding.says},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": finding.file},
                        "region": {"startLine": finding.line},
                    },
                    "logicalLocations": [{"fullyQualifiedName": finding.address}],
                }
            ],
        }
        for finding in report.findings
    ]
    tool = {"driver": {"name": "modferry", "rules": rules}}
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": tool, "results": results}]}, indent=2)


FORMATS: Mapping[str, Callable[[DiffReport], str]] = {
    "text": show_text,
    "sarif": show_sarif,
    "github": show_github,
    "markdown": show_markdown,
}
"""Format → how it is written; JSON is the command's document."""
