"""The import edges of design: cli → verbs → {commands, wiring}; commands → {domain, ports}; wiring → adapters."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "pipeline"
ALWAYS = {"errors", "__init__"}
ALLOWED = {
    "domain": {"domain"},
    "ports": {"domain"},
    "commands": {"commands", "domain", "ports"},
    "adapters": {"adapters", "domain", "ports"},
    "config": {"domain"},
    "console": set(),
    "wiring": {"adapters", "commands", "config", "domain", "ports", "wiring"},
    "verbs": {"verbs", "cli", "commands", "config", "console", "domain", "wiring"},
    "cli": {"console", "verbs"},
    "errors": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
PURE = {"os", "subprocess", "time", "logging", "pathlib", "socket", "random", "threading", "shutil", "tempfile"}


def area(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import, wherever it stands in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_edges(path: Path) -> None:
    here = area(path)
    wrong = []
    for line, name in imported(path):
        parts = name.split(".")
        if parts[0] == "pipeline" and len(parts) > 1 and parts[1] not in ALLOWED[here] | ALWAYS:
            wrong.append(f"{path.name}:{line} imports {name}")
        if here == "domain" and parts[0] in PURE:
            wrong.append(f"{path.name}:{line}: domain is pure, and imports {name}")
    assert not wrong


def test_no_file_is_too_long() -> None:
    sizes = {p: len(p.read_text().splitlines()) for p in ROOT.rglob("*.py")}
    assert not [f"{p.relative_to(ROOT)}: {n}" for p, n in sizes.items() if n > 300]


def test_every_file_says_what_it_promises() -> None:
    silent = [
        p for p in ROOT.rglob("*.py") if p.read_text().strip() and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert not silent


def test_only_main_exits() -> None:
    exits = [
        str(p.relative_to(ROOT))
        for p in ROOT.rglob("*.py")
        if any(
            isinstance(n, ast.Call) and ast.unparse(n.func) in ("sys.exit", "exit", "quit")
            for n in ast.walk(ast.parse(p.read_text()))
        )
    ]
    assert exits == ["cli.py"]
