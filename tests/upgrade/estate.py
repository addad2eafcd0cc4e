"""A tiny module with releases, in a real repository: a network whose subnet's CIDR is derived."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.adapters.git import GitRepository
from pipeline.adapters.ledger import GitLedger
from pipeline.commands.candidates import Gatherer
from pipeline.commands.project import Project
from pipeline.commands.release import Releaser, Wish
from pipeline.config import read_settings
from pipeline.domain.evidence import Evidence, Tools
from pipeline.domain.ledger import Draft
from pipeline.domain.verdict import Verdict
from tests.conftest import NOW, git, write_files

TOOLS = Tools(terraform="1.11.4", provider="5.100.0", emulator="moto 5")
SETTINGS = '[test]\nsuites = ["static", "upgrade"]\n'
NETWORK = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "cidr" {
  type    = string
  default = "10.0.0.0/16"
}

resource "aws_vpc" "this" {
  cidr_block = var.cidr
}

resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(var.cidr, 4, 1)
}
"""
EXAMPLE = 'provider "aws" {}\n\nmodule "network" {\n  source = "../.."\n}\n'
FILES = {
    "modferry.toml": SETTINGS,
    "modules/network/main.tf": NETWORK,
    "modules/network/examples/minimal/main.tf": EXAMPLE,
}


def project(where: Path) -> Project:
    """The repository as modferry sees it."""
    repository = GitRepository(where)
    ledger = GitLedger(repository, lambda: NOW, "ann")
    return Project(settings=read_settings(where), repository=repository, ledger=ledger, clock=lambda: NOW, name="clone")


def releaser(where: Path, tools: Tools = TOOLS) -> Releaser:
    """A release in which only measured facts count."""
    opened = project(where)
    assert isinstance(opened.repository, GitRepository)
    assert isinstance(opened.ledger, GitLedger)
    gatherer = Gatherer(project=opened, tools=tools, target="moto", facts=lambda *_: ())
    return Releaser(project=opened, repository=opened.repository, ledger=opened.ledger, gatherer=gatherer)


def prove(where: Path, suites: Sequence[str] = ("static",), tools: Tools = TOOLS) -> None:
    """Write evidence that these suites passed on the working tree's bytes."""
    opened = project(where)
    graph = opened.graph()
    drafts = []
    for name, module in graph.modules.items():
        for suite in suites:
            key = tools.key(digest=graph.digest(module), suite=suite, target="moto")
            found = Evidence(key=key, module=name, verdict=Verdict.PASSED, counts={"passed": 1}, seconds=1.0)
            drafts.append(Draft(kind="evidence", body=found.to_body()))
    opened.ledger.append(lambda _: drafts, push=False)


def release_first(where: Path, tools: Tools = TOOLS) -> None:
    """network/v0.1.0, on origin."""
    prove(where, tools=tools)
    assert releaser(where, tools).release(Wish(push=True)).released


def commit(where: Path, files: dict[str, str], message: str) -> None:
    """A commit with these files."""
    write_files(where, files)
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", message)
