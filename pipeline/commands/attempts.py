"""Several promotions one after the other, made by one command: how each ended, and how bad the whole is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.preview import Preview
from pipeline.errors import Exit, InterruptedRunError, ModferryError

_WORDS = {Exit.REFUSED: "refused", Exit.WAITING: "waiting", Exit.UNDECIDED: "unknown"}
_SEVERITY = (
    Exit.DONE,
    Exit.NOTHING,
    Exit.WAITING,
    Exit.REFUSED,
    Exit.UNDECIDED,
    Exit.TESTS_FAILED,
    Exit.USAGE,
    Exit.RESTORED,
    Exit.NOT_RESTORED,
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How one ended. `phase`: a promotion's phase, `unknown` (could not be found out), `planned` (dry run), `skipped`
    (must not be made) or `left` (one before it did not end well)."""

    phase: str
    code: Exit = Exit.DONE
    reason: str = ""
    next: str = ""
    promotion: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "phase": self.phase,
            "promotion": self.promotion or None,
            "reason": self.reason,
            "next": self.next,
        }

    @property
    def is_good(self) -> bool:
        """Whether later ones may be made."""
        return self.code in (Exit.DONE, Exit.NOTHING)


def attempt(run: Callable[[], Result | Preview | None]) -> Attempt:
    """Make one; an error of it is how it ended, an interruption is not."""
    try:
        result = run()
    except InterruptedRunError:
        raise
    except ModferryError as error:
        phase = _WORDS.get(error.code, "failed")
        return Attempt(phase=phase, code=error.code, reason=error.what, next=error.remedy)
    if result is None:
        return Attempt(phase="nothing", code=Exit.NOTHING)
    if isinstance(result, Preview):
        return Attempt(phase="planned", code=result.code, reason=" ".join(result.refused), next=result.next)
    promotion = result.promotion
    return Attempt(phase=result.phase, code=result.code, reason=promotion.why, next=result.next, promotion=promotion.id)


def worst(attempts: Iterable[Attempt], default: Exit) -> Exit:
    """As bad as the worst of them; `default` where none was made."""
    return max((one.code for one in attempts), key=_SEVERITY.index, default=default)
