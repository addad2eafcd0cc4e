"""Which rehearsals are about a stack's way, from the pins that it has and the ones that it goes to."""

from collections.abc import Mapping

from pipeline.commands.ferry.ports import Ferry
from pipeline.domain.history import History
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.record import Content
from pipeline.domain.promotion.way_back import Crossed, find_crossed
from pipeline.domain.promotion.work import Job
from pipeline.errors import ModferryError


def crossed_by(
    ferry: Ferry, history: History, origin: Content | None, target: Mapping[str, str]
) -> tuple[Crossed, ...]:
    """The rehearsed releases that a stack passes from `origin` to the pins of `target` (module → ref)."""
    found: list[Crossed] = []
    for module, ref in sorted(target.items()):
        was = origin.pins.get(module) if origin else None
        old, new = (ferry.version(module, text) if text else None for text in (was, ref))
        if old and new:
            found += find_crossed(history, module, old, new)
    return tuple(found)


def crossed_in(ferry: Ferry, opening: Opening) -> tuple[Crossed, ...]:
    """The same for all stacks of a promotion, each release once."""
    history = ferry.ledger.history()
    every = (one for origin, target in opening.stacks.values() for one in crossed_by(ferry, history, origin, target))
    return tuple(dict.fromkeys(every))


def types_held(ferry: Ferry, job: Job) -> frozenset[str] | None:
    """The types of objects in a stack's state; None where it could not be read."""
    try:
        return frozenset(resource.type for resource in ferry.stacks.resources(job))
    except ModferryError:
        return None
