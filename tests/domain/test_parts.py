"""How suites fall into parts: every file of a suite is in exactly one, and the long pole starts early."""

from pipeline.domain.module import Files, ModuleGraph, discover
from pipeline.domain.parts import Part, examples_in, longest_first, parts_of
from pipeline.domain.verdict import Suite

PATHS = (
    "modules/net/examples/complete/main.tf",
    "modules/net/examples/complete/nested/more.tf",
    "modules/net/examples/minimal/main.tf",
    "modules/net/examples/notes.md",
    "modules/net/main.tf",
    "modules/net/tests/integration/apply.tftest.hcl",
    "modules/net/tests/integration/helpers.py",
    "modules/net/tests/integration/test_a.py",
    "modules/net/tests/integration/test_b.py",
    "modules/net/tests/unit/a.tftest.hcl",
    "modules/net/tests/unit/b.tftest.json",
    "modules/net/tests/unit/conftest.py",
    "modules/net/tests/unit/test_a.py",
    "modules/net/tests/unit/test_b.py",
    "modules/net/tests/united/test_c.py",
)


def graph(paths: tuple[str, ...]) -> ModuleGraph:
    files = Files(paths=paths, read=lambda _: b"", mode=lambda _: "100644")
    return discover(files, patterns=("modules/*",), exclude=(), root_name="root")


def labels(suite: Suite) -> list[tuple[str, tuple[str, ...]]]:
    found = graph(PATHS)
    return [(part.kind, part.files) for part in parts_of(found, found.modules["net"], [suite])]


def test_static_is_one_part() -> None:
    assert labels(Suite.STATIC) == [("static", ())]


def test_unit_tests_in_python_share_a_process_native_files_do_not() -> None:
    assert labels(Suite.UNIT) == [
        ("native", ("tests/unit/a.tftest.hcl",)),
        ("native", ("tests/unit/b.tftest.json",)),
        ("pytest", ("tests/unit/test_a.py", "tests/unit/test_b.py")),
    ]


def test_what_applies_runs_in_parts_of_its_own() -> None:
    assert labels(Suite.INTEGRATION) == [
        ("native", ("tests/integration/apply.tftest.hcl",)),
        ("pytest", ("tests/integration/test_a.py",)),
        ("pytest", ("tests/integration/test_b.py",)),
        ("example", ("examples/complete",)),
        ("example", ("examples/minimal",)),
    ]


def test_a_module_without_tests_has_no_parts_but_static() -> None:
    found = graph(("modules/net/main.tf",))
    assert [part.kind for part in parts_of(found, found.modules["net"], Suite)] == ["static"]


def test_the_root_is_a_module_too() -> None:
    found = graph(("main.tf", "tests/unit/a.tftest.hcl", "examples/x/main.tf", "modules/net/main.tf"))
    kinds = [(part.kind, part.path, part.label) for part in parts_of(found, found.modules["root"], (Suite.UNIT,))]
    assert kinds == [("native", ".", "tests/unit/a.tftest.hcl")]


def test_an_example_has_the_tests_that_look_at_it() -> None:
    paths = (
        "main.tf",
        "examples/a/main.tf",
        "examples/b/main.tf",
        "tests/examples/a/conftest.py",
        "tests/examples/a/test_x.py",
        "tests/examples/a/test_y.py",
        "tests/examples/gone/test_z.py",
        "tests/examples/test_of_none.py",
    )
    found = graph(paths)
    parts = parts_of(found, found.modules["root"], (Suite.INTEGRATION,))
    assert [(part.kind, part.label, part.files) for part in parts] == [
        ("example", "examples/a", ("examples/a", "tests/examples/a/test_x.py", "tests/examples/a/test_y.py")),
        ("example", "examples/b", ("examples/b",)),
        ("pytest", "tests/examples/gone/test_z.py", ("tests/examples/gone/test_z.py",)),
    ]


def test_an_example_is_a_folder_with_configuration() -> None:
    assert examples_in(("examples/a/main.tf", "examples/a/b.tf", "examples/x.tf", "examples/b/README.md")) == ("a",)


def test_longest_first_by_what_is_known_then_by_kind_and_the_same_every_time() -> None:
    def part(module: str, suite: Suite, kind: str, label: str = "x") -> Part:
        return Part(module=module, path=module, suite=suite, kind=kind, files=(label,))

    quick = part("a", Suite.INTEGRATION, "native")
    slow = part("b", Suite.INTEGRATION, "native")
    fresh = part("c", Suite.INTEGRATION, "example")
    plans = [part("a", Suite.UNIT, "native", name) for name in ("x", "y")]
    seconds = {("a", "integration", "moto"): 5.0, ("b", "integration", "moto"): 300.0, ("b", "unit", "account"): 9e9}
    expected = [slow, fresh, quick, *plans]
    assert longest_first([*plans, quick, slow, fresh], seconds, "moto") == expected
    assert longest_first(reversed(expected), seconds, "moto") == expected
