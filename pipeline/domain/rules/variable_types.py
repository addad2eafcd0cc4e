"""Rules about the types of inputs."""

from collections.abc import Iterator

from pipeline.domain.interface.accepts import ignored, refused
from pipeline.domain.interface.elements import Variable
from pipeline.domain.interface.types import show_type
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.finding import Hit, Rule
from pipeline.domain.version import Bump


def _hit(variable: Variable, **words: object) -> Hit:
    return Hit(address=f"var.{variable.name}", at=variable.at, words={"name": variable.name, **words})


def _narrowed(change: Change) -> Iterator[Hit]:
    for was, now in change.variables:
        found = refused(now.type, was.type)
        if found is not None and refused(was.type, now.type) is None:
            yield _type_hit(was, now, str(found))


def _changed(change: Change) -> Iterator[Hit]:
    for was, now in change.variables:
        found = refused(now.type, was.type)
        if found is not None and refused(was.type, now.type) is not None:
            yield _type_hit(was, now, str(found))


def _type_hit(was: Variable, now: Variable, example: str) -> Hit:
    shown = f", for example {example}," if example else ""
    return _hit(now, old=show_type(was.type), new=show_type(now.type), example=shown)


def _ignored(change: Change) -> Iterator[Hit]:
    for was, now in change.variables:
        if refused(now.type, was.type) is None and (names := ignored(now.type, was.type)):
            yield _hit(now, names=", ".join(names))


def _widened(change: Change) -> Iterator[Hit]:
    for was, now in change.variables:
        wider = refused(now.type, was.type) is None and refused(was.type, now.type) is not None
        if (wider or _gained(was, now)) and not ignored(now.type, was.type):
            yield _hit(now, old=show_type(was.type), new=show_type(now.type))


def _gained(was: Variable, now: Variable) -> bool:
    """Whether the new type knows attributes that the old one did not, both taking each other's values."""
    return (
        refused(now.type, was.type) is None
        and refused(was.type, now.type) is None
        and bool(ignored(was.type, now.type))
    )


def _converted(change: Change) -> Iterator[Hit]:
    for was, now in change.variables:
        both = refused(now.type, was.type) is None and refused(was.type, now.type) is None
        lost = ignored(now.type, was.type) or ignored(was.type, now.type)
        if both and not lost and show_type(was.type) != show_type(now.type):
            yield _hit(now, old=show_type(was.type), new=show_type(now.type))


RULES = (
    Rule(
        id="variable-type-narrowed",
        bump=Bump.MAJOR,
        says="Input {name} was {old} and is {new}: values that were accepted{example} are refused. Accept both, or "
        "take a new input.",
        find=_narrowed,
    ),
    Rule(
        id="variable-type-changed",
        bump=Bump.MAJOR,
        says="Input {name} was {old} and is {new}: values that were accepted{example} are refused, others are new. "
        "Take a new input beside the old one.",
        find=_changed,
    ),
    Rule(
        id="variable-attribute-dropped",
        bump=Bump.MAJOR,
        says="Input {name} no longer knows {names}: what callers set there is silently ignored. Keep the attribute "
        "until the next major version.",
        find=_ignored,
    ),
    Rule(
        id="variable-type-widened",
        bump=Bump.MINOR,
        says="Input {name} was {old} and is {new}: it accepts all that it did, and more. Nothing to do.",
        find=_widened,
    ),
    Rule(
        id="variable-type-converted",
        bump=Bump.MINOR,
        says="Input {name} was {old} and is {new}: the same values are accepted and converted otherwise (a set has no "
        "order and no repetitions). Read the plan.",
        find=_converted,
    ),
)
"""Rules about the types of inputs, the strictest first."""
