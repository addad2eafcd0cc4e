"""Reading JSON documents whose shape is not certain: what is not there is empty, not an error."""

from collections.abc import Mapping, Sequence


def as_mapping(value: object) -> Mapping[str, object]:
    """The mapping itself, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[object]:
    """The list itself, or an empty one."""
    return value if isinstance(value, list | tuple) else ()
