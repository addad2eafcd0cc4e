"""What a promotion costs beside Terraform: over many stacks warm, and for one stack against Terraform by hand.

Real promotions of a real estate (git, state with its lock, the emulator); the own share is the time on the wall in
which no Terraform runs.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import Row, Section
from pipeline.adapters.emulators.moto import Moto, start_moto
from pipeline.adapters.git import GitRepository
from pipeline.adapters.processes import base_environment, run
from pipeline.adapters.toolchain import find_toolchain
from pipeline.domain.ledger import Draft
from pipeline.domain.pins import content_digest, content_shape, find_pins, refs_of
from pipeline.domain.promotion.record import Content
from tests.promotion.estate import SOURCE, Estate
from tests.promotion.real import bucket

HOME = Path(__file__).parents[1]
WAVES = 10
SMALL, LARGE = 20, 200
PAIRS = 5
ACCOUNT = "200000000001"

MODULE = """
variable "name" { type = string }
resource "aws_ssm_parameter" "note" {
  name  = "/note/${var.name}"
  type  = "String"
  value = "VALUE"
}
"""
STACK = """
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws", version = ">= 5.100.0, < 6.0.0" }}
  }}
  backend "s3" {{
    bucket       = "state"
    key          = "{stack}.tfstate"
    region       = "us-east-1"
    use_lockfile = true
  }}
}}
provider "aws" {{
  region = "us-east-1"
}}
module "note" {{
  source = "git::{source}//modules/note?ref=note/v0.1.0"
  name   = "{stack}"
}}
"""


def promotion(large: int = LARGE) -> Section:
    """The fleet in ten waves, a tenth of it before; then one stack against Terraform by hand."""
    small = max(WAVES, large // WAVES)
    few, many = over(small), over(large)
    each = (many["wall"] - many["terraform"]) / large
    cpu = (many["own_cpu"] + many["git_cpu"]) / large
    rows = [_said(small, few), _said(large, many)]
    rows += [
        Row(
            what=f"own share a stack, {large} stacks",
            found=f"{each:.2f} s wall (load {many['load']:.0f})",
            wanted="under 0.3 s",
            met=each < 0.3,
        ),
        Row(what="processor time in it, git included", found=f"{cpu:.2f} s"),
        Row(
            what=f"memory, {large} stacks ÷ {small}",
            found=f"{many['memory'] / few['memory']:.2f} times",
            wanted="at most 1.1 times",
            met=many["memory"] / few["memory"] <= 1.1,
        ),
        *one_stack(),
    ]
    how = (
        f"A module of one SSM parameter, S3 state with its lock, {WAVES} waves, warm, one stack at a time (`parallel = "
        "1`: Terraform cannot hide the rest), no checks but the empty second plan. Own share: seconds on the wall in "
        "which no Terraform runs, everything included from the process's start to its end (also the start of the warm "
        "provider). One stack: the same change of the same stack, both with stock Terraform, in turns; by hand is "
        "`init && plan && apply && plan` with what its files need already written, as a person starts it (modferry "
        "sets GOGC=400, which saves a stock plan a few tenths of a second)."
    )
    return Section(key="promotion", title="Promotions", how=how, rows=tuple(rows))


def _said(count: int, run: Mapping[str, Any]) -> Row:
    git = sum(n for what, n in run["seconds"].items() if what.startswith("git"))
    calls = sum(n for what, n in run["calls"].items() if what.startswith("git"))
    found = (
        f"{run['wall']:.0f} s wall, of it Terraform {run['terraform']:.0f} s, git {git:.1f} s in {calls} processes; "
        f"{run['own_cpu']:.1f} s of own processor time, {run['memory'] / 2**20:.0f} MiB (load {run['load']:.0f})"
    )
    return Row(what=f"`modferry promote`, {count} stacks in {WAVES} waves", found=found)


def over(count: int) -> dict[str, Any]:
    """One promotion over `count` stacks."""
    stacks = [f"s{number:03d}" for number in range(count)]
    size = count // WAVES
    waves = [stacks[at : at + size] for at in range(0, count, size)]
    with place(stacks, f"warm = true\nparallel = 1\nwaves = {json.dumps(waves)}") as estate:
        return promoted(estate, "0.2.0")


def one_stack() -> list[Row]:
    """Pairs of the same step, by modferry and by hand."""
    ours: list[float] = []
    hands: list[float] = []
    with place(["one"], "warm = false") as estate:
        promoted(estate, "0.2.0")
        for number in range(PAIRS):
            version, other = f"0.{3 + 2 * number}.0", f"0.{4 + 2 * number}.0"
            release(estate, version)
            ours.append(promoted(estate, version)["wall"])
            release(estate, other)
            hands.append(by_hand(estate, other))
            promoted(estate, other)  # the pins land; nothing is left to change
    ratio = statistics.median(ours) / statistics.median(hands)
    return [
        Row(what="one stack, stock: `modferry promote`", found=_seconds(ours)),
        Row(what="the same by hand: `terraform init && plan && apply && plan`", found=_seconds(hands)),
        Row(
            what="promote ÷ by hand",
            found=f"{ratio:.2f} times",
            wanted="at most 1.1 times",
            met=ratio <= 1.1,
        ),
    ]


def _seconds(found: list[float]) -> str:
    spread = ", ".join(f"{one:.1f}" for one in sorted(found))
    return f"median {statistics.median(found):.2f} s of {len(found)} ({spread}; load {os.getloadavg()[0]:.0f})"


def promoted(estate: Estate, version: str) -> dict[str, Any]:
    """What `modferry promote` took, seen from inside and from the clock."""
    out = estate.folder / "seen.json"
    words = ("promote", "note", version, "--to", "dev", "--json")
    load = os.getloadavg()[0]
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.promoting", str(out), *words),
        cwd=estate.clone,
        env={**estate.environ, "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"modferry {' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return {**json.loads(out.read_text()), "load": load}


def by_hand(estate: Estate, version: str) -> float:
    """Seconds of the four commands as a person types them, in a fresh copy whose pin was moved."""
    scratch = estate.folder / "hand"
    shutil.rmtree(scratch, ignore_errors=True)
    estate.git("pull", "--quiet", "--ff-only", "origin", "main")
    stack = scratch / "one"
    shutil.copytree(estate.clone / "environments" / "dev" / "one", stack)
    text = (stack / "main.tf").read_text()
    before = refs_of(find_pins({"main.tf": text.encode()}, SOURCE))["note"]
    (stack / "main.tf").write_text(text.replace(f"?ref={before}", f"?ref=note/v{version}"))
    tools = find_toolchain(scratch=scratch, environ=os.environ)
    settings = {name: value for name, value in tools.environment().items() if name != "GOGC"}
    redirect = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{estate.environ['MODFERRY_SOURCE_REDIRECT']}.insteadOf",
        "GIT_CONFIG_VALUE_0": SOURCE,
    }
    moto = _emulator(estate)
    total = 0.0
    for words in (("init",), ("plan", "-out=plan"), ("apply", "plan"), ("plan", "-detailed-exitcode")):
        outcome = run(
            (*tools.terraform, words[0], "-input=false", *words[1:]),
            cwd=stack,
            env=base_environment({**settings, **moto, **redirect}),
            seconds=600,
        )
        if outcome.code:
            raise SystemExit(f"terraform {words[0]} by hand: {outcome.stdout[-1000:]}{outcome.stderr[-1000:]}")
        total += outcome.seconds
    return total


def release(estate: Estate, version: str) -> None:
    """A version whose parameter has another value."""
    estate.push(version, {"modules/note/main.tf": MODULE.replace("VALUE", version)})
    estate.release("note", version)


@contextmanager
def place(stacks: list[str], settings: str) -> Iterator[Estate]:
    """dev with these stacks, known to the ledger as adopted (their first plan adds the parameter); 0.2.0 released."""
    with tempfile.TemporaryDirectory(prefix="modferry-bench-") as name:
        scratch = Path(name)
        moto = start_moto(scratch=scratch)
        try:
            aws = moto.environment(ACCOUNT)
            bucket(aws, "state")
            estate = Estate(folder=scratch, environ={"MODFERRY_EMULATOR": moto.endpoint, **_named()})
            toml = (
                f'source = "{SOURCE}"\n[[environment]]\nname = "dev"\ntarget = "moto"\naccount = "{ACCOUNT}"\n'
                f'rollback_age = "2d"\n{settings}\n'
            )
            files = {"modferry.toml": toml, "modules/note/main.tf": MODULE.replace("VALUE", "0.1.0")}
            for stack in stacks:
                files[f"environments/dev/{stack}/main.tf"] = STACK.format(stack=stack, source=SOURCE)
            estate.set_up(files)
            estate.release("note", "0.1.0")
            estate.environ["MODFERRY_SOURCE_REDIRECT"] = f"file://{estate.origin}"  # a path would link every object
            adopt(estate, stacks)
            release(estate, "0.2.0")
            yield estate
        finally:
            moto.end()


def adopt(estate: Estate, stacks: list[str]) -> None:
    """Entries that say: this is what main says."""
    commit = GitRepository(estate.clone, estate.environ).resolve("origin/main")
    drafts = []
    for stack in stacks:
        files = {"main.tf": (estate.clone / "environments" / "dev" / stack / "main.tf").read_bytes()}
        content = Content(
            commit=commit,
            pins=refs_of(find_pins(files, SOURCE)),
            digest=content_digest(files),
            shape=content_shape(files, SOURCE),
        )
        body = {"environment": "dev", "stack": stack, "content": content.to_body(), "checks": []}
        drafts.append(Draft(kind="stack.adopted", body=body))
    estate.ledger().append(lambda _: tuple(drafts), push=True)


def _emulator(estate: Estate) -> dict[str, str]:
    return Moto(None, int(estate.environ["MODFERRY_EMULATOR"].rpartition(":")[2])).environment(ACCOUNT)


def _named() -> dict[str, str]:
    return {n: os.environ[n] for n in ("MODFERRY_TERRAFORM", "MODFERRY_PROVIDER_MIRROR") if n in os.environ}
