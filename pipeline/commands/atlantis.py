"""`modferry atlantis`: the atlantis.yaml that lets comments on pull requests plan and apply through modferry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.commands.comment import Render
from pipeline.commands.project import Project
from pipeline.domain.reach import RESERVED
from pipeline.errors import UndecidedError

FILE = "atlantis.yaml"


@dataclass(frozen=True, kw_only=True)
class Atlantis:
    """The file as it should be, and whether it is; `stacks`: project name → folder."""

    text: str
    is_current: bool
    stacks: Mapping[str, str]

    def to_json(self, *, written: bool) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "path": FILE,
            "current": self.is_current,
            "written": written,
            "projects": [{"name": name, "dir": folder} for name, folder in self.stacks.items()],
        }


def plan_atlantis(project: Project, render: Render) -> Atlantis:
    """The file for the working tree's stacks, in the order of environments. Raises UndecidedError without a stack."""
    settings, tree = project.settings, project.repository.tree(None)
    home = settings.environments_path.strip("/") + "/"
    names = {
        tuple(parts[:2])
        for path in tree.paths()
        if path.startswith(home) and path.endswith((".tf", ".tf.json"))
        if len(parts := path.removeprefix(home).split("/")) == 3 and parts[1] != RESERVED and parts[0] in settings.order
    }
    stacks = sorted(names, key=lambda name: (settings.order.index(name[0]), name[1]))
    if not stacks:
        raise UndecidedError(f"There is no stack in {home}.", remedy="add one, then modferry atlantis")
    rows = [
        {
            "name": f"{environment}/{stack}",
            "dir": f"{home}{environment}/{stack}",
            "group": settings.order.index(environment),
        }
        for environment, stack in stacks
    ]
    branch = settings.release.branch
    text = render(
        "atlantis.yaml.j2",
        {"stacks": rows, "branch": branch, "pattern": f"/^{re.escape(branch)}$/", "home": home},
    )
    found = tree.read(FILE).decode() if FILE in tree.paths() else ""
    return Atlantis(text=text, is_current=found == text, stacks={str(row["name"]): str(row["dir"]) for row in rows})
