"""A plan for people: plain text of 80 columns, gravest first, every address whole, nothing secret.

One block per object: action and address, what forces a replacement, what data would be lost, and for updates
and replacements the attributes that change. Addresses are wrapped, values are cut.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from pipeline.domain.plan import PlanSummary, find_secrets
from pipeline.domain.plan_changes import (
    Action,
    Change,
    OutputChange,
    read_changes,
    read_output_changes,
    spell_steps,
)
from pipeline.domain.plan_values import SENSITIVE, UNKNOWN, Place, Secrets, differing, sides

WIDTH = 80
_INDENT = 11
_WITH_VALUES = (Action.UPDATE, Action.REPLACE)
_ORDER = tuple(Action)


def plan_text(plan: Mapping[str, object], summary: PlanSummary) -> str:
    """The text, ending with a newline. Raises UndecidedError where the plan cannot be read."""
    secrets = find_secrets(plan)
    changes = sorted(read_changes(plan), key=lambda change: _ORDER.index(change.action))
    losses = {loss.address: loss.loses for loss in summary.losses}
    lines = [_headline(summary)]
    short = False
    for change in changes:
        block = list(_object(change, secrets, losses.get(change.name, "")))
        lines += block if short and len(block) == 1 else ["", *block]
        short = len(block) == 1
    outputs = read_output_changes(plan)
    if outputs:
        lines += ["", "Outputs", *(line for output in outputs for line in _output(output, secrets))]
    lines += [line for note in _notes(summary) for line in ("", *_wrap(note, ""))]
    return "\n".join(lines) + "\n"


def _headline(summary: PlanSummary) -> str:
    counts = {
        "destroy": summary.destroy,
        "replace": summary.replace,
        "forget": summary.forget,
        "change": summary.change,
        "add": summary.add,
        "import": summary.imported,
        "move": summary.move,
    }
    said = ", ".join(f"{count} to {word}" for word, count in counts.items() if count)
    if summary.is_empty:
        return "Nothing would change."
    return f"Plan {summary.hash[:12]}: {said or f'{summary.outputs} output(s) to change'}."


def _object(change: Change, secrets: Secrets, loses: str) -> Iterator[str]:
    yield from _wrap(clean(change.name), f"  {change.action:<{_INDENT - 3}} ")
    if change.previous:
        yield from _detail(f"was {clean(change.previous)}")
    if change.imported:
        yield from _detail(f"imported as {clean(change.imported)}")
    if change.action is Action.REPLACE:
        yield from _detail(f"forced by {clean(', '.join(change.forced_by) or change.reason or 'unknown reason')}")
    if loses:
        yield from _detail(f"LOSES {loses}")
    if change.action in _WITH_VALUES:
        yield from _attributes(change, secrets)


def _attributes(change: Change, secrets: Secrets) -> Iterator[str]:
    """The smallest parts that differ; of a new object not what the cloud fills in, unless it forces it."""
    before, after = sides(change.values)
    for path, was, will in _differences(before, after, secrets):
        filled_in = change.action is Action.REPLACE and will == UNKNOWN
        if not filled_in or _is_within(path, change.forced_by):
            said = f"{_show(was)} -> {_show(will)}"
            if was == will:
                said = f"{SENSITIVE} changes"
            elif will == UNKNOWN:
                said = UNKNOWN
            yield _cut(f"{' ' * _INDENT}{clean(path)}: {said}")


def _differences(was: Place, will: Place, secrets: Secrets) -> Iterator[tuple[str, object, object]]:
    """Path, before and after, masked; equal where only a secret differs."""
    for before, after in differing(was, will):
        yield spell_steps(after.path), secrets.masked(before), secrets.masked(after)


def _is_within(path: str, forced_by: Iterable[str]) -> bool:
    return any(path == forced or path.startswith((f"{forced}.", f"{forced}[")) for forced in forced_by)


def _output(output: OutputChange, secrets: Secrets) -> Iterator[str]:
    was, will = (_show(secrets.masked(side)) for side in sides(output.values))
    said = SENSITIVE if SENSITIVE in was + will else f"{was} -> {will}"
    yield _cut(f"  {output.action:<{_INDENT - 3}} {clean(output.name)}: {said}")


def _notes(summary: PlanSummary) -> Iterator[str]:
    if summary.partial:
        yield "This plan is partial (targeted or deferred): it does not show all that differs."
    if summary.unkeyed:
        yield (
            f"Sensitive values change in {clean(', '.join(summary.unkeyed))}, and there is no MODFERRY_HASH_KEY: "
            "approval of this plan does not survive a new plan."
        )


def clean(text: str) -> str:
    """Control characters spelled out: an instance key may hold anything, a terminal would obey it."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _show(value: object) -> str:
    if value in (SENSITIVE, UNKNOWN):
        return str(value)
    return json.dumps(value, sort_keys=True)


def _detail(text: str) -> Iterable[str]:
    return _wrap(text, " " * _INDENT)


def _wrap(text: str, first: str) -> list[str]:
    """Words where there are, anywhere where there are none: nothing of it is dropped."""
    rest = " " * len(first)
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, drop_whitespace=True
    )


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
