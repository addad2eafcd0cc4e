"""The state machine of a promotion. This text is the specification; the tables below are the law.

`promote`, `deploy`, `rollback` and `converge` are one machine. Each takes stacks of one environment, in
waves, from the content that was applied to them to another one (`record.Content`: a commit, the pins moved
in it, and the lock file where the new pins demanded another), and ends in exactly one outcome.

**Writing.** A move is a ledger entry. It is on origin before the effect that it announces, or in the same
atomic push as the effect (landing). An entry names the promotion and the fence of its writer; the ledger is
a compare-and-swap, so a writer with an old fence has lost before it acts. Taking over raises the fence.

**Forward.** `opened`: the stacks are claimed. Wave by wave: all stacks are planned (nothing is written: a
plan changes nothing); where the environment wants an approval and none fits, `waiting`. `applying` names
the wave's stacks, plan hashes and contents: from here on they may have changed. Each stack then says
`applied`, and `verified`, `failed` or `inconclusive`. When all are verified their pins are landed on main:
`landed` is written in the same push as main. After the last wave the promotion closes as *verified*, and
only then do its stacks' contents become stable.

**Backward.** A failed stack lets the others of its wave finish, then `failing` is written together with the
holds. Every touched stack goes back to its `from`, newest wave first: `restoring` before the effect, then
`restored`, `refused` (going back would destroy or replace something stateful: nothing was done), or
`not_restored` (tried, and it did not work). When none is left to try, the reverse lands on main and the
promotion closes as *rolled_back* or *failed*. A stack that has no `from` is never destroyed: it is
`unrestorable`, and the promotion closes as *failed*. By itself nothing goes back that was applied longer ago
than the environment's rollback_age: what is verified stays (`kept`), for the rest the promotion is `stuck`
until a person says `recover --back`. Where the environment has a failure budget, as many stacks of a wave may fail:
each goes back alone while the promotion goes forward (`restoring`, `restored` of the stack only), as long as one
stack of the wave is verified; it closes as *partial*, with the holds. One too many, or one that cannot go back, and
everything goes back. A rollback is never rolled back: where it fails it is `stuck` with its
stacks as they are, and the next `recover` tries to go forward again.

**Soak.** A wave that soaks is verified again by whoever comes meanwhile, and in any case before the next one begins:
`verified`, `failed` (everything goes back) or `inconclusive` (`waiting`).

**Pauses.** `waiting` (approval, soak, inconclusive), `unlanded` (verified, but main would not take the
pins) and `stuck` (a way back was tried in vain) keep the claim and need no process: the next `promote` with
the same targets, or `recover`, takes over and goes on.

**Recovery** reads only the ledger, the repository, the state and a fresh plan: a stack that says `applying`
either has an empty plan (it was applied), the announced plan (nothing was applied: apply it), or another
one (half applied: forward where nobody had to approve, else back).
"""

from collections.abc import Mapping
from enum import StrEnum

from pipeline.errors import Exit, RefusedError


class Kind(StrEnum):
    """What asked for the machine to run."""

    PROMOTE = "promote"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CONVERGE = "converge"


class Phase(StrEnum):
    """Where an open promotion is."""

    OPENED = "opened"
    WAITING = "waiting"
    APPLYING = "applying"
    LANDED = "landed"
    UNLANDED = "unlanded"
    FAILING = "failing"
    RESTORING = "restoring"
    STUCK = "stuck"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a promotion ended. `stopped`: earlier waves stay, later ones were not touched. `partial`: verified, but for
    stacks within the failure budget, which went back alone."""

    VERIFIED = "verified"
    PARTIAL = "partial"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"
    ABANDONED = "abandoned"


class StackPhase(StrEnum):
    """Where one stack of a promotion is."""

    PENDING = "pending"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    RESTORING = "restoring"
    RESTORED = "restored"
    NOT_RESTORED = "not_restored"
    REFUSED = "refused"
    UNRESTORABLE = "unrestorable"
    KEPT = "kept"


_P = Phase
MOVES: Mapping[Phase, frozenset[Phase]] = {
    _P.OPENED: frozenset({_P.WAITING, _P.APPLYING, _P.CLOSED}),
    _P.WAITING: frozenset({_P.WAITING, _P.APPLYING, _P.LANDED, _P.UNLANDED, _P.FAILING, _P.STUCK, _P.CLOSED}),
    _P.APPLYING: frozenset({_P.APPLYING, _P.WAITING, _P.LANDED, _P.UNLANDED, _P.FAILING, _P.STUCK, _P.CLOSED}),
    _P.LANDED: frozenset({_P.APPLYING, _P.WAITING, _P.FAILING, _P.STUCK, _P.CLOSED}),
    _P.UNLANDED: frozenset({_P.UNLANDED, _P.LANDED, _P.FAILING, _P.CLOSED}),
    _P.FAILING: frozenset({_P.FAILING, _P.RESTORING, _P.STUCK, _P.CLOSED}),
    _P.RESTORING: frozenset({_P.FAILING, _P.RESTORING, _P.STUCK, _P.CLOSED}),
    _P.STUCK: frozenset(
        {_P.FAILING, _P.RESTORING, _P.STUCK, _P.APPLYING, _P.WAITING, _P.LANDED, _P.UNLANDED, _P.CLOSED}
    ),
    _P.CLOSED: frozenset(),
}

_S = StackPhase
TOUCHED = frozenset({_S.APPLYING, _S.APPLIED, _S.VERIFIED, _S.INCONCLUSIVE, _S.FAILED})
"""Changed, or perhaps changed, by this promotion, and not yet on its way back."""
GOING_BACK = frozenset({_S.RESTORING, _S.RESTORED, _S.NOT_RESTORED, _S.REFUSED, _S.UNRESTORABLE, _S.KEPT})
"""On its way back, or at its end."""

STACK_MOVES: Mapping[StackPhase, frozenset[StackPhase]] = {
    _S.PENDING: frozenset({_S.APPLYING}),
    _S.APPLYING: frozenset({_S.APPLYING, _S.APPLIED, _S.FAILED, _S.RESTORING, _S.REFUSED, _S.UNRESTORABLE}),
    _S.APPLIED: frozenset({_S.VERIFIED, _S.INCONCLUSIVE, _S.FAILED, _S.RESTORING, _S.REFUSED, _S.UNRESTORABLE}),
    _S.VERIFIED: frozenset(
        {_S.VERIFIED, _S.FAILED, _S.INCONCLUSIVE, _S.RESTORING, _S.REFUSED, _S.UNRESTORABLE, _S.KEPT}
    ),
    _S.INCONCLUSIVE: frozenset({_S.VERIFIED, _S.INCONCLUSIVE, _S.FAILED, _S.RESTORING, _S.REFUSED, _S.UNRESTORABLE}),
    _S.FAILED: frozenset({_S.APPLYING, _S.RESTORING, _S.REFUSED, _S.UNRESTORABLE}),
    _S.RESTORING: frozenset({_S.RESTORING, _S.RESTORED, _S.NOT_RESTORED, _S.REFUSED}),
    _S.NOT_RESTORED: frozenset({_S.RESTORING, _S.NOT_RESTORED, _S.REFUSED}),
    _S.RESTORED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.UNRESTORABLE: frozenset(),
    _S.KEPT: frozenset(),
}

EXITS: Mapping[Outcome, Exit] = {
    Outcome.VERIFIED: Exit.DONE,
    Outcome.PARTIAL: Exit.RESTORED,
    Outcome.ROLLED_BACK: Exit.RESTORED,
    Outcome.FAILED: Exit.NOT_RESTORED,
    Outcome.REFUSED: Exit.REFUSED,
    Outcome.STOPPED: Exit.REFUSED,
    Outcome.ABANDONED: Exit.REFUSED,
}


def check_move(old: Phase, new: Phase, name: str) -> None:
    """Raise RefusedError when a promotion may not go from `old` to `new`."""
    if new not in MOVES[old]:
        raise RefusedError(
            f"Promotion {name} cannot go from {old} to {new}.", remedy="modferry history shows what wrote it"
        )


def check_stack_move(old: StackPhase, new: StackPhase, name: str) -> None:
    """Raise RefusedError when a stack may not go from `old` to `new`."""
    if new not in STACK_MOVES[old]:
        raise RefusedError(
            f"Stack {name} cannot go from {old} to {new}.", remedy="modferry history shows what wrote it"
        )
