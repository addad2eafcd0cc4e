"""No two parts share an account at one time, and none gets one in which something is left of another."""

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
    """Remembers what is in which account, and which it was told of."""

    def __init__(self, *, empties: bool = False) -> None:
        self.gone: list[str] = []
        self.holds: set[str] = set()
        self.empties = empties
        self.accounts = self.of(is_real=False)

    def of(self, *, is_real: bool) -> Accounts:
        return Accounts(
            environment=lambda number: {"number": number},
            is_real=is_real,
            empty=self.empty,
            forget=lambda aws: self.gone.append(aws["number"]),
        )

    def empty(self, aws: Mapping[str, str]) -> bool:
        if self.empties:
            self.holds.discard(aws["number"])
        return self.empties


def use_all(known: Known) -> list[str]:
    """Three hundred parts in eight lanes, a seventh of which fails; the accounts of those that applied."""
    held: set[str] = set()
    applied: list[str] = []
    alone = threading.Lock()

    def use(number: int) -> None:
        part = (APPLIES, PLANS, MOCKS)[number % 3]
        account = known.accounts.take(part)["number"]
        with alone:
            assert account not in held
            assert account not in known.holds
            assert account not in known.gone
            held.add(account)
            if part.applies:
                known.holds.add(account)
                applied.append(account)
        with alone:
            held.remove(account)
        known.accounts.give_back(part, {"number": account}, passed=number % 7 > 0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(300)))
    return applied


def test_where_nothing_can_be_emptied_what_applied_leaves_its_account() -> None:
    known = Known()
    applied = use_all(known)
    assert sorted(known.gone) == sorted(applied)
    assert len(applied) == len(set(applied)) == 100
    known.accounts.close()
    assert len(known.gone) == len(set(known.gone)) > 100


def test_an_account_that_can_be_emptied_is_used_until_a_part_does_not_pass_in_it() -> None:
    known = Known(empties=True)
    applied = use_all(known)
    failed = len([n for n in range(0, 300, 3) if n % 7 == 0])
    assert sorted(known.gone) == sorted(known.holds)
    assert len(known.gone) == len(set(known.gone)) == failed
    assert failed <= len(set(applied)) <= failed + 8
    known.accounts.close()
    assert set(applied) <= set(known.gone)


def test_what_only_plans_takes_an_emptied_account_and_its_provider() -> None:
    known = Known(empties=True)
    first = known.accounts.take(APPLIES)
    known.accounts.give_back(APPLIES, first, passed=True)
    assert known.accounts.take(PLANS) == first
    assert known.accounts.take(APPLIES) != first, "the one that is in use is in use"


def test_what_mocks_its_provider_takes_none_from_those_that_need_one() -> None:
    for empties in (True, False):
        known = Known(empties=empties)
        first = known.accounts.take(PLANS)
        known.accounts.give_back(PLANS, first, passed=True)
        mocked = known.accounts.take(MOCKS)
        assert mocked != first
        known.accounts.give_back(MOCKS, mocked, passed=True)
        assert known.accounts.take(PLANS) == first
        assert known.accounts.take(PLANS) != mocked
        assert known.accounts.take(MOCKS) == mocked


def test_what_planned_and_was_not_emptied_goes_to_nobody_who_applies() -> None:
    known = Known()
    first = known.accounts.take(PLANS)
    known.accounts.give_back(PLANS, first, passed=True)
    assert known.accounts.take(APPLIES) != first
    assert known.accounts.take(PLANS) == first
    assert known.gone == []


def test_a_relay_that_is_gone_stops_nobody() -> None:
    def gone(_: Mapping[str, str]) -> None:
        raise UndecidedError("The warm provider does not answer.")

    accounts = Accounts(
        environment=lambda number: {"number": number}, is_real=False, empty=lambda _: False, forget=gone
    )
    accounts.give_back(APPLIES, accounts.take(APPLIES), passed=True)
    accounts.give_back(PLANS, accounts.take(PLANS), passed=True)
    accounts.close()


def test_a_real_account_is_nobodys_to_choose_to_empty_or_to_forget() -> None:
    known = Known(empties=True)
    known.holds.add("")
    real = known.of(is_real=True)
    for part in (APPLIES, PLANS):
        aws = real.take(part)
        assert aws == {"number": ""}
        real.give_back(part, aws, passed=True)
    real.close()
    assert (known.gone, known.holds) == ([], {""})
