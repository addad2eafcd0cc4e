"""How a correction takes the place of a moto method, keeping the original at hand."""

import functools
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException


class AnswerError(ServiceException):
    """An error answer, `AnswerError(code, message)`; moto writes it in the protocol of the service.

    A class of ours because moto 5.2.5 looks a service up by the module of the exception's class, and its own
    ServiceException lives in a module that is no service.
    """


def wrap(owner: type, name: str, corrected: Callable[..., Any]) -> None:
    """`owner.name(*a)` becomes `corrected(original, *a)`."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return corrected(original, *args, **kwargs)

    setattr(owner, name, call)


def add(owner: type, *operations: Callable[..., Any]) -> None:
    """Give a response class operations that moto lacks, each under its own name."""
    for operation in operations:
        setattr(owner, operation.__name__, operation)


def as_bool(value: Any) -> bool:
    """A request's flag, which moto hands on as a bool or as text."""
    return value if isinstance(value, bool) else str(value).lower() == "true"
