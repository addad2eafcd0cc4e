"""The commands that move stacks, with a `git` that writes down how it is called: no module is cloned."""

import shutil
from pathlib import Path

import pytest

from pipeline.adapters.emulators.moto import Moto
from tests.conftest import write_files
from tests.promotion.real import make_estate

pytestmark = pytest.mark.terraform


def test_no_repository_is_cloned_to_deploy_to_promote_and_to_look_for_drift(
    tmp_path: Path, emulator: Moto, relay: str
) -> None:
    estate, calls = make_estate(tmp_path, emulator, relay, {"dev": ("one",)}), tmp_path / "calls"
    write_files(tmp_path, {"bin/git": f'#!/bin/sh\necho "$*" >> {calls}\nexec {shutil.which("git")} "$@"\n'})
    (tmp_path / "bin/git").chmod(0o755)
    estate.environ["PATH"] = f"{tmp_path}/bin:{estate.environ['PATH']}"
    for words in (("promote", "note", "0.2.0", "--to", "dev"), ("deploy", "dev", "--plan-only"), ("drift",)):
        code, document, said = estate.modferry(*words)
        assert code in (0, 3), (document, said)
        called = calls.read_text().splitlines()
        assert called and not [line for line in called if line.startswith(("clone", "submodule"))], words
    assert "ref=note/v0.2.0" in estate.pins("dev", "one")
    (estate.clone / ".git/info/attributes").write_text("* -text\n")
    estate.modferry("drift")
    assert "clone" in calls.read_text(), "what is left to Terraform is cloned, and seen here"
