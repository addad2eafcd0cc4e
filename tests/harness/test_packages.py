"""Packages of pinned modules before `init`: the tag's bytes as origin has it, and all that is left to Terraform."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.packages import Packages, recorded_source
from pipeline.adapters.worktree import OriginMain
from pipeline.domain.pins import find_pins
from pipeline.domain.promotion.work import Job
from tests.conftest import MakeRepository, git, write_files

SOURCE = "https://example.test/acme/infra.git"
PIN = "git::" + SOURCE + "//modules/{}?ref={}"
CALL = 'module "{}" {{\n  source = "{}"\n}}\n'
NET = CALL.format("net", PIN.format("net", "net/v1"))
FILES = {
    "README.md": "all",
    "modules/net/main.tf": CALL.format("keys", "../keys"),
    "modules/net/run.sh": "one",
    "modules/keys/main.tf": "",
    "modules/other/main.tf": "",
    "environments/dev/a/main.tf": NET,
}
NEEDED = {"modules/net/main.tf", "modules/net/run.sh", "modules/keys/main.tf"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A clone whose tag net/v1 is on origin, and a scratch folder."""

    clone: Path
    scratch: Path

    @property
    def packages(self) -> Packages:
        trunk = OriginMain(
            GitRepository(self.clone),
            cast(GitLedger, None),
            branch="main",
            folder="environments",
            modules=("modules/*",),
        )
        origin = str(self.clone.parent / "origin.git")
        return Packages(trunk=trunk, source=SOURCE, fetched_from=origin, scratch=self.scratch / "packages")

    def job(self, text: str = NET, **more: bytes) -> Job:
        files = {"main.tf": text.encode(), **{f"{name}.tf": data for name, data in more.items()}}
        return Job(environment="dev", stack="a", commit=rev(self.clone, "HEAD"), files=files, key="p")

    @property
    def folder(self) -> Path:
        (self.scratch / "stack").mkdir(exist_ok=True)
        return self.scratch / "stack"

    def push(self, tag: str = "net/v1") -> None:
        """Commit what lies there, with the tag on it."""
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", "feat: more")
        git(self.clone, "tag", "-f", "-a", tag, "-m", tag)
        git(self.clone, "push", "-q", "-f", "origin", "main", f"refs/tags/{tag}")

    def listed(self, call: str = "net") -> set[str]:
        top = self.folder / ".terraform/modules" / call
        return {str(Path(where, name).relative_to(top)) for where, _, names in os.walk(top) for name in names}


def rev(clone: Path, name: str) -> str:
    return git(clone, "rev-parse", f"{name}^{{commit}}").strip()


@pytest.fixture
def there(make_repository: MakeRepository, tmp_path: Path) -> Place:
    (tmp_path / "scratch").mkdir()
    place = Place(clone=make_repository(FILES), scratch=tmp_path / "scratch")
    (place.clone / "modules/net/run.sh").chmod(0o755)
    place.push()
    return place


def test_what_the_module_can_need_is_there_with_a_record_of_the_call(there: Place) -> None:
    commit = rev(there.clone, "net/v1")
    assert there.packages.place(there.job(), there.folder) == {"net/v1": commit}
    assert there.listed() == NEEDED
    assert (there.folder / ".terraform/modules/net/modules/net/run.sh").stat().st_mode & 0o111
    record = json.loads((there.folder / ".terraform/modules/modules.json").read_text())
    found = {"Key": "net", "Source": PIN.format("net", "net/v1"), "Dir": ".terraform/modules/net/modules/net"}
    assert record == {"Modules": [found]}
    assert git(there.clone, "status", "--porcelain") == ""


def test_the_bytes_are_those_of_origins_tag_whatever_lies_here(there: Place) -> None:
    commit = rev(there.clone, "net/v1")
    write_files(there.clone, {"modules/net/run.sh": "two"})
    git(there.clone, "commit", "-q", "-a", "-m", "feat: two")
    git(there.clone, "tag", "-f", "net/v1")
    write_files(there.clone, {"modules/net/run.sh": "three"})
    write_files(there.scratch, {"attributes": "*.tf text eol=crlf\n"})
    own = {"core.autocrlf": "true", "core.eol": "crlf", "core.attributesFile": str(there.scratch / "attributes")}
    for name, value in own.items():
        git(there.clone, "config", name, value)
    assert there.packages.place(there.job(), there.folder) == {"net/v1": commit}
    assert (there.folder / ".terraform/modules/net/modules/net/run.sh").read_bytes() == b"one"
    assert b"\r" not in (there.folder / ".terraform/modules/net/modules/net/main.tf").read_bytes()


@pytest.mark.parametrize("text", ['a = "../x"\n', "a = path.cwd\n"])
def test_a_stack_whose_text_may_lead_anywhere_gets_whole_packages(there: Place, text: str) -> None:
    there.packages.place(there.job(more=text.encode()), there.folder)
    assert there.listed() == set(FILES)


def test_each_call_has_its_package_and_a_commit_is_listed_once(there: Place) -> None:
    there.push("keys/v1")
    two = NET + CALL.format("again", PIN.format("net", "net/v1")) + CALL.format("keys", PIN.format("keys", "keys/v1"))
    packages = there.packages
    assert set(packages.place(there.job(two), there.folder)) == {"net/v1", "keys/v1"}
    assert there.listed("again") == there.listed() == NEEDED
    assert there.listed("keys") == {"modules/keys/main.tf"}
    assert len(list((there.scratch / "packages").iterdir())) == 2


def test_a_second_init_of_a_job_finds_and_says_what_was_placed(there: Place) -> None:
    packages = there.packages
    first = packages.place(there.job(), there.folder)
    there.push()
    write_files(there.folder, {".terraform/modules/net/modules/net/main.tf": "mine"})
    assert packages.place(there.job(), there.folder) == first != {}
    assert (there.folder / ".terraform/modules/net/modules/net/main.tf").read_text() == "mine"


def test_origin_is_asked_once_for_a_tag(there: Place) -> None:
    packages, asked = there.packages, list[tuple[str, ...]]()
    remote_refs = packages.trunk.repository.remote_refs

    def asking(*patterns: str) -> dict[str, str]:
        asked.append(patterns)
        return remote_refs(*patterns)

    packages.trunk.repository.remote_refs = asking  # type: ignore[method-assign]
    for name in ("one", "two"):
        (there.scratch / name).mkdir()
        assert packages.place(there.job(), there.scratch / name)
    assert len(asked) == 1


def source(text: str) -> str:
    [pin] = find_pins({"main.tf": CALL.format("net", text).encode()}, "https://github.com/acme/infra.git")
    return recorded_source(text, pin)


SPELT = {
    "git::https://github.com/acme/infra.git//modules/net?ref=net/v1.0.0": None,
    "git::ssh://git@github.com/acme/infra.git//modules/net?ref=v1": None,
    "git@github.com:acme/infra.git//modules/net?ref=net/v1": (
        "git::ssh://git@github.com/acme/infra.git//modules/net?ref=net%2Fv1"
    ),
    "git::git@github.com:acme/infra.git//modules/net?ref=v1": (
        "git::ssh://git@github.com/acme/infra.git//modules/net?ref=v1"
    ),
    "github.com/acme/infra//modules/net?ref=net/v1": "git::https://github.com/acme/infra.git//modules/net?ref=net/v1",
    "github.com/acme/infra.git//modules/net?ref=v1": "git::https://github.com/acme/infra.git//modules/net?ref=v1",
}


@pytest.mark.parametrize("text", SPELT)
def test_sources_are_recorded_as_terraform_spells_them(text: str) -> None:
    assert source(text) == (SPELT[text] or text)


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/infra.git//modules/net?ref=v1",
        PIN.format("net", "v1&depth=1").replace("example.test", "github.com"),
        "git::https://github.com/acme/infra.git//modules/net?depth=1&ref=v1",
        "git::https://github.com/acme/infra.git//modules/net?ref=net%2Fv1",
        "git::https://github.com/acme/infra.git//modules/net?ref=v1+b2",
        "git::https://github.com/acme/infra.git//modules/net?ref=-v1",
        "git::https://github.com/acme/infra.git//modules/n*?ref=v1",
        "git::https://github.com/acme/infra.git//modules/net/?ref=v1",
        "git::https://github.com/acme/infra.git//modules/./net?ref=v1",
        "git::https://github.com/acme/infra.git//modules/../../net?ref=v1",
        "git::https://github.com/acme/infra.git//../net?ref=v1",
        "git::https://github.com/acme/infra.git?ref=v1",
        f"git::https://github.com/acme/infra.git//modules/net?ref={'a' * 40}",
        f"git::https://github.com/acme/infra.git//modules/net?ref={'a' * 64}",
    ],
)
def test_other_sources_have_no_record(text: str) -> None:
    assert not source(text)


@pytest.mark.parametrize("call", ["../net", "n/et", "..", "nét", ""])
def test_a_name_that_is_none_leads_nowhere(call: str) -> None:
    text = "git::https://github.com/acme/infra.git//modules/net?ref=v1"
    [pin] = find_pins({"main.tf": CALL.format("net", text).encode()}, "https://github.com/acme/infra.git")
    assert recorded_source(text, pin) and not recorded_source(text, replace(pin, call=call))
