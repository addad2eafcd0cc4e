"""Whether a version may go to an environment, and whether a stack may be moved. Pure; the facts are arguments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.domain.gate import Allowed, Decision, Refused, Unknown, combine
from pipeline.domain.history import History, Release
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.promotion.record import Content
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A module's version on its way; `on_origin` is the commit that its tag names on origin now (None: no tag)."""

    module: str
    version: Version
    tag: str
    on_origin: str | None


@dataclass(frozen=True, kw_only=True)
class Previous:
    """The preceding environment: its name and the stacks there that pin the module, by its main."""

    environment: str
    stacks: tuple[str, ...]
    soak: timedelta


def judge_released(history: History, candidate: Candidate) -> Decision:
    """Released (or adopted), and the tag on origin is still what was released.

    Fails closed: without a release entry nobody tested these bytes.
    """
    name = f"{candidate.module} {candidate.version}"
    release = history.releases.get((candidate.module, candidate.version))
    if release is None:
        near = history.latest(candidate.module)
        hint = f" The latest release is {near.version}." if near else ""
        return Refused(
            reasons=(f"{name} is not released.{hint}",), remedy=f"modferry release {candidate.module} --push"
        )
    return judge_unmoved(release, candidate.on_origin)


def judge_unmoved(release: Release, on_origin: str | None) -> Decision:
    """The tag on origin (None: there is none) is still what was released.

    Fails closed: a tag that moved since its release names other bytes (R5).
    """
    name = f"{release.module} {release.version}"
    if on_origin is None:
        return Refused(
            reasons=(f"The tag {release.tag} of {name} is not on origin.",),
            remedy="modferry release --push, or push the tag again",
        )
    if on_origin != release.commit:
        return Refused(
            reasons=(
                f"The tag {release.tag} moved: it was released at {release.commit[:12]} and is at "
                f"{on_origin[:12]} on origin.",
            ),
            remedy=f"find out who moved it, then yank {name} or put the tag back at {release.commit[:12]}",
        )
    return Allowed()


def judge_wanted(history: History, candidate: Candidate, environment: str, order: tuple[str, ...]) -> Decision:
    """Neither yanked nor held in this environment.

    Fails closed: a yank and a hold are what somebody wrote down so that nobody, robots least, passes.
    """
    name = f"{candidate.module} {candidate.version}"
    yank = history.yanks.get((candidate.module, candidate.version))
    if yank:
        return Refused(reasons=(f"{name} was yanked by {yank.actor} at {yank.at}: {yank.reason}.",))
    hold = history.held(candidate.module, candidate.version, environment, order)
    if hold:
        where = hold.environment or "everywhere"
        return Refused(
            reasons=(f"{name} is held in {where} since {hold.at} by {hold.actor}: {hold.reason}.",),
            remedy=f"modferry unhold {candidate.module} {candidate.version} --in {hold.environment} --reason TEXT",
        )
    return Allowed()


def judge_passing(history: History, candidate: Candidate) -> Decision:
    """Its suites did not fail when they were last run again, on its bytes, with the newest tools that it allows.

    Fails closed: a version that is known not to pass would fail in the environment. A version that was never run
    again stands on the evidence of its release, and so does one of which it could not be found out. No bypass.
    """
    failing = history.failing(candidate.module, candidate.version)
    if failing is None:
        return Allowed()
    return Refused(
        reasons=(f"{failing.name} no longer passes since {failing.at} on {failing.newest}: {failing.why}.",),
        remedy=f"modferry reverify {candidate.tag or failing.tag} once the cause is mended, or a new version",
    )


def why_stopped(history: History, module: str, version: Version, environment: str, order: tuple[str, ...]) -> str:
    """Why nobody should bring a version to an environment (yanked, held, failing); empty where nothing stands against
    it. Its way there (order, soak, tag) is not asked."""
    candidate = Candidate(module=module, version=version, tag="", on_origin=None)
    decision = combine((judge_wanted(history, candidate, environment, order), judge_passing(history, candidate)))
    return "" if isinstance(decision, Allowed) else " ".join(decision.reasons)


def judge_preceding(fleet: Fleet, candidate: Candidate, ref: str, previous: Previous | None, now: datetime) -> Decision:
    """Verified and soaked in every stack of the preceding environment that pins the module.

    Fails closed: where no stack there pins the module, nobody has seen this version run (Unknown).
    """
    if previous is None:
        return Allowed()
    name = f"{candidate.module} {candidate.version}"
    if not previous.stacks:
        return Unknown(
            reasons=(f"No stack in {previous.environment} pins {candidate.module}: {name} was never seen running.",),
            remedy=f"deploy a stack in {previous.environment}, or --bypass REASON",
        )
    return combine(_judge_stack(fleet, candidate, ref, previous, stack, now) for stack in previous.stacks)


def _judge_stack(
    fleet: Fleet, candidate: Candidate, ref: str, previous: Previous, stack: str, now: datetime
) -> Decision:
    name, where = f"{candidate.module} {candidate.version}", f"{previous.environment}/{stack}"
    remedy = f"modferry promote {candidate.module} {candidate.version} --to {previous.environment}"
    state = fleet.stack(previous.environment, stack)
    if state.content is None:
        return Unknown(reasons=(f"{where} was never deployed.",), remedy=f"modferry deploy {where}")
    if state.content.pins.get(candidate.module) != ref:
        runs = state.content.pins.get(candidate.module, "nothing")
        return Refused(reasons=(f"{name} is not verified in {where}, which runs {runs}.",), remedy=remedy)
    if state.promotion:
        return Refused(reasons=(f"{where} is still being promoted ({state.promotion}).",), remedy=remedy)
    if not state.verified_at:
        return Refused(reasons=(f"{name} runs in {where} but is not verified there. {state.note}".rstrip(),))
    until = parse_time(state.verified_at) + previous.soak
    if now < until:
        return Refused(
            reasons=(f"{name} soaks in {where} until {until:%Y-%m-%dT%H:%M:%SZ}.",),
            remedy="run it again then, or --bypass REASON",
        )
    return Allowed()


def judge_main(stack: str, applied: Content | None, on_main: str, *, what: str) -> Decision:
    """Main differs from what is applied by pins alone. `on_main` is the shape of the stack's files on main.

    Fails closed: moving the pins would carry another, unreviewed change along.
    """
    if applied is None:
        return Refused(reasons=(f"{stack} was never deployed.",), remedy=f"modferry deploy {stack}, then {what} again")
    if applied.shape != on_main:
        return Refused(
            reasons=(f"{stack} on main differs from what is applied by more than pins.",),
            remedy=f"modferry deploy {stack}, then {what} again",
        )
    return Allowed()


def judge_other_pins(
    stack: str, applied: Mapping[str, str], on_main: Mapping[str, str], moved: Iterable[str], *, what: str
) -> Decision:
    """No pin on main, but the ones that move, differs from the applied one.

    Fails closed, for the same reason as `judge_main`.
    """
    moving = set(moved)
    other = [m for m in sorted({*applied, *on_main} - moving) if applied.get(m) != on_main.get(m)]
    if not other:
        return Allowed()
    said = ", ".join(f"{m} is {applied.get(m, 'absent')} and main says {on_main.get(m, 'absent')}" for m in other)
    return Refused(reasons=(f"{stack}: {said}.",), remedy=f"modferry deploy {stack}, then {what} again")


def bypassed(decision: Decision, reason: str) -> Decision:
    """A recorded bypass turns a no about the *way* (order, soak) into a yes; its reason is in the history."""
    if isinstance(decision, Allowed) or not reason:
        return decision
    return Allowed(notes=tuple(f"bypassed: {said}" for said in decision.reasons))


def parse_time(text: str) -> datetime:
    """A ledger time (`2026-11-22T10:00:00Z`)."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
