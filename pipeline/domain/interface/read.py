"""Blocks → Interface: what each block means, checked where Terraform would check it.

An element of a block that was read before is the same object again when it stands at the same place, so
that comparing two versions is mostly comparing identities.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pipeline.domain.interface.elements import (
    Interface,
    Mode,
    ModuleCall,
    Moved,
    Output,
    Provider,
    Removed,
    Repetition,
    Requirement,
    Resource,
    Validation,
    Variable,
)
from pipeline.domain.interface.override import apply_overrides, is_override
from pipeline.domain.interface.syntax import (
    Block,
    Expression,
    Fields,
    Items,
    Literal,
    PlacedBlock,
    references,
)
from pipeline.domain.interface.types import ANY, NotATypeError, parse_type, reference_text
from pipeline.errors import UsageError

CALL_META = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
T = TypeVar("T", Variable, Output, Resource, ModuleCall, Requirement)


class ElementCache:
    """Block and place → what it means. Lives as long as one run; holds each distinct block of a history once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, object], tuple[Block, Any]] = {}

    def read(self, placed: PlacedBlock, make: Callable[[PlacedBlock], Any]) -> Any:
        """The element of a block; the block itself is kept, so that its identity stays its own."""
        key = (id(placed.block), placed.at)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (placed.block, make(placed))
        return known[1]


def read_interface(blocks: Iterable[PlacedBlock], cache: ElementCache | None = None) -> Interface:
    """The interface that a module's blocks make, overrides applied. Raises UsageError with the place."""
    cache = cache or ElementCache()
    plain: list[PlacedBlock] = []
    over: list[PlacedBlock] = []
    files: dict[str, bool] = {}
    for placed in blocks:
        file = placed.at.file
        if file not in files:
            files[file] = is_override(file)
        (over if files[file] else plain).append(placed)
    if over:
        over.sort(key=lambda placed: placed.at)
        plain = list(apply_overrides(plain, over))
    by_kind: dict[str, list[PlacedBlock]] = {}
    for placed in plain:
        by_kind.setdefault(placed.block.kind, []).append(placed)

    def all_of(make: Callable[[PlacedBlock], Any], *kinds: str) -> Iterator[Any]:
        return (cache.read(placed, make) for kind in kinds for placed in by_kind.get(kind, ()))

    version, version_at = "", None
    for placed in by_kind.get("terraform", ()):
        if found := _string(placed.block, "required_version"):
            attribute = placed.block.attributes["required_version"]
            version, version_at = found, placed.place(attribute.line, attribute.column)
    local_values = [
        (name, attribute, placed.place(attribute.line, attribute.column))
        for placed in by_kind.get("locals", ())
        for name, attribute in placed.block.attributes.items()
    ]
    resources: list[Resource] = list(all_of(_resource, "resource", "data", "ephemeral"))
    return Interface(
        variables=_by("variable", all_of(_variable, "variable")),
        outputs=_by("output", all_of(_output, "output")),
        resources=_unique("resource", [(resource.address, resource) for resource in resources]),
        modules=_by("module", all_of(_module, "module")),
        requirements=dict(_requirements(by_kind.get("terraform", ()))),
        providers=tuple(all_of(_provider, "provider")),
        moved=tuple(all_of(_moved, "moved")),
        removed=tuple(all_of(_removed, "removed")),
        required_version=version,
        required_version_at=version_at,
        locals={name: attribute.expression for name, attribute, _ in local_values},
        local_places={name: place for name, _, place in local_values},
    )


def _by(kind: str, found: Iterable[T]) -> Mapping[str, T]:
    return _unique(kind, [(element.name, element) for element in found])


def _unique(kind: str, found: Sequence[tuple[str, T]]) -> Mapping[str, T]:
    known: dict[str, T] = {}
    for name, element in found:
        if name in known:
            raise UsageError(
                f"{element.at}: {kind} {name!r} is declared twice; the other is at {known[name].at}.",
                remedy="remove or rename one of them",
            )
        known[name] = element
    return known


def _label(placed: PlacedBlock, wanted: int) -> tuple[str, ...]:
    labels = placed.block.labels
    if len(labels) != wanted:
        words = "label" if wanted == 1 else "labels"
        raise UsageError(f"{placed.at}: a {placed.block.kind} block has {wanted} {words}, not {len(labels)}.")
    return labels


def _string(block: Block, name: str) -> str:
    found = block.attribute(name)
    return found.value if isinstance(found, Literal) and isinstance(found.value, str) else ""


def _flag(block: Block, name: str, otherwise: bool) -> bool:
    found = block.attribute(name)
    if isinstance(found, Literal) and found.value in ("true", "false"):  # as quoted in Terraform 0.11
        return found.value == "true"
    return found.value if isinstance(found, Literal) and isinstance(found.value, bool) else otherwise


def _variable(placed: PlacedBlock) -> Variable:
    block = placed.block
    (name,) = _label(placed, 1)
    written = block.attribute("type")
    try:
        type_ = ANY if written is None else parse_type(written)
    except NotATypeError as error:
        attribute = block.attributes["type"]
        raise UsageError(f"{placed.place(attribute.line, attribute.column)}: variable {name!r}: {error}.") from error
    return Variable(
        name=name,
        at=placed.at,
        type=type_,
        type_text=block.text("type"),
        default=block.attribute("default"),
        default_text=block.text("default"),
        nullable=_flag(block, "nullable", True),
        sensitive=_flag(block, "sensitive", False),
        ephemeral=_flag(block, "ephemeral", False),
        validations=tuple(_validation(inner) for inner in block.of_kind("validation")),
        description=_string(block, "description"),
    )


def _validation(block: Block) -> Validation:
    return Validation(
        condition=block.attribute("condition") or Literal(True),
        text=" ".join(block.text("condition").split()),
        message=_string(block, "error_message"),
        line=block.line,
    )


def _output(placed: PlacedBlock) -> Output:
    block = placed.block
    value = block.attribute("value")
    return Output(
        name=_label(placed, 1)[0],
        at=placed.at,
        value=value,
        value_text=" ".join(block.text("value").split()),
        refers_to=tuple(sorted(set(references(value)))) if value is not None else (),
        sensitive=_flag(block, "sensitive", False),
        ephemeral=_flag(block, "ephemeral", False),
        description=_string(block, "description"),
    )


def _repetition(block: Block) -> tuple[Repetition, Expression | None]:
    for kind in (Repetition.COUNT, Repetition.FOR_EACH):
        if (found := block.attribute(kind.value)) is not None:
            return kind, found
    return Repetition.NONE, None


def _resource(placed: PlacedBlock) -> Resource:
    block = placed.block
    type_, name = _label(placed, 2)
    repetition, many = _repetition(block)
    provider = block.attribute("provider")
    return Resource(
        mode=Mode(block.kind),
        type=type_,
        name=name,
        at=placed.at,
        repetition=repetition,
        many=many,
        provider=(reference_text(provider) if provider is not None else None) or "",
        body=block.body,
    )


def _module(placed: PlacedBlock) -> ModuleCall:
    block = placed.block
    repetition, many = _repetition(block)
    providers = block.attribute("providers")
    handed = providers.fields if isinstance(providers, Fields) else ()
    return ModuleCall(
        name=_label(placed, 1)[0],
        at=placed.at,
        source=_string(block, "source"),
        version=_string(block, "version"),
        repetition=repetition,
        many=many,
        providers={reference_text(key) or "": reference_text(value) or "" for key, value in handed},
        arguments={n: a.expression for n, a in block.attributes.items() if n not in CALL_META},
        body=block.body,
    )


def _requirements(placed_blocks: Iterable[PlacedBlock]) -> Iterator[tuple[str, Requirement]]:
    for placed in placed_blocks:
        for block in placed.block.of_kind("required_providers"):
            for name, attribute in block.attributes.items():
                at = placed.place(attribute.line, attribute.column)
                match attribute.expression:
                    case Literal(str(constraint)):
                        yield name, Requirement(name=name, at=at, constraint=constraint)
                    case Fields(fields):
                        known = {key.value: value for key, value in fields if isinstance(key, Literal)}
                        aliases = known.get("configuration_aliases")
                        items = aliases.items if isinstance(aliases, Items) else ()
                        yield (
                            name,
                            Requirement(
                                name=name,
                                at=at,
                                source=_plain(known.get("source")),
                                constraint=_plain(known.get("version")),
                                aliases=tuple(sorted(reference_text(item) or "" for item in items)),
                            ),
                        )
                    case _:
                        raise UsageError(f"{at}: provider {name!r} needs a version or an object.")


def _plain(expression: Expression | None) -> str:
    return expression.value if isinstance(expression, Literal) and isinstance(expression.value, str) else ""


def _provider(placed: PlacedBlock) -> Provider:
    return Provider(name=_label(placed, 1)[0], alias=_string(placed.block, "alias"), at=placed.at)


def _moved(placed: PlacedBlock) -> Moved:
    return Moved(source=_address(placed, "from"), target=_address(placed, "to"), at=placed.at)


def _removed(placed: PlacedBlock) -> Removed:
    lifecycles = placed.block.of_kind("lifecycle")
    destroy = _flag(lifecycles[0], "destroy", True) if lifecycles else True
    return Removed(source=_address(placed, "from"), destroy=destroy, at=placed.at)


def _address(placed: PlacedBlock, name: str) -> str:
    text = "".join(placed.block.text(name).split())
    if not text:
        raise UsageError(f"{placed.at}: this {placed.block.kind} block has no {name!r}.")
    return text
