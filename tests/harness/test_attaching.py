"""Which Terraform a stack of a warm environment gets: attached only to what its lock file and modules let in."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.adapters.stacks import TerraformStacks
from pipeline.adapters.terraform import Terraform, TerraformFailedError
from pipeline.adapters.warm.package import Package
from pipeline.domain.promotion.work import Job
from pipeline.domain.settings import Environment
from tests.harness.test_stacks import Copies
from tests.warm.test_package import LOCK, PACKAGE, required

NAME = ".terraform.lock.hcl"
NEWER = LOCK.replace("5.100.0", "5.101.0")
READ_ONLY = "init attached -input=false -lockfile=readonly"
STOCK = "init stock -input=false -lockfile=readonly"


@dataclass(kw_only=True)
class World:
    """What was called, and what init does: modules that it fetches, a lock that it writes, words it fails with."""

    called: list[str] = field(default_factory=list)
    module: str = ""
    lock: str = ""
    fails: str = ""


@dataclass(kw_only=True)
class FakeTerraform:
    folder: Path
    warm: bool
    world: World

    def init(self, *flags: str) -> None:
        self._note(f"init {'attached' if self.warm else 'stock'} {' '.join(flags)}")
        if self.world.fails and (self.warm or len(flags) == 2):
            raise TerraformFailedError("init", self.world.fails)
        modules = self.folder / ".terraform" / "modules"
        (modules / "net").mkdir(parents=True, exist_ok=True)
        (modules / "modules.json").write_text('{"Modules": [{"Dir": ".terraform/modules/net"}]}')
        (modules / "net" / "versions.tf").write_text(self.world.module)
        if self.world.lock and not self.warm:
            (self.folder / NAME).write_text(self.world.lock)

    def plan(self, out: str, *flags: str) -> bool:
        self._note(f"plan {'attached' if self.warm else 'stock'}")
        (self.folder / out).write_text("plan")
        return False

    def show(self, plan: str) -> dict[str, Any]:
        return {"format_version": "1.2", "resource_changes": []}

    def _note(self, text: str) -> None:
        self.world.called.append(text)


def planned(tmp_path: Path, world: World, lock: str, package: Package | None = PACKAGE) -> list[str]:
    stacks = TerraformStacks(
        copies=Copies(),
        scratch=tmp_path,
        terraform=lambda folder, _, warm: cast(Terraform, FakeTerraform(folder=folder, warm=warm, world=world)),
        package=lambda _: package,
        aws=lambda _: {},
        environments=[Environment(name="dev", warm=True)],
    )
    files = {"main.tf": required(">= 5.100.0").encode(), **({NAME: lock.encode()} if lock else {})}
    stacks.plan(Job(environment="dev", stack="a", commit="c" * 40, files=files, key="p"), may_upgrade=True)
    return world.called


def test_a_package_that_the_lock_names_is_attached_from_the_first_init_on(tmp_path: Path) -> None:
    assert planned(tmp_path, World(module=required("~> 5.100")), LOCK) == [READ_ONLY, "plan attached"]


@pytest.mark.parametrize(
    ("lock", "package"), [(NEWER, PACKAGE), (LOCK.replace(PACKAGE.hash, "h1:other"), PACKAGE), (LOCK, None)]
)
def test_another_version_or_hash_or_no_provider_at_all_is_stock_to_the_end(
    tmp_path: Path, lock: str, package: Package | None
) -> None:
    assert planned(tmp_path, World(), lock, package) == [STOCK, "plan stock"]


def test_a_module_that_does_not_allow_the_version_is_judged_by_terraform(tmp_path: Path) -> None:
    world = World(module=required(">= 5.101.0"), lock=NEWER)
    assert planned(tmp_path, world, LOCK) == [READ_ONLY, STOCK, "plan stock"], "it upgraded the lock"


def test_what_an_attached_init_refuses_is_tried_as_ever(tmp_path: Path) -> None:
    world = World(fails="Error: Provider dependency changes detected, but the lock file is read-only", lock=LOCK)
    assert planned(tmp_path, world, LOCK) == [READ_ONLY, STOCK, "init stock -input=false", "plan attached"]


def test_a_lock_that_init_wrote_counts_from_then_on(tmp_path: Path) -> None:
    assert planned(tmp_path / "1", World(lock=LOCK), "") == ["init stock -input=false", "plan attached"]
    assert planned(tmp_path / "2", World(lock=NEWER), "") == ["init stock -input=false", "plan stock"]
    assert planned(tmp_path / "3", World(), "") == ["init stock -input=false", "plan stock"]
