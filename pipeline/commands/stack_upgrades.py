"""`modferry diff MODULE --stacks`: what a candidate would do to each stack that pins the module, by its own state.

Nothing is applied and no state is written: a copy of the state is planned on.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.commands.ferry.crew import Stop, run_all
from pipeline.commands.project import Project
from pipeline.commands.status import Outlook, read_stacks
from pipeline.domain.module import Files
from pipeline.domain.stack_upgrade import Effect, Plans, StackUpgrade, Subject, judge_plans
from pipeline.errors import ModferryError, UsageError


class StackTrials(Protocol):
    """Hands that plan on copies of states. Thread-safe."""

    def plan(self, subject: Subject) -> Plans:
        """Plan the candidate on a copy of the stack's state; raises ModferryError where it could not be found out."""
        ...


OpenTrials = Callable[[Files, tuple[str, ...]], StackTrials]
"""(the candidate's tree, its files that users get) → hands for it."""


def find_subjects(outlook: Outlook, module: str) -> tuple[Subject, ...]:
    """The stacks on main that pin the module, in the order of environments. Raises UsageError where there is none."""
    main = outlook.main(False)
    order = {name: place for place, name in enumerate(outlook.project.settings.order)}
    stacks = read_stacks(outlook, outlook.project.repository.tree(main)) if main else ()
    found = [
        Subject(environment=one.environment, stack=one.stack, commit=main or "", module=module, pinned=one.pins[module])
        for one in stacks
        if module in one.pins and one.environment in order
    ]
    if not found:
        raise UsageError(f"No stack on main pins {module}.", remedy="leave out --stacks, or check `source`")
    return tuple(sorted(found, key=lambda one: (order[one.environment], one.stack)))


def plan_stacks(
    project: Project, subjects: Sequence[Subject], path: str, until: str | None, open_trials: OpenTrials
) -> tuple[StackUpgrade, ...]:
    """Every stack's answer, in the order given; `until`: the candidate's ref (None: the working tree)."""
    graph = project.graph(until)
    trials = open_trials(graph.files, graph.shipped_files(graph.find(path)))
    found: dict[str, StackUpgrade] = {}
    by_name = {subject.name: subject for subject in subjects}

    def plan(name: str) -> None:
        found[name] = _plan_one(project, trials, by_name[name])

    width = max((project.settings.in_environment(s.environment).parallel for s in subjects), default=1)
    run_all(list(by_name), plan, width=width, stop=Stop())
    return tuple(found[name] for name in by_name)


def _plan_one(project: Project, trials: StackTrials, subject: Subject) -> StackUpgrade:
    """One stack's trouble (no access, a lock file, a plan cut short) is that stack's answer, not the end of all."""
    settings = project.settings
    file = f"{settings.environments_path.strip('/')}/{subject.name}/main.tf"
    try:
        return judge_plans(subject, trials.plan(subject), file, settings.stateful)
    except ModferryError as error:
        return StackUpgrade(subject=subject, effect=Effect.UNKNOWN, why=error.what)
