"""State locks: whose they are, and when one may be broken.

Terraform's message names a lock's ID, Who (`user@host`) and Created. A lock is broken only when it was made on
the host of a holder that is known to be dead, after that holder's promotion began. Fails closed: any other
lock belongs to somebody who may be writing the state.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipeline.adapters.terraform import Terraform, TerraformFailedError
from pipeline.domain.promotion.record import Holder
from pipeline.errors import BusyError

T = TypeVar("T")
WORDS = "Error acquiring the state lock"


@dataclass(frozen=True, kw_only=True)
class StateLock:
    """A lock as Terraform shows it; `created` like `2026-11-22 10:00:00.123 +0000 UTC`."""

    id: str
    who: str
    created: str
    operation: str


def read_lock(said: str) -> StateLock | None:
    """The lock in Terraform's error text; None when the error is about something else."""
    if WORDS not in said:
        return None
    text = "\n".join(line.strip("│╷╵ ") for line in said.splitlines())
    found = {
        name: re.search(rf"^{name}:\s*(.*)$", text, re.MULTILINE) for name in ("ID", "Who", "Created", "Operation")
    }
    told = {name: match[1].strip() if match else "" for name, match in found.items()}
    return StateLock(id=told["ID"], who=told["Who"], created=told["Created"], operation=told["Operation"])


class LockBreaker:
    """Runs Terraform calls and breaks the locks that dead holders left, as far as it was allowed."""

    def __init__(self) -> None:
        self._dead: list[tuple[Holder, str]] = []
        self.broken: list[str] = []

    def allow(self, holder: Holder, since: str) -> None:
        """Locks made on this holder's host after `since` (ISO, UTC) may be broken."""
        self._dead.append((holder, since))

    def run(self, stack: str, terraform: Terraform, call: Callable[[], T]) -> T:
        """Run `call`; when a dead holder's lock stops it, break that lock and run it once more."""
        try:
            return call()
        except TerraformFailedError as error:
            lock = read_lock(error.said)
            if lock is None:
                raise
            if not lock.id or not any(_is_of(lock, holder, since) for holder, since in self._dead):
                raise BusyError(
                    f"The state of {stack} is locked by {lock.who or 'somebody'} since {lock.created or 'some time'} "
                    f"({lock.operation or 'unknown operation'}).",
                    remedy=f"ask them; if that process is gone: terraform force-unlock {lock.id}",
                ) from error
            terraform.force_unlock(lock.id)
            self.broken.append(lock.id)
        return call()


def _is_of(lock: StateLock, holder: Holder, since: str) -> bool:
    host = holder.host.partition("/")[0]
    return lock.who.endswith(f"@{host}") and lock.created[:19].replace(" ", "T") >= since[:19]
