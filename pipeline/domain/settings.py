"""What a repository can set in modferry.toml, with the defaults that hold without one.

Plain frozen records; config.py reads the file into them and names every mistake. Times are text like `90s`,
`15m`, `1h`, `2d`.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar, Literal

from pipeline.errors import UsageError

CLOSED: dict[str, Any] = {"extra": "forbid"}
"""An unknown key is an error, not a comment."""


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `1h`, `2d` or `0`; raises UsageError for anything else."""
    match = re.fullmatch(r"(\d+)([smhd]?)", text.strip())
    if not match:
        raise UsageError(f"{text!r} is not a length of time.", remedy="write it like 90s, 15m, 1h or 2d")
    unit = {"s": 1, "": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    return timedelta(seconds=int(match[1]) * unit)


@dataclass(frozen=True, kw_only=True)
class ModuleSettings:
    """Where modules are, as globs from the root of the repository."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    paths: tuple[str, ...] = ("modules/*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TestSettings:
    """Which suites a release needs and where tests run; `seconds` is the limit of one Terraform call."""

    __test__ = False
    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    suites: tuple[Literal["static", "unit", "integration", "upgrade"], ...] = ("static", "unit", "integration")
    target: Literal["moto", "localstack", "account"] = "moto"
    region: str = "us-east-1"
    seconds: int = 900
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class TagSettings:
    """How version tags are written and which existing ones are not ours."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    format: str = "{module}/v{version}"
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings:
    """First version and the branch that versions are cut from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    first: str = "0.1.0"
    branch: str = "main"


@dataclass(frozen=True, kw_only=True)
class SigningSettings:
    """What signs evidence and tags: the path of an SSH key (from the root of the repository, or `~/…`). The
    environment variable MODFERRY_SIGNING_KEY (a path, or the key itself) comes first. Empty: nothing is signed.
    Whose signatures count is not set here: the file `allowed_signers` on main says it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class WarmSettings:
    """Memory (bytes) above which idle provider processes are ended; 0: half of the machine's. `shorten`: whether
    the pauses that a provider makes for AWS are shortened where it talks to an emulator on this machine."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    memory: int = 0
    shorten: bool = True


@dataclass(frozen=True, kw_only=True)
class Check:
    """One verification of a stack after an apply, beside the empty second plan and the pytest files.

    It passes after `success_limit` passes in a row and fails after more than `failure_limit` + `retries` fails, one
    attempt each `interval`, for `timeout` at most. `{stack}`, `{environment}` and outputs may stand in `url`, `name`
    and `command`. `name`: of the alarm, target group, cluster or check block; for pytest a glob of files in `verify/`,
    which then run by this check alone. `status`, `body` and `latency` are what http wants.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    kind: Literal["pytest", "http", "cloudwatch_alarm", "target_health", "eks_cluster", "command", "terraform_checks"]
    url: str = ""
    status: int = 200
    body: str = ""
    latency: str = "5s"
    name: str = ""
    command: tuple[str, ...] = ()
    interval: str = "5s"
    retries: int = 3
    failure_limit: int = 0
    success_limit: int = 1
    timeout: str = "60s"

    @property
    def title(self) -> str:
        """For people and the ledger: `http https://…`, `eks_cluster core`."""
        return " ".join((self.kind, self.name or self.url or " ".join(self.command))).strip()


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: where its account is, how careful a promotion is there.

    `waves` are lists of globs over stack names, in order; what no glob takes comes last. `account` is the
    12-digit id that an emulator gives this environment, or that real credentials must belong to. `pool` is the
    address block that new stacks get theirs from. `freeze` are periods in which nothing is promoted, `windows` the
    only ones in which something is (none: always), written like `Mon-Fri 09:00-16:00 Europe/Berlin`, `Fri 16:00 to
    Mon 08:00 Europe/Berlin` or `2026-12-20 to 2027-01-02 Europe/Berlin`; rollbacks are let in at any time.
    `failure_budget`: how many stacks of a wave may fail and go back alone; one more, and everything goes back.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    name: str
    target: Literal["moto", "localstack", "account"] = "account"
    account: str = ""
    pool: str = ""
    warm: bool = False
    approve: bool = False
    soak: str = "0s"
    parallel: int = 3
    waves: tuple[tuple[str, ...], ...] = ()
    failure_budget: int = 0
    freeze: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    max_changes: int = 0
    rollback_age: str = "20m"
    verify_seconds: int = 600
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WaiverSettings:
    """A rule that does not count at an address until a day: who said so, and why."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    rule: str
    address: str
    person: str
    reason: str
    expires: date


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """How far apart the stacks of an environment may be: `modules` (none: all) at most `minors` minor versions
    behind the newest one there, and behind at all for no longer than `within`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    environment: str
    modules: tuple[str, ...] = ()
    minors: int = 1
    within: str = "7d"


@dataclass(frozen=True, kw_only=True)
class NoiseSettings:
    """Differences that `modferry drift` names but does not count: updates of `attributes` (globs; one that is named
    covers what is inside it) at addresses like `address` (a glob; `output.<name>` for outputs), and why they are
    nobody's doing. `environment` empty: everywhere. A promotion's verification knows no noise."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    address: str
    attributes: tuple[str, ...]
    reason: str
    environment: str = ""


@dataclass(frozen=True, kw_only=True)
class NotifySettings:
    """Where it is told how promotions end: one POST each for `events` in `environments` (none: all). `secret` names
    the environment variable with Slack's webhook address or PagerDuty's routing key (default: MODFERRY_SLACK_WEBHOOK,
    MODFERRY_PAGERDUTY_KEY); `address` is PagerDuty's."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    format: Literal["slack", "pagerduty"]
    events: tuple[Literal["verified", "rolled_back", "failed", "waiting"], ...] = (
        "verified",
        "rolled_back",
        "failed",
        "waiting",
    )
    environments: tuple[str, ...] = ()
    secret: str = ""
    address: str = "https://events.pagerduty.com/v2/enqueue"

    @property
    def variable(self) -> str:
        """The environment variable that holds the secret."""
        return self.secret or {"slack": "MODFERRY_SLACK_WEBHOOK", "pagerduty": "MODFERRY_PAGERDUTY_KEY"}[self.format]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole of modferry.toml. `source` is the address that pins name (default: origin's)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED
    source: str = ""
    environments_path: str = "environments"
    stateful: tuple[str, ...] = ()
    modules: ModuleSettings = ModuleSettings()
    test: TestSettings = TestSettings()
    tags: TagSettings = TagSettings()
    release: ReleaseSettings = ReleaseSettings()
    signing: SigningSettings = SigningSettings()
    warm: WarmSettings = WarmSettings()
    environment: tuple[Environment, ...] = field(
        default_factory=lambda: tuple(Environment(name=name) for name in ("dev", "staging", "prod"))
    )
    waiver: tuple[WaiverSettings, ...] = ()
    convergence: tuple[Convergence, ...] = ()
    noise: tuple[NoiseSettings, ...] = ()
    notify: tuple[NotifySettings, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """The environments' names, in the order that promotions follow."""
        return tuple(e.name for e in self.environment)

    def in_environment(self, name: str) -> Environment:
        """The environment called `name`; raises UsageError naming the ones there are."""
        for environment in self.environment:
            if environment.name == name:
                return environment
        raise UsageError(f"There is no environment {name!r}.", remedy=f"use one of {', '.join(self.order)}")
