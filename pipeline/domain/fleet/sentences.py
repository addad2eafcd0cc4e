"""One entry of the ledger as one sentence for people."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline.domain.evidence import short
from pipeline.domain.fleet.stops import where
from pipeline.domain.ledger import Entry
from pipeline.domain.reverification import Reverification

Body = Mapping[str, Any]


class Teller:
    """Tells entries in order: what a promotion is about is said in its first entry and remembered for the others."""

    def __init__(self) -> None:
        self.opened: dict[str, Body] = {}

    def tell(self, entry: Entry) -> str:
        """What happened, without when and who."""
        if entry.kind == "promotion.opened":
            self.opened[entry.body["promotion"]] = entry.body
        if entry.kind.startswith("stack."):
            return self._tell_stack(entry)
        tellers: dict[str, Callable[[Body], str]] = {
            "evidence": _tell_evidence,
            "release": _tell_release,
            "adopt": lambda body: f"took over the tag {body['tag']} ({short(body['digest'])}), untested",
            "reverify": _tell_reverify,
            "yank": lambda body: f"yanked {_version(body)}: {body['reason']}",
            "hold": lambda body: f"held {_version(body)} {where(body.get('environment', ''))}: {body['reason']}",
            "unhold": lambda body: f"let {_version(body)} go {where(body.get('environment', ''))}: {body['reason']}",
            "promotion.opened": self._tell_opened,
            "promotion.taken": lambda body: f"took {self._title(body)} over",
            "promotion.moved": self._tell_moved,
            "promotion.closed": self._tell_closed,
        }
        teller = tellers.get(entry.kind)
        return teller(entry.body) if teller else f"wrote an entry of kind {entry.kind}"

    def modules(self, entry: Entry) -> tuple[str, ...]:
        """The modules that an entry is about."""
        if "module" in entry.body:
            return (entry.body["module"],)
        about = self.opened.get(entry.body.get("promotion", ""), entry.body)
        pinned = {module for told in about.get("stacks", {}).values() for module in told.get("to", {})}
        return tuple(sorted(about.get("targets") or pinned))

    def environment(self, entry: Entry) -> str:
        """The environment that an entry is about; empty for none."""
        about = self.opened.get(entry.body.get("promotion", ""), entry.body)
        return str(entry.body.get("environment") or about.get("environment", ""))

    def _title(self, body: Body) -> str:
        about = self.opened.get(body["promotion"], {})
        what = ", ".join(f"{module} {version}" for module, version in about.get("targets", {}).items())
        return f"{about.get('kind', 'promotion')} {body['promotion']}" + (f" ({what})" if what else "")

    def _tell_opened(self, body: Body) -> str:
        stacks = ", ".join(f"{body['environment']}/{stack}" for wave in body["waves"] for stack in wave)
        why = "".join(f"; {name}: {body[name]}" for name in ("reason", "bypass") if body.get(name))
        return f"opened {self._title(body)} for {stacks}{why}"

    def _tell_moved(self, body: Body) -> str:
        stacks = ", ".join(body.get("stacks", {}))
        told = {
            "applying": f"applies {self._title(body)} to {stacks or 'its stacks'}",
            "waiting": f"{self._title(body)} waits",
            "landed": f"landed wave {int(body.get('wave', 0)) + 1} of {self._title(body)} on main "
            f"({str(body.get('commit', ''))[:12]})",
            "unlanded": f"could not land {self._title(body)} on main",
            "failing": f"{self._title(body)} failed and goes back",
            "restoring": f"restores {stacks or 'the stacks'} of {self._title(body)}",
            "stuck": f"{self._title(body)} is stuck: a person is needed",
        }
        text = told.get(body["phase"], f"{self._title(body)} is {body['phase']}")
        approved = "".join(f"; {who} approved {name}" for name, who in body.get("approved", {}).items())
        asked = f"; it asks for --approve {body['approval']}" if body.get("approval") else ""
        return text + (f": {body['reason']}" if body.get("reason") else "") + approved + asked

    def _tell_closed(self, body: Body) -> str:
        why = f": {body['reason']}" if body.get("reason") else ""
        return f"closed {self._title(body)} as {body['outcome'].replace('_', ' ')}{why}"

    def _tell_stack(self, entry: Entry) -> str:
        body, phase = entry.body, entry.kind.removeprefix("stack.").replace("_", " ")
        why = f": {body['reason']}" if body.get("reason") else ""
        name = f"{body.get('environment', '')}/{body.get('stack', '')}"
        if phase == "adopted":
            return f"took over {name} as it is{why}"
        return f"{name} is {phase} in {self._title(body)}{why}"


def _version(body: Body) -> str:
    return f"{body['module']} {body['version']}"


def _tell_evidence(body: Body) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in body["counts"].items()) or "no case"
    flaky = f", flaky: {', '.join(body['flaky'])}" if body.get("flaky") else ""
    return (
        f"tested {body['module']} {body['suite']} on {body['target']} ({short(body['digest'])}): "
        f"{body['verdict']} ({counts}, {body['seconds']:.1f} s{flaky})"
    )


def _tell_reverify(body: Body) -> str:
    told = {"passed": "still passes", "failed": "no longer passes"}.get(body["outcome"], "could not be reverified")
    found = Reverification.from_body(body, "", "")
    return f"{_version(body)} {told} on {found.newest}" + (f": {found.why}" if found.why else "")


def _tell_release(body: Body) -> str:
    since = f" after {body['from']}" if body.get("from") else ""
    return f"released {_version(body)} ({body['bump']}{since}) as {body['tag']} at {body['commit'][:12]}"


def opened_elsewhere(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The promotions that these entries speak of and do not open."""
    told = list(entries)
    opened = {e.body["promotion"] for e in told if e.kind == "promotion.opened"}
    return tuple(dict.fromkeys(p for e in told if (p := e.body.get("promotion")) and p not in opened))


def tell_all(entries: Iterable[Entry]) -> Iterable[tuple[Entry, tuple[str, ...], str, str]]:
    """(entry, modules, environment, sentence) of entries in the ledger's order, from its beginning (or from
    where nothing before it but the openings of its promotions matters: then those come first)."""
    teller = Teller()
    for entry in entries:
        says = teller.tell(entry)
        yield entry, teller.modules(entry), teller.environment(entry), says
