"""What a README shows is what the tests apply: each HCL block stands in one of the module's examples."""

import re
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / "modules"
_BLOCK = re.compile(r"^```hcl\n(.*?)^```", re.MULTILINE | re.DOTALL)


def words(text: str) -> str:
    """HCL without what formatting and the place of a block change; `source` differs between user and example."""
    return " ".join(re.sub(r'source = ".*"', "", text).split())


@pytest.mark.parametrize("name", ["core", "eks"])
def test_blocks_of_the_readme_stand_in_the_examples(name: str) -> None:
    blocks = _BLOCK.findall((MODULES / name / "README.md").read_text())
    examples = [words(path.read_text()) for path in sorted((MODULES / name).glob("examples/*/main.tf"))]
    strange = [
        part
        for block in blocks
        for part in re.split(r"\n\n(?=\S)", block)
        if not any(words(part) in example for example in examples)
    ]
    assert len(blocks) >= 3
    assert strange == []
