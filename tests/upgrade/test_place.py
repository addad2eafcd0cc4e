"""Files of a release and its candidate in one place: what is exchanged, what stays."""

from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.harness.bench import copy_tree
from pipeline.adapters.harness.upgrade_files import LOCK, Place, files_of_releases
from pipeline.domain.parts import Part
from pipeline.domain.settings import ModuleSettings
from pipeline.domain.verdict import Suite
from tests.conftest import MakeRepository, git
from tests.upgrade.estate import commit, project

OLD = {
    "modules/app/main.tf": 'module "base" {\n  source = "../base"\n}\n# app 1\n',
    "modules/app/gone.tf": "# only in 1\n",
    "modules/app/examples/minimal/main.tf": (
        'module "app" {\n  source = "../.."\n}\nmodule "side" {\n  source = "../../../side"\n}\n# example 1\n'
    ),
    "modules/base/main.tf": "# base 1\n",
    "modules/side/main.tf": "# side 1\n",
    "modules/side/examples/x/main.tf": "# not ours\n",
}
NEW = {
    "modules/app/main.tf": 'module "base" {\n  source = "../base"\n}\n# app 2\n',
    "modules/app/new.tf": "# only in 2\n",
    "modules/app/examples/minimal/main.tf": "# example 2\n",
    "modules/base/main.tf": "# base 2\n",
    "modules/side/main.tf": "# side 2\n",
}


def place(clone: Path, work: Path) -> Place:
    """The place of app's example, with the release in it."""
    repository = GitRepository(clone)
    graph = project(clone).graph()
    part = Part(
        module="app", path="modules/app", suite=Suite.UPGRADE, kind="upgrade", files=("examples/minimal",), base="v1"
    )
    copy_tree(graph.files, set(graph.files.paths), work / "tree")
    files = files_of_releases(repository.tree, ModuleSettings(), "clone")(graph.files, part)
    found = Place(root=work / "place", candidate=work / "tree", files=files, example="examples/minimal")
    found.set_up()
    return found


def texts(where: Place) -> dict[str, str]:
    return {p.relative_to(where.root).as_posix(): p.read_text() for p in where.root.rglob("*") if p.is_file()}


def test_what_users_get_is_exchanged_and_the_rest_stays(make_repository: MakeRepository, tmp_path: Path) -> None:
    clone = make_repository(OLD)
    git(clone, "tag", "v1")
    git(clone, "rm", "-q", "modules/app/gone.tf")
    commit(clone, NEW, "feat: two")
    where = place(clone, tmp_path / "work")
    released = texts(where)
    assert released == {path: text for path, text in OLD.items() if "/side/examples/" not in path} | {
        path: text for path, text in released.items() if "/side/examples/" in path
    }
    (where.folder / "terraform.tfstate").write_text("state")
    (where.folder / LOCK).write_text("lock of 1")
    where.put_candidate()
    there = texts(where)
    assert there["modules/app/main.tf"] == NEW["modules/app/main.tf"]
    assert there["modules/base/main.tf"] == "# base 2\n"
    assert "modules/app/new.tf" in there
    assert "modules/app/gone.tf" not in there
    assert there["modules/side/main.tf"] == "# side 1\n"  # another module's change is not this one's doing
    assert there["modules/app/examples/minimal/main.tf"] == OLD["modules/app/examples/minimal/main.tf"]
    assert there["modules/app/examples/minimal/terraform.tfstate"] == "state"

    (where.folder / LOCK).write_text("lock of 2")
    where.put_release()
    back = texts(where)
    assert back.pop("modules/app/examples/minimal/terraform.tfstate") == "state"
    assert back.pop(f"modules/app/examples/minimal/{LOCK}") == "lock of 1"
    assert back == released


def test_a_lock_file_that_the_release_did_not_have_goes_away(make_repository: MakeRepository, tmp_path: Path) -> None:
    clone = make_repository(OLD)
    git(clone, "tag", "v1")
    commit(clone, NEW, "feat: two")
    where = place(clone, tmp_path / "work")
    where.put_candidate()
    (where.folder / LOCK).write_text("lock of 2")
    where.put_release()
    assert not (where.folder / LOCK).exists()
