"""What the static suite and the examples are held against: policy rules, README tables, leak snapshots."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.adapters.harness.bench import Leaks
from pipeline.adapters.harness.static import PlanPolicy, ReadmeCheck
from pipeline.domain.gate import Allowed, Refused, Unknown
from pipeline.domain.settings import Settings
from pipeline.domain.verdict import Verdict
from pipeline.domain.waiver import Waiver
from pipeline.ports import Clock


def plan_policy(settings: Settings, clock: Clock) -> PlanPolicy:
    """The policy rules with the waivers of modferry.toml, on today's date."""
    from pipeline.domain.policy.check import check
    from pipeline.domain.policy.rule import PolicyOptions
    from pipeline.domain.policy.rules import policy_rules

    rules = policy_rules(PolicyOptions())
    waivers = tuple(
        Waiver(rule=w.rule, address=w.address, person=w.person, reason=w.reason, expires=w.expires)
        for w in settings.waiver
    )

    def judge(plan: Mapping[str, Any]) -> tuple[Verdict, str]:
        decision = check(plan, rules, waivers, clock().date()).decision
        match decision:
            case Allowed():
                return Verdict.PASSED, ""
            case Refused(reasons=reasons):
                return Verdict.FAILED, "\n".join(reasons)
            case Unknown(reasons=reasons):
                return Verdict.ERRORED, "\n".join(reasons)

    return judge


def readme_check() -> ReadmeCheck:
    """Whether the tables between the markers are what the interface says."""

    def check(module: Path) -> str:
        from pipeline.adapters.hcl.module import interface_of
        from pipeline.domain.readme import is_current, render

        files = {p.name: p.read_bytes() for p in sorted(module.iterdir()) if p.is_file()}
        readme = (module / "README.md").read_text()
        if is_current(readme, render(interface_of(files))):
            return ""
        return f"the tables of {module.name}/README.md are stale; modferry docs {module.name} renews them"

    return check


def leak_check(target: str) -> Leaks:
    """Snapshots of an account through describe calls; what the emulator does not have holds nothing."""
    from pipeline.adapters.emulators import gaps, leak_kinds, leaks
    from pipeline.adapters.emulators.shared_clients import SharedClients, acting_as

    shared = SharedClients()

    def snapshot(aws: Mapping[str, str], region: str) -> frozenset[str]:
        endpoint = aws.get("AWS_ENDPOINT_URL")
        client = partial(shared.get, endpoint=endpoint) if endpoint else _own_clients(aws, region)
        with acting_as(aws):
            return leaks.snapshot(client, region, missing=lambda text: gaps.explain(target, text))

    def begin() -> None:
        if target != "account":
            shared.read(sorted({kind.service for kind in leak_kinds.KINDS}))

    return Leaks(snapshot=snapshot, left=leaks.difference, begin=begin)


def _own_clients(aws: Mapping[str, str], region: str) -> Callable[[str, str], Any]:
    """Clients of a real account, for one snapshot: its keys may come from anywhere and last for an hour."""
    import boto3

    from pipeline.adapters.botocore_data import read_once

    read_once()
    session = boto3.Session(
        aws_access_key_id=aws.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=aws.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=aws.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    return lambda service, where: session.client(service, region_name=where)
