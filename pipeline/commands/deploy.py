"""`modferry deploy`: apply main as written, through the same engine: a new stack, changed variables, new pins."""

import json
from collections.abc import Mapping
from dataclasses import replace

from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.pauses import judge_time
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview, preview
from pipeline.commands.ferry.start import Wanted, begin, find_waiting, resume, waves_of
from pipeline.commands.ferry.tags import judge_locks
from pipeline.commands.promote import Scene, find_candidates, judge_versions, look
from pipeline.domain.gate import insist
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content
from pipeline.domain.promotion.work import Landing
from pipeline.domain.version import Version
from pipeline.errors import BusyError, RefusedError, UsageError


def deploy(
    ferry: Ferry, environment: str, stack: str = "", *, bypass: str = "", plan_only: bool = False, at: str = ""
) -> Result | Preview | None:
    """Apply main to the stacks of an environment that differ from it, or to the one that is named.

    None when nothing differs. A stack that is named is always planned: so drift is put right. `at`: a commit to
    look at instead of main (`plan_only`), or to which main is moved first.
    """
    scene = look(ferry, environment)
    wanted = Wanted(kind=Kind.DEPLOY, environment=environment, targets={}, only=stack)
    if at and plan_only:
        scene = replace(scene, main=at)
    elif at and land_commit(ferry, scene, wanted, stack, bypass, at):
        scene = look(ferry, environment)
    waiting = find_waiting(ferry, wanted)
    if waiting and not plan_only:
        return resume(ferry, waiting, bypass=bypass)
    opening = plan_deploy(ferry, scene, wanted, stack, bypass)
    if opening is None:
        return None
    return preview(ferry, opening) if plan_only else begin(ferry, opening)


def land_commit(ferry: Ferry, scene: Scene, wanted: Wanted, only: str, bypass: str, commit: str) -> bool:
    """Move main forward to a commit, such as a pull request's, whose plans are allowed and approved; whether it moved.

    It stays where it is when it holds the same stacks already. Fails closed: what would be refused or was not
    approved must not get onto main, from where the next deploy would apply it.
    """
    environment = scene.environment
    names = (only,) if only else sorted({s for c in (commit, scene.main) for s in ferry.trunk.stacks(c, environment)})
    there, here = (
        {s: content_digest(ferry.trunk.files(c, environment, s)) for s in names} for c in (commit, scene.main)
    )
    if there == here:
        return False
    insist(judge_time(ferry, environment, wanted.kind, bypass))
    opening = plan_deploy(ferry, replace(scene, main=commit), wanted, only, bypass)
    if opening:
        shown = preview(ferry, opening)
        if shown.refused:
            raise RefusedError(" ".join(shown.refused), remedy=shown.next)
        missing = [one for one in shown.approvals if one not in ferry.approvals]
        if missing and ferry.environment(environment).approve:
            raise BusyError(
                f"The plan of {commit[:12]} for {environment} is not one that was approved.",
                remedy=f"look at the plan, then --approve {' --approve '.join(missing)}",
            )
    landing, said = ferry.trunk.land(commit, lambda _: ())
    if landing is not Landing.LANDED:
        moved = "main has moved on since" if landing is Landing.MOVED else f"main would not take it: {said}"
        raise RefusedError(
            f"{commit[:12]} is not on main, and {moved}.", remedy="bring the branch up to date, plan again"
        )
    ferry.say(f"main is at {commit[:12]}")
    return True


def asking(ferry: Ferry, environment: str) -> Ferry:
    """The same, but it applies only plans that are approved, whatever the environment asks for."""
    settings = ferry.settings
    every = (replace(e, approve=e.approve or e.name == environment) for e in settings.environment)
    return replace(ferry, settings=replace(settings, environment=tuple(every)))


def read_approvals(text: str) -> tuple[str, ...]:
    """The hashes in what `deploy --plan-only --json` printed; raises UsageError where it is something else."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not (isinstance(found, dict) and found.get("schema") == "modferry.deploy/1" and found.get("approvals")):
        raise UsageError("This is no plan of a deploy.", remedy="modferry deploy … --plan-only --json > FILE")
    return tuple(str(one) for one in found["approvals"])


def plan_deploy(ferry: Ferry, scene: Scene, wanted: Wanted, only: str, bypass: str) -> Opening | None:
    """Which stacks differ from main; raises when one of them pins what may not go there."""
    environment = scene.environment
    there = ferry.trunk.stacks(scene.main, environment)
    if only and only not in there:
        raise UsageError(
            f"There is no stack {environment}/{only} on main.",
            remedy=f"use one of {', '.join(there)}" if there else "push the stack to main first",
        )
    insist(judge_locks(ferry, scene.history, scene.main, [(environment, s) for s in ((only,) if only else there)]))
    stacks: dict[str, tuple[Content | None, Mapping[str, str]]] = {}
    for stack in (only,) if only else there:
        files = ferry.trunk.files(scene.main, environment, stack)
        state = scene.fleet.stack(environment, stack)
        applied = state.content
        if not only and applied and state.verified_at and applied.digest == content_digest(files):
            continue
        pins = refs_of(find_pins(files, ferry.source))
        _check_pins(ferry, scene, {m: r for m, r in pins.items() if not applied or applied.pins.get(m) != r}, bypass)
        stacks[stack] = (applied, pins)
    if not stacks:
        return None
    return Opening(
        id=ferry.new_id(),
        kind=Kind.DEPLOY,
        environment=environment,
        targets=wanted.targets,
        waves=waves_of(ferry, environment, list(stacks)),
        stacks=stacks,
        base=scene.main,
        bypass=bypass,
    )


def _check_pins(ferry: Ferry, scene: Scene, changed: Mapping[str, str], bypass: str) -> None:
    """Pins that main changed by hand pass the same gate as a promotion: a pull request is no way round it.

    Fails closed: a ref that is no version tag was never released.
    """
    versions: dict[str, Version] = {}
    for module, ref in changed.items():
        version = ferry.version(module, ref)
        if version is None:
            raise RefusedError(
                f"{scene.environment} pins {module} at {ref}, which is no version tag.",
                remedy="pin a released version",
            )
        versions[module] = version
    insist(judge_versions(ferry, scene, find_candidates(ferry, versions, dict(changed)), dict(changed), bypass))
