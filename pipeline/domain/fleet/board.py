"""The fleet as rows: what main pins in every stack, held against what the ledger says was applied and verified.

A pin's state is the first of these that is true:

| state | because |
|---|---|
| unlanded | an open promotion verified the stack, but main would not take its pins |
| promoting | an open promotion has the stack |
| unverified | nothing was applied, its verification did not pass, or the version no longer passes its suites |
| drifted | main and what was applied differ: in this pin, or in other files of the stack |
| held | what runs is held in this environment |
| verified | none of these |
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.domain.fleet.behind import final_releases, find_behind, find_promotable, find_skews
from pipeline.domain.fleet.convergence import find_lags
from pipeline.domain.fleet.rows import Board, MainStack, PinRow, StackRow, State
from pipeline.domain.history import History, Release
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.eligibility import Previous
from pipeline.domain.promotion.fold import Fleet
from pipeline.domain.promotion.phases import Phase
from pipeline.domain.promotion.record import Promotion, StackState
from pipeline.domain.settings import Settings, duration
from pipeline.domain.version import TagFormat, Version
from pipeline.errors import UsageError


def plan_board(
    history: History, main: str, stacks: Iterable[MainStack], settings: Settings, tags: TagFormat, now: datetime
) -> Board:
    """Rows for every stack of main, and for those that the ledger says are applied though main lost them."""
    fleet = fleet_of(history)
    on_main = {(stack.environment, stack.stack): stack for stack in stacks}
    finals = final_releases(history)
    look = _Look(
        history=history, fleet=fleet, settings=settings, tags=tags, finals=finals, now=now, stacks=on_main.values()
    )
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
        skews=find_skews((r.environment, r.stack, p.module, str(p.version or p.ref)) for r in rows for p in r.pins),
    )


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What every row is held against."""

    history: History
    fleet: Fleet
    settings: Settings
    tags: TagFormat
    finals: Mapping[str, tuple[Release, ...]]
    now: datetime
    stacks: Collection[MainStack]
    _promotable: dict[tuple[str, str], Version | None] = field(default_factory=dict)

    def promotable(self, environment: str, module: str) -> Version | None:
        """What the environment may take; the same for all its stacks."""
        order = self.settings.order
        if (environment, module) not in self._promotable and environment in order:
            place = order.index(environment)
            previous = order[place - 1] if place else ""
            pinning = (s.stack for s in self.stacks if s.environment == previous and module in s.pins)
            soak = duration(self.settings.in_environment(previous).soak) if previous else timedelta()
            before = Previous(environment=previous, stacks=tuple(pinning), soak=soak) if previous else None
            self._promotable[environment, module] = find_promotable(
                self.history, self.fleet, self.finals.get(module, ()), environment, order, before, self.now
            )
        return self._promotable.get((environment, module))

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
        rows = tuple(self.pin(name[0], module, pins[module], here, state, promotion) for module in sorted(pins))
        notes = [state.note if here else "main has no such stack any more, but it is applied"]
        notes += [f"{row.module} {row.version} no longer passes its suites" for row in rows if row.failing]
        return StackRow(
            environment=name[0],
            stack=name[1],
            pins=rows,
            verified_at=state.verified_at,
            promotion=promotion.id if promotion else "",
            note="; ".join(note for note in notes if note),
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
        behind, days = find_behind(version, finals, self.now)
        held = bool(version and self.history.held(module, version, environment, self.settings.order))
        failing = bool(version and self.history.failing(module, version))
        return PinRow(
            module=module,
            ref=ref,
            version=version,
            stable=self.version(module, stable) if stable else None,
            latest=finals[-1].version if finals else None,
            held=held,
            yanked=(module, version) in self.history.yanks,
            failing=failing,
            behind=behind,
            behind_days=days,
            promotable=self.promotable(environment, module),
            state=_state(module, here, state, promotion, held=held, failing=failing),
        )


def _state(
    module: str,
    here: MainStack | None,
    state: StackState,
    promotion: Promotion | None,
    *,
    held: bool,
    failing: bool,
) -> State:
    if promotion:
        return State.UNLANDED if promotion.phase is Phase.UNLANDED else State.PROMOTING
    if state.content is None or not state.verified_at or failing:
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


def _stable_times(look: _Look, state: StackState) -> tuple[tuple[str, Version, str], ...]:
    """(module, version, since when) of everything that ever was stable on a stack."""
    return tuple(
        (module, version, stable.at)
        for stable in state.stables
        for module, ref in stable.content.pins.items()
        if (version := look.version(module, ref))
    )
