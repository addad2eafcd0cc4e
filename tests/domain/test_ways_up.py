"""Each way that a text may lead up, and each that is no known one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.ways_up import Base, Way, find_ways

SOURCE, MODULE, ROOT, WORKING = Base.SOURCE, Base.MODULE, Base.ROOT, Base.WORKING
CALL = 'module "a" {{\n  name   = "x"\n  source = "{}"\n}}\n'

KNOWN = [
    ("main.tf", "", []),
    ("main.tf", 'a = "${path.module}/x" # and ten...\nb = [for x in y : x...]\nc = "0..5, a.., ..b"\n', []),
    ("main.tf", CALL.format("../../modules/vpc"), [(SOURCE, "../../modules/vpc")]),
    ("main.tf", CALL.format("../.."), [(SOURCE, "../..")]),
    ("main.tf", CALL.format("./inner"), []),
    ("main.tf", CALL.format("./../b"), [(SOURCE, "./../b")]),
    ("main.tf", 'a = file("../../x.json")', [(WORKING, "../../x.json")]),
    ("main.tf", 'a = filebase64sha256( "../x")\nb = fileset("../y", "**")', [(WORKING, "../x"), (WORKING, "../y")]),
    ("main.tf", 'a = templatefile("${path.module}/../t.tpl", {})', [(MODULE, "../t.tpl")]),
    ("main.tf", 'a = "${ path.root }//../x"', [(ROOT, "../x")]),
    ("main.tf", 'a = file("../t/${var.name}.json")', [(WORKING, "../t")]),
    ("main.tf", 'a = "${path.module}/../t/u/x-${var.name}/%{if true}a%{endif}"', [(MODULE, "../t/u")]),
    ("main.tf", "# see ../README.md\na = 1\n", []),
    ("main.tf", '  # as in ../x\na = <<EOT\n${file("../y")}\nEOT\n', [(WORKING, "../y")]),
    ("t.tftpl", '# ${file("../y")}', [(WORKING, "../y")]),
    ("t.sh", '# ${file("../y")}', [(WORKING, "../y")]),
    ("t.yaml", 'a: ${file("../y")}', [(WORKING, "../y")]),
    ("README.md", "[vpc](../../modules/vpc)", []),
    ("run.sh", "cd ..; cat ${X%/..}", []),
    ("a.tftest.hcl", 'module {\n source = "../.."\n}', []),
    (".terraform.lock.hcl", "# ..", []),
    ("logo.bin", "\0/../", []),
    ("a.yaml", "what: ever", []),
]


@pytest.mark.parametrize(("name", "text", "ways"), KNOWN)
def test_a_known_way_is_told(name: str, text: str, ways: list[tuple[Base, str]]) -> None:
    found = find_ways(name, text.encode())
    assert found is not None
    assert {(way.base, way.path) for way in found} == set(ways)


UNKNOWN = [
    'a = "../x"',
    'a = ".."',
    'a = join("/", [path.module, "..", "x"])',
    'a = "${local.here}/../x"',
    'a = "${path.module}/${local.a}/../x"',
    'a = "x/${path.module}/../y"',
    'a = "${path.module}/a/../x"',
    'a = "${path.module}/../a/../x"',
    'a = "${path.module}/../${local.a}"',
    'a = "${path.module}/../"',
    'a = "${path.module}/.."',
    'a = "${path.module}${local.up}"\nb = "/../x"',
    'a = file("../${local.a}/x")',
    'a = file("../x-${local.a}")',
    'a = file("../x\\t")',
    'a = fileset("x", "../*")',
    'a = filex("../x")',
    'a = provider::x::file("../x")',
    'a = file(join("/", ["../x", "y"]))',
    'a = format("%s/../x", path.module)',
    'a = "a\\n../x"',
    'a = "..\\\\x"',
    'a = "\\u002e\\u002E/x"',
    'a = "${path.cwd}/x"',
    'a = "${path . cwd}/x"',
    "a = abspath(path.module)",
    "a = dirname (path.root)",
    'provisioner "local-exec" {\n}',
    'data "external" "x" {\n}',
    "data external x {\n}",
    'resource "shell_script" "x" {\n}',
    'a = 1 # see "../x"',
    "# ${\na = 1 // ../x",
    'a = <<EOT\n# ${"../x"}\nEOT',
    CALL.format("git::../other"),
    CALL.format("${var.up}/../x"),
    'resource "x" "y" {\n  source = "../x"\n}',
    'a = "é.."',
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_whatever_is_not_certain_may_lead_anywhere(text: str) -> None:
    assert find_ways("main.tf", text.encode()) is None


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "terraform.tfvars", "a.tftpl", "Makefile"])
def test_data_that_leads_up_says_not_from_where(name: str) -> None:
    assert find_ways(name, b"a: ../x") is None


def test_a_template_of_any_name_is_read_as_one() -> None:
    assert find_ways("user-data.sh", b'${file("${dir}/../x")}') is None
    assert find_ways("t.tpl", b'${file(dirname("x"))}') is None
    assert find_ways("a.json", b'"\\u002e\\u002e/x"') is None


def test_terraform_that_is_not_text_may_lead_anywhere() -> None:
    assert find_ways("main.tf", b"\xff") is None
    assert find_ways("main.tf.json", b'{"a": ".."') is None


def test_json_says_the_same() -> None:
    call = {"module": {"a": {"source": "../../modules/vpc"}}, "locals": {"a": "${path.root}/../x"}}
    found = find_ways("main.tf.json", json.dumps(call).encode())
    assert found == (Way(base=SOURCE, path="../../modules/vpc"), Way(base=ROOT, path="../x"))
    twice = {"module": {"a": {"text": "../b", "source": "../b"}}}
    assert find_ways("main.tf.json", json.dumps(twice).encode()) is None
    assert find_ways("main.tf.json", b'{"locals": {"a": "${file(\\"../x\\")}"}}') is None
    assert find_ways("main.tf.json", b'{"data": {"a": {}, "external": {}}}') is None


PIECES = st.sampled_from(
    ["../", "..", "x", "/", '"', "${path.module}", "${path.root}", "${", "}", 'file("', ")", "\n", "#", " ", "\\", "."]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_no_way_up_is_passed_over(text: str) -> None:
    """Every `..` that could be part of a path is either in a way that is told, or the text may lead anywhere."""
    found = find_ways("t.tpl", text.encode())
    if found is not None:
        rest = text
        for way in found:
            assert ".." in way.path.split("/") and way.path.rstrip("./")
            rest = rest.replace(way.path, "")
        assert "/../" not in f"/{rest}/"
