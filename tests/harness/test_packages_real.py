"""Real Terraform with a package put into place: no process of git, the same plan, the record as Terraform spells it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.packages import Packages
from pipeline.adapters.terraform import Terraform
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.worktree import OriginMain
from pipeline.domain.promotion.work import Job
from tests.conftest import MakeRepository, git, write_files

pytestmark = pytest.mark.terraform
ADDRESS = "https://github.com/acme/infra.git"
SSH = "ssh://git@github.com/acme/infra.git"
HOSTS = {
    "verbatim": f"git::{ADDRESS}",
    "ssh": f"git::{SSH}",
    "scp": "git@github.com:acme/infra.git",
    "forced": "git::git@github.com:acme/infra.git",
    "short": "github.com/acme/infra",
}
CALL = 'module "{}" {{\n  source = "{}//modules/net?ref=net/v0.1.0"\n}}\n'
SAID = 'output "said" {{\n  value = {}\n}}\n'
STACK = "".join(CALL.format(*row) for row in HOSTS.items()) + SAID.format("module.verbatim.said")
FILES = {
    ".gitattributes": "*.crlf text eol=crlf\n",
    "modules/net/main.tf": 'module "keys" {\n  source = "../keys"\n}\n'
    'resource "terraform_data" "this" {\n  input = [path.module, module.keys.said]\n}\n'
    + SAID.format("terraform_data.this.input"),
    "modules/keys/main.tf": SAID.format('[file("${path.module}/x.crlf"), fileset("${path.module}/../data", "*")]'),
    "modules/keys/x.crlf": "tagged\n",
    "modules/data/one.txt": "",
    "environments/dev/a/main.tf": STACK,
}


class Bench:
    """A clone whose working tree is not what the tag is; Terraform whose `git` writes down how it was called."""

    def __init__(self, clone: Path, where: Path) -> None:
        self.clone, self.where = clone, where
        self.calls = where / "calls"
        self.job = Job(environment="dev", stack="a", commit=git(clone, "rev-parse", "HEAD").strip(), files={}, key="p")
        git(clone, "tag", "-a", "net/v0.1.0", "-m", "net 0.1.0")
        git(clone, "push", "-q", "origin", "net/v0.1.0")
        write_files(clone, {"modules/keys/x.crlf": "not tagged\n", "modules/data/two.txt": ""})
        write_files(where, {"bin/git": f'#!/bin/sh\necho "$@" >> {self.calls}\nexec {shutil.which("git")} "$@"\n'})
        (where / "bin/git").chmod(0o755)

    def terraform(self, folder: Path, origin: Path) -> Terraform:
        tools = find_toolchain(scratch=self.where / "tools", environ=os.environ)
        keys = {f"GIT_CONFIG_KEY_{n}": f"url.{origin}.insteadOf" for n in range(2)}
        values = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_VALUE_0": ADDRESS, "GIT_CONFIG_VALUE_1": SSH}
        env = {**tools.environment(), **keys, **values, "PATH": f"{self.where}/bin:{os.environ['PATH']}"}
        return Terraform(argv=tools.terraform, workdir=folder, env=env)

    def planned(self, name: str, origin: Path, *, place: bool) -> tuple[dict[str, Any], list[Any]]:
        """The plan of the stack in a folder of its own, and Terraform's record."""
        folder = self.where / name
        write_files(folder, {"main.tf": STACK})
        if place:
            job = Job(**{**self.job.__dict__, "files": {"main.tf": STACK.encode()}})
            assert self.packages().place(job, folder) == {"net/v0.1.0": job.commit}
        terraform = self.terraform(folder, origin)
        terraform.init("-input=false")
        terraform.plan("x", "-input=false")
        record = json.loads((folder / ".terraform/modules/modules.json").read_text())["Modules"]
        document = terraform.show("x")
        return {key: document[key] for key in ("planned_values", "configuration", "output_changes")}, record

    def packages(self) -> Packages:
        modules = ("modules/*",)
        repository, ledger = GitRepository(self.clone), cast(GitLedger, None)
        trunk = OriginMain(repository, ledger, branch="main", folder="environments", modules=modules)
        origin = str(self.clone.parent / "origin.git")
        return Packages(trunk=trunk, source=ADDRESS, fetched_from=origin, scratch=self.where / "packages")


@pytest.fixture
def bench(make_repository: MakeRepository, tmp_path: Path) -> Bench:
    return Bench(make_repository(FILES), tmp_path / "bench")


def test_init_finds_what_was_placed_and_plans_what_it_would_have_fetched(bench: Bench, tmp_path: Path) -> None:
    fetched, listed = bench.planned("fetched", tmp_path / "origin.git", place=False)
    assert "clone" in bench.calls.read_text()
    bench.calls.unlink()
    placed, record = bench.planned("placed", tmp_path / "nowhere.git", place=True)
    assert not bench.calls.exists(), "git was called by Terraform"
    assert placed == fetched
    assert record == listed
    [path, [text, files]] = placed["planned_values"]["outputs"]["said"]["value"]
    assert (path, text, files) == (".terraform/modules/verbatim/modules/net", "tagged\r\n", ["one.txt"])


def test_a_record_that_does_not_fit_is_fetched_over(bench: Bench, tmp_path: Path) -> None:
    fetched, _ = bench.planned("fetched", tmp_path / "origin.git", place=False)
    folder = bench.where / "other"
    record = {"Modules": [{"Key": "verbatim", "Source": "git::x", "Dir": ".terraform/modules/verbatim/modules/net"}]}
    wrong = {"modules.json": json.dumps(record), "verbatim/modules/net/main.tf": SAID.format('"wrong"')}
    write_files(folder, {f".terraform/modules/{name}": text for name, text in wrong.items()})
    assert bench.planned("other", tmp_path / "origin.git", place=False)[0] == fetched
