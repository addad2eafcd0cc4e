"""The commands as CI starts them, with a key in the environment: test, release, verify, on real Terraform."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeRepository, git
from tests.trust.keys import Key, allow

pytestmark = pytest.mark.terraform
HOME = Path(__file__).parents[2]
FILES = {
    "modferry.toml": '[test]\nsuites = ["unit"]\n',
    "modules/net/main.tf": 'variable "x" {\n  type = number\n}\noutput "y" {\n  value = var.x + 1\n}\n',
    "modules/net/tests/unit/a.tftest.hcl": (
        'run "adds" {\n  command = plan\n  variables {\n    x = 1\n  }\n'
        '  assert {\n    condition     = output.y == 2\n    error_message = "wrong"\n  }\n}\n'
    ),
}


def modferry(clone: Path, *words: str, **environ: str) -> tuple[int, Any, str]:
    done = subprocess.run(
        (sys.executable, "-m", "pipeline", *words, "--json"),
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(HOME), "XDG_CACHE_HOME": str(clone.parent / "cache"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


def test_what_ci_signs_is_released_and_proved_and_what_a_laptop_says_is_not(
    make_repository: MakeRepository, ci: Key
) -> None:
    clone = make_repository(FILES)
    allow(clone, ci)
    code, _, said = modferry(clone, "test")
    assert code == 0, said
    key = ci.path.read_text()
    code, document, said = modferry(clone, "release", "--push", MODFERRY_SIGNING_KEY=key)
    assert code == 10, said
    assert "is not signed, and there is allowed_signers of main" in document["refused"][0]["reasons"][0]

    code, document, said = modferry(clone, "test", MODFERRY_SIGNING_KEY=key)
    assert (code, [row["reused"] for row in document["results"]]) == (0, [False]), said
    code, document, said = modferry(clone, "release", "--push", MODFERRY_SIGNING_KEY=key)
    assert (code, [row["tag"] for row in document["released"]]) == (0, ["net/v0.1.0"]), said
    code, document, said = modferry(clone, "verify", "net/v0.1.0")
    assert (code, document["verified"]) == (0, True), said
    assert "evidence 2-" in said
    assert "unit passed on moto, signed by ci@acme" in said
    git(clone, "-c", "gpg.ssh.allowedSignersFile=allowed_signers", "tag", "-v", "net/v0.1.0")
    secret = key.splitlines()[1]
    every = git(clone, "log", "--all", "-p", "--format=%B") + said
    assert secret not in every
