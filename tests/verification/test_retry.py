"""How often a check is tried: limits, interval and time, on a clock that stands still between."""

import pytest

from pipeline.adapters.verification.retry import try_check
from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check

WORDS = {"p": CheckVerdict.PASSED, "f": CheckVerdict.FAILED, "i": CheckVerdict.INCONCLUSIVE}


class Clock:
    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost, self.slept = 0.0, cost, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("answers", "limits", "verdict", "attempts"),
    [
        ("p", {}, "p", 1),
        ("fffp", {"retries": 3}, "p", 4),
        ("ffff", {"retries": 3}, "f", 4),
        ("f", {"retries": 0}, "f", 1),
        ("ff", {"retries": 0, "failure_limit": 1}, "f", 2),
        ("fp", {"retries": 0, "failure_limit": 1}, "p", 2),
        ("ppp", {"success_limit": 3}, "p", 3),
        ("pfpp", {"success_limit": 2}, "p", 4),
        ("iip", {"retries": 3}, "p", 3),
        ("iiiii", {"retries": 3}, "i", 5),
        ("pfpfpf", {"retries": 3, "success_limit": 2}, "f", 6),
        ("fff", {"retries": 9, "interval": "10s", "timeout": "30s"}, "f", 3),
        ("iii", {"retries": 9, "interval": "10s", "timeout": "30s"}, "i", 3),
        ("pppp", {"success_limit": 9, "interval": "10s", "timeout": "30s"}, "i", 3),
    ],
)
def test_attempts(answers: str, limits: dict[str, object], verdict: str, attempts: int) -> None:
    clock, left = Clock(), iter(answers + answers[-1] * 9)
    check = Check(kind="http", **{"interval": "5s", **limits})  # type: ignore[arg-type]

    def ask() -> tuple[CheckVerdict, str]:
        clock.now += 1
        return WORDS[next(left)], "said so"

    found = try_check(check, ask, clock=clock, sleep=clock.sleep)
    assert (found.verdict, found.attempts) == (WORDS[verdict], attempts)
    assert len(clock.slept) == attempts - 1 and found.seconds == clock.now
    assert bool(found.message) is (verdict != "p")


def test_a_row_that_is_too_short_says_so() -> None:
    clock = Clock()
    check = Check(kind="http", success_limit=3, interval="10s", timeout="5s")
    found = try_check(check, lambda: (CheckVerdict.PASSED, ""), clock=clock, sleep=clock.sleep)
    assert (found.verdict, found.message) == (CheckVerdict.INCONCLUSIVE, "passed 1 of 3 times in a row")
