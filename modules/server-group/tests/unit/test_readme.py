"""Each example of the README plans as it stands there; what it takes from elsewhere is put in its place."""

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"
ELSEWHERE = {
    r'source = "git::[^"]+"': 'source = "../.."',
    r"module\.vpc\.vpc_id": '"vpc-0123456789abcdef0"',
    r'values\(module\.vpc\.subnet_ids\["\w+"\]\)': '["subnet-0a", "subnet-0b"]',
    r"aws_acm_certificate\.web\.arn": '"arn:aws:acm:us-east-1:123456789012:certificate/1111-2222"',
}
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
    for pattern, text in ELSEWHERE.items():
        code = re.sub(pattern, text, code)
    for name in ("network.tf", "outputs.tf"):
        (subject.folder / name).unlink()
    (subject.folder / "main.tf").write_text(code)
    changes = subject.plan()["resource_changes"]
    assert any(change["change"]["actions"] == ["create"] for change in changes)
