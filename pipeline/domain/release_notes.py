"""What happens to whoever upgrades, as Markdown: what changed of the interface, what examples showed, the way back.

Pure: a new version in, blocks of text out. The changelog holds them, GitHub's release repeats them word for
word, the tag's message says the short form (`release.tag_message`).
"""

from collections.abc import Iterable, Sequence

from pipeline.domain.evidence import Evidence
from pipeline.domain.rehearsal import Rehearsal, WayBack
from pipeline.domain.release import Fact, NewVersion, first_line
from pipeline.domain.shapes import as_list, as_mapping
from pipeline.domain.upgrade import NO_APPLY, NO_PLAN, NO_REST, ROWS
from pipeline.domain.verdict import Suite

ROWS_SHOWN = 60
"""A table longer than a page is read by nobody; `modferry diff` shows all of it."""
MEASURED = frozenset({NO_PLAN, NO_APPLY, NO_REST, *(rule for rule, _, _ in ROWS.values())})
_KINDS = (("var.", "input"), ("output.", "output"), ("provider.", "provider"), ("terraform", "Terraform"))


def upgrade_blocks(new: NewVersion) -> tuple[str, ...]:
    """The blocks below "Upgrade notes"; none for a first version, and none where nothing is to be said."""
    candidate = new.candidate
    if candidate.latest is None:
        return ()
    facts = [fact for fact in candidate.facts if fact.rule not in MEASURED]
    blocks = [_facts_table(facts), _examples_table(candidate.evidence), _measured(candidate.facts)]
    if candidate.because:
        blocks.insert(0, f"Built on the new version of {', '.join(candidate.because)}.")
    if candidate.rehearsal:
        blocks.append(_way_back(Rehearsal.from_json(candidate.rehearsal)))
    return tuple(block for block in (*blocks, _snippet(facts)) if block)


def _facts_table(facts: Sequence[Fact]) -> str:
    if not facts:
        return ""
    rows = [
        f"| {_kind(fact.address)} | `{fact.address}` | {fact.bump} | {_cell(first_line(fact.says, 'see below'))} |"
        for fact in facts[:ROWS_SHOWN]
    ]
    more = [f"\n… and {len(facts) - ROWS_SHOWN} more (`modferry diff`)."] if len(facts) > ROWS_SHOWN else []
    return "\n".join(["| kind | what | bump | says |", "|---|---|---|---|", *rows, *more])


def _kind(address: str) -> str:
    return next((kind for start, kind in _KINDS if address.startswith(start)), "resource")


def _examples_table(evidence: Iterable[Evidence]) -> str:
    """One row an example of the release before: what its upgrade does; from evidence, so only what was measured."""
    rows = [
        f"| {example} of {one.key.base} | {_result(one, example)} |"
        for one in evidence
        if one.key.suite == Suite.UPGRADE
        for example in _examples(one)
    ]
    return "\n".join(["| upgrade of | does |", "|---|---|", *rows]) if rows else ""


def _examples(evidence: Evidence) -> list[str]:
    names = (name.partition("::upgrade")[0] for name in evidence.passed if "::upgrade" in name)
    return list(dict.fromkeys(names))


def _result(evidence: Evidence, example: str) -> str:
    mine = [
        row
        for row in map(as_mapping, as_list(evidence.extra.get("findings")))
        if f"/{example}/" in f"/{row.get('file')}"
    ]
    said = [f"{row['rule']} `{row['address']}` ({row['bump']})" for row in mine]
    return _cell("<br/>".join(said)) if said else "nothing"


def _measured(facts: Iterable[Fact]) -> str:
    """Sentences of what was measured: address, attribute that forces it, what would be lost."""
    return "\n".join(f"- {first_line(fact.says, 'see below')}" for fact in facts if fact.rule in MEASURED)


def _way_back(rehearsal: Rehearsal) -> str:
    words = {
        WayBack.CLEAN: "nothing would be replaced or destroyed",
        WayBack.LOSSY: "a rollback that loses data is not made by itself",
        WayBack.BLOCKED: "there is no way back to the version before",
    }
    return f"Way back, rehearsed: {rehearsal} ({words[rehearsal.way_back]})."


def _snippet(facts: Iterable[Fact]) -> str:
    """The `moved` blocks that findings ask for, ready to copy, each once."""
    blocks = (fact.says.partition("\n")[2].strip() for fact in facts)
    moved = dict.fromkeys(block for block in blocks if block.startswith("moved {"))
    return "\n".join(["```hcl", "\n\n".join(moved), "```"]) if moved else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
