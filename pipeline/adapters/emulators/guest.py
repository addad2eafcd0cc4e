"""A moto that others use too: a guest has accounts that nobody else has, and leaves them empty.

`modferry emulator start` makes one that stays; a test run in it is spared the start of its own. Which accounts a run
has is journalled before they are used, so that what a killed one leaves there is emptied by the next sweep.
"""

import contextlib
import secrets
from pathlib import Path

from pipeline.adapters.emulators.moto import Moto, connect_moto
from pipeline.errors import UsageError

JOURNAL = "guest"
"""The file's name in a run's folder: a line with address and access key for each account."""


class Guest(Moto):
    """`first_account` is where this guest's accounts begin."""

    def __init__(self, host: Moto, folder: Path) -> None:
        super().__init__(None, host.port)
        self.first_account = 10**11 + secrets.randbelow(8 * 10**11)
        self._journal = folder / JOURNAL

    def end(self) -> None:
        """Empty what was used; the moto stays."""
        empty_left(self._journal.parent)

    def _assume(self, account: str) -> tuple[str, str, str]:
        keys = super()._assume(account)
        with self._journal.open("a") as journal:
            journal.write(f"{self.endpoint} {keys[0]}\n")
        return keys


def empty_left(folder: Path) -> None:
    """Empty the accounts in the journal of a run's folder; where their moto is gone, they are gone with it."""
    journal = folder / JOURNAL
    if not journal.exists():
        return
    for line in journal.read_text().splitlines():
        endpoint, _, key = line.partition(" ")
        with contextlib.suppress(UsageError):  # a line that was not written to its end
            connect_moto(endpoint).empty({"AWS_ACCESS_KEY_ID": key})
    journal.unlink()
