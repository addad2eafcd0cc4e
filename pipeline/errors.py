"""Every error that a user can meet: what happened, why, the next command, and the exit code it stands for.

The codes are the contract of the command line; scripts and CI rely on them. An exception that is not a
`ModferryError` is a bug in modferry (70).
"""

from enum import IntEnum


class Exit(IntEnum):
    """What a finished `modferry` tells its caller."""

    DONE = 0
    USAGE = 2
    NOTHING = 3
    REFUSED = 10
    TESTS_FAILED = 11
    UNDECIDED = 20
    RESTORED = 30
    NOT_RESTORED = 31
    BUG = 70
    WAITING = 75
    INTERRUPTED = 130


class ModferryError(Exception):
    """An error with an exit code; `what` is one or two sentences, `remedy` the next command or act."""

    code: Exit = Exit.BUG
    word = "Error"

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.word}: {self.what}" + (f" Next: {self.remedy}" if self.remedy else "")


class UsageError(ModferryError):
    """Bad arguments or configuration."""

    code = Exit.USAGE


class RefusedError(ModferryError):
    """A gate, a policy or an invariant says no."""

    code = Exit.REFUSED
    word = "Refused"


class TestsFailedError(ModferryError):
    """At least one case failed."""

    __test__ = False  # not a pytest class
    code = Exit.TESTS_FAILED


class UndecidedError(ModferryError):
    """Could not find out: neither yes nor no."""

    code = Exit.UNDECIDED
    word = "Unknown"


class RestoredError(ModferryError):
    """A promotion failed and the environment is back where it came from."""

    code = Exit.RESTORED


class NotRestoredError(ModferryError):
    """A promotion failed and a person is needed."""

    code = Exit.NOT_RESTORED


class BusyError(ModferryError):
    """Somebody else holds it, or an approval or soak is outstanding: run again later."""

    code = Exit.WAITING
    word = "Waiting"


class InterruptedRunError(ModferryError):
    """Ctrl-C: what was running was finished or recorded."""

    code = Exit.INTERRUPTED
    word = "Interrupted"
