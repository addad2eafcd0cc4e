"""What a test process is handed by the run that started it: one JSON file, named by MODFERRY_HANDOUT."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "MODFERRY_HANDOUT"


@dataclass(frozen=True, kw_only=True)
class Handout:
    """Where and against what a test runs.

    `root` is the private copy of the tree, `module` the module's path in it; `aws` the target's complete
    AWS environment, `terraform` the program, `env` what Terraform needs besides (CLI configuration, warm
    providers); `report` is where the plugin writes its cases; `seconds` limits one Terraform call; `inits` is where
    equal inits are shared (harness/inits.py), empty where each is made; `example` is the one (`examples/a`) that is
    applied while these tests look at it, or empty.
    """

    root: str
    module: str
    target: str
    region: str
    aws: Mapping[str, str]
    terraform: tuple[str, ...]
    env: Mapping[str, str]
    scratch: str
    report: str
    seconds: float
    abandon: bool
    inits: str
    example: str = ""

    def write(self, path: Path) -> None:
        """Write it for the child (only its owner may read it: it holds credentials)."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Handout":
        """Read it in the child."""
        raw = json.loads(path.read_text())
        return cls(**{**raw, "terraform": tuple(raw["terraform"])})
