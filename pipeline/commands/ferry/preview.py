"""`--plan-only`: what a promotion would change, wave by wave, and the hashes it would ask to approve.

Nothing is claimed and nothing is written; plans change nothing.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.ferry.engine import version_in
from pipeline.commands.ferry.pauses import judge_time
from pipeline.commands.ferry.planning import Ready, approval_of, judge_plans, plan_forward
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.ferry.rehearsed import crossed_in
from pipeline.domain.gate import Allowed
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.record import Promotion, StackRun
from pipeline.domain.promotion.way_back import Crossed
from pipeline.errors import Exit


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Plans and approvals of a promotion that was not opened."""

    opening: Opening
    ready: dict[str, Ready]
    approvals: tuple[str, ...]
    refused: tuple[str, ...]
    next: str = ""
    crossed: tuple[Crossed, ...] = ()
    """What the releases on the way said of going back."""

    @property
    def code(self) -> Exit:
        """10 when policy would refuse it."""
        return Exit.REFUSED if self.refused else Exit.DONE

    def to_document(self) -> dict[str, Any]:
        """As a promotion's document, with phase `planned`; `approvals` are the waves' hashes in order."""
        opening = self.opening
        module, version = next(iter(opening.targets.items()), ("", ""))
        return {
            "promotion": None,
            "kind": str(opening.kind),
            "module": module,
            "version": version,
            "targets": dict(opening.targets),
            "environment": opening.environment,
            "phase": "refused" if self.refused else "planned",
            "approval": self.approvals[0] if self.approvals else None,
            "approvals": list(self.approvals),
            "reason": " ".join(self.refused),
            "next": self.next,
            "way_back": [one.to_json() for one in self.crossed],
            "stacks": [
                {
                    "stack": stack,
                    "from": version_in(origin.pins.get(module, "")) if origin else None,
                    "to": version_in(target.get(module, "")),
                    "phase": "planned",
                    "plan": self.ready[stack].planned.facts.to_body(),
                    "reason": "",
                }
                for stack, (origin, target) in opening.stacks.items()
            ],
        }


def preview(ferry: Ferry, opening: Opening) -> Preview:
    """Plan every stack of every wave; an environment that is shut now can be looked at all the same."""
    promotion = _as_if_open(ferry, opening)
    ready: dict[str, Ready] = {}

    def plan(stack: str) -> None:
        ready[stack] = plan_forward(ferry, promotion, promotion.stacks[stack])
        ferry.say(f"{opening.environment}/{stack}\n{ready[stack].planned.shown}".rstrip())

    width = ferry.environment(opening.environment).parallel
    run_all(list(promotion.stacks), plan, width=width, stop=Stop())
    for one in ready.values():
        ferry.stacks.drop(one.job)
    crossed = crossed_in(ferry, opening)
    for step in crossed:
        ferry.say(f"The {step}")
    decision = judge_plans(ferry, opening.environment, ready)
    time = judge_time(ferry, opening.environment, opening.kind, opening.bypass)
    shut = "" if isinstance(time, Allowed) else " ".join((*time.reasons, time.remedy))
    return Preview(
        opening=opening,
        ready=ready,
        approvals=tuple(
            approval_of(opening.kind, opening.environment, opening.targets, {s: ready[s] for s in wave})
            for wave in opening.waves
        ),
        refused=() if isinstance(decision, Allowed) else decision.reasons,
        next=shut if isinstance(decision, Allowed) else decision.remedy,
        crossed=crossed,
    )


def _as_if_open(ferry: Ferry, opening: Opening) -> Promotion:
    runs = {
        stack: StackRun(
            stack=stack,
            wave=number,
            origin=opening.stacks[stack][0],
            target=opening.stacks[stack][1],
            lock=opening.locks.get(stack, ""),
        )
        for number, wave in enumerate(opening.waves)
        for stack in wave
    }
    return Promotion(
        id=opening.id,
        kind=opening.kind,
        environment=opening.environment,
        targets=opening.targets,
        waves=opening.waves,
        stacks=runs,
        holder=ferry.holder,
        fence=0,
        base=opening.base,
        opened_at="",
    )
