"""`modferry stack new`, `stack retire`: a stack's folder made or taken away, as a change that a person commits.

Code comes first: nothing is applied and no branch moves. The new stack pins what is stable in its environment, asks
for an address block that no other stack has, and is brought up by `modferry deploy` once it is on main.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipeline.commands.project import Project
from pipeline.domain.history import History
from pipeline.domain.likeness import Likeness, as_template, blocks_in, check_name, free_block, likeness_of
from pipeline.domain.pin_lock import lock_of, with_lock
from pipeline.domain.pins import find_pins, move_pins, refs_of
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.eligibility import why_stopped
from pipeline.errors import RefusedError, UndecidedError, UsageError

Fill = Callable[[str, Mapping[str, str]], str]
"""(template, values) → text; raises UsageError for a value that the template wants and nobody gave."""
TEMPLATE_END = ".j2"


@dataclass(frozen=True, kw_only=True)
class NewStack:
    """A stack that was rendered. `files`: path in the repository → text; `pins`: module → ref."""

    environment: str
    stack: str
    like: str
    values: Mapping[str, str]
    pins: Mapping[str, str]
    files: Mapping[str, str]

    def to_json(self, *, written: bool) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "environment": self.environment,
            "stack": self.stack,
            "like": self.like,
            "values": dict(self.values),
            "pins": dict(self.pins),
            "files": sorted(self.files),
            "written": written,
            "next": f"commit it, merge it to main, then modferry deploy {self.environment}/{self.stack} --plan-only",
        }


def new_stack(
    project: Project, source: str, name: str, like: str, given: Mapping[str, str], fill: Fill, *, refresh: bool = True
) -> NewStack:
    """Render a stack from the template folder of the environments, or where there is none from `like` itself, with
    the lock of its pins.

    Raises UsageError for names and values that cannot be, RefusedError for a stack that exists or a full pool,
    UndecidedError where nothing is stable in the environment.
    """
    environment, stack = split_name(project, name)
    check_name(stack)
    tree = project.repository.tree(None)
    files = {path: tree.read(path).decode() for path in tree.paths() if path.startswith(_home(project, ""))}
    if _files_of(files, _home(project, f"{environment}/{stack}")):
        raise RefusedError(f"{name} exists.", remedy="choose another name, or change its files")
    like_environment, like_stack = split_name(project, like)
    model = _files_of(files, _home(project, f"{like_environment}/{like_stack}"))
    if not any(path.endswith(".tf") for path in model):
        raise UsageError(f"There is no stack {like}.", remedy=f"name one of {', '.join(_stacks(project, files))}")
    known = likeness_of(like_environment, like_stack, model, _pool(project, like_environment))
    values = choose_values(project, known, environment, stack, given, files)
    own = _files_of(files, _home(project, "template"))
    rendered = (
        {path.removesuffix(TEMPLATE_END): fill(text, values) for path, text in own.items()}
        if own
        else _derived(model, known, values, given, fill)
    )
    if refresh:
        project.ledger.fetch()
    history = project.ledger.history()
    pinned = refs_of(find_pins({p: t.encode() for p, t in rendered.items()}, source))
    pins = stable_pins(
        project, history, environment, pinned, prefer=like_stack if like_environment == environment else ""
    )
    moved = move_pins({p: t.encode() for p, t in rendered.items()}, source, pins)
    moved = with_lock(moved, lock_of(pins.values(), {}, history.releases.values()))
    home = _home(project, f"{environment}/{stack}")
    return NewStack(
        environment=environment,
        stack=stack,
        like=like,
        values=values,
        pins=pins,
        files={home + path: data.decode() for path, data in moved.items()},
    )


def split_name(project: Project, name: str) -> tuple[str, str]:
    """`prod/eu-central-1` → environment and stack; raises UsageError for anything else."""
    environment, slash, stack = name.partition("/")
    if not slash or not stack or "/" in stack:
        raise UsageError(f"{name!r} is not ENV/NAME.", remedy="prod/eu-central-1, for example")
    project.settings.in_environment(environment)
    return environment, stack


def choose_values(
    project: Project, known: Likeness, environment: str, stack: str, given: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, str]:
    """What the template is filled in with: what was given, else the name's region and the pool's next block."""
    region = stack if known.stack == known.region else known.region
    values = {"environment": environment, "stack": stack, "region": region, "cidr": "", **given}
    taken = [block for text in files.values() for block in blocks_in(text)]
    pool = _pool(project, environment)
    if "cidr" in given:
        wanted = blocks_in(given["cidr"])
        if len(wanted) != 1:
            raise UsageError(f"{given['cidr']!r} is no private address block.", remedy="--set cidr=10.32.16.0/20")
        if any(block.overlaps(wanted[0]) for block in taken):
            raise RefusedError(f"{given['cidr']} overlaps the block of another stack.", remedy="choose a free one")
    elif known.cidr and pool:
        values["cidr"] = free_block(pool, int(known.cidr.rpartition("/")[2]), taken)
    elif known.cidr:
        raise UsageError(
            f"{environment} has no pool to take an address block from.",
            remedy=f'--set cidr=…, or pool = "10.32.0.0/12" for {environment} in modferry.toml',
        )
    return values


def stable_pins(
    project: Project, history: History, environment: str, wanted: Mapping[str, str], *, prefer: str
) -> dict[str, str]:
    """Module → ref that is stable in the environment: in the stack `prefer`, else in the one that was verified last.

    Raises UndecidedError where no stack of the environment has a stable version of a module, RefusedError where each
    of them is yanked, held there or failing: a new stack is a new pin.
    """
    fleet = fleet_of(history)
    states = [state for (where, _), state in fleet.stacks.items() if where == environment and state.stable]
    states.sort(key=lambda state: (state.stack == prefer, state.stables[-1].at), reverse=True)
    found: dict[str, str] = {}
    for module in wanted:
        refs = [state.stable.pins[module] for state in states if state.stable and module in state.stable.pins]
        if not refs:
            raise UndecidedError(
                f"No version of {module} is stable in {environment}.",
                remedy=f"modferry deploy {environment}, or --like a stack of an environment that has one",
            )
        stopped = {ref: _why_stopped(project, history, module, ref, environment) for ref in refs}
        good = [ref for ref in refs if not stopped[ref]]
        if not good:
            raise RefusedError(
                f"No version of {module} that is stable in {environment} may be pinned anew: {stopped[refs[0]]}",
                remedy=f"promote another version of {module} to {environment} first",
            )
        found[module] = good[0]
    return found


def _why_stopped(project: Project, history: History, module: str, ref: str, environment: str) -> str:
    tag = project.tag_format.parse(ref, (module,), root=module)
    return why_stopped(history, module, tag.version, environment, project.settings.order) if tag else ""


def _derived(
    model: Mapping[str, str], known: Likeness, values: Mapping[str, str], given: Mapping[str, str], fill: Fill
) -> dict[str, str]:
    unknown = sorted(set(given) - {"region", "cidr"})
    if unknown:
        raise UsageError(
            f"Nothing takes {', '.join(unknown)}: --like {known.environment}/{known.stack} knows region and cidr.",
            remedy="set it in the new files, or write templates in environments/template/",
        )
    return {
        path: fill(as_template(text, known), values) if path.endswith((".tf", ".tfvars")) else text
        for path, text in model.items()
    }


def _files_of(files: Mapping[str, str], home: str) -> dict[str, str]:
    return {path.removeprefix(home): text for path, text in files.items() if path.startswith(home)}


def _stacks(project: Project, files: Mapping[str, str]) -> Sequence[str]:
    names = {PurePosixPath(path).parent.as_posix() for path in files if path.endswith(".tf")}
    return sorted(name.removeprefix(_home(project, "").rstrip("/") + "/") for name in names)


def _home(project: Project, name: str) -> str:
    return f"{project.settings.environments_path}/{name}/" if name else f"{project.settings.environments_path}/"


def _pool(project: Project, environment: str) -> str:
    return project.settings.in_environment(environment).pool
