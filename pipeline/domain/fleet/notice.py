"""How a promotion's end is told to others, in their formats. Pure: promotion in, JSON body out.

Slack: https://api.slack.com/messaging/webhooks (text; `&`, `<` and `>` are escaped).
PagerDuty: Events API v2, https://developer.pagerduty.com/docs/events-api-v2 (summary at most 1024 characters,
dedup_key 255).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipeline.domain.promotion.record import Promotion
from pipeline.domain.settings import NotifySettings

EVENTS = {
    "verified": "verified",
    "rolled_back": "rolled_back",
    "partial": "rolled_back",
    "failed": "failed",
    "waiting": "waiting",
    "unlanded": "waiting",
}
"""Public phase → event. What was refused changed nothing: the one who asked is told, nobody else."""
SEVERITY = {"rolled_back": "error", "failed": "critical", "waiting": "warning", "verified": "info"}
SUMMARY, KEY = 1024, 255


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing to tell. `source` is the repository, `next` what to do about it."""

    event: str
    promotion: Promotion
    source: str
    next: str = ""

    @property
    def what(self) -> str:
        """`core 1.2.0`; of a deploy the stacks."""
        targets = ", ".join(f"{module} {version}" for module, version in self.promotion.targets.items())
        return targets or ", ".join(self.promotion.stacks)

    @property
    def headline(self) -> str:
        """`promote of core 1.2.0 in prod is rolled back (p-1): 503`."""
        promotion = self.promotion
        why = f": {promotion.why}" if promotion.why else ""
        event = self.event.replace("_", " ")
        return f"{promotion.kind} of {self.what} in {promotion.environment} is {event} ({promotion.id}){why}"


def wants(settings: NotifySettings, event: str, environment: str) -> bool:
    """Whether this receiver is told."""
    return event in settings.events and (not settings.environments or environment in settings.environments)


def slack_body(notice: Notice) -> Mapping[str, Any]:
    """An incoming webhook's message."""
    promotion = notice.promotion
    lines = [notice.headline]
    if notice.event != "verified":
        lines += [f"{promotion.environment}/{run.stack}: {run.phase}" for run in promotion.stacks.values()]
    if notice.next:
        lines.append(f"Next: {notice.next}")
    return {"text": "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def pagerduty_body(notice: Notice, routing_key: str) -> Mapping[str, Any]:
    """An alert event. What is verified resolves what went wrong before with the same modules in the environment."""
    promotion = notice.promotion
    return {
        "routing_key": routing_key,
        "event_action": "resolve" if notice.event == "verified" else "trigger",
        "dedup_key": _key(notice),
        "client": "modferry",
        "payload": {
            "summary": notice.headline[:SUMMARY],
            "source": f"{notice.source} {promotion.environment}"[:SUMMARY],
            "severity": SEVERITY[notice.event],
            "group": promotion.environment,
            "class": notice.event,
            "custom_details": {
                "promotion": promotion.id,
                "kind": str(promotion.kind),
                "environment": promotion.environment,
                "targets": dict(promotion.targets),
                "stacks": {run.stack: str(run.phase) for run in promotion.stacks.values()},
                "reason": promotion.why,
                "actor": promotion.holder.actor,
                "next": notice.next,
            },
        },
    }


def _key(notice: Notice) -> str:
    """The same for every promotion of the same modules (a deploy: of the same stacks) in one environment."""
    promotion = notice.promotion
    about = " ".join(sorted(promotion.targets or promotion.stacks))
    text = f"modferry {notice.source} {promotion.environment} {about}"
    return text if len(text) <= KEY else f"modferry {sha256(text.encode()).hexdigest()}"
