"""`modferry deploy`: apply main as written, through the same engine: a new stack, changed variables, new pins."""

from collections.abc import Mapping

from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview, preview
from pipeline.commands.ferry.start import Wanted, begin, find_waiting, resume, waves_of
from pipeline.commands.promote import Scene, find_candidates, judge_versions, look
from pipeline.domain.gate import insist
from pipeline.domain.pins import content_digest, find_pins, refs_of
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content
from pipeline.domain.version import Version
from pipeline.errors import RefusedError, UsageError


def deploy(
    ferry: Ferry, environment: str, stack: str = "", *, bypass: str = "", plan_only: bool = False
) -> Result | Preview | None:
    """Apply main to the stacks of an environment that differ from it, or to the one that is named.

    None when nothing differs. A stack that is named is always planned: so drift is put right.
    """
    scene = look(ferry, environment)
    wanted = Wanted(kind=Kind.DEPLOY, environment=environment, targets={}, only=stack)
    waiting = find_waiting(ferry, wanted)
    if waiting and not plan_only:
        return resume(ferry, waiting)
    opening = plan_deploy(ferry, scene, wanted, stack, bypass)
    if opening is None:
        return None
    return preview(ferry, opening) if plan_only else begin(ferry, opening)


def plan_deploy(ferry: Ferry, scene: Scene, wanted: Wanted, only: str, bypass: str) -> Opening | None:
    """Which stacks differ from main; raises when one of them pins what may not go there."""
    environment = scene.environment
    there = ferry.trunk.stacks(scene.main, environment)
    if only and only not in there:
        raise UsageError(
            f"There is no stack {environment}/{only} on main.",
            remedy=f"use one of {', '.join(there)}" if there else "push the stack to main first",
        )
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
