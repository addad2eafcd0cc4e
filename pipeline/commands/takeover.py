"""`modferry adopt --stack`: takes over stacks that were applied before modferry, exactly as main has them.

A stack is taken over when its pins are released versions, its plan is empty and its verification passes: then what
main says is what runs, and it becomes the stable content that a rollback returns to. Nothing is applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.ferry import contents
from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.tags import judge_locks, locked
from pipeline.commands.promote import find_candidates
from pipeline.domain.gate import combine, insist
from pipeline.domain.history import History
from pipeline.domain.ledger import Draft
from pipeline.domain.pins import LOCK_FILE, PIN_LOCK, find_pins, refs_of
from pipeline.domain.promotion.claims import fleet_of, say_busy
from pipeline.domain.promotion.eligibility import judge_passing, judge_released, judge_wanted
from pipeline.domain.promotion.record import Content
from pipeline.domain.promotion.work import CheckVerdict, Job, Landing
from pipeline.domain.version import Version
from pipeline.errors import BusyError, Exit, ModferryError, RefusedError, UndecidedError, UsageError
from pipeline.ports import Decide

KIND = "stack.adopted"
Name = tuple[str, str]
"""(environment, stack)."""


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """What was (or would be) taken over, and what was left with the error that says why."""

    stacks: Mapping[Name, Content]
    left: Mapping[Name, ModferryError]

    @property
    def code(self) -> Exit:
        """20 where something could not be found out, else 10 where something was left, else 0; 3: all are known."""
        if self.left:
            refused = all(error.code is Exit.REFUSED for error in self.left.values())
            return Exit.REFUSED if refused else Exit.UNDECIDED
        return Exit.DONE if self.stacks else Exit.NOTHING

    def to_json(self) -> dict[str, Any]:
        """The part of `--json` that is about stacks."""
        return {
            "stacks": [
                {"environment": e, "stack": s, "commit": content.commit, "pins": dict(content.pins)}
                for (e, s), content in self.stacks.items()
            ],
            "stacks_left": [
                {"environment": e, "stack": s, "why": error.what, "next": error.remedy}
                for (e, s), error in self.left.items()
            ],
        }


def adopt_stacks(ferry: Ferry, names: Sequence[str], *, dry_run: bool) -> Takeover:
    """Take over those of these stacks (`prod`, `prod/a`; none: of all environments) that the ledger does not know."""
    main = ferry.trunk.fetch_with_ledger()
    history = ferry.ledger.history()
    fleet = fleet_of(history)
    wanted = [name for name in _find(ferry, main, names) if fleet.stack(*name).content is None]
    found: dict[Name, tuple[Content, Draft]] = {}
    left: dict[Name, ModferryError] = {}
    by_label = {"/".join(name): name for name in wanted}

    def look(label: str) -> None:
        name = by_label[label]
        try:
            found[name] = _look(ferry, history, main, *name)
        except ModferryError as error:
            left[name] = error

    run_all(list(by_label), look, width=max(e.parallel for e in ferry.settings.environment), stop=Stop())
    taken: dict[Name, Content] = {}

    def decide(now: History) -> Sequence[Draft]:
        there = fleet_of(now)
        free = [n for n in wanted if n in found and there.stack(*n).content is None and not there.claim(*n)]
        taken.clear()
        taken.update({name: found[name][0] for name in free})
        return [found[name][1] for name in free]

    if dry_run:
        decide(history)
    elif found:
        _write(ferry, main, found, decide)
    return Takeover(stacks=taken, left={name: left[name] for name in wanted if name in left})


def _write(ferry: Ferry, main: str, found: Mapping[Name, tuple[Content, Draft]], decide: Decide) -> None:
    """Write the entries with the stacks' locks on main in one push; where main moves on or would not take them, the
    entries alone: the next landing writes the locks."""
    commit = main
    for environment in ferry.settings.order:
        new = {}
        for stack in (stack for where, stack in found if where == environment):
            files = ferry.trunk.files(main, environment, stack)
            lock = locked(ferry, f"{environment}/{stack}", files, {}).get(PIN_LOCK)
            if lock is not None and lock != files.get(PIN_LOCK):
                new[stack] = {PIN_LOCK: lock}
        if new:
            message = f"Adopt {', '.join(new)} in {environment}: locks\n"
            commit = ferry.trunk.commit(commit, environment, new, message)
    if commit != main:
        landing, said = ferry.trunk.land(commit, decide)
        if landing is Landing.LANDED:
            return
        ferry.say(f"The locks ({PIN_LOCK}) are not on main: {said}. The next promotion or deploy writes them.")
    ferry.ledger.append(decide, push=True)


def _find(ferry: Ferry, main: str, names: Sequence[str]) -> list[Name]:
    """The stacks on main that are meant, in the order of environments."""
    chosen: dict[Name, None] = {}
    for text in names or ferry.settings.order:
        environment, _, stack = text.partition("/")
        ferry.environment(environment)
        there = ferry.trunk.stacks(main, environment)
        if stack and stack not in there:
            raise UsageError(
                f"There is no stack {text} on main.", remedy=f"use one of {', '.join(there) or 'those that you add'}"
            )
        chosen.update(dict.fromkeys((environment, one) for one in ((stack,) if stack else there)))
    return list(chosen)


def _look(ferry: Ferry, history: History, main: str, environment: str, stack: str) -> tuple[Content, Draft]:
    """The stack's content and what to write; raises why it cannot be taken over.

    Fails closed: what differs from main, or was not seen to work, must not become what a rollback returns to.
    """
    claim = fleet_of(history).claim(environment, stack)
    if claim:
        raise BusyError(say_busy(f"{environment}/{stack}", claim))
    files = ferry.trunk.files(main, environment, stack)
    insist(judge_locks(ferry, history, main, [(environment, stack)]))
    _check_pins(ferry, history, environment, refs_of(find_pins(files, ferry.source)))
    job = Job(environment=environment, stack=stack, commit=main, files=files, key="adopt")
    try:
        planned = ferry.stacks.plan(job, may_upgrade=False)
        if not planned.facts.empty:
            raise RefusedError(
                f"Its plan is not empty: {_in_short(planned.shown)}.",
                remedy=f"modferry deploy {environment}/{stack} --plan-only, or mend its code",
            )
        verified = ferry.stacks.verify(job)
    finally:
        ferry.stacks.drop(job)
    if verified.verdict is not CheckVerdict.PASSED:
        error = RefusedError if verified.verdict is CheckVerdict.FAILED else UndecidedError
        raise error(f"Its verification is {verified.verdict}: {verified.reason}", remedy="mend it, then adopt it again")
    lock = {LOCK_FILE: planned.lock} if planned.lock is not None else {}
    content = contents.describe(ferry, main, {**files, **lock}, was=files)
    checks = [check.to_body() for check in verified.checks]
    body = {"environment": environment, "stack": stack, "content": content.to_body(), "checks": checks}
    return content, Draft(kind=KIND, body=body)


def _check_pins(ferry: Ferry, history: History, environment: str, pins: Mapping[str, str]) -> None:
    """Every pin is a version that may be in the environment."""
    versions: dict[str, Version] = {}
    for module, ref in pins.items():
        version = ferry.version(module, ref)
        if version is None:
            raise RefusedError(f"It pins {module} at {ref}, which is no version tag.", remedy="pin a released version")
        versions[module] = version
    candidates = find_candidates(ferry, versions, pins)
    insist(combine(judge_released(history, one) for one in candidates))
    insist(combine(judge_wanted(history, one, environment, ferry.settings.order) for one in candidates))
    insist(combine(judge_passing(history, one) for one in candidates))


def _in_short(shown: str, most: int = 3) -> str:
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    more = f" and {len(lines) - most} more" if len(lines) > most else ""
    return (", ".join(lines[:most]) + more) if lines else "it changes outputs"
