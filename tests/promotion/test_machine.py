"""Random runs with faults at every port, checked after each step (R2, R3, R4, R6).

Hypothesis picks what people and robots do (promote, deploy, roll back, recover, push to main, release, unhold)
and where the world breaks: an effect fails, or the process dies before, in the middle of or after it.
"""

import contextlib
from functools import partial

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.rollback import rollback
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.phases import GOING_BACK, Kind, Outcome, Phase, StackPhase
from pipeline.domain.settings import Environment
from pipeline.errors import ModferryError
from tests.fakes.world import Died, World, process, stack_text, version
from tests.promotion.test_kill_points import Point

ENVIRONMENTS = (Environment(name="dev"), Environment(name="prod", waves=(("a",), ("*",)), parallel=1))
STACKS = (("dev", "d"), ("prod", "a"), ("prod", "b"), ("prod", "c"))
VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.4.0")
EFFECTS = (
    "before write promotion.opened",
    "after write promotion.opened",
    "before write promotion.moved",
    "after write promotion.moved",
    "before write promotion.taken",
    "after write promotion.taken",
    "before write stack.applied",
    "after write stack.applied",
    "before write stack.verified",
    "after write stack.failed",
    "before write promotion.moved+hold",
    "after write promotion.moved+hold",
    "before write promotion.closed",
    "after write promotion.closed",
    "before land",
    "after land",
    "fetch",
    *(f"{when} {what} {e}/{s}" for e, s in STACKS for when in ("before", "after") for what in ("apply", "verify")),
    *(f"middle apply {e}/{s}" for e, s in STACKS),
    *(f"plan {e}/{s}" for e, s in STACKS),
)

points = strategies.one_of(
    strategies.none(),
    strategies.tuples(strategies.sampled_from(EFFECTS), strategies.integers(0, 2), strategies.booleans()),
)
environments = strategies.sampled_from(["dev", "prod"])
versions = strategies.sampled_from(VERSIONS)
bypasses = strategies.sampled_from((True, True, True, False))
"""Mostly, or the gate of the environment before keeps nearly everything out of prod."""
spoiled = strategies.lists(strategies.tuples(strategies.sampled_from(VERSIONS[1:]), strategies.sampled_from(STACKS)))


class Fleet(RuleBasedStateMachine):
    """A world with two environments and four stacks; `spoil` makes versions bad, broken, unsure or lossy."""

    shape = ENVIRONMENTS

    @initialize(spoiled=spoiled)
    def begin(self, spoiled: list[tuple[str, tuple[str, str]]]) -> None:
        self.world = World()
        self.world.bad_at |= {("/".join(stack), f"core/{text}") for text, stack in spoiled}
        self.world.push({"README.md": b"x"})
        self.processes = 0
        self.destroyed_unasked = 0
        for text in VERSIONS:
            self.world.release("core", text)
        for environment, stack in STACKS:
            self.world.stack(environment, stack, core="0.1.0")
        for environment in ("dev", "prod"):
            deploy(self.process(None), environment)

    def process(self, point: tuple[str, int, bool] | None) -> Ferry:
        self.processes += 1
        mark = f"{self.processes}.1"
        fault = Point(name=point[0], nth=point[1], kills=point[2]) if point else Point()
        return process(self.world, mark, environments=self.shape, faults=fault)

    def attempt(self, act: object, ferry: Ferry) -> None:
        with contextlib.suppress(Died, ModferryError):
            act(ferry)  # type: ignore[operator]
        self.world.dead.add(ferry.holder.mark)  # ended or killed: either way it is gone

    @rule(environment=environments, text=versions, point=points, bypass=bypasses)
    def promote(self, environment: str, text: str, point: tuple[str, int, bool] | None, bypass: bool) -> None:
        reason = "hotfix" if bypass else ""
        self.attempt(lambda f: promote(f, {"core": version(text)}, environment, bypass=reason), self.process(point))

    @rule(environment=environments, point=points)
    def deploy(self, environment: str, point: tuple[str, int, bool] | None) -> None:
        self.attempt(lambda f: deploy(f, environment, bypass="because"), self.process(point))

    @rule(environment=environments, point=points)
    def rollback(self, environment: str, point: tuple[str, int, bool] | None) -> None:
        self.attempt(lambda f: rollback(f, environment, "core", reason="slow"), self.process(point))

    @rule(point=points)
    def recover(self, point: tuple[str, int, bool] | None) -> None:
        self.attempt(recover, self.process(point))

    @rule(text=versions, how=strategies.sampled_from(["bad", "broken", "unsure", "lossy", "unplannable"]))
    def spoil(self, text: str, how: str) -> None:
        if text != "0.1.0":
            getattr(self.world, how).add(f"core/{text}")

    @rule(text=versions, stack=strategies.sampled_from(STACKS))
    def spoil_at(self, text: str, stack: tuple[str, str]) -> None:
        if text != "0.1.0":
            self.world.bad_at.add(("/".join(stack), f"core/{text}"))

    @rule(really=strategies.integers(0, 3))
    def mend(self, really: int = 0) -> None:
        """Seldom: a world that is mended as often as it breaks shows little."""
        if really:
            return
        for how in ("bad", "bad_at", "broken", "unsure", "unplannable"):
            getattr(self.world, how).clear()
        self.world.rejects = False

    @rule()
    def protect_main(self) -> None:
        self.world.rejects = True

    @rule(stack=strategies.sampled_from(STACKS), size=strategies.integers(1, 3))
    def push_a_variable(self, stack: tuple[str, str], size: int) -> None:
        pin = self.world.pins(*stack)["core"].removeprefix("core/v")
        self.world.push({f"environments/{stack[0]}/{stack[1]}/main.tf": stack_text(*stack, size, core=pin)})

    @rule(text=versions)
    def unhold(self, text: str) -> None:
        self.world.write("unhold", module="core", version=text, reason="mended")

    # -- what must hold after each step --------------------------------------------------------------

    @invariant()
    def one_promotion_a_stack(self) -> None:
        """R3."""
        if hasattr(self, "world"):
            claimed = [(p.environment, s) for p in fleet_of(self.world.history()).open() for s in p.stacks]
            assert len(claimed) == len(set(claimed))

    @invariant()
    def what_runs_is_written_down(self) -> None:
        """R4: a stack that nobody is working on runs exactly what the ledger says, or the ledger says that it is
        not verified."""
        if not hasattr(self, "world"):
            return
        fleet = fleet_of(self.world.history())
        for (environment, stack), state in fleet.stacks.items():
            if state.promotion or state.content is None or not state.verified_at:
                continue
            assert self.world.cloud[f"{environment}/{stack}"] == state.content.digest
            assert f"{environment}/{stack}" not in self.world.locks

    @invariant()
    def no_data_is_lost_unasked(self) -> None:
        """R6: nobody accepted a loss here, so no apply may ever cross the line between lossy and not."""
        if not hasattr(self, "world"):
            return
        last: dict[str, bool] = {}
        for (stack, _), lossy in zip(self.world.applied, self.world.crossed, strict=True):
            assert not lossy, f"{stack} lost its database"
            last[stack] = lossy

    @invariant()
    def closed_is_closed_for_a_reason(self) -> None:
        """A promotion that is verified has verified every stack; one rolled back has restored what it touched."""
        if not hasattr(self, "world"):
            return
        for promotion in fleet_of(self.world.history()).promotions.values():
            phases = {run.phase for run in promotion.stacks.values()}
            if promotion.outcome is Outcome.VERIFIED:
                assert phases == {StackPhase.VERIFIED}
            if promotion.outcome is Outcome.PARTIAL:
                assert phases == {StackPhase.VERIFIED, StackPhase.RESTORED}
                for number, wave in enumerate(promotion.waves):
                    back = [s for s in wave if promotion.stacks[s].phase is StackPhase.RESTORED]
                    budget = process(self.world, environments=self.shape).environment(promotion.environment)
                    assert len(back) <= min(budget.failure_budget, len(wave) - 1), f"wave {number}"
            if promotion.kind is Kind.ROLLBACK:
                assert not phases & GOING_BACK, "a rollback is never rolled back"
            if promotion.outcome is Outcome.ROLLED_BACK:
                assert phases <= {StackPhase.RESTORED, StackPhase.PENDING}

    def teardown(self) -> None:
        """R4 at the end: once the world works again recoveries leave nothing open but what would lose data, which
        waits for a person; and a person who takes that back leaves nothing open."""
        if not hasattr(self, "world"):
            return
        self.mend()
        for _ in range(3):
            self.attempt(recover, self.process(None))
        for promotion in tuple(fleet_of(self.world.history()).open()):
            assert promotion.phase is Phase.WAITING and "would lose aws_db_instance.this" in promotion.why
            self.attempt(partial(recover, back=promotion.id, reason="keep the data"), self.process(None))
        left = list(fleet_of(self.world.history()).open())
        assert not left, [(p.title, p.phase, p.why) for p in left]
        self.what_runs_is_written_down()


Fleet.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True)
TestFleet = Fleet.TestCase


class FleetWithBudget(Fleet):
    """The same where one stack of a wave may fail, and a wave is verified again after its soak (of one second)."""

    shape = (
        Environment(name="dev", failure_budget=1),
        Environment(name="prod", waves=(("a",), ("*",)), parallel=1, failure_budget=1, soak="1s"),
    )


FleetWithBudget.TestCase.settings = Fleet.TestCase.settings
TestFleetWithBudget = FleetWithBudget.TestCase
