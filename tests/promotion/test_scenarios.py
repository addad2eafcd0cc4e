"""Several runs in a row, as people and robots make them, in a world that remembers (R2, R3, R5, R6)."""

import pytest

from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.preview import Preview
from pipeline.commands.inventory import take_inventory
from pipeline.commands.promote import promote
from pipeline.commands.recover import recover
from pipeline.commands.retire import retire
from pipeline.commands.rollback import rollback
from pipeline.domain.promotion.claims import FencedError, fleet_of
from pipeline.domain.promotion.phases import StackPhase
from pipeline.domain.settings import Environment
from pipeline.errors import BusyError, Exit, NotRestoredError, RefusedError, UndecidedError, UsageError
from tests.fakes.world import Died, Faults, World, process, stack_text, undecided, version

PLAIN = (Environment(name="dev"), Environment(name="staging"), Environment(name="prod", waves=(("a",), ("*",))))
ASKING = (*PLAIN[:2], Environment(name="prod", waves=(("a",), ("*",)), approve=True))


@pytest.fixture
def world() -> World:
    return deployed()


def deployed() -> World:
    """core 0.1.0 deployed and verified everywhere, with its locks; 0.2.0 released."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "0.1.0")
    for environment, stacks in {"dev": "d", "staging": "s", "prod": "abc"}.items():
        for stack in stacks:
            world.stack(environment, stack, core="0.1.0")
        done(deploy(process(world, environments=PLAIN), environment))
    world.release("core", "0.2.0")
    return world


def done(result: Result | Preview | None, code: Exit = Exit.DONE) -> Result:
    """The result of a run that ended with this exit code."""
    assert isinstance(result, Result)
    assert result.code is code, (result.phase, result.promotion.why)
    return result


def to(world: World, environment: str, text: str = "0.2.0", **more: object) -> Result | Preview | None:
    """Promote core."""
    return promote(process(world, environments=PLAIN, **more), {"core": version(text)}, environment)  # type: ignore[arg-type]


def through(world: World, text: str = "0.2.0") -> None:
    """Promote core as far as staging."""
    done(to(world, "dev", text))
    done(to(world, "staging", text))


def pins(world: World) -> dict[str, str]:
    """What main pins core at, by stack."""
    names = {"dev": "d", "staging": "s", "prod": "abc"}
    return {f"{e}/{s}": world.pins(e, s)["core"].removeprefix("core/v") for e, some in names.items() for s in some}


def runs(world: World) -> dict[str, str]:
    """What the ledger says runs where."""
    fleet = fleet_of(world.history())
    return {
        f"{e}/{s}": state.content.pins["core"].removeprefix("core/v")
        for (e, s), state in fleet.stacks.items()
        if state.content
    }


def test_a_good_version_goes_the_whole_way(world: World) -> None:
    through(world)
    result = done(to(world, "prod"))
    assert result.phase == "verified"
    assert set(pins(world).values()) == {"0.2.0"} == set(runs(world).values())
    assert [run.wave for run in result.promotion.stacks.values()] == [0, 1, 1]
    stable = fleet_of(world.history()).stack("prod", "b").stable
    assert stable is not None and stable.pins == {"core": "core/v0.2.0"}


def test_a_second_promote_says_nothing_to_do_and_does_nothing(world: World) -> None:
    done(to(world, "dev"))
    before = (len(world.entries), world.main)
    assert to(world, "dev") is None
    assert (len(world.entries), world.main) == before


def test_each_wave_lands_in_one_commit(world: World) -> None:
    through(world)
    start = world.main
    landed = done(to(world, "prod")).promotion.landed
    assert len(landed) == 2
    assert world.parents[landed[1]] == landed[0] and world.parents[landed[0]] == start


def test_verification_that_fails_takes_everything_back_and_holds_the_version(world: World) -> None:
    through(world)
    world.bad.add("core/0.2.0")
    result = done(to(world, "prod"), Exit.RESTORED)
    assert result.phase == "rolled_back"
    assert {pins(world)[f"prod/{s}"] for s in "abc"} == {"0.1.0"} == {runs(world)[f"prod/{s}"] for s in "abc"}
    assert result.promotion.stacks["b"].phase is StackPhase.PENDING, "the second wave was never touched"
    world.bad.clear()
    with pytest.raises(RefusedError, match=r"held in prod since .*: a: check: 503"):
        to(world, "prod")


def test_a_later_wave_that_fails_takes_back_what_had_landed(world: World) -> None:
    through(world)

    def break_b(effect: str) -> None:
        if effect == "before verify prod/b":
            world.bad.add("core/0.2.0")

    ferry = process(world, environments=PLAIN, faults=break_b)
    done(promote(ferry, {"core": version("0.2.0")}, "prod"), Exit.RESTORED)
    assert {pins(world)[f"prod/{s}"] for s in "abc"} == {"0.1.0"} == {runs(world)[f"prod/{s}"] for s in "abc"}
    assert fleet_of(world.history()).stack("prod", "a").verified_at


def test_an_apply_that_breaks_half_way_is_taken_back(world: World) -> None:
    world.broken.add("core/0.2.0")
    done(to(world, "dev"), Exit.RESTORED)
    assert runs(world)["dev/d"] == "0.1.0"
    assert not world.locks


def test_a_plan_that_is_refused_changes_nothing(world: World) -> None:
    world.unplannable.add("core/0.2.0")
    before = dict(world.cloud)
    result = done(to(world, "dev"), Exit.REFUSED)
    assert "unsupported argument" in result.promotion.why
    assert world.cloud == before
    world.unplannable.clear()
    done(to(world, "dev"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda w: w.write("yank", module="core", version="0.2.0", reason="leaks"), "yanked by tester .*leaks"),
        (lambda w: w.write("hold", module="core", version="0.2.0", environment="dev", reason="wait"), "is held in dev"),
        (lambda w: w.tags.update({"core/v0.2.0": "f" * 40}), "The tag core/v0.2.0 moved"),
        (lambda w: w.tags.pop("core/v0.2.0"), "is not on origin"),
        (lambda w: w.push({"environments/dev/d/main.tf": stack_text("dev", "d", 2, core="0.1.0")}), "more than pins"),
        (lambda w: w.stack("dev", "new", core="0.1.0"), "dev/new was never deployed"),
    ],
)
def test_what_must_not_go_is_refused(world: World, spoil: object, says: str) -> None:
    spoil(world)  # type: ignore[operator]
    before = len(world.entries)
    with pytest.raises(RefusedError, match=says):
        to(world, "dev")
    assert len(world.entries) == before


def test_an_unreleased_version_is_refused_with_the_next_command(world: World) -> None:
    with pytest.raises(RefusedError, match=r"core 9.9.9 is not released. .* Next: modferry release core --push"):
        to(world, "dev", "9.9.9")


def test_the_environment_before_must_have_verified_it(world: World) -> None:
    with pytest.raises(RefusedError, match=r"not verified in dev/d, which runs core/v0.1.0"):
        to(world, "staging")


def test_a_bypass_needs_a_reason_and_is_remembered(world: World) -> None:
    ferry = process(world, environments=PLAIN)
    result = done(promote(ferry, {"core": version("0.2.0")}, "staging", bypass="hotfix 4711"))
    assert result.promotion.bypass == "hotfix 4711"


def test_soak_must_be_over(world: World) -> None:
    soaking = (Environment(name="dev", soak="1h"), *PLAIN[1:])
    done(promote(process(world, environments=soaking), {"core": version("0.2.0")}, "dev"))
    with pytest.raises(RefusedError, match="soaks in dev/d until"):
        promote(process(world, environments=soaking), {"core": version("0.2.0")}, "staging")
    world.now = world.now.replace(hour=20)
    done(promote(process(world, environments=soaking), {"core": version("0.2.0")}, "staging"))


def test_nobody_before_pins_it_is_unknown(world: World) -> None:
    world.release("vpc", "0.1.0")
    world.stack("prod", "a", core="0.1.0", vpc="0.1.0")
    with pytest.raises(UndecidedError, match="No stack in staging pins vpc"):
        deploy(process(world, environments=PLAIN), "prod")


# -- approval (R5) --------------------------------------------------------------------------------


def test_approval_of_each_wave_by_its_hash(world: World) -> None:
    through(world)
    targets = {"core": version("0.2.0")}
    shown = promote(process(world, environments=ASKING), targets, "prod", plan_only=True)
    assert isinstance(shown, Preview) and len(shown.approvals) == 2
    entries = len(world.entries)
    first = done(promote(process(world, environments=ASKING), targets, "prod"), Exit.WAITING)
    assert first.phase == "waiting" and first.promotion.approval == shown.approvals[0]
    assert runs(world)["prod/a"] == "0.1.0" and len(world.entries) > entries
    wrong = process(world, environments=ASKING, approvals=frozenset({"0" * 16}))
    assert "another plan" in done(promote(wrong, targets, "prod"), Exit.WAITING).promotion.why
    right = process(world, environments=ASKING, approvals=frozenset({shown.approvals[0]}))
    second = done(promote(right, targets, "prod"), Exit.WAITING)
    assert runs(world)["prod/a"] == "0.2.0" and second.promotion.approval == shown.approvals[1]
    last = process(world, "7.7", environments=ASKING, approvals=frozenset({shown.approvals[1]}))
    result = done(promote(last, targets, "prod"))
    assert result.promotion.id == first.promotion.id
    assert result.promotion.approved[shown.approvals[1]] == "actor-7.7"


def test_both_hashes_of_a_preview_approve_it_at_once(world: World) -> None:
    through(world)
    targets = {"core": version("0.2.0")}
    shown = promote(process(world, environments=ASKING), targets, "prod", plan_only=True)
    assert isinstance(shown, Preview)
    done(promote(process(world, environments=ASKING, approvals=frozenset(shown.approvals)), targets, "prod"))


def test_what_waits_for_approval_can_be_abandoned(world: World) -> None:
    through(world)
    waiting = done(promote(process(world, environments=ASKING), {"core": version("0.2.0")}, "prod"), Exit.WAITING)
    other = process(world, "2.2", environments=ASKING)
    with pytest.raises(BusyError, match=r"prod/a is held by promote core 0.2.0 .*actor-1.1 .*needs approval") as busy:
        rollback_to(world, other)
    assert f"modferry recover --abandon {waiting.promotion.id}" in busy.value.remedy
    assert recover(other, abandon=waiting.promotion.id).code is Exit.REFUSED
    assert not list(fleet_of(world.history()).open())


def rollback_to(world: World, ferry: object) -> None:
    deploy(ferry, "prod", "a")  # type: ignore[arg-type]


# -- stateful resources (R6) ----------------------------------------------------------------------


def test_losing_data_needs_the_addresss_by_name(world: World) -> None:
    world.lossy.add("core/0.2.0")
    result = done(to(world, "dev"), Exit.REFUSED)
    assert "d would lose aws_db_instance.this" in result.promotion.why
    assert result.next == "save the data, then --accept-loss d:aws_db_instance.this"
    accepting = frozenset({"d:aws_db_instance.this"})
    done(promote(process(world, environments=PLAIN, accepted=accepting), {"core": version("0.2.0")}, "dev"))


def test_a_rollback_that_would_lose_data_is_refused_and_a_person_is_told(world: World) -> None:
    world.lossy.add("core/0.2.0")
    world.bad.add("core/0.2.0")

    accepting = frozenset({"d:aws_db_instance.this"})
    ferry = process(world, environments=PLAIN, accepted=accepting)
    forward_only = process(world, environments=PLAIN)

    def forget_acceptance(effect: str) -> None:
        if effect == "after verify dev/d":
            object.__setattr__(ferry, "accepted", forward_only.accepted)

    object.__setattr__(ferry.stacks, "faults", forget_acceptance)
    result = done(promote(ferry, {"core": version("0.2.0")}, "dev"), Exit.NOT_RESTORED)
    assert result.promotion.stacks["d"].phase is StackPhase.REFUSED
    assert "would lose aws_db_instance.this" in result.promotion.stacks["d"].reason
    assert runs(world)["dev/d"] == "0.2.0", "it still runs what the ledger says"
    assert world.history().held("core", version("0.2.0"), "prod", ("dev", "staging", "prod"))


def test_the_first_deploy_that_fails_destroys_nothing(world: World) -> None:
    world.stack("dev", "new", core="0.2.0")
    world.bad.add("core/0.2.0")
    result = done(deploy(process(world, environments=PLAIN), "dev", "new"), Exit.NOT_RESTORED)
    assert result.promotion.stacks["new"].phase is StackPhase.UNRESTORABLE
    assert "dev/new" in world.cloud and not fleet_of(world.history()).stack("dev", "new").verified_at
    assert world.history().held("core", version("0.2.0"), "dev", ("dev", "staging", "prod"))


# -- main -----------------------------------------------------------------------------------------


def test_main_may_move_elsewhere_while_a_wave_runs(world: World) -> None:
    moves = iter([b"1", b"2"])

    def push(effect: str) -> None:
        if effect == "before land":
            text = next(moves, None)
            if text:
                world.push({"README.md": text})

    done(promote(process(world, environments=PLAIN, faults=push), {"core": version("0.2.0")}, "dev"))
    assert pins(world)["dev/d"] == "0.2.0"
    assert world.commits[world.main]["README.md"] == b"2"


def test_main_that_moves_in_a_later_stack_stops_before_its_wave(world: World) -> None:
    through(world)

    def push(effect: str) -> None:
        if effect == "before verify prod/a":
            world.push({"environments/prod/b/main.tf": stack_text("prod", "b", 9, core="0.1.0")})

    ferry = process(world, environments=PLAIN, faults=push)
    result = done(promote(ferry, {"core": version("0.2.0")}, "prod"), Exit.REFUSED)
    assert "main moved in b" in result.promotion.why
    assert (runs(world)["prod/a"], runs(world)["prod/b"]) == ("0.2.0", "0.1.0")
    assert (pins(world)["prod/a"], pins(world)["prod/b"]) == ("0.2.0", "0.1.0")
    stable = fleet_of(world.history()).stack("prod", "a").stable
    assert stable is not None and stable.pins["core"] == "core/v0.1.0", "only a whole promotion makes it stable"


def test_pins_land_on_a_stack_that_moved_under_its_own_wave_and_deploy_is_asked_for(world: World) -> None:
    def push(effect: str) -> None:
        if effect == "before verify dev/d":
            world.push({"environments/dev/d/main.tf": stack_text("dev", "d", 9, core="0.1.0")})

    done(promote(process(world, environments=PLAIN, faults=push), {"core": version("0.2.0")}, "dev"))
    assert world.commits[world.main]["environments/dev/d/main.tf"] == stack_text("dev", "d", 9, core="0.2.0")
    world.release("core", "0.3.0")
    with pytest.raises(RefusedError, match="more than pins"):
        to(world, "dev", "0.3.0")
    done(deploy(process(world, environments=PLAIN), "dev"))
    done(to(world, "dev", "0.3.0"))


def test_a_rejected_landing_is_finished_later(world: World) -> None:
    world.rejects = True
    result = done(to(world, "dev"), Exit.WAITING)
    assert result.phase == "unlanded" and pins(world)["dev/d"] == "0.1.0" and runs(world)["dev/d"] == "0.2.0"
    world.rejects = False
    applied = len(world.applied)
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.DONE
    assert pins(world)["dev/d"] == "0.2.0" and len(world.applied) == applied


# -- rollback -------------------------------------------------------------------------------------


def test_rollback_goes_to_the_newest_earlier_verified_version_that_may(world: World) -> None:
    done(to(world, "dev"))
    world.release("core", "0.3.0")
    done(to(world, "dev", "0.3.0"))
    world.write("yank", module="core", version="0.2.0", reason="leaks")
    result = done(rollback(process(world, environments=PLAIN), "dev", "core", reason="slow"))
    assert result.promotion.targets == {"core": "0.1.0"}
    assert pins(world)["dev/d"] == "0.1.0" == runs(world)["dev/d"]
    with pytest.raises(RefusedError, match=r"held in dev .*rolled back: slow"):
        to(world, "dev", "0.3.0")


def test_rollback_without_an_earlier_version_does_nothing(world: World) -> None:
    before = len(world.entries)
    with pytest.raises(NotRestoredError, match="No earlier version of core"):
        rollback(process(world, environments=PLAIN), "dev", "core", reason="slow")
    assert len(world.entries) == before


def test_a_rollback_that_fails_is_not_rolled_back(world: World) -> None:
    done(to(world, "dev"))
    world.bad.add("core/0.1.0")
    result = done(rollback(process(world, environments=PLAIN), "dev", "core", reason="slow"), Exit.NOT_RESTORED)
    assert "d: check: 503; a rollback is not rolled back" in result.promotion.why
    assert runs(world)["dev/d"] == "0.1.0", "the version that was left is not brought back"
    assert not world.history().held("core", version("0.1.0"), "dev", ("dev", "staging", "prod"))
    with pytest.raises(RefusedError, match="is a rollback, which is not rolled back"):
        recover(process(world, "2.2", environments=PLAIN), back=result.promotion.id, reason="no")
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.NOT_RESTORED, "still bad"
    world.bad.clear()
    again = done(rollback(process(world, "3.3", environments=PLAIN), "dev", "core", reason="slow"))
    assert again.promotion.id == result.promotion.id and pins(world)["dev/d"] == "0.1.0"


def test_a_rollback_that_breaks_half_way_is_tried_again_by_recover(world: World) -> None:
    done(to(world, "dev"))
    world.broken.add("core/0.1.0")
    done(rollback(process(world, environments=PLAIN), "dev", "core", reason="slow"), Exit.NOT_RESTORED)
    world.broken.clear()
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.DONE
    assert runs(world)["dev/d"] == "0.1.0" == pins(world)["dev/d"]


# -- pauses, two at once ---------------------------------------------------------------------------


def test_inconclusive_neither_passes_nor_rolls_back(world: World) -> None:
    world.unsure.add("core/0.2.0")
    result = done(to(world, "dev"), Exit.WAITING)
    assert "could not be verified: check: no answer" in result.promotion.why
    applied = len(world.applied)
    world.unsure.clear()
    done(to(world, "dev"))
    assert pins(world)["dev/d"] == "0.2.0" and len(world.applied) == applied, "applied once, verified later"


def test_the_second_of_two_is_told_who_since_when_and_what_to_do(world: World) -> None:
    world.release("core", "0.3.0")

    def compete(effect: str) -> None:
        if effect == "before apply dev/d":
            with pytest.raises(
                BusyError, match=r"dev/d is held by promote core 0.2.0 .* run by actor-1.1 on here/boot"
            ):
                promote(process(world, "2.2", environments=PLAIN), {"core": version("0.3.0")}, "dev")

    done(promote(process(world, environments=PLAIN, faults=compete), {"core": version("0.2.0")}, "dev"))


def test_two_that_look_at_once_are_told_apart_by_the_ledger(world: World) -> None:
    world.release("core", "0.3.0")
    other = process(world, "2.2", environments=PLAIN)
    once = iter([True])

    # The other one wins between our look and our claim, and is even done: the claim must see that.
    ferry = process(world, environments=PLAIN)
    real = ferry.ledger.append

    def late(decide: object, *, push: bool) -> object:
        if next(once, False):
            done(promote(other, {"core": version("0.3.0")}, "dev"))
        return real(decide, push=push)  # type: ignore[arg-type]

    object.__setattr__(ferry.ledger, "append", late)
    with pytest.raises(BusyError, match=r"was changed by p2-2-[0-9]+ while this promotion looked at it"):
        promote(ferry, {"core": version("0.2.0")}, "dev")
    assert runs(world)["dev/d"] == "0.3.0"


def test_a_sleeper_that_was_taken_over_can_write_nothing(world: World) -> None:
    """R4: paused before landing, taken over and finished by `recover`, then it wakes up."""

    def sleep(effect: str) -> None:
        if effect == "before land" and not world.dead:
            world.dead.add("1.1")
            assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.DONE

    ferry = process(world, environments=PLAIN, faults=sleep)
    with pytest.raises(FencedError, match=r"taken over by actor-2.2"):
        promote(ferry, {"core": version("0.2.0")}, "dev")
    fleet_of(world.history())


def test_a_person_answers_what_could_not_be_found_out(world: World) -> None:
    world.unsure.add("core/0.2.0")
    waiting = done(to(world, "dev"), Exit.WAITING)
    name = waiting.promotion.id
    assert waiting.next == f"modferry recover, or modferry recover --back {name} --reason TEXT"
    other = process(world, "2.2", environments=PLAIN)
    with pytest.raises(RefusedError, match="has changed stacks"):
        recover(other, abandon=name)
    with pytest.raises(UsageError, match="needs a reason"):
        recover(other, back=name)
    assert recover(other, back=name, reason="users complain").code is Exit.RESTORED
    assert runs(world)["dev/d"] == "0.1.0"
    held = world.history().held("core", version("0.2.0"), "dev", ("dev", "staging", "prod"))
    assert held is not None and held.reason == "taken back by actor-2.2: users complain"


# -- recover --------------------------------------------------------------------------------------


def dying(at: str) -> Faults:
    def die(effect: str) -> None:
        if effect == at:
            raise Died

    return die


def test_a_holder_that_lives_is_left_alone(world: World) -> None:
    with pytest.raises(Died):
        promote(
            process(world, environments=PLAIN, faults=dying("before apply dev/d")), {"core": version("0.2.0")}, "dev"
        )
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.UNDECIDED
    elsewhere = process(world, "2.2", environments=PLAIN, host="there/boot")
    assert recover(elsewhere).code is Exit.UNDECIDED
    world.dead.add("1.1")  # which nobody can see from there; a person says it
    assert recover(elsewhere, holder_dead=True).code is Exit.DONE
    assert pins(world)["dev/d"] == "0.2.0" == runs(world)["dev/d"]


def test_half_applied_without_approval_goes_back(world: World) -> None:
    through(world)
    targets = {"core": version("0.2.0")}
    shown = promote(process(world, environments=ASKING), targets, "prod", plan_only=True)
    assert isinstance(shown, Preview)
    approved = frozenset(shown.approvals)
    with pytest.raises(Died):
        promote(
            process(world, environments=ASKING, approvals=approved, faults=dying("middle apply prod/a")),
            targets,
            "prod",
        )
    world.dead.add("1.1")
    recovery = recover(process(world, "2.2", environments=ASKING))
    assert recovery.code is Exit.RESTORED and runs(world)["prod/a"] == "0.1.0" and not world.locks


def test_nothing_to_recover(world: World) -> None:
    assert recover(process(world, environments=PLAIN)).code is Exit.NOTHING


def test_a_way_back_tried_in_vain_is_tried_again_later(world: World) -> None:
    world.bad.update({"core/0.2.0", "core/0.1.0"})
    result = done(to(world, "dev"), Exit.NOT_RESTORED)
    assert result.phase == "failed" and "not restored: d: check: 503" in result.promotion.why
    world.bad.remove("core/0.1.0")
    assert recover(process(world, "2.2", environments=PLAIN)).code is Exit.RESTORED
    assert runs(world)["dev/d"] == "0.1.0"


def test_a_ledger_that_cannot_be_written_stops_before_the_effect(world: World) -> None:
    ferry = process(world, environments=PLAIN, faults=undecided("before write promotion.moved"))
    before = len(world.applied)
    with pytest.raises(UndecidedError):
        promote(ferry, {"core": version("0.2.0")}, "dev")
    assert len(world.applied) == before
    world.dead.add("1.1")
    done(to(world, "dev", mark="2.2"))


def test_a_stack_is_retired_when_nothing_of_it_is_left(world: World) -> None:
    with pytest.raises(RefusedError, match=r"prod/a still has 1 resources: note\.this"):
        retire(process(world, environments=PLAIN), "prod", "a")
    del world.cloud["prod/a"]
    files = ("environments/prod/a/main.tf", "environments/prod/a/modferry.lock")
    assert retire(process(world, environments=PLAIN), "prod", "a").files == files
    with pytest.raises(UsageError, match="no stack prod/none"):
        retire(process(world, environments=PLAIN), "prod", "none")


def test_an_inventory_says_what_changed_since_the_one_before(world: World) -> None:
    first = take_inventory(process(world, environments=PLAIN), ("prod",), record=True)
    assert (sum(line.count for line in first.lines), first.since, first.recorded) == (3, "", True)
    del world.cloud["prod/a"]
    second = take_inventory(process(world, environments=PLAIN), ("prod",), record=False)
    assert (second.changes, bool(second.since), second.recorded) == ({"note": -1}, True, False)
    assert take_inventory(process(world, environments=PLAIN), (), record=False).since == "", "another set of stacks"
