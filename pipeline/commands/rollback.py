"""`modferry rollback`: back to the newest earlier version that was verified there, with a hold on what is left."""

from collections.abc import Mapping

from pipeline.commands.ferry import contents
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.preview import Preview, preview
from pipeline.commands.ferry.start import Wanted, begin, find_rollback, resume, waves_of
from pipeline.commands.ferry.tags import judge_locks
from pipeline.commands.promote import Scene, find_candidates, look, pins_on_main
from pipeline.domain.gate import Decision, combine, insist
from pipeline.domain.ledger import Draft
from pipeline.domain.pins import LOCK_FILE, content_shape
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.eligibility import judge_main, judge_other_pins, judge_released, judge_wanted
from pipeline.domain.promotion.phases import Kind
from pipeline.domain.promotion.record import Content, StackState
from pipeline.domain.version import Version
from pipeline.errors import NotRestoredError, UndecidedError, UsageError


def rollback(
    ferry: Ferry,
    environment: str,
    module: str,
    *,
    reason: str,
    to: Version | None = None,
    plan_only: bool = False,
) -> Result | Preview | None:
    """Take every stack of the environment that runs a newer version back; None when all run `to` already.

    Without an earlier verified version nothing is done and a person is needed (31).
    """
    if not reason.strip():
        raise UsageError("A rollback needs a reason.", remedy="--reason TEXT")
    scene = look(ferry, environment)
    failed = find_rollback(ferry, environment, module)
    if failed and not plan_only and (to is None or failed.targets == {module: str(to)}):
        return resume(ferry, failed)
    current = _current(ferry, scene, module)
    version = to or find_earlier(ferry, scene, module, current)
    wanted = Wanted(kind=Kind.ROLLBACK, environment=environment, targets={module: str(version)})
    ref = ferry.ref(module, version)
    [candidate] = find_candidates(ferry, {module: version}, {module: ref})
    insist(
        combine(
            (
                judge_released(scene.history, candidate),
                judge_wanted(scene.history, candidate, environment, ferry.settings.order),
                _judge_locks(ferry, scene, current, module, ref),
            )
        )
    )
    opening = _plan(ferry, scene, wanted, module, ref, reason)
    if opening is None:
        return None
    return preview(ferry, opening) if plan_only else begin(ferry, opening)


def _judge_locks(ferry: Ferry, scene: Scene, current: Mapping[str, Version], module: str, ref: str) -> Decision:
    """What the stacks will pin when they are back is what they are locked to. The version that is left is not asked
    for: a tag that somebody moved under a bad version must not keep anybody on it."""
    stays = {
        pin
        for stack in current
        for name, pin in pins_on_main(ferry, scene.main, scene.environment, stack).items()
        if name != module
    }
    stacks = [(scene.environment, stack) for stack in current]
    return judge_locks(ferry, scene.history, scene.main, stacks, {ref, *stays})


def find_earlier(ferry: Ferry, scene: Scene, module: str, current: Mapping[str, Version]) -> Version:
    """The newest version below the current one that every stack here once had verified, neither held nor yanked."""
    choices: set[Version] | None = None
    for stack, version in current.items():
        past = {
            found
            for found in _verified_versions(ferry, scene.fleet.stack(scene.environment, stack), module)
            if found < version
            and (module, found) not in scene.history.yanks
            and not scene.history.held(module, found, scene.environment, ferry.settings.order)
        }
        choices = past if choices is None else choices & past
    if not choices:
        raise NotRestoredError(
            f"No earlier version of {module} was verified in every stack of {scene.environment}: nothing was done.",
            remedy=f"modferry rollback {scene.environment} {module} --to VERSION, or promote a mended version",
        )
    return max(choices)


def _verified_versions(ferry: Ferry, state: StackState, module: str) -> list[Version]:
    refs = [stable.content.pins[module] for stable in state.stables if module in stable.content.pins]
    return [version for ref in refs if (version := ferry.version(module, ref))]


def _current(ferry: Ferry, scene: Scene, module: str) -> dict[str, Version]:
    """Stack → version applied now, for the stacks of the environment that run the module."""
    found: dict[str, Version] = {}
    for stack in ferry.trunk.stacks(scene.main, scene.environment):
        content = scene.fleet.stack(scene.environment, stack).content
        ref = content.pins.get(module) if content else None
        version = ferry.version(module, ref) if ref else None
        if version:
            found[stack] = version
    if not found:
        raise UsageError(
            f"No stack in {scene.environment} runs {module}.", remedy="modferry status shows what runs where"
        )
    return found


def _plan(ferry: Ferry, scene: Scene, wanted: Wanted, module: str, ref: str, reason: str) -> Opening | None:
    environment = scene.environment
    stacks: dict[str, tuple[Content | None, Mapping[str, str]]] = {}
    locks: dict[str, str] = {}
    left: dict[str, None] = {}
    decisions = []
    again = f"modferry rollback {environment} {module}"
    for stack in ferry.trunk.stacks(scene.main, environment):
        state = scene.fleet.stack(environment, stack)
        on_main = pins_on_main(ferry, scene.main, environment, stack)
        applied = state.content
        if applied is None or module not in on_main:
            continue
        if applied.pins.get(module) == ref == on_main[module] and state.verified_at:
            continue
        files = ferry.trunk.files(scene.main, environment, stack)
        name = f"{environment}/{stack}"
        decisions.append(judge_other_pins(name, applied.pins, on_main, (module,), what=again))
        lock = _lock_then(ferry, state, module, ref)
        decisions.append(judge_main(name, applied, content_shape(files, ferry.source), what=again))
        if lock and lock.encode() != files.get(LOCK_FILE):
            locks[stack] = lock
        stacks[stack] = (applied, {module: ref})
        runs = applied.pins.get(module, ref)
        version = ferry.version(module, runs)
        if version and runs != ref:
            left[str(version)] = None
    insist(combine(decisions))
    if not stacks:
        return None
    name = ferry.new_id()
    return Opening(
        id=name,
        kind=Kind.ROLLBACK,
        environment=environment,
        targets=wanted.targets,
        waves=tuple(reversed(waves_of(ferry, environment, list(stacks)))),
        stacks=stacks,
        base=scene.main,
        locks=locks,
        reason=reason,
        also=tuple(
            Draft(
                kind="hold",
                body={
                    "module": module,
                    "version": version,
                    "environment": environment,
                    "reason": f"rolled back: {reason}",
                    "promotion": name,
                },
            )
            for version in left
        ),
    )


def _lock_then(ferry: Ferry, state: StackState, module: str, ref: str) -> str:
    """The lock file that the stack had when it was last stable on that version."""
    for stable in reversed(state.stables):
        if stable.content.pins.get(module) == ref:
            try:
                files = contents.make_again(ferry, state.environment, state.stack, stable.content)
            except UndecidedError:  # the commit is gone: init decides with the lock file of now
                return ""
            return files.get(LOCK_FILE, b"").decode()
    return ""
