"""`modferry promote`: move modules to versions in one environment, wave by wave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview, preview
from pipeline.commands.ferry.start import Wanted, begin, find_waiting, resume, waves_of
from pipeline.commands.ferry.tags import judge_locks
from pipeline.domain.gate import Allowed, Decision, combine, insist
from pipeline.domain.history import History
from pipeline.domain.pins import content_shape, find_pins, refs_of
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.eligibility import (
    Candidate,
    Previous,
    bypassed,
    judge_main,
    judge_other_pins,
    judge_passing,
    judge_preceding,
    judge_released,
    judge_wanted,
)
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content
from pipeline.domain.settings import duration
from pipeline.domain.version import Version
from pipeline.errors import UndecidedError


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a command decides on: one look at main and the ledger."""

    main: str
    history: History
    fleet: Fleet
    environment: str


def look(ferry: Ferry, environment: str) -> Scene:
    """Fetch main and the ledger."""
    ferry.environment(environment)
    main = ferry.trunk.fetch_with_ledger()
    history = ferry.ledger.history()
    return Scene(main=main, history=history, fleet=claims.fleet_of(history), environment=environment)


def promote(
    ferry: Ferry,
    targets: Mapping[str, Version],
    environment: str,
    *,
    bypass: str = "",
    plan_only: bool = False,
    kind: Kind = Kind.PROMOTE,
) -> Result | Preview | None:
    """Promote, resume, or preview; None when every stack already runs and has verified these versions."""
    scene = look(ferry, environment)
    wanted = Wanted(kind=kind, environment=environment, targets={m: str(v) for m, v in targets.items()})
    waiting = find_waiting(ferry, wanted)
    if waiting and not plan_only:
        return resume(ferry, waiting, bypass=bypass)
    refs = {module: ferry.ref(module, version) for module, version in targets.items()}
    candidates = find_candidates(ferry, targets, refs)
    insist(judge_versions(ferry, scene, candidates, refs, bypass))
    opening = plan_opening(ferry, scene, wanted, refs, bypass)
    if opening is None:
        return None
    return preview(ferry, opening) if plan_only else begin(ferry, opening)


def find_candidates(ferry: Ferry, targets: Mapping[str, Version], refs: Mapping[str, str]) -> list[Candidate]:
    """The versions with what their tags are on origin now."""
    there = ferry.trunk.tags(list(refs.values()))
    return [
        Candidate(module=module, version=version, tag=refs[module], on_origin=there.get(refs[module]))
        for module, version in targets.items()
    ]


def judge_versions(
    ferry: Ferry, scene: Scene, candidates: Sequence[Candidate], refs: Mapping[str, str], bypass: str
) -> Decision:
    """Whether these versions may go to the environment. A bypass skips the way (order and soak), nothing else."""
    order = ferry.settings.order
    return combine(
        decision
        for one in candidates
        for decision in (
            judge_origin(ferry, scene, one),
            judge_wanted(scene.history, one, scene.environment, order),
            judge_passing(scene.history, one),
            bypassed(
                judge_preceding(
                    scene.fleet, one, refs[one.module], find_previous(ferry, scene, one.module), ferry.now()
                ),
                bypass,
            ),
        )
    )


def judge_origin(ferry: Ferry, scene: Scene, candidate: Candidate) -> Decision:
    """What was released is on origin, and whoever must vouch for it does; what was not released is not proved."""
    released = judge_released(scene.history, candidate)
    if not isinstance(released, Allowed) or candidate.on_origin is None:
        return released
    return ferry.prove(scene.main, candidate.tag, candidate.on_origin)


def find_previous(ferry: Ferry, scene: Scene, module: str) -> Previous | None:
    """The preceding environment and its stacks that pin the module; None for the first environment."""
    order = ferry.settings.order
    place = order.index(scene.environment)
    if place == 0:
        return None
    before = order[place - 1]
    pinning = [
        stack
        for stack in ferry.trunk.stacks(scene.main, before)
        if module in pins_on_main(ferry, scene.main, before, stack)
    ]
    soak = duration(ferry.environment(before).soak)
    return Previous(environment=before, stacks=tuple(pinning), soak=soak)


def judge_here_and_before(ferry: Ferry, scene: Scene, refs: Mapping[str, str]) -> Decision:
    """The locks of the environment's stacks, and what the environment before it is locked to of the versions that come
    from there: what was verified there is what arrives here."""
    order = ferry.settings.order
    place = order.index(scene.environment)
    here, near = (
        [(name, stack) for name in names for stack in ferry.trunk.stacks(scene.main, name)]
        for names in ((scene.environment,), order[max(place - 1, 0) : place + 1])
    )
    return combine(
        (
            judge_locks(ferry, scene.history, scene.main, here),
            judge_locks(ferry, scene.history, scene.main, near, set(refs.values())),
        )
    )


def pins_on_main(ferry: Ferry, main: str, environment: str, stack: str) -> dict[str, str]:
    """Module → ref, as main has it."""
    return refs_of(find_pins(ferry.trunk.files(main, environment, stack), ferry.source))


def plan_opening(
    ferry: Ferry, scene: Scene, wanted: Wanted, refs: Mapping[str, str], bypass: str = ""
) -> Opening | None:
    """Which stacks move, in which waves; None when none needs to. Raises when main is ahead of what is applied."""
    environment = scene.environment
    stacks: dict[str, tuple[Content | None, Mapping[str, str]]] = {}
    decisions = [judge_here_and_before(ferry, scene, refs)]
    again = f"modferry promote to {environment}"
    pinned = False
    for stack in ferry.trunk.stacks(scene.main, environment):
        files = ferry.trunk.files(scene.main, environment, stack)
        on_main = refs_of(find_pins(files, ferry.source))
        mine = {module: ref for module, ref in refs.items() if module in on_main}
        if not mine:
            continue
        pinned = True
        state = scene.fleet.stack(environment, stack)
        applied = state.content
        if applied and state.verified_at and all(applied.pins.get(m) == r == on_main[m] for m, r in mine.items()):
            continue
        name = f"{environment}/{stack}"
        decisions.append(judge_main(name, applied, content_shape(files, ferry.source), what=again))
        if applied:
            decisions.append(judge_other_pins(name, applied.pins, on_main, mine, what=again))
        stacks[stack] = (applied, mine)
    if not pinned:
        raise UndecidedError(
            f"No stack in {environment} pins {', '.join(refs)}.",
            remedy=f"add a stack in {environment}, or check `source`",
        )
    insist(combine(decisions))
    if not stacks:
        return None
    return Opening(
        id=ferry.new_id(),
        kind=wanted.kind,
        environment=environment,
        targets=wanted.targets,
        waves=waves_of(ferry, environment, list(stacks)),
        stacks=stacks,
        base=scene.main,
        bypass=bypass,
    )
