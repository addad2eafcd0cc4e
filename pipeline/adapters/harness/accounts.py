"""The accounts of a run's parts: none that two parts use at one time, none in which a part finds what another made.

An emulator that can (`empty`) makes an account as new when a part has passed in it; then the next part gets it, and
the provider process that is configured for it. Where it cannot, or where a part did not pass (its provider may still
be asking), what applied leaves its account behind, which is thrown away with its provider, and what only plans hands
its account on to what only plans. Native tests that only plan keep to themselves: they mock their provider, and none
is started for them. A real account is whatever the caller's credentials lead to.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.domain.parts import Part
from pipeline.errors import UndecidedError

Aws = Mapping[str, str]
"""The complete AWS environment of an account."""


@dataclass(kw_only=True)
class Accounts:
    """Thread-safe. `environment` makes an account's environment from one of `numbers`; `forget` tells the warm
    provider that it will never be needed again."""

    environment: Callable[[str], Aws]
    is_real: bool
    empty: Callable[[Aws], bool]
    forget: Callable[[Aws], None]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _free: dict[str, list[Aws]] = field(default_factory=lambda: {"emptied": [], "planned": [], "mocked": []})
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def take(self, part: Part) -> Aws:
        """An account for this part alone, until it is given back."""
        if self.is_real:
            return self.environment("")
        with self._taking:
            for kind in _kinds(part):
                if self._free[kind]:
                    return self._free[kind].pop()
            return self.environment(f"{next(self.numbers):012d}")

    def give_back(self, part: Part, aws: Aws, *, passed: bool) -> None:
        """The part is over."""
        if self.is_real:
            return
        if passed and self.empty(aws):
            self._keep("mocked" if _is_mocked(part) else "emptied", aws)
        elif not part.applies:
            self._keep("mocked" if _is_mocked(part) else "planned", aws)
        else:
            self._forget(aws)

    def close(self) -> None:
        """No part will run any more: the providers of accounts that are left may go."""
        for free in self._free.values():
            for aws in free:
                self._forget(aws)

    def _keep(self, kind: str, aws: Aws) -> None:
        with self._taking:
            self._free[kind].append(aws)

    def _forget(self, aws: Aws) -> None:
        with contextlib.suppress(UndecidedError):  # the relay is gone, and so are its providers
            self.forget(aws)


def _is_mocked(part: Part) -> bool:
    return part.kind == "native" and not part.applies


def _kinds(part: Part) -> tuple[str, ...]:
    """Which of the free accounts it may have."""
    if _is_mocked(part):
        return ("mocked",)
    return ("emptied",) if part.applies else ("planned", "emptied")
