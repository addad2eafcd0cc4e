"""Each example of the README plans as it stands there; only the address of the module is another."""

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"^### (.+?)$|^```hcl\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def named() -> list[Any]:
    """The examples, by the heading they stand under."""
    heading, found = "Use", []
    for title, code in EXAMPLES:
        heading = title or heading
        if code:
            found.append(pytest.param(code, id=heading))
    return found


@pytest.mark.parametrize("code", named())
def test_the_readme_can_be_copied(terraform: Any, code: str) -> None:
    subject = terraform("minimal")
    (subject.folder / "outputs.tf").unlink()
    (subject.folder / "main.tf").write_text(re.sub(r'source = "git::[^"]+"', 'source = "../.."', code))
    changes = subject.plan()["resource_changes"]
    assert any(change["change"]["actions"] == ["create"] for change in changes)
