"""Notifications: which promotions are told to whom, in which format; what cannot be told changes nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.adapters.webhook import post
from pipeline.commands.deploy import deploy
from pipeline.commands.ferry.engine import Result
from pipeline.commands.ferry.ports import Ferry
from pipeline.commands.promote import promote
from pipeline.config import parse_settings
from pipeline.domain.fleet.notice import Notice, pagerduty_body, slack_body
from pipeline.domain.promotion.claims import fleet_of
from pipeline.domain.promotion.record import Promotion
from pipeline.domain.settings import Environment, NotifySettings
from pipeline.errors import Exit, UsageError
from pipeline.wiring import open_project
from pipeline.wiring.notices import notifier
from tests.conftest import NOW, MakeRepository
from tests.fakes.world import World, process, version
from tests.fleet.fake_receiver import Receiver, serve

ENVIRONMENTS = (Environment(name="dev"), Environment(name="prod", approve=True))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serve(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def world() -> World:
    """core 1.0.0 in dev/d and prod/p; 1.1.0 is released."""
    world = World()
    world.push({"README.md": b"x"})
    world.release("core", "1.0.0")
    for environment, stack in (("dev", "d"), ("prod", "p")):
        world.stack(environment, stack, core="1.0.0")
        deploy(process(world, environments=(ENVIRONMENTS[0], Environment(name="prod"))), environment)
    world.release("core", "1.1.0")
    return world


class Ears:
    """Remembers what the engine tells."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard: list[tuple[str, str]] = []

    def ferry(self, **more: frozenset[str]) -> Ferry:
        return replace(process(self.world, environments=ENVIRONMENTS, **more), notify=self.hear)  # type: ignore[arg-type]

    def hear(self, promotion: Promotion, phase: str, remedy: str) -> None:
        self.heard.append((promotion.environment, phase))

    def promote(self, environment: str, **more: frozenset[str]) -> Result:
        result = promote(self.ferry(**more), {"core": version("1.1.0")}, environment)
        assert isinstance(result, Result)
        return result


def test_the_engine_tells_each_end_once_and_not_that_it_still_waits(world: World) -> None:
    ears = Ears(world)
    ears.promote("dev")
    ears.promote("prod")
    ears.promote("prod")
    approval = ears.promote("prod").promotion.approval
    assert ears.heard == [("dev", "verified"), ("prod", "waiting")]
    ears.promote("prod", approvals=frozenset({approval}))
    assert ears.heard[2:] == [("prod", "verified")]


def test_a_rollback_and_a_failure_are_told(world: World) -> None:
    ears = Ears(world)
    world.bad = {"core/1.1.0"}
    assert ears.promote("dev").code is Exit.RESTORED
    world.stack("dev", "new", core="1.0.0")
    world.bad = {"core/1.0.0"}
    deploy(ears.ferry(), "dev", "new")
    assert ears.heard == [("dev", "rolled_back"), ("dev", "failed")]


def a_promotion(world: World, why: str = "503 <b> & more") -> Promotion:
    Ears(world).promote("dev")
    *_, last = fleet_of(world.history()).promotions.values()
    return replace(last, why=why)


def test_slack_gets_one_text_with_nothing_to_be_taken_for_markup(world: World) -> None:
    notice = Notice(event="rolled_back", promotion=a_promotion(world), source="infra", next="find the cause")
    (text,) = slack_body(notice).values()
    assert text.splitlines() == [
        f"promote of core 1.1.0 in dev is rolled back ({notice.promotion.id}): 503 &lt;b&gt; &amp; more",
        "dev/d: verified",
        "Next: find the cause",
    ]


def test_pagerduty_gets_an_alert_that_the_next_good_promotion_of_the_same_modules_resolves(world: World) -> None:
    promotion = a_promotion(world, "x" * 2000)
    bad = pagerduty_body(Notice(event="failed", promotion=promotion, source="infra"), "key")
    later = replace(promotion, id="p-later", targets={"core": "1.2.0"}, why="")
    good = pagerduty_body(Notice(event="verified", promotion=later, source="infra"), "key")
    assert (bad["routing_key"], bad["event_action"], good["event_action"]) == ("key", "trigger", "resolve")
    assert bad["dedup_key"] == good["dedup_key"] == "modferry infra dev core"
    assert (bad["payload"]["severity"], len(bad["payload"]["summary"])) == ("critical", 1024)
    other = replace(later, environment="prod", stacks={"s" * 300: later.stacks["d"]}, targets={})
    far = pagerduty_body(Notice(event="waiting", promotion=other, source="infra"), "key")
    assert len(far["dedup_key"]) <= 255
    assert far["dedup_key"] != bad["dedup_key"]


def test_receivers_get_what_they_asked_for(make_repository: MakeRepository, receiver: Receiver, world: World) -> None:
    slack = '[[notify]]\nformat = "slack"\nevents = ["failed", "waiting"]\nenvironments = ["dev"]\n'
    pager = f'[[notify]]\nformat = "pagerduty"\nsecret = "PAGER"\naddress = "{receiver.url}/v2/enqueue"\n'
    project = open_project(make_repository({"modferry.toml": slack + pager}), {}, lambda: NOW)
    said: list[str] = []
    environ = {"MODFERRY_SLACK_WEBHOOK": f"{receiver.url}/services/T0/B0/secret", "PAGER": "routing"}
    notify = notifier(project, environ, said.append)
    promotion = a_promotion(world)
    notify(promotion, "verified", "")
    notify(promotion, "unlanded", "modferry recover")
    notify(replace(promotion, environment="prod"), "failed", "")
    notify(promotion, "refused", "")
    assert [path for path, _ in receiver.got] == [
        "/v2/enqueue",
        "/services/T0/B0/secret",
        "/v2/enqueue",
        "/v2/enqueue",
    ]
    assert "is waiting" in receiver.got[1][1]["text"]
    assert [body["payload"]["class"] for path, body in receiver.got if path == "/v2/enqueue"] == [
        "verified",
        "waiting",
        "failed",
    ]
    assert said == []


def test_what_cannot_be_told_is_said_without_the_secret(
    make_repository: MakeRepository, receiver: Receiver, world: World
) -> None:
    project = open_project(make_repository({"modferry.toml": '[[notify]]\nformat = "slack"\n'}), {}, lambda: NOW)
    said: list[str] = []
    for secret in (
        f"{receiver.url}/s3cret",
        "http://example.test/s3cret",
        "file:///s3cret",
        "s3cret",
        "https://[s3cret",
        "",
    ):
        receiver.answers = [404]
        notifier(project, {"MODFERRY_SLACK_WEBHOOK": secret}, said.append)(a_promotion_once(world), "failed", "")
    assert said == [
        "Could not tell slack that it is failed: HTTP 404",
        *["Could not tell slack that it is failed: the address is not https"] * 3,
        "Could not tell slack that it is failed: the address cannot be read",
        "Could not tell slack that it is failed: MODFERRY_SLACK_WEBHOOK is not set",
    ]


def a_promotion_once(world: World) -> Promotion:
    promotions = fleet_of(world.history()).promotions
    return next(iter(promotions.values()))


def test_a_busy_receiver_is_asked_once_more_and_a_redirect_is_not_followed(receiver: Receiver) -> None:
    pauses: list[float] = []
    receiver.answers = [503]
    assert post(f"{receiver.url}/a", {"x": 1}, pauses.append) == ""
    receiver.answers = [500, 429, 200]
    assert post(f"{receiver.url}/b", {}, pauses.append) == "HTTP 429"
    receiver.answers = [302]
    assert post(f"{receiver.url}/c", {}, pauses.append) == "HTTP 302"
    assert [path for path, _ in receiver.got] == ["/a", "/a", "/b", "/b", "/c"]
    assert pauses == [1.0, 1.0]


def test_nobody_there_is_an_answer_too(receiver: Receiver) -> None:
    with serve(Receiver()) as gone:
        address = f"{gone.url}/secret"
    assert post(address, {}, lambda _: None) == "ConnectionRefusedError"


def test_receivers_are_checked_when_the_settings_are_read() -> None:
    assert parse_settings({"notify": [{"format": "slack"}]}).notify[0] == NotifySettings(format="slack")
    for bad in ({"format": "irc"}, {"format": "slack", "environments": ["moon"]}, {"format": "slack", "url": "x"}):
        with pytest.raises(UsageError):
            parse_settings({"notify": [bad]})
