"""Who is told how promotions end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.commands.project import Project
    from pipeline.domain.promotion.record import Promotion


def notifier(
    project: Project, environ: Mapping[str, str], say: Callable[[str], None]
) -> Callable[[Promotion, str, str], None]:
    """Tells every receiver in modferry.toml that wants it; what could not be told is said here, without the secret."""

    def notify(promotion: Promotion, phase: str, remedy: str) -> None:
        if not project.settings.notify:
            return
        from pipeline.adapters.webhook import post
        from pipeline.domain.fleet.notice import EVENTS, Notice, pagerduty_body, slack_body, wants

        event = EVENTS.get(phase, "")
        notice = Notice(event=event, promotion=promotion, source=project.name, next=remedy)
        for receiver in project.settings.notify:
            if not wants(receiver, event, promotion.environment):
                continue
            secret = environ.get(receiver.variable, "").strip()
            if not secret:
                failed = f"{receiver.variable} is not set"
            elif receiver.format == "slack":
                failed = post(secret, slack_body(notice))
            else:
                failed = post(receiver.address, pagerduty_body(notice, secret))
            if failed:
                say(f"Could not tell {receiver.format} that it is {event.replace('_', ' ')}: {failed}")

    return notify
