"""Which promotions bring stacks that lag too far up again, in which order. Pure: lags in, steps out.

One step moves one module in one environment to the newest version that the environment pins. Environments come in
their order (a version must have been verified in the one before), modules after those that they are made of. A
version that is held, yanked, failing or not released is no goal: its step is skipped, with why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.domain.fleet.convergence import Lag
from pipeline.domain.history import History
from pipeline.domain.promotion.eligibility import why_stopped
from pipeline.domain.version import Version


@dataclass(frozen=True, kw_only=True)
class Step:
    """One promotion to make: `stacks` are the ones that lag, `says` why; `skipped`: why it is not made."""

    environment: str
    module: str
    version: Version
    stacks: tuple[str, ...]
    says: tuple[str, ...]
    skipped: str = ""

    @property
    def name(self) -> str:
        """`core 1.2.0 to prod`."""
        return f"{self.module} {self.version} to {self.environment}"

    @property
    def command(self) -> str:
        """What a person would run instead."""
        return f"modferry promote {self.module} {self.version} --to {self.environment}"


def plan_steps(
    lags: Iterable[Lag], history: History, environments: Sequence[str], modules: Sequence[str]
) -> tuple[Step, ...]:
    """One step for each environment and module that has a lag. `modules`: what others are made of comes first."""
    found: dict[tuple[str, str], list[Lag]] = {}
    for lag in lags:
        found.setdefault((lag.environment, lag.module), []).append(lag)
    rank = {name: place for place, name in enumerate(modules)}
    names = sorted(found, key=lambda name: (environments.index(name[0]), rank.get(name[1], len(rank)), name[1]))
    return tuple(_step(found[name], history, tuple(environments)) for name in names)


def _step(lags: Sequence[Lag], history: History, order: tuple[str, ...]) -> Step:
    environment, module, version = lags[0].environment, lags[0].module, lags[0].newest
    return Step(
        environment=environment,
        module=module,
        version=version,
        stacks=tuple(dict.fromkeys(lag.stack for lag in lags)),
        says=tuple(dict.fromkeys(f"{lag.environment}/{lag.stack}: {lag.says}" for lag in lags)),
        skipped=_why_not(history, module, version, environment, order),
    )


def _why_not(history: History, module: str, version: Version, environment: str, order: tuple[str, ...]) -> str:
    """Fails closed: an older version that may be promoted is no goal either, it would take stacks back."""
    if (module, version) not in history.releases:
        return f"{module} {version} is not released."
    return why_stopped(history, module, version, environment, order)
