"""Many processes promote and roll back random versions over six stacks at once: nothing is lost, nothing is mixed up.

`make soak`: eight processes for five minutes; `make test`: three for ten seconds over three stacks. Whatever
a process is told (done, refused, somebody else is at it), in the end the ledger replays without a gap, nothing is
open, and every stack's state is what its pin says.
"""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.emulators.moto import Moto
from pipeline.domain.ledger import check_chain
from pipeline.errors import Exit
from tests.promotion.estate import Estate
from tests.promotion.real import VERSIONS, assert_whole, make_estate

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(1800)]

SIX = {"dev": ("a", "b"), "staging": ("a", "b"), "prod": ("a", "b")}
THREE = {"dev": ("a",), "staging": ("a",), "prod": ("a",)}
SEED = 6
MAY_END = {
    int(code)
    for code in (
        Exit.DONE,
        Exit.NOTHING,
        Exit.REFUSED,
        Exit.UNDECIDED,
        Exit.RESTORED,
        Exit.WAITING,
    )
}
"""What a command may say; 70 (a bug), 31 (could not be put back) after a start, and signals are not among them."""


@pytest.mark.parametrize(
    ("stacks", "processes", "seconds"),
    [(THREE, 3, 10), pytest.param(SIX, 8, 300, marks=pytest.mark.soak)],
    ids=["sample", "soak"],
)
def test_every_state_equals_its_pin(
    tmp_path: Path,
    emulator: Moto,
    relay: str,
    stacks: Mapping[str, tuple[str, ...]],
    processes: int,
    seconds: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    estate = make_estate(tmp_path, emulator, relay, stacks)
    clones = [clone_of(estate, number) for number in range(processes)]
    end = time.monotonic() + seconds
    last = end + 10 * seconds  # stock Terraform on a slow machine may succeed in nothing before the end
    moved = threading.Event()

    def work(number: int) -> Counter[str]:
        chance = random.Random(f"{SEED} {number}")
        ends: Counter[str] = Counter()
        while time.monotonic() < (end if moved.is_set() else last):
            words = chosen(chance, tuple(stacks))
            code, document, said = clones[number].modferry(*words)
            nowhere = code == Exit.NOT_RESTORED and document["promotion"] is None  # no earlier version: nothing done
            assert code in MAY_END or nowhere, (words, code, document, said)
            ends[f"{words[0]} {code}"] += 1
            if code == Exit.DONE and words[0] in ("promote", "rollback"):
                moved.set()
        return ends

    with ThreadPoolExecutor(processes) as pool:
        ends = sum(pool.map(work, range(processes)), Counter())
    code, document, said = estate.modferry("recover")
    assert code in (int(Exit.DONE), int(Exit.NOTHING)), (document, said)
    assert_whole(estate, stacks)
    entries = estate.entries()
    check_chain(entries)
    with capsys.disabled():
        print(f"\n{processes} processes, {seconds} s: {len(entries)} entries; {dict(sorted(ends.items()))}")
    assert ends["promote 0"] + ends["rollback 0"] > 0, "nothing succeeded: the test says nothing"


def chosen(chance: random.Random, environments: Sequence[str]) -> tuple[str, ...]:
    """A command as people and robots give it."""
    environment = chance.choice(environments)
    if chance.random() < 0.3:
        return "rollback", environment, "note", "--reason", "chaos"
    version = chance.choice(("0.1.0", *VERSIONS))
    return "promote", "note", version, "--to", environment, "--bypass", "chaos"


def clone_of(estate: Estate, number: int) -> Estate:
    """Another person's clone of the same repository, with a cache of its own."""
    folder = estate.folder / f"person-{number}"
    folder.mkdir()
    (folder / "origin.git").symlink_to(estate.origin)
    environ = {**estate.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    subprocess.run(("git", "clone", "-q", str(estate.origin), str(folder / "clone")), check=True, env=environ)
    return Estate(folder=folder, environ=environ)
