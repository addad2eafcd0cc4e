"""A plan file read with a schema that is at hand: `terraform show -json` of a stock run, without a provider's start.

Terraform needs the provider's schema to print a plan, and starts the provider for it once more: 1.8 s for AWS
5.100, more than all that modferry itself does for a stack. The relay gives the answer that this very binary gave
before. It is never asked for anything else, and wherever something is in doubt (another binary, a relay that does not
come up) Terraform is left to itself.
"""

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

from pipeline.adapters.provider_mirrors import AWS
from pipeline.adapters.warm.client import WarmProvider
from pipeline.adapters.warm.used_types import types_in_plan
from pipeline.errors import UndecidedError


class PlanReader:
    """What `terraform show` of a plan is given in its environment. Thread-safe; nothing starts before `begin`."""

    def __init__(self, warm: WarmProvider, *, binary: Path) -> None:
        """`warm` is not started yet and is this reader's own; `binary` is its provider."""
        self._warm, self._binary = warm, binary
        self._alone = threading.Lock()
        self._starting: threading.Thread | None = None
        self._started = False

    def begin(self) -> None:
        """Start the relay beside what runs now, so that it is there when a plan is."""
        with self._alone:
            if self._starting is None:
                self._starting = threading.Thread(target=self._start, name="plan reader", daemon=True)
                self._starting.start()

    def environment(self, workdir: Path, plan: str) -> Mapping[str, str]:
        """What attaches `terraform show` of this plan to the schema; empty: Terraform has to find it itself."""
        self.begin()
        if not self._is_of(workdir) or (types := types_in_plan(workdir / plan)) is None:
            return {}
        assert self._starting is not None
        self._starting.join()
        if not self._started:
            return {}
        try:
            return self._warm.schema_environment(types)
        except UndecidedError:
            return {}

    def end(self) -> None:
        """End the relay, if it was started."""
        if self._starting is not None:
            self._starting.join()
            self._warm.end()

    def _start(self) -> None:
        with contextlib.suppress(UndecidedError):
            self._warm.start()
            self._started = True

    def _is_of(self, workdir: Path) -> bool:
        """Whether `init` installed the one provider that the relay has, and no other version of it."""
        installed = list((workdir / ".terraform" / "providers" / AWS).glob("*/*"))
        return len(installed) == 1 and installed[0].resolve() == self._binary.parent.resolve()
