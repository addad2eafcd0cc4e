"""docs/trust.md: the check by hand works as it is written there, and says no where it must."""

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.commands.release import Wish
from tests.conftest import MakeRepository, git
from tests.release.test_release import FILES
from tests.trust.keys import Key, allow, prove, releaser

PAGE = Path(__file__).parents[2] / "docs/trust.md"


@pytest.fixture
def clone(make_repository: MakeRepository, ci: Key) -> Path:
    clone = make_repository(FILES)
    allow(clone, ci)
    prove(clone, ci, "vpc", "core", "solo")
    releaser(clone, ci).release(Wish(push=True))
    return clone


def by_hand(clone: Path, **values: str) -> subprocess.CompletedProcess[str]:
    [script] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return subprocess.run(
        ("bash", "-euo", "pipefail", "-c", script),
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", **values},
        capture_output=True,
        text=True,
        check=False,
    )


def test_evidence_is_checked_by_hand(clone: Path) -> None:
    [entry, *_] = git(clone, "ls-tree", "-r", "--name-only", "modferry-ledger").splitlines()
    good = by_hand(clone, entry=entry, who="ci@acme")
    assert good.returncode == 0, good.stderr
    assert 'Good "modferry-evidence" signature for ci@acme' in good.stdout
    assert by_hand(clone, entry=entry, who="eve@elsewhere").returncode != 0


def test_a_tag_is_checked_by_hand(clone: Path) -> None:
    [command] = re.findall(r"`git (-c gpg\.ssh\S+ tag -v) TAG`", PAGE.read_text())
    git(clone, "-c", "gpg.format=ssh", *command.split(), "vpc/v0.1.0")
