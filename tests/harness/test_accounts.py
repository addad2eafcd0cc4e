"""No two parts that run at one time share an account, and none is used again after something was applied in it."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pipeline.adapters.harness.accounts import Accounts
from pipeline.domain.parts import Part
from pipeline.domain.verdict import Suite
from pipeline.errors import UndecidedError

APPLIES = Part(module="m", path="m", suite=Suite.INTEGRATION, kind="example", files=("examples/a",))
PLANS = replace(APPLIES, suite=Suite.UNIT, kind="pytest", files=("tests/unit/test_a.py",))
MOCKS = replace(APPLIES, suite=Suite.UNIT, kind="native", files=("tests/unit/a.tftest.hcl",))


class Known:
    """Remembers which accounts it was told of."""

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.gone: list[str] = []
        self.accounts = self.of(is_real=False)

    def of(self, *, is_real: bool) -> Accounts:
        return Accounts(
            environment=lambda number: {"number": number},
            is_real=is_real,
            prepare=lambda aws: self.ready.append(aws["number"]),
            forget=lambda aws: self.gone.append(aws["number"]),
        )


def test_no_two_parts_share_an_account_at_one_time_and_what_applied_leaves_it() -> None:
    known = Known()
    held: set[str] = set()
    applied: list[str] = []
    alone = threading.Lock()

    def use(number: int) -> None:
        part = (APPLIES, PLANS, MOCKS)[number % 3]
        aws: Mapping[str, str] = known.accounts.take(part)
        with alone:
            assert aws["number"] not in held
            assert aws["number"] not in applied
            held.add(aws["number"])
        with alone:
            held.remove(aws["number"])
            if part.applies:
                applied.append(aws["number"])
        known.accounts.give_back(part, aws)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(300)))
    assert sorted(known.gone) == sorted(applied)
    known.accounts.close()
    assert len(known.gone) == len(set(known.gone))
    assert set(applied) | set(known.ready) <= set(known.gone)


def test_what_only_plans_hands_its_account_on_within_its_kind() -> None:
    known = Known()
    first = known.accounts.take(PLANS)
    known.accounts.give_back(PLANS, first)
    assert known.accounts.take(MOCKS) != first
    assert known.accounts.take(PLANS) == first
    assert known.accounts.take(PLANS) != first, "the one that is in use is in use"
    assert known.gone == []


def test_a_relay_that_is_gone_stops_nobody() -> None:
    def gone(_: Mapping[str, str]) -> None:
        raise UndecidedError("The warm provider does not answer.")

    accounts = Accounts(environment=lambda number: {"number": number}, is_real=False, prepare=gone, forget=gone)
    accounts.give_back(APPLIES, accounts.take(APPLIES))
    accounts.close()


def test_a_real_account_is_nobodys_to_choose_or_to_forget() -> None:
    known = Known()
    real = known.of(is_real=True)
    for part in (APPLIES, PLANS):
        aws = real.take(part)
        assert aws == {"number": ""}
        real.give_back(part, aws)
    real.close()
    assert (known.ready, known.gone) == ([], [])
