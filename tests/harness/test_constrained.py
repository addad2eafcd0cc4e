"""A warm run never lets a provider in that a module's constraint keeps out: then all of it is stock Terraform's."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from pipeline.adapters.processes import base_environment
from pipeline.adapters.terraform import Terraform
from pipeline.adapters.warm import WarmProvider
from pipeline.adapters.warm.attach import attach_to
from tests.warm.test_package import AWS, required

SCRIPT = """
import json, os, pathlib, sys
with open("called", "a") as log:
    log.write(f"{sys.argv[1]} {'attached' if os.environ.get('TF_REATTACH_PROVIDERS') else 'stock'}\\n")
if sys.argv[1] == "init":
    net = pathlib.Path(".terraform/modules/net")
    net.mkdir(parents=True, exist_ok=True)
    (net / "main.tf").write_text(os.environ["FETCHED"])
    (net.parent / "modules.json").write_text(json.dumps({"Modules": [{"Dir": ".terraform/modules/net"}]}))
"""


class Warm:
    """A relay of 5.100.0."""

    def provider(self) -> tuple[str, str]:
        return AWS, "5.100.0"

    def environment(self, aws: Mapping[str, str], types: frozenset[str] | None, *, ready: bool) -> dict[str, str]:
        return {"TF_REATTACH_PROVIDERS": "{}"}


@pytest.mark.parametrize(
    ("own", "fetched", "called"),
    [
        (">= 5.0", ">= 5.0", ["init attached", "plan attached"]),
        (">= 6.0.0", ">= 5.0", ["init stock", "plan stock"]),
        (">= 5.0", ">= 6.0.0", ["init attached", "init stock", "plan stock"]),
    ],
)
def test_terraform_is_stock_where_a_module_does_not_allow_the_version(
    tmp_path: Path, own: str, fetched: str, called: list[str]
) -> None:
    script = tmp_path / "terraform.py"
    script.write_text(SCRIPT)
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "versions.tf").write_text(required(own))
    terraform = Terraform(
        argv=(sys.executable, str(script)),
        workdir=folder,
        env=base_environment({"FETCHED": required(fetched)}),
        attach=attach_to(cast(WarmProvider, Warm()))({}, True),
    )
    terraform.init("-input=false")
    terraform.plan("modferry.tfplan")
    assert (folder / "called").read_text().splitlines() == called
