"""What a module shows: its elements, one record each, and the Interface that holds them."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from pipeline.domain.interface.record import Record
from pipeline.domain.interface.syntax import Expression, Place
from pipeline.domain.interface.types import ANY, Type


class Validation(Record):
    """One condition that a value must meet, and what is said when it does not; `line` counts from the variable."""

    condition: Expression
    text: str
    message: str
    line: int = 0


class Variable(Record):
    """An input. `default` None means that the caller must give it; `default = null` is Literal(None)."""

    name: str
    at: Place
    type: Type = ANY
    type_text: str = ""
    default: Expression | None = None
    default_text: str = ""
    nullable: bool = True
    sensitive: bool = False
    ephemeral: bool = False
    validations: tuple[Validation, ...] = ()
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether a caller must set it."""
        return self.default is None


class Output(Record):
    """A result; `refers_to` are the references in its value, sorted, without indexes."""

    name: str
    at: Place
    value: Expression | None = None
    value_text: str = ""
    refers_to: tuple[str, ...] = ()
    sensitive: bool = False
    ephemeral: bool = False
    description: str = ""


class Mode(Enum):
    """What kind of object an address names."""

    MANAGED = "resource"
    DATA = "data"
    EPHEMERAL = "ephemeral"


class Repetition(Enum):
    """How many instances a block makes, and how they are addressed."""

    NONE = "none"
    COUNT = "count"
    FOR_EACH = "for_each"

    def __str__(self) -> str:
        return "neither count nor for_each" if self is Repetition.NONE else self.value


class Resource(Record):
    """A resource, data or ephemeral block; `body` is the source between its braces."""

    mode: Mode
    type: str
    name: str
    at: Place
    repetition: Repetition = Repetition.NONE
    many: Expression | None = None
    provider: str = ""
    body: str = ""

    @property
    def address(self) -> str:
        """Its address in this module, without instance keys."""
        prefix = "" if self.mode is Mode.MANAGED else f"{self.mode.value}."
        return f"{prefix}{self.type}.{self.name}"


class ModuleCall(Record):
    """A call of another module; `providers` maps its provider names to ours, `arguments` are its inputs."""

    name: str
    at: Place
    source: str = ""
    version: str = ""
    repetition: Repetition = Repetition.NONE
    many: Expression | None = None
    providers: Mapping[str, str] = MappingProxyType({})
    arguments: Mapping[str, Expression] = MappingProxyType({})
    body: str = ""

    @property
    def address(self) -> str:
        """Its address in this module, without instance keys."""
        return f"module.{self.name}"

    @property
    def is_local(self) -> bool:
        """Whether it is called by a relative path."""
        return self.source.startswith(("./", "../"))


class Requirement(Record):
    """An entry of required_providers; `aliases` like `aws.replica` must be handed in by the caller."""

    name: str
    at: Place
    source: str = ""
    constraint: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The provider's full name; a bare one is HashiCorp's."""
        return self.source or f"hashicorp/{self.name}"


class Provider(Record):
    """A provider block: configuration that the module brings itself."""

    name: str
    alias: str
    at: Place


class Moved(Record):
    """`moved`: what was at `source` is now at `target`, both as written."""

    source: str
    target: str
    at: Place


class Removed(Record):
    """`removed`: the object leaves the state; it is destroyed only if `destroy`."""

    source: str
    destroy: bool
    at: Place


class Interface(Record):
    """Everything a module shows, each mapping by name or address; `locals` are kept to resolve references."""

    variables: Mapping[str, Variable] = MappingProxyType({})
    outputs: Mapping[str, Output] = MappingProxyType({})
    resources: Mapping[str, Resource] = MappingProxyType({})
    modules: Mapping[str, ModuleCall] = MappingProxyType({})
    requirements: Mapping[str, Requirement] = MappingProxyType({})
    providers: tuple[Provider, ...] = ()
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    required_version: str = ""
    required_version_at: Place | None = None
    locals: Mapping[str, Expression] = MappingProxyType({})
    local_places: Mapping[str, Place] = MappingProxyType({})
