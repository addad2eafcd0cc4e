"""How the suites of a module fall into parts that can run beside each other, in which order and on which machine.

A part is the smallest thing that is run, timed and repeated alone: the static checks, one `*.tftest.hcl`
file, the pytest files of one suite, one example's life cycle with the tests that look at it. A suite's cases are those
of all its parts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain.module import Module, ModuleGraph
from pipeline.domain.verdict import Suite

SECOND_PLAN = "second plan is empty"
"""The case of an example's life that says so."""


@dataclass(frozen=True, kw_only=True, order=True)
class Part:
    """`kind` is static, native, pytest, example or upgrade; `files` are paths below the module: an example's folder
    comes before the tests that look at it while it is applied.

    `base` is the tag (or ref) of the release that an upgrade starts from; its files are those of that release.
    `settled`: evidence says already that the release, applied, wants nothing more.
    """

    module: str
    path: str
    suite: Suite
    kind: str
    files: tuple[str, ...] = ()
    base: str = ""
    settled: bool = False

    @property
    def label(self) -> str:
        """For people and for timings: unique within a suite."""
        return self.files[0] if len(self.files) == 1 or self.kind == "example" else self.kind

    @property
    def applies(self) -> bool:
        """Whether running it may create resources."""
        return self.suite in (Suite.INTEGRATION, Suite.UPGRADE)


def parts_of(graph: ModuleGraph, module: Module, suites: Iterable[Suite]) -> tuple[Part, ...]:
    """Every part of these suites that the module's files give; an empty suite has none.

    The upgrade suite's parts come from the release before: `upgrade_parts`.
    """
    prefix = "" if module.is_root else module.path + "/"
    own = [p.removeprefix(prefix) for p in graph.folders[module.path]]
    found: list[Part] = []
    for suite in suites:
        found += _suite_parts(module, suite, own)
    return tuple(found)


def examples_in(paths: Iterable[str]) -> tuple[str, ...]:
    """Names of the folders below `examples/` with configuration in them."""
    rows = (p.split("/") for p in paths)
    return tuple(dict.fromkeys(r[1] for r in rows if len(r) == 3 and r[0] == "examples" and r[2].endswith(".tf")))


def upgrade_parts(
    released: ModuleGraph, name: str, path: str, base: str, passed: Collection[str] = ()
) -> tuple[Part, ...]:
    """One part for each example of a release; `path` is where the candidate of the module lies now.

    `passed` are the integration cases of the release that evidence says passed with the same tools.
    """
    module = released.modules.get(name)
    if module is None:
        return ()
    prefix = "" if module.is_root else module.path + "/"
    own = [p.removeprefix(prefix) for p in released.folders[module.path]]
    return tuple(
        Part(
            module=name, path=path, suite=Suite.UPGRADE, kind="upgrade", files=(f"examples/{e}",), base=base,
            settled=f"examples/{e}::{SECOND_PLAN}" in passed,
        )
        for e in examples_in(own)
    )  # fmt: skip


def _suite_parts(module: Module, suite: Suite, own: Sequence[str]) -> list[Part]:
    def part(kind: str, *files: str) -> Part:
        return Part(module=module.name, path=module.path, suite=suite, kind=kind, files=files)

    if suite is Suite.STATIC:
        return [part("static")]
    folder = f"tests/{suite}/"
    inside = [p for p in own if p.startswith(folder)]
    native = [part("native", p) for p in inside if p.endswith((".tftest.hcl", ".tftest.json"))]
    python = [p for p in inside if _is_python_test(p)]
    found = [*native, *([part("pytest", *python)] if python and suite is Suite.UNIT else [])]
    if suite is Suite.INTEGRATION:
        found += [part("pytest", p) for p in python]
        looking = _tests_of_examples(own)
        found += [part("example", f"examples/{name}", *looking.pop(name, ())) for name in examples_in(own)]
        found += [part("pytest", p) for files in looking.values() for p in files]  # no such example: they say so
    return found


def _is_python_test(path: str) -> bool:
    return path.rpartition("/")[2].startswith("test_") and path.endswith(".py")


def _tests_of_examples(own: Sequence[str]) -> dict[str, list[str]]:
    """Example → its tests: `tests/examples/<example>/test_*.py`."""
    found: dict[str, list[str]] = {}
    for path in filter(_is_python_test, own):
        folders = path.split("/")[:-1]
        if len(folders) == 3 and folders[:2] == ["tests", "examples"]:
            found.setdefault(folders[2], []).append(path)
    return found


def longest_first(parts: Iterable[Part], seconds: Mapping[tuple[str, str, str], float], target: str) -> list[Part]:
    """Parts ordered by what their suite took last time, unknown ones first: the long pole starts early."""

    def expected(part: Part) -> float:
        whole = seconds.get((part.module, part.suite, target))
        guess = {"example": 60.0, "pytest": 40.0, "native": 20.0, "upgrade": 60.0}.get(part.kind, 10.0)
        weight = 1.0 if part.applies else 0.2
        return (whole if whole is not None else guess) * weight

    return sorted(parts, key=lambda part: (-expected(part), part))


def in_shard(
    suites: Sequence[tuple[str, Suite]],
    seconds: Mapping[tuple[str, str, str], float],
    target: str,
    shard: tuple[int, int],
) -> frozenset[tuple[str, Suite]]:
    """The suites of shard i of n: whole suites, the longest first onto the shard with the least to do.

    Every shard computes the same answer from the same ledger; a suite is never split, because evidence is of
    whole suites.
    """
    index, count = shard
    loads = [0.0] * count
    mine = set()
    for name, suite in sorted(suites, key=lambda s: (-seconds.get((s[0], s[1], target), 30.0), s)):
        lightest = loads.index(min(loads))
        loads[lightest] += seconds.get((name, suite, target), 30.0)
        if lightest == index - 1:
            mine.add((name, suite))
    return frozenset(mine)
