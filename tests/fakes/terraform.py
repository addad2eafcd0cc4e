"""A program that plays Terraform: a shell script that answers as it is told."""

from pathlib import Path

PLAYS = """#!/bin/sh
case "$1" in
  version) echo '{"terraform_version":"1.11.4"}' ;;
  init|fmt) exit 0 ;;
  validate) echo '{"diagnostics":[]}' ;;
  test) cat stream.jsonl; exit "$(cat code)" ;;
  *) %s ;;
esac
"""


def write_fake_terraform(where: Path, otherwise: str = "exit 0") -> Path:
    """Write it: `terraform test` prints the module's stream.jsonl and ends with what its file `code` says."""
    where.mkdir(parents=True, exist_ok=True)
    program = where / "terraform"
    program.write_text(PLAYS % otherwise)
    program.chmod(0o755)
    return program
