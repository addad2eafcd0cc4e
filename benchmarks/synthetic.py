"""A repository as it is after years: many modules, many stacks, a long ledger. Made with `git fast-import`.

The ledger is written by modferry's own code, entry by entry, as releases, promotions and tests write it.
"""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from pipeline.domain.evidence import Evidence, Tools
from pipeline.domain.history import History, fold
from pipeline.domain.ledger import Draft, Entry, write
from pipeline.domain.pins import content_digest, content_shape
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.phases import Kind, Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Content, Holder, PlanFacts
from pipeline.domain.verdict import Suite, Verdict

SOURCE = "https://example.test/acme/infra.git"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
WHO = b"Bench <bench@example.test> 1704067200 +0000"
TOOLS = Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 5")
HOLDER = Holder(host="bench/1", mark="1.1", actor="bench")
PLAN = PlanFacts(hash="0" * 64, change=1)
ENVIRONMENTS = ("dev", "staging", "prod")
GROUP = 10
"""Stacks that one promotion moves together."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything."""

    modules: int
    stacks: int
    entries: int


FULL = Size(modules=500, stacks=1000, entries=50_000)
TENTH = Size(modules=50, stacks=100, entries=5_000)


def make(where: Path, size: Size) -> None:
    """Make the repository: `main`, a tag a release, the ledger branch; and a bare `origin` with all of it beside."""
    subprocess.run(("git", "init", "-q", "-b", "main", str(where)), check=True)
    stream = BytesIO()
    names = [f"m{i:03d}" for i in range(size.modules)]
    files = {"modferry.toml": f'source = "{SOURCE}"\n'.encode()}
    for number, name in enumerate(names):
        files |= module(name, names[number // 10] if number >= 10 else None)
    stacks = {f"{ENVIRONMENTS[i % 3]}/s{i:04d}": names[i % len(names)] for i in range(size.stacks)}
    for stack, name in stacks.items():
        files |= {f"environments/{stack}/{file}": data for file, data in stack_files(name).items()}
    commit(stream, "refs/heads/main", "feat: everything", files, mark=b":1")
    for name in names:
        for version in ("0.1.0", "0.2.0"):
            stream.write(f"reset refs/tags/{name}/v{version}\nfrom :1\n\n".encode())
    head = _import(where, stream)
    stream = BytesIO()
    for entry in ledger(size, names, stacks, head):
        commit(stream, "refs/heads/modferry-ledger", f"modferry ledger: {entry.kind}", {entry.path: entry.to_bytes()})
    _import(where, stream)
    origin = where.with_name(f"{where.name}-origin.git")
    for words in (
        ("reset", "-q", "--hard", "main"),
        ("config", "user.email", "bench@example.test"),
        ("clone", "-q", "--bare", ".", str(origin)),
        ("remote", "add", "origin", str(origin)),
        ("fetch", "-q", "origin"),
    ):
        subprocess.run(("git", *words), cwd=where, check=True)


def _import(where: Path, stream: BytesIO) -> str:
    """Import what the stream has; the commit that main is at then."""
    importer = ("git", "fast-import", "--quiet", "--done")
    subprocess.run(importer, cwd=where, input=stream.getvalue() + b"done\n", check=True)
    asked = subprocess.run(("git", "rev-parse", "main"), cwd=where, check=True, capture_output=True, text=True)
    return asked.stdout.strip()


def module(name: str, calls: str | None) -> dict[str, bytes]:
    """A small module's files; every tenth of the names is called by ten others."""
    call = f'module "below" {{\n  source = "../{calls}"\n  name   = var.name\n}}\n' if calls else ""
    own = f'resource "aws_ssm_parameter" "this" {{\n  name  = "/{name}"\n  type  = "String"\n  value = "x"\n}}\n'
    texts = {
        "CHANGELOG.md": "# Changelog\n",
        "README.md": f"# {name}\n",
        "main.tf": own + call,
        "outputs.tf": 'output "arn" {\n  description = "ARN."\n  value       = aws_ssm_parameter.this.arn\n}\n',
        "variables.tf": 'variable "name" {\n  type        = string\n  description = "Name."\n  default     = "x"\n}\n',
        "versions.tf": 'terraform {\n  required_version = ">= 1.11, < 2.0"\n}\n',
        "examples/minimal/main.tf": 'module "this" {\n  source = "../.."\n}\n',
        "tests/unit/plan.tftest.hcl": 'run "plan" {\n  command = plan\n}\n',
    }
    return {f"modules/{name}/{path}": text.encode() for path, text in texts.items()}


def stack_files(name: str) -> dict[str, bytes]:
    """A stack that pins one module."""
    pin = f"git::{SOURCE}//modules/{name}?ref={name}/v0.2.0"
    return {
        "main.tf": f'module "{name}" {{\n  source = "{pin}"\n  name   = "x"\n}}\n'.encode(),
        "versions.tf": b'terraform {\n  required_version = ">= 1.11, < 2.0"\n}\n',
    }


def ledger(size: Size, names: list[str], stacks: Mapping[str, str], head: str) -> Iterator[Entry]:
    """Releases, then promotions, then evidence up to the size; the chain is whole."""
    last: Entry | None = None
    for number, draft in enumerate(_drafts(size, names, stacks, head)):
        now = BEGIN + timedelta(minutes=15 * number)
        [last] = write([draft], after=last, now=now, actor="bench")
        yield last


def _drafts(size: Size, names: list[str], stacks: Mapping[str, str], head: str) -> Iterator[Draft]:
    count = 0
    for draft in _told(size, names, stacks, head):
        yield draft
        count += 1
    for number in range(size.entries - count):
        suite = tuple(Suite)[number % 3]
        key = TOOLS.key(digest=f"sha256:{number:064x}", suite=suite, target="moto")
        cases = tuple(f"tests/{suite}/case.tftest.hcl::run_{i}" for i in range(5))
        name = names[number % len(names)]
        found = Evidence(key=key, module=name, verdict=Verdict.PASSED, counts={"passed": 5}, seconds=3.0, passed=cases)
        yield Draft(kind="evidence", body=found.to_body())


def _told(size: Size, names: list[str], stacks: Mapping[str, str], head: str) -> Iterator[Draft]:
    for name in names:
        for version in ("0.1.0", "0.2.0"):
            tag = f"{name}/v{version}"
            told = {"module": name, "version": version, "tag": tag, "commit": head, "bump": "minor", "from": ""}
            yield Draft(kind="release", body={**told, "digest": "sha256:0", "shipped": "sha256:0", "evidence": []})
    rounds = max(1, size.entries // (5 * size.stacks))
    for turn in range(rounds):
        for environment in ENVIRONMENTS:
            mine = [s.partition("/")[2] for s in stacks if s.startswith(environment + "/")]
            for first in range(0, len(mine), GROUP):
                group = mine[first : first + GROUP]
                yield from _promotion(f"p{turn}-{environment}-{first}", environment, group, stacks)


def _promotion(name: str, environment: str, group: list[str], stacks: Mapping[str, str]) -> Iterator[Draft]:
    """One promotion that ends verified, as the engine writes it; seen alone, a claim knows no other."""
    contents = {stack: _content(stacks[f"{environment}/{stack}"]) for stack in group}
    history = History()
    last: Entry | None = None

    def told(drafts: Sequence[Draft]) -> Sequence[Draft]:
        nonlocal last
        entries = write(drafts, after=last, now=BEGIN, actor="bench")
        last = entries[-1]
        fold(history, entries)
        return drafts

    opening = Opening(
        id=name,
        kind=Kind.PROMOTE,
        environment=environment,
        targets={"many": "0.2.0"},
        waves=(tuple(group),),
        stacks={stack: (None, contents[stack].pins) for stack in group},
        base="0" * 40,
        reason="",
    )
    yield from told(claims.open_promotion(history, opening, HOLDER))
    plans = {s: {"phase": "applying", "content": c.to_body(), "plan": PLAN.to_body()} for s, c in contents.items()}
    yield from told(claims.move(history, name, 1, Phase.APPLYING, wave=0, stacks=plans))
    for phase in (StackPhase.APPLIED, StackPhase.VERIFIED):
        for stack in group:
            yield from told(claims.move_stack(history, name, 1, stack, phase))
    yield from told(claims.move(history, name, 1, Phase.LANDED, wave=0, commit="0" * 40))
    yield from told(claims.close(history, name, 1, Outcome.VERIFIED, reason=""))


def _content(name: str) -> Content:
    files = stack_files(name)
    digest, shape = content_digest(files), content_shape(files, SOURCE)
    return Content(commit="0" * 40, pins={name: f"{name}/v0.2.0"}, digest=digest, shape=shape)


def commit(stream: BytesIO, ref: str, message: str, files: Mapping[str, bytes], mark: bytes = b"") -> None:
    """One commit in fast-import's language; it stands on what this stream wrote to the ref before."""
    stream.write(b"commit %s\n" % ref.encode())
    if mark:
        stream.write(b"mark %s\n" % mark)
    stream.write(b"committer %s\ndata %d\n%s\n" % (WHO, len(message.encode()), message.encode()))
    for path, data in files.items():
        stream.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
    stream.write(b"\n")
