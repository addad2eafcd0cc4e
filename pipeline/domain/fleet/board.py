"""The fleet as rows: what main pins in every stack, held against what the ledger says was applied and verified.

A pin's state is the first of these that is true:

| state | because |
|---|---|
| unlanded | an open promotion verified the stack, but main would not take its pins |
| promoting | an open promotion has the stack |
| unverified | nothing was applied, or what was applied last did not pass its verification |
| drifted | main and what was applied differ: in this pin, or in other files of the stack |
| held | what runs is held in this environment |
| verified | none of these |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pipeline.domain.fleet.convergence import Lag, find_lags
from pipeline.domain.history import History, Hold, Release
from pipeline.domain.promotion.claims import fleet_of, say_next
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.promotion.phases import Phase
from pipeline.domain.promotion.record import Promotion, StackState
from pipeline.domain.settings import Settings
from pipeline.domain.version import TagFormat, Version
from pipeline.errors import UsageError


class State(StrEnum):
    """What a person needs to know of a pin first; the order is from good to bad."""

    VERIFIED = "verified"
    HELD = "held"
    DRIFTED = "drifted"
    UNVERIFIED = "unverified"
    PROMOTING = "promoting"
    UNLANDED = "unlanded"


@dataclass(frozen=True, kw_only=True)
class MainStack:
    """A stack as main has it: `pins` are module → ref, `digest` as `pins.content_digest` of its files."""

    environment: str
    stack: str
    pins: Mapping[str, str]
    digest: str


@dataclass(frozen=True, kw_only=True)
class PinRow:
    """One module in one stack. Versions are None where there is none, or where a ref names no version.

    `behind` counts the final, unyanked releases that are newer than what main pins.
    """

    module: str
    ref: str
    version: Version | None
    stable: Version | None
    latest: Version | None
    held: bool
    yanked: bool
    behind: int
    state: State

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "module": self.module,
            "version": str(self.version) if self.version else self.ref,
            "stable": str(self.stable) if self.stable else None,
            "latest": str(self.latest) if self.latest else None,
            "held": self.held,
            "yanked": self.yanked,
            "behind": self.behind,
            "state": str(self.state),
        }


@dataclass(frozen=True, kw_only=True)
class StackRow:
    """One stack and its pins by name. `note` says why it is not verified, as the ledger tells it."""

    environment: str
    stack: str
    pins: tuple[PinRow, ...]
    verified_at: str = ""
    promotion: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """`prod/us-east-1`."""
        return f"{self.environment}/{self.stack}"

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "pins": [pin.to_json() for pin in self.pins],
            "verified_at": self.verified_at or None,
            "promotion": self.promotion or None,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True)
class Board:
    """The whole fleet at a moment: rows in the order of environments, holds, open promotions, lagging stacks."""

    main: str
    stacks: tuple[StackRow, ...]
    holds: tuple[Hold, ...]
    promotions: tuple[Promotion, ...]
    lags: tuple[Lag, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "main": self.main,
            "stacks": [stack.to_json() for stack in self.stacks],
            "holds": [hold_json(hold) for hold in self.holds],
            "promotions": [promotion_json(promotion) for promotion in self.promotions],
            "convergence": [lag.to_json() for lag in self.lags],
        }


def plan_board(
    history: History, main: str, stacks: Iterable[MainStack], settings: Settings, tags: TagFormat, now: datetime
) -> Board:
    """Rows for every stack of main, and for those that the ledger says are applied though main lost them."""
    fleet = fleet_of(history)
    look = _Look(history=history, fleet=fleet, order=settings.order, tags=tags, finals=_finals(history))
    on_main = {(stack.environment, stack.stack): stack for stack in stacks}
    names = {*on_main, *(name for name, state in fleet.stacks.items() if state.content)}
    rank = {name: number for number, name in enumerate(settings.order)}
    rows = tuple(
        look.row(name, on_main.get(name), fleet.stack(*name))
        for name in sorted(names, key=lambda name: (rank.get(name[0], len(rank)), name))
    )
    return Board(
        main=main,
        stacks=rows,
        holds=tuple(history.holds.values()),
        promotions=tuple(fleet.open()),
        lags=find_lags(
            settings.convergence,
            {(row.environment, row.stack): {pin.module: pin.version for pin in row.pins} for row in rows},
            {name: _stable_times(look, state) for name, state in fleet.stacks.items()},
            now,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What every row is held against."""

    history: History
    fleet: Fleet
    order: tuple[str, ...]
    tags: TagFormat
    finals: Mapping[str, tuple[Release, ...]]

    def version(self, module: str, ref: str) -> Version | None:
        """The version that a ref names; None for a branch, a commit, or another module's tag."""
        try:
            tag = self.tags.parse(ref, root=module)
        except UsageError:
            return None
        return tag.version if tag and tag.module == module else None

    def row(self, name: tuple[str, str], here: MainStack | None, state: StackState) -> StackRow:
        applied = state.content
        pins = here.pins if here else applied.pins if applied else {}
        promotion = self.fleet.claim(*name)
        return StackRow(
            environment=name[0],
            stack=name[1],
            pins=tuple(self.pin(name[0], module, pins[module], here, state, promotion) for module in sorted(pins)),
            verified_at=state.verified_at,
            promotion=promotion.id if promotion else "",
            note=state.note if here else "main has no such stack any more, but it is applied",
        )

    def pin(
        self,
        environment: str,
        module: str,
        ref: str,
        here: MainStack | None,
        state: StackState,
        promotion: Promotion | None,
    ) -> PinRow:
        version = self.version(module, ref)
        stable = state.stable.pins.get(module) if state.stable else None
        finals = self.finals.get(module, ())
        held = bool(version and self.history.held(module, version, environment, self.order))
        return PinRow(
            module=module,
            ref=ref,
            version=version,
            stable=self.version(module, stable) if stable else None,
            latest=finals[-1].version if finals else None,
            held=held,
            yanked=(module, version) in self.history.yanks,
            behind=sum(release.version > version for release in finals) if version else 0,
            state=_state(module, here, state, promotion, held=held),
        )


def _state(module: str, here: MainStack | None, state: StackState, promotion: Promotion | None, *, held: bool) -> State:
    if promotion:
        return State.UNLANDED if promotion.phase is Phase.UNLANDED else State.PROMOTING
    if state.content is None or not state.verified_at:
        return State.UNVERIFIED
    if here is None or not _is_applied(module, here, state):
        return State.DRIFTED
    return State.HELD if held else State.VERIFIED


def _is_applied(module: str, here: MainStack, state: StackState) -> bool:
    """Main is what was applied; where only other modules' pins moved, this module's pin is still right."""
    assert state.content is not None
    if here.digest == state.content.digest:
        return True
    same = {name for name, ref in here.pins.items() if state.content.pins.get(name) == ref}
    return module in same and same != set(here.pins)


def _finals(history: History) -> dict[str, tuple[Release, ...]]:
    """Module → its final, unyanked releases, oldest version first."""
    found: dict[str, list[Release]] = {}
    for (module, version), release in history.releases.items():
        if not version.prerelease and (module, version) not in history.yanks:
            found.setdefault(module, []).append(release)
    return {module: tuple(sorted(releases, key=lambda r: r.version)) for module, releases in found.items()}


def _stable_times(look: _Look, state: StackState) -> tuple[tuple[str, Version, str], ...]:
    """(module, version, since when) of everything that ever was stable on a stack."""
    return tuple(
        (module, version, stable.at)
        for stable in state.stables
        for module, ref in stable.content.pins.items()
        if (version := look.version(module, ref))
    )


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold as `--json` prints it."""
    return {
        "module": hold.module,
        "version": str(hold.version),
        "environment": hold.environment or None,
        "reason": hold.reason,
        "at": hold.at,
        "actor": hold.actor,
        "promotion": hold.promotion or None,
    }


def promotion_json(promotion: Promotion) -> dict[str, Any]:
    """An open promotion as `--json` prints it."""
    return {
        "promotion": promotion.id,
        "kind": str(promotion.kind),
        "environment": promotion.environment,
        "targets": dict(promotion.targets),
        "stacks": list(promotion.stacks),
        "phase": str(promotion.phase),
        "why": promotion.why,
        "holder": promotion.holder.actor,
        "since": promotion.holder.since or promotion.opened_at,
        "approval": promotion.approval or None,
        "next": say_next(promotion),
    }
