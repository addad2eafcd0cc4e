"""Repositories with stacks, and ledgers written through the real adapter, entry by entry as modferry writes them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.cli import run
from pipeline.domain.ledger import Draft, Entry
from pipeline.domain.pins import content_digest, content_shape, find_pins, refs_of
from pipeline.domain.promotion import claims
from pipeline.domain.promotion.claims import Opening
from pipeline.domain.promotion.phases import Kind, Outcome, Phase, StackPhase
from pipeline.domain.promotion.record import Content, Holder, PlanFacts
from tests.conftest import NOW, MakeRepository, git, write_files

SOURCE = "https://github.com/acme/infra.git"
SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
TOML = f'source = "{SOURCE}"\n'
HOLDER = Holder(host="host", mark="1.1", actor="ann")
PLAN = PlanFacts(hash="0" * 16, change=1)


def pinned(**versions: str) -> str:
    """A stack's main.tf that pins modules (name=version)."""
    calls = [
        f'module "{name.replace("_", "-")}" {{\n'
        f'  source = "git::{SOURCE}//modules/{name.replace("_", "-")}?ref={name.replace("_", "-")}/v{version}"\n}}\n'
        for name, version in versions.items()
    ]
    return "\n".join(calls)


def stack_path(name: str) -> str:
    return f"environments/{name}/main.tf"


@dataclass(kw_only=True)
class Story:
    """One clone, its ledger, and a clock that tests move."""

    clone: Path
    now: datetime = NOW
    names: int = 0
    ledger: GitLedger = field(init=False)

    def __post_init__(self) -> None:
        self.repository = GitRepository(self.clone)
        self.ledger = GitLedger(self.repository, lambda: self.now, "ann")

    def write(self, *drafts: Draft) -> tuple[Entry, ...]:
        return self.ledger.append(lambda _: drafts, push=True)

    def release(self, module: str, *versions: str, **more: Any) -> None:
        for version in versions:
            body: dict[str, Any] = {
                "module": module,
                "version": version,
                "tag": f"{module}/v{version}",
                "commit": self.repository.head(),
                "digest": "sha256:" + "d" * 64,
                "shipped": "sha256:" + "5" * 64,
                "bump": "minor",
                "from": "",
                "evidence": [],
                "facts": [],
            }
            self.write(Draft(kind="release", body={**body, **more}))

    def main(self, files: Mapping[str, str], message: str = "feat: move") -> str:
        """Commit files and push main."""
        write_files(self.clone, dict(files))
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", message)
        git(self.clone, "push", "-q", "origin", "main")
        return self.repository.head()

    def content(self, name: str, **versions: str) -> Content:
        """What a stack is on this clone's main; with versions, as if it pinned them."""
        folder = self.clone / "environments" / name
        files = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
        if versions:
            files["main.tf"] = pinned(**versions).encode()
        return Content(
            commit=self.repository.head(),
            pins=refs_of(find_pins(files, SOURCE)),
            digest=content_digest(files),
            shape=content_shape(files, SOURCE),
        )

    def open(self, environment: str, contents: Mapping[str, Content], *, reason: str = "", **targets: str) -> str:
        """Open a promotion of one wave and announce its apply; the stacks are `applying`."""
        self.names += 1
        name = f"p-{self.names}"
        fleet = claims.fleet_of(self.ledger.history())
        opening = Opening(
            id=name,
            kind=Kind.PROMOTE,
            environment=environment,
            targets=targets,
            waves=(tuple(contents),),
            stacks={s: (fleet.stack(environment, s).content, c.pins) for s, c in contents.items()},
            base=self.repository.head(),
            reason=reason,
        )
        self.ledger.append(lambda history: claims.open_promotion(history, opening, HOLDER), push=True)
        told = {
            stack: {"phase": "applying", "content": content.to_body(), "plan": PLAN.to_body()}
            for stack, content in contents.items()
        }
        self.ledger.append(
            lambda history: claims.move(history, name, 1, Phase.APPLYING, wave=0, stacks=told), push=True
        )
        return name

    def stacks(self, name: str, phase: StackPhase, *stacks: str, **details: Any) -> None:
        for stack in stacks:
            self.ledger.append(
                lambda history, stack=stack: claims.move_stack(  # type: ignore[misc]
                    history, name, 1, stack, phase, **details
                ),
                push=True,
            )

    def move(self, name: str, phase: Phase, **details: Any) -> None:
        self.ledger.append(lambda history: claims.move(history, name, 1, phase, **details), push=True)

    def close(self, name: str, outcome: Outcome, reason: str = "") -> None:
        self.ledger.append(lambda history: claims.close(history, name, 1, outcome, reason=reason), push=True)

    def verified(self, environment: str, contents: Mapping[str, Content], **targets: str) -> str:
        """A whole promotion that ends well, landed at this clone's main."""
        name = self.open(environment, contents, reason="", **targets)
        self.stacks(name, StackPhase.APPLIED, *contents)
        self.stacks(name, StackPhase.VERIFIED, *contents)
        self.move(name, Phase.LANDED, wave=0, commit=self.repository.head())
        self.close(name, Outcome.VERIFIED)
        return name

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def entries(self) -> Sequence[Entry]:
        tip = self.ledger.tip()
        return self.ledger.entries(None, tip) if tip else []


def begin(make: MakeRepository, stacks: Mapping[str, str], toml: str = TOML) -> Story:
    """A repository with two modules and stacks (`prod/a` → text of its main.tf)."""
    modules = {f"modules/{name}/main.tf": f'output "name" {{\n  value = "{name}"\n}}\n' for name in ("vpc", "core")}
    return Story(clone=make({"modferry.toml": toml, **modules, **{stack_path(n): t for n, t in stacks.items()}}))


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended: exit code, its JSON document, and what people saw."""

    code: int
    document: dict[str, Any]
    text: str


def check_schema(document: Mapping[str, Any]) -> None:
    """A document is what docs/schemas says of it."""
    command = str(document["schema"]).removeprefix("modferry.").removesuffix("/1")
    jsonschema.validate(document, json.loads((SCHEMAS / f"{command}.json").read_text()))


Modferry = Callable[..., Said]


def runner(
    where: Path, capsys: pytest.CaptureFixture[str], now: Callable[[], datetime] = lambda: NOW + timedelta(hours=1)
) -> Modferry:
    """Run a command in a clone, in this process; JSON documents are held against their schemas."""

    def modferry(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(["-C", str(where), *arguments], now)
        out, err = capsys.readouterr()
        document = json.load(StringIO(out)) if out.strip().startswith("{") else {}
        if document:
            check_schema(document)
        return Said(code=code, document=document, text=err)

    return modferry
