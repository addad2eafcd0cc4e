"""Rules about what a module wants: versions of Terraform and providers, and how providers are handed in.

A provider that the module configures itself, or one that works without configuration, is "added without
configuration"; any other needs a provider block of the caller.
"""

from collections.abc import Callable, Iterator

from pipeline.domain.constraint import Shift, shifts
from pipeline.domain.interface.elements import Interface, Requirement
from pipeline.domain.rules.change import Change
from pipeline.domain.rules.finding import Hit, Rule
from pipeline.domain.version import Bump

NEEDS_NOTHING = frozenset(
    f"hashicorp/{name}"
    for name in ("archive", "cloudinit", "external", "http", "local", "null", "random", "time", "tls")
) | {"terraform.io/builtin/terraform"}
"""Providers that work with an empty configuration."""


def _terraform(*wanted: Shift) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        old, new = change.before.package.required_version, change.after.package.required_version
        if old != new and set(wanted) & set(shifts(old, new)):
            at = (change.after if new else change.before).package.required_version_at
            yield Hit(address="terraform", at=at, words={"old": old or "any version", "new": new or "any version"})

    return find


def _provider(*wanted: Shift) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        for was, now in _both(change):
            if set(wanted) & set(shifts(was.constraint, now.constraint)):
                yield _hit(now, old=was.constraint or "any version", new=now.constraint or "any version")

    return find


def _both(change: Change) -> Iterator[tuple[Requirement, Requirement]]:
    for name, was in change.before.package.requirements.items():
        now = change.after.package.requirements.get(name)
        if now is not None:
            yield was, now


def _hit(requirement: Requirement, **words: object) -> Hit:
    return Hit(address=f"provider.{requirement.name}", at=requirement.at, words={"name": requirement.name, **words})


def _is_implied(interface: Interface, name: str) -> bool:
    """Whether the module used the provider without requiring it."""
    return any(r.type.partition("_")[0] == name or r.provider == name for r in interface.resources.values())


def _added(configured: bool) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        own = {provider.name for provider in change.new.providers}
        for name, now in change.after.package.requirements.items():
            if name in change.before.package.requirements or _is_implied(change.old, name):
                continue
            if (now.address not in NEEDS_NOTHING and name not in own) is configured:
                yield _hit(now, source=now.address)

    return find


def _removed(change: Change) -> Iterator[Hit]:
    for name, was in change.before.package.requirements.items():
        if name not in change.after.package.requirements and not _is_implied(change.new, name):
            yield _hit(was)


def _source(change: Change) -> Iterator[Hit]:
    for was, now in _both(change):
        if was.address != now.address:
            yield _hit(now, old=was.address, new=now.address)


def _aliases(came: bool) -> Callable[[Change], Iterator[Hit]]:
    def find(change: Change) -> Iterator[Hit]:
        first, second = (change.old, change.new) if came else (change.new, change.old)
        for name, requirement in second.requirements.items():
            known = first.requirements[name].aliases if name in first.requirements else ()
            for alias in sorted(set(requirement.aliases) - set(known)):
                yield Hit(address=f"provider.{alias}", at=requirement.at, words={"alias": alias, "name": name})

    return find


RULES = (
    Rule(
        id="terraform-floor-raised-major",
        bump=Bump.MAJOR,
        says="Terraform was {old} and is {new}: whoever runs an older major version gets an error at init.",
        find=_terraform(Shift.FLOOR_RAISED_MAJOR),
    ),
    Rule(
        id="terraform-ceiling-lowered",
        bump=Bump.MAJOR,
        says="Terraform was {old} and is {new}: whoever runs a newer version than that gets an error at init.",
        find=_terraform(Shift.CEILING_LOWERED),
    ),
    Rule(
        id="provider-floor-raised-major",
        bump=Bump.MAJOR,
        says="Provider {name} was {old} and is {new}: callers must upgrade it by a major version, with all that this "
        "breaks for their other resources.",
        find=_provider(Shift.FLOOR_RAISED_MAJOR),
    ),
    Rule(
        id="provider-ceiling-lowered",
        bump=Bump.MAJOR,
        says="Provider {name} was {old} and is {new}: callers that use a newer version cannot init, and going back may "
        "be impossible for their state.",
        find=_provider(Shift.CEILING_LOWERED),
    ),
    Rule(
        id="provider-added-configuration",
        bump=Bump.MAJOR,
        says="Provider {name} ({source}) is new and wants configuration: plans fail until callers have a provider "
        "block for it.",
        find=_added(True),
    ),
    Rule(
        id="provider-alias-required",
        bump=Bump.MAJOR,
        says="Provider {alias} must be handed in: plans fail until callers write providers = {{ {alias} = … }}.",
        find=_aliases(True),
    ),
    Rule(
        id="provider-alias-removed",
        bump=Bump.MAJOR,
        says="Provider {alias} is no longer taken: callers that hand it in get an error.",
        find=_aliases(False),
    ),
    Rule(
        id="provider-source-changed",
        bump=Bump.MAJOR,
        says="Provider {name} was {old} and is {new}: states need `terraform state replace-provider {old} {new}`.",
        find=_source,
    ),
    Rule(
        id="terraform-floor-raised",
        bump=Bump.MINOR,
        says="Terraform was {old} and is {new}: whoever runs an older one gets an error at init; upgrade it first.",
        find=_terraform(Shift.FLOOR_RAISED),
    ),
    Rule(
        id="provider-floor-raised",
        bump=Bump.MINOR,
        says="Provider {name} was {old} and is {new}: run terraform init -upgrade; the lock file changes.",
        find=_provider(Shift.FLOOR_RAISED),
    ),
    Rule(
        id="version-excluded",
        bump=Bump.MINOR,
        says="{address} was {old} and is {new}: single versions are refused now; whoever is on one must leave it.",
        find=lambda change: (hit for find in (_terraform, _provider) for hit in find(Shift.EXCLUDED)(change)),
    ),
    Rule(
        id="provider-added",
        bump=Bump.MINOR,
        says="Provider {name} ({source}) is new and works without configuration: terraform init fetches it.",
        find=_added(False),
    ),
    Rule(
        id="provider-removed",
        bump=Bump.MINOR,
        says="Provider {name} is no longer required: callers that hand it in get a warning; their lock file shrinks.",
        find=_removed,
    ),
    Rule(
        id="version-range-widened",
        bump=Bump.PATCH,
        says="{address} was {old} and is {new}: more versions are allowed. Nothing to do.",
        find=lambda change: (
            hit for find in (_terraform, _provider) for hit in find(Shift.CEILING_RAISED, Shift.FLOOR_LOWERED)(change)
        ),
    ),
)
"""Rules about requirements, the strictest first."""
