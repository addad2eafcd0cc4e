"""Rules about outputs."""

from collections.abc import Callable, Iterator

from pipeline.domain.interface.elements import Interface, Output
from pipeline.domain.interface.shape import differs, shape
from pipeline.domain.interface.syntax import references
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.finding import Hit, Rule
from pipeline.domain.version import Bump


def _hit(output: Output, **words: object) -> Hit:
    return Hit(address=f"output.{output.name}", at=output.at, words={"name": output.name, **words})


def _pairs(test: Callable[[Output, Output], bool]) -> Callable[[Change], Iterator[Hit]]:
    return lambda change: (_hit(now) for was, now in change.outputs if test(was, now))


def _removed(change: Change) -> Iterator[Hit]:
    for name, output in change.old.outputs.items():
        if name not in change.new.outputs and name not in change.renamed_outputs:
            yield _hit(output)


def _renamed(change: Change) -> Iterator[Hit]:
    for was, now in change.renamed_outputs.items():
        yield _hit(change.new.outputs[now], was=was)


def _added(change: Change) -> Iterator[Hit]:
    renamed = set(change.renamed_outputs.values())
    for name, output in change.new.outputs.items():
        if name not in change.old.outputs and name not in renamed:
            yield _hit(output)


def _type_change(change: Change, was: Output, now: Output) -> str:
    if was.value is None or now.value is None or was.value_text == now.value_text:
        return ""
    return differs(shape(was.value, change.old), shape(now.value, change.new))


def _retyped(change: Change) -> Iterator[Hit]:
    for was, now in change.outputs:
        if said := _type_change(change, was, now):
            yield _hit(now, said=said)


def is_sensitive(output: Output, interface: Interface) -> bool:
    """Declared sensitive, or made of a sensitive input (directly or through locals)."""
    if output.sensitive:
        return True
    if "nonsensitive(" in output.value_text:
        return False
    queue, seen = list(output.refers_to), set()
    while queue:
        root, _, rest = queue.pop().partition(".")
        name = rest.partition(".")[0]
        if root == "var" and name in interface.variables and interface.variables[name].sensitive:
            return True
        if root == "local" and name in interface.locals and name not in seen:
            seen.add(name)
            queue += references(interface.locals[name])
    return False


def _became_sensitive(change: Change) -> Iterator[Hit]:
    for was, now in change.outputs:
        if is_sensitive(now, change.new) and not is_sensitive(was, change.old):
            yield _hit(now)


def _not_sensitive(change: Change) -> Iterator[Hit]:
    for was, now in change.outputs:
        if is_sensitive(was, change.old) and not is_sensitive(now, change.new):
            yield _hit(now)


def _value_changed(change: Change) -> Iterator[Hit]:
    for was, now in change.outputs:
        if was.value != now.value and not _type_change(change, was, now):
            yield _hit(now)


RULES = (
    Rule(
        id="output-removed",
        bump=Bump.MAJOR,
        says="Output {name} is gone: callers that read it get an error. Keep it until the next major version.",
        find=_removed,
    ),
    Rule(
        id="output-renamed",
        bump=Bump.MAJOR,
        says="Output {was} is now {name}: callers that read {was} get an error. Keep an output {was} with the same "
        "value.",
        find=_renamed,
    ),
    Rule(
        id="output-type-changed",
        bump=Bump.MAJOR,
        says="Output {name} gives something else: {said}. Callers that use it as it was get an error. Add a new "
        "output instead.",
        find=_retyped,
    ),
    Rule(
        id="output-became-sensitive",
        bump=Bump.MAJOR,
        says="Output {name} is sensitive: callers whose own outputs show it get an error, and it cannot be a for_each "
        "key any more. Add a second, sensitive output instead.",
        find=_became_sensitive,
    ),
    Rule(
        id="output-became-ephemeral",
        bump=Bump.MAJOR,
        says="Output {name} is ephemeral: callers can use it only where nothing is stored.",
        find=_pairs(lambda was, now: now.ephemeral and not was.ephemeral),
    ),
    Rule(
        id="output-not-sensitive",
        bump=Bump.MINOR,
        says="Output {name} is no longer sensitive: plans and logs of callers show it.",
        find=_not_sensitive,
    ),
    Rule(id="output-added", bump=Bump.MINOR, says="Output {name} is new. Nothing to do.", find=_added),
    Rule(
        id="output-value-changed",
        bump=Bump.PATCH,
        says="Output {name} is worked out in another way. Compare it in the plan.",
        find=_value_changed,
    ),
    Rule(
        id="output-description-changed",
        bump=Bump.PATCH,
        says="The description of output {name} changed. Nothing to do.",
        find=_pairs(lambda was, now: was.description != now.description),
    ),
)
"""Rules about outputs, the strictest first."""
