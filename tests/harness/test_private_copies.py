"""Private copies from real git: what is in them, that they grow, and that nothing in them is written twice."""

import os
from pathlib import Path
from typing import cast

import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.adapters.terraform import Terraform
from pipeline.adapters.toolchain import find_toolchain
from pipeline.adapters.worktree import OriginMain
from tests.conftest import MakeRepository, git, write_files

CALL = 'module "m" {{\n  source = "../../../modules/{}"\n}}\n'
FILES = {
    ".gitattributes": "*.crlf text eol=crlf\n",
    "README.md": "all",
    "modules/k/main.tf": "",
    "modules/k/run.sh": "#!/bin/sh\n",
    "modules/k/x.crlf": "a\nb\n",
    "modules/l/main.tf": "",
    "environments/dev/verify/test_x.py": "",
    "environments/dev/a/main.tf": CALL.format("k"),
    "environments/dev/b/main.tf": CALL.format("l"),
    "environments/dev/c/main.tf": 'a = "../x"\n',
    "environments/dev/ü d/main.tf": "",
}
SHARED = {".gitattributes", "README.md", "environments/dev/verify/test_x.py"}
K = {"modules/k/main.tf", "modules/k/run.sh", "modules/k/x.crlf", "modules/k/link"}
L = {"modules/l/main.tf"}
A, B = {"environments/dev/a/main.tf"}, {"environments/dev/b/main.tf"}


@pytest.fixture
def clone(make_repository: MakeRepository) -> Path:
    found = make_repository(FILES)
    (found / "modules/k/run.sh").chmod(0o755)
    (found / "modules/k/link").symlink_to("../l/main.tf")
    git(found, "add", "-A")
    git(found, "commit", "-q", "-m", "feat: more")
    return found


@pytest.fixture
def trunk(clone: Path) -> OriginMain:
    return trunk_of(GitRepository(clone))


def trunk_of(repository: GitRepository) -> OriginMain:
    return OriginMain(repository, cast(GitLedger, None), branch="main", folder="environments/", modules=("modules/*",))


def head(clone: Path) -> str:
    return git(clone, "rev-parse", "HEAD").strip()


def listed(copy: Path) -> set[str]:
    return {str(Path(where, name).relative_to(copy)) for where, _, names in os.walk(copy) for name in names}


def test_without_a_stack_everything_is_written(trunk: OriginMain, clone: Path, tmp_path: Path) -> None:
    trunk.copy_out(head(clone), tmp_path / "copy")
    assert listed(tmp_path / "copy") == {*FILES, "modules/k/link"}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


def test_for_a_stack_what_it_can_need_is_written_as_git_writes_it(
    trunk: OriginMain, clone: Path, tmp_path: Path
) -> None:
    trunk.copy_out(head(clone), tmp_path / "part", "dev/a")
    trunk.copy_out(head(clone), tmp_path / "whole")
    found = listed(tmp_path / "part")
    assert found == SHARED | A | K | L
    for path in found:
        part, whole = tmp_path / "part" / path, tmp_path / "whole" / path
        assert part.lstat().st_mode == whole.lstat().st_mode
        assert part.is_symlink() or part.read_bytes() == whole.read_bytes()
    assert (tmp_path / "part/modules/k/x.crlf").read_bytes() == b"a\r\nb\r\n"
    assert git(clone, "status", "--porcelain") == ""


def test_a_copy_grows_by_what_the_next_stack_needs(trunk: OriginMain, clone: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    trunk.copy_out(head(clone), copy, "dev/b")
    assert listed(copy) == SHARED | B | L
    trunk.copy_out(head(clone), copy, "dev/ü d")
    assert listed(copy) == SHARED | B | L | {"environments/dev/ü d/main.tf"}
    trunk.copy_out(head(clone), copy, "dev/b", {"new.tf": CALL.format("k").encode()})
    assert listed(copy) >= B | L | K
    trunk.copy_out(head(clone), copy, "dev/c")
    assert listed(copy) == {*FILES, "modules/k/link"}


@pytest.mark.parametrize("then", ["dev/a", ""])
def test_what_was_changed_in_a_copy_stays_so(trunk: OriginMain, clone: Path, tmp_path: Path, then: str) -> None:
    copy = tmp_path / "copy"
    trunk.copy_out(head(clone), copy, "dev/b")
    write_files(copy, {"environments/dev/b/main.tf": "moved", "environments/dev/b/plan": "saved", "README.md": "mine"})
    trunk.copy_out(head(clone), copy, then)
    assert (copy / "environments/dev/b/main.tf").read_text() == "moved"
    assert (copy / "environments/dev/b/plan").read_text() == "saved"
    assert (copy / "README.md").read_text() == "mine"
    trunk.copy_out(head(clone), copy, "dev/b")
    assert (copy / "environments/dev/b/main.tf").read_text() == "moved"


def test_a_path_that_is_not_text_makes_every_copy_whole(trunk: OriginMain, clone: Path, tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(clone) + b"/odd-\xff", os.O_CREAT, 0o644))
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "feat: odd")
    trunk.copy_out(head(clone), tmp_path / "copy", "dev/a")
    assert len(listed(tmp_path / "copy")) == len(FILES) + 2


def test_the_hundredth_stack_costs_no_more_than_the_second(make_repository: MakeRepository, tmp_path: Path) -> None:
    names = [f"s{number:03d}" for number in range(100)]
    found = make_repository({f"environments/dev/{name}/main.tf": "" for name in names})
    asked: list[tuple[str, ...]] = []

    class Counted(GitRepository):
        def git(self, *arguments: str, **options: object) -> str:
            asked.append(arguments)
            return GitRepository.git(self, *arguments, **options)  # type: ignore[arg-type]

    trunk = trunk_of(Counted(found))
    commit = head(found)
    trunk.files(commit, "dev", names[0])
    asked.clear()
    for name in names:
        trunk.copy_out(commit, tmp_path / "copy", f"dev/{name}")
        trunk.copy_out(commit, tmp_path / "copy", f"dev/{name}")
    assert [arguments[0] for arguments in asked] == ["read-tree", *["checkout-index"] * 100]
    assert len(listed(tmp_path / "copy")) == 100


OUTPUT = 'output "said" {{\n  value = {}\n}}\n'
REAL = {
    "shared/x.txt": "x",
    "modules/k/main.tf": 'module "l" {\n  source = "../l"\n}\n'
    + OUTPUT.format('[module.l.said, file("${path.module}/../n/n.txt"), file("../b/b.txt")]'),
    "modules/l/main.tf": OUTPUT.format('templatefile("${path.module}/t.sh", {})'),
    "modules/l/t.sh": '# ${file("../../../modules/o/o.txt")}',
    "modules/m/main.tf": OUTPUT.format('[file("${path.root}/../b/b.txt"), fileset("${path.module}/../n", "*")]'),
    "modules/n/n.txt": "n",
    "modules/n/main.tf": "",
    "modules/o/o.txt": "o",
    "modules/o/main.tf": "",
    "modules/p/main.tf": "",
    "environments/dev/b/b.txt": "b",
    "environments/dev/b/main.tf": "",
    "environments/dev/c/main.tf": "",
    "environments/dev/a/main.tf": CALL.format("k")
    + 'module "linked" {\n  source = "./linked"\n}\n'
    + OUTPUT.format('[module.m.said, module.linked.said, file("../../../shared/x.txt")]'),
}


@pytest.mark.terraform
def test_terraform_says_the_same_in_the_part_as_in_the_whole(make_repository: MakeRepository, tmp_path: Path) -> None:
    clone = make_repository(REAL)
    (clone / "environments/dev/a/linked").symlink_to("../../../modules/m")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "feat: link")
    trunk = trunk_of(GitRepository(clone))
    found = []
    tools = find_toolchain(scratch=tmp_path / "tools", environ=os.environ)
    for name, stack in (("whole", ""), ("part", "dev/a")):
        trunk.copy_out(head(clone), tmp_path / name, stack)
        folder = tmp_path / name / "environments/dev/a"
        terraform = Terraform(argv=tools.terraform, workdir=folder, env=tools.environment())
        terraform.init("-input=false")
        terraform.plan("x", "-input=false")
        found.append(terraform.show("x")["planned_values"])
    assert found[0] == found[1]
    assert "# o" in str(found[1])
    left_out = {"modules/p/main.tf", "environments/dev/c/main.tf"}
    assert not left_out & listed(tmp_path / "part") and left_out <= listed(tmp_path / "whole")
