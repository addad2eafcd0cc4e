"""The accounts of a run's parts: a fresh one for each part that applies, none that two parts use at one time.

What applied leaves its account behind, which is thrown away with its provider. What only plans hands its account on to
the next part of its kind; by kind, because native tests that only plan mock their provider: none is started for them.
A real account is whatever the caller's credentials lead to.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.domain.parts import Part
from pipeline.errors import UndecidedError

Aws = Mapping[str, str]
"""The complete AWS environment of an account."""


@dataclass(kw_only=True)
class Accounts:
    """Thread-safe. `environment` makes an account's environment from its number, `prepare` and `forget` tell the warm
    provider that it will be needed soon, or never again."""

    environment: Callable[[str], Aws]
    is_real: bool
    prepare: Callable[[Aws], None]
    forget: Callable[[Aws], None]
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _ahead: Aws | None = None
    """The next account, whose provider is made ready while the one before is in use."""
    _free: dict[str, list[Aws]] = field(default_factory=dict)
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def take(self, part: Part) -> Aws:
        """An account for this part alone, until it is given back."""
        if self.is_real:
            return self.environment("")
        with self._taking:
            if not part.applies:
                free = self._free.setdefault(part.kind, [])
                return free.pop() if free else self._fresh()
            aws, ahead = self._ahead or self._fresh(), self._fresh()
            self._ahead = ahead
        with contextlib.suppress(UndecidedError):  # a relay that is gone is said where it is needed
            self.prepare(ahead)
        return aws

    def give_back(self, part: Part, aws: Aws) -> None:
        """The part is over."""
        if self.is_real:
            return
        if part.applies:
            self._forget(aws)
        else:
            with self._taking:
                self._free[part.kind].append(aws)

    def close(self) -> None:
        """No part will run any more: the providers of accounts that are left may go."""
        left = [aws for free in self._free.values() for aws in free]
        for aws in (*left, *([self._ahead] if self._ahead else ())):
            self._forget(aws)

    def _forget(self, aws: Aws) -> None:
        with contextlib.suppress(UndecidedError):  # the relay is gone, and so are its providers
            self.forget(aws)

    def _fresh(self) -> Aws:
        return self.environment(f"{next(self._numbers):012d}")
