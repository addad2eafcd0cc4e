"""Discovery, digests and status on a synthetic repository, and how their cost grows."""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks import synthetic
from benchmarks.measure import Sample, measure, median
from benchmarks.report import Row, Section
from pipeline.adapters.processes import base_environment

REPEATS = 3
LIMIT = 2.0
COMMANDS = (
    ("modules, ledger never read before", ("modules",), True),
    ("modules", ("modules",), False),
    ("status", ("status", "--offline"), False),
    ("history --limit 20", ("history", "--limit", "20"), False),
    ("promote --plan-only", ("promote", "m000", "0.1.0", "--to", "dev", "--plan-only"), False),
)
TERRAFORM = """#!/bin/sh
case "$1" in
  version) echo '{"terraform_version":"1.11.4"}' ;;
  plan) for word in "$@"; do case $word in -out=*) echo plan > "${word#-out=}" ;; esac; done; exit 2 ;;
  show) cat <<END
{"format_version":"1.2","terraform_version":"1.11.4","output_changes":{},"configuration":{},"resource_changes":[
{"address":"module.m000.aws_ssm_parameter.this","mode":"managed","type":"aws_ssm_parameter","name":"this",
"provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"value":"x"},
"after":{"value":"y"},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}]}
END
  ;;
esac
"""
"""Answers at once what Terraform would say of one changed resource: its own time is not what is measured here."""
REPLAY = Path("modferry") / "replay.pickle"


def scale() -> Section:
    """A tenth, then the whole: `modules`, `status`, `history`, `promote --plan-only`."""
    with tempfile.TemporaryDirectory(prefix="modferry-bench-") as scratch:
        (Path(scratch) / "terraform").write_text(TERRAFORM)
        (Path(scratch) / "terraform").chmod(0o755)
        found = {}
        for name, size in (("tenth", synthetic.TENTH), ("full", synthetic.FULL)):
            where = Path(scratch) / name
            synthetic.make(where, size)
            found[name] = {what: _sample(where, argv, fresh) for what, argv, fresh in COMMANDS}
    rows = []
    for what, _, fresh in COMMANDS:
        promised = not fresh
        small, full = found["tenth"][what], found["full"][what]
        text = (
            f"{full.wall:.2f} s wall, {full.cpu:.2f} s processor, {full.memory / 2**20:.0f} MiB "
            f"(load {full.load:.0f}); a tenth: {small.cpu:.2f} s processor, {full.cpu / small.cpu:.1f} times less"
        )
        rows.append(
            Row(
                what=what,
                found=text,
                wanted="under 2 s" if promised else "",
                met=full.wall < LIMIT if promised else None,
            )
        )
    how = (
        "500 modules, 1,000 stacks, 50,000 ledger entries in as many commits, 1,000 tags; and a tenth of each. "
        f"Each command {REPEATS} times in its own process, the run with the median processor time is shown. The first "
        "row replays the ledger without the disposable cache of its replay. `promote` plans the one stack of dev that "
        "pins the module; a script answers in Terraform's place, whose own time is not counted."
    )
    return Section(key="scale", title="A large repository", how=how, rows=tuple(rows))


def _sample(where: Path, argv: tuple[str, ...], fresh: bool) -> Sample:
    samples = []
    env = base_environment(
        {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "XDG_CACHE_HOME": str(where.parent / "cache"),
            "MODFERRY_TERRAFORM": str(where.parent / "terraform"),
            "MODFERRY_COLD": "1",
        }
    )
    for _ in range(REPEATS):
        if fresh:
            (where / ".git" / REPLAY).unlink(missing_ok=True)
        sample = measure((sys.executable, "-m", "pipeline", "-C", str(where), *argv), cwd=where, env=env)
        if sample.code not in (0, os.EX_OK):
            raise SystemExit(f"modferry {' '.join(argv)} ended with {sample.code}")
        samples.append(sample)
    return median(samples)
