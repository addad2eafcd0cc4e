"""What one stack can need of a tree: each rule, and that a reader finds in the part what it finds in the whole."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.domain.module import Files
from pipeline.domain.reach import Estate, reach

STACK = "environments/dev/a"
CALL = 'module "m" {{\n  source = "{}"\n}}\n'
TREE = {
    "README.md": "# all",
    "shared/x.json": "{}",
    "environments/common.yaml": "a: 1",
    "environments/dev/verify/test_a.py": "",
    "environments/dev/notes/x.txt": "",
    f"{STACK}/main.tf": "",
    f"{STACK}/inner/main.tf": "",
    "environments/dev/b/main.tf": "",
    "environments/dev/b/data.json": "{}",
    "environments/prod/a/main.tf.json": "{}",
    "modules/docs/x.md": "no module",
    "modules/keys/main.tf": "",
    "modules/keys/policies/a.json": "{}",
    "modules/vpc/main.tf": CALL.format("../keys"),
    "modules/vpc/sub/main.tf": "",
    "modules/zzz/main.tf": "",
}
SHARED = {
    "README.md",
    "shared/x.json",
    "environments/common.yaml",
    "environments/dev/verify/test_a.py",
    "environments/dev/notes/x.txt",
    "modules/docs/x.md",
}
OWN = {f"{STACK}/main.tf", f"{STACK}/inner/main.tf"}
KEYS = {"modules/keys/main.tf", "modules/keys/policies/a.json"}
VPC = {"modules/vpc/main.tf", "modules/vpc/sub/main.tf"}


def estate(tree: dict[str, str], links: dict[str, str] | None = None) -> Estate:
    every = {**tree, **(links or {})}
    files = Files(
        paths=sorted(every),
        read=lambda p: every[p].encode(),
        mode=lambda p: "120000" if p in (links or {}) else "100644",
    )
    return Estate(files=files, folder="environments", modules=("modules/*",))


def needed(text: str, more: Mapping[str, str] | None = None, *, links: dict[str, str] | None = None) -> set[str] | None:
    """What the stack needs with this main.tf, beside its own files."""
    found = reach(estate({**TREE, f"{STACK}/main.tf": text, **(more or {})}, links), STACK, {})
    return None if found is None else set(found) - OWN


def test_shared_is_what_is_in_no_stack_and_in_no_module() -> None:
    assert estate(TREE).shared == SHARED


def test_a_stack_that_leads_nowhere_needs_itself() -> None:
    assert needed("") == set()


@pytest.mark.parametrize(
    ("text", "also"),
    [
        (CALL.format("../../../modules/keys"), KEYS),
        (CALL.format("../../../modules/vpc"), VPC | KEYS),
        (CALL.format("../../../modules/vpc/sub"), {"modules/vpc/sub/main.tf"}),
        (CALL.format("../b"), {"environments/dev/b/main.tf", "environments/dev/b/data.json"}),
        ('a = file("../b/data.json")', {"environments/dev/b/data.json"}),
        ('a = file("../b/none.json")', set()),
        ('a = "${path.root}/../b/${var.x}.json"', {"environments/dev/b/main.tf", "environments/dev/b/data.json"}),
        ('a = file("../../../shared/x.json")', {"shared/x.json"}),
    ],
)
def test_what_the_text_leads_to_is_needed(text: str, also: set[str]) -> None:
    assert needed(text) == also


def test_paths_in_a_called_module_are_meant_from_it_and_from_the_stack() -> None:
    call = CALL.format("../../../modules/zzz")
    own = {"modules/zzz/main.tf"}
    assert needed(call, {"modules/zzz/main.tf": 'a = "${path.module}/../keys/x"'}) == own
    assert needed(call, {"modules/zzz/main.tf": 'a = "${path.module}/../keys/main.tf"'}) == own | {KEYS_MAIN}
    data = {"environments/dev/b/data.json"}
    assert needed(call, {"modules/zzz/main.tf": 'a = "${path.root}/../b/data.json"'}) == own | data
    assert needed(call, {"modules/zzz/main.tf": 'a = file("../b/data.json")'}) == own | data
    assert needed(call, {"modules/zzz/main.tf": 'a = file("../keys/main.tf")'}) == own | {KEYS_MAIN}
    assert needed(call, {"modules/zzz/main.tf": 'a = file("../../../shared/x.json")'}) == own | {"shared/x.json"}
    assert needed(call, {"modules/zzz/main.tf": 'a = file("../../../../x/y")'}) is None
    assert needed(call, {"modules/zzz/main.tf": 'a = "${path.module}/../../../x"'}) is None
    assert needed(call, {"modules/zzz/main.tf": "a = path.cwd"}) is None


KEYS_MAIN = "modules/keys/main.tf"


def test_modules_that_call_each_other_end() -> None:
    circle = {KEYS_MAIN: CALL.format("../vpc")}
    assert needed(CALL.format("../../../modules/vpc"), circle) == VPC | KEYS


@pytest.mark.parametrize("text", ['a = "../b"', 'a = file("../../../../x/y")', CALL.format("../../..")])
def test_where_it_cannot_be_told_everything_is_needed(text: str) -> None:
    assert needed(text) is None


def test_other_files_of_the_stack_count_too() -> None:
    assert needed("", {f"{STACK}/inner/main.tf": 'a = "${path.module}/../../b/data.json"'}) == {
        "environments/dev/b/data.json"
    }
    assert needed("", {f"{STACK}/x.auto.tfvars": 'a = "../b"'}) is None


def test_the_files_that_a_job_brings_count_beside_those_of_the_commit() -> None:
    tree = {**TREE, f"{STACK}/main.tf": CALL.format("../../../modules/keys")}
    found = reach(estate(tree), STACK, {"main.tf": CALL.format("../../../modules/zzz").encode()})
    assert found is not None
    assert set(found) == OWN | KEYS | {"modules/zzz/main.tf"}
    assert reach(estate(tree), STACK, {"new.tf": b'a = "../x"'}) is None


def test_links_are_followed() -> None:
    file = {f"{STACK}/shared.tf": "../../../modules/keys/main.tf"}
    assert needed("", links=file) == {*file, KEYS_MAIN}
    folder = {f"{STACK}/keys": "../../../modules/keys"}
    assert needed("", links=folder) == {*folder, *KEYS}
    two = {f"{STACK}/keys": "../../../shared/keys", "shared/keys": "../modules/keys"}
    assert needed("", links=two) == {*two, *KEYS}
    middle = {"shared/all": "../modules"}
    assert needed(CALL.format("../../../shared/all/keys"), links=middle) == {*middle, *KEYS}
    assert needed("", links={f"{STACK}/gone": "nowhere"}) == {f"{STACK}/gone"}


def test_what_a_linked_file_says_is_meant_from_both_places() -> None:
    link = {f"{STACK}/shared.tf": "../../../modules/zzz/main.tf"}
    text = {"modules/zzz/main.tf": 'a = "${path.module}/../b/data.json"\nb = "${path.module}/../keys/main.tf"'}
    assert needed("", text, links=link) == {*link, *text, "environments/dev/b/data.json", KEYS_MAIN}


def test_a_linked_file_is_read_by_the_name_that_terraform_meets() -> None:
    text = {"shared/run.sh": "a = path.cwd"}
    assert needed("", text) == set()
    assert needed("", text, links={f"{STACK}/shared.tf": "../../../shared/run.sh"}) is None


@pytest.mark.parametrize(
    "links",
    [
        {f"{STACK}/out": "/etc/passwd"},
        {f"{STACK}/out": "../../../../x"},
        {f"{STACK}/out": "../../.."},
        {f"{STACK}/out": "../../x/../b"},
        {f"{STACK}/one": "two", f"{STACK}/two": "one"},
        {f"{STACK}/keys": "../../../modules/keys", "modules/keys/on": "../zzz"},
    ],
)
def test_links_that_lead_out_or_in_circles_may_lead_anywhere(links: dict[str, str]) -> None:
    assert needed("", links=links) is None


def test_a_thousand_stacks_scan_a_shared_module_once() -> None:
    names = [f"environments/dev/s{number:04d}" for number in range(1000)]
    read: list[str] = []
    tree = {**TREE, **{f"{name}/main.tf": CALL.format("../../../modules/vpc") for name in names}}

    def reads(path: str) -> bytes:
        read.append(path)
        return tree[path].encode()

    files = Files(paths=sorted(tree), read=reads, mode=lambda _: "100644")
    many = Estate(files=files, folder="environments", modules=("modules/*",))
    for name in names:
        assert reach(many, name, {}) == frozenset({f"{name}/main.tf", *VPC, *KEYS})
    assert read.count("modules/vpc/main.tf") == 1
    assert len(read) == len(names) + len(VPC | KEYS)


# -- the property: a reader that knows nothing of the scan finds the same in both copies -------------

FOLDERS = (
    STACK,
    f"{STACK}/in",
    "environments/dev/b",
    "environments/x/c",
    "modules/k",
    "modules/l",
    "modules/l/sub",
    "s",
)
NAMES = ("main.tf", "d.json")
PLACES = [*FOLDERS, *(f"{folder}/{name}" for folder in FOLDERS for name in NAMES)]
LINKED = [
    f"{folder}/l0{rest}" for folder in ("modules/k", STACK, "environments/dev/b") for rest in ("", "/main.tf", "/sub")
]


@st.composite
def statements(draw: st.DrawFn, folder: str) -> str:
    """One line of configuration in a folder that leads to some place."""
    to = draw(st.sampled_from(PLACES) | st.sampled_from(LINKED))
    kind = draw(st.sampled_from(("call", "call", "module", "root", "file", "tail", "bare")))
    here, root = os.path.relpath(to, folder), os.path.relpath(to, STACK)
    forms = {
        "call": CALL.format(here if here.startswith(".") else f"./{here}"),
        "module": f'a = file("${{path.module}}/{here}")\n',
        "root": f'a = file("${{path.root}}/{root}")\n',
        "file": f'a = file("{root}")\n',
        "tail": f'a = file("${{path.module}}/{here}/${{local.name}}")\n',
        "bare": f'b = "{here}"\n',
    }
    return forms[kind] if draw(st.integers(0, 9)) or kind != "bare" else ""


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    tree = {}
    for folder in FOLDERS:
        tree[f"{folder}/main.tf"] = "".join(draw(st.lists(statements(folder), max_size=2)))
        tree[f"{folder}/d.json"] = "{}"
    links = {}
    for folder in draw(st.lists(st.sampled_from(("modules/k", STACK, "environments/dev/b")), max_size=3, unique=True)):
        to = draw(st.sampled_from(PLACES))
        links[f"{folder}/l0{'.tf' if to.endswith('.tf') else ''}"] = os.path.relpath(to, folder)
    return tree, links


def seen_by_terraform(copy: Path) -> dict[tuple[str, str], str]:
    """What a simple Terraform reads: (folder as written, path as written) → content, over all modules it loads."""
    root = copy / STACK
    found: dict[tuple[str, str], str] = {}
    waiting, done = [str(root)], set()
    while waiting:
        folder = waiting.pop()
        if folder in done or not Path(folder).is_dir():
            continue
        done.add(folder)
        waiting += [e.path for e in os.scandir(folder) if folder.startswith(str(root)) and e.is_dir()]
        for file in sorted(Path(folder).glob("*.tf")):
            text = file.read_text() if file.exists() else ""
            found[os.path.relpath(folder, copy), file.name] = text
            for source in re.findall(r'source = "([^"]+)"', text):
                joined = os.path.normpath(f"{folder}/{source}")
                waiting += [joined, os.path.realpath(joined)]
            for path in re.findall(r'file\("([^"]+)"\)', text):
                for name in NAMES:
                    full = path.replace("${path.module}", folder).replace("${path.root}", str(root))
                    full = full.replace("${local.name}", name)
                    full = os.path.normpath(full if full.startswith("/") else f"{root}/{full}")
                    if Path(full).is_file():
                        found[os.path.relpath(folder, copy), full.removeprefix(str(copy))] = Path(full).read_text()
    return found


@settings(max_examples=200, deadline=None)
@given(trees())
def test_what_terraform_reads_in_the_whole_copy_is_in_the_part(given_: tuple[dict[str, str], dict[str, str]]) -> None:
    tree, links = given_
    whole = estate(tree, links)
    part = reach(whole, STACK, {})
    event("everything" if part is None else f"{len(part)} of {len(whole.files.paths)}")
    if part is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name, wanted in (("whole", whole.files.paths), ("part", part | whole.shared)):
            for path in wanted:
                target = Path(scratch, name, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if path in links:
                    target.symlink_to(links[path])
                else:
                    target.write_text(tree[path])
        assert seen_by_terraform(Path(scratch, "part")) == seen_by_terraform(Path(scratch, "whole"))
