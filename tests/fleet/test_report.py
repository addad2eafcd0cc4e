"""The fleet page: complete, self-contained, escaped, readable without colour, JavaScript or good eyes."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.domain.ledger import Draft
from pipeline.domain.promotion.phases import Outcome, Phase, StackPhase
from tests.conftest import MakeRepository
from tests.fleet.story import TOML, Story, begin, check_schema, pinned, runner

CSS = Path(__file__).parents[2] / "pipeline/templates/report.css"
EVIL = "<script>alert(1)</script> & <b>more</b>"
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and "style" not in self.open:
            self.text += data


@pytest.fixture
def story(make_repository: MakeRepository) -> Story:
    policy = '[[convergence]]\nenvironment = "prod"\n'
    story = begin(
        make_repository, {"prod/a": pinned(core="1.0.0", vpc="1.0.0"), "prod/b": pinned(core="1.3.0")}, TOML + policy
    )
    body = {"module": "core", "digest": "sha256:" + "d" * 64, "suite": "unit", "target": "moto", "verdict": "passed"}
    (proof,) = story.write(Draft(kind="evidence", body={**body, "counts": {"passed": 2}, "seconds": 3.0}))
    story.release("core", "1.0.0", evidence=[proof.id, "9-gone"])
    story.release("core", "1.3.0")
    story.verified("prod", {"a": story.content("prod/a")}, core="1.0.0")
    name = story.open("prod", {"b": story.content("prod/b")}, reason="", core="1.3.0")
    story.stacks(name, StackPhase.FAILED, "b", reason=EVIL)
    story.move(name, Phase.FAILING, reason=EVIL)
    story.stacks(name, StackPhase.UNRESTORABLE, "b", reason=EVIL)
    story.later(minutes=65)
    story.close(name, Outcome.FAILED, EVIL)
    for kind in ("hold", "yank"):
        story.write(Draft(kind=kind, body={"module": "core", "version": "1.3.0", "reason": EVIL}))
    return story


@pytest.fixture
def html(story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    said = runner(story.clone, capsys)("report", "--out", str(tmp_path / "page"), "--json")
    assert said.code == 0
    written = json.loads((tmp_path / "page/report.json").read_text())
    check_schema(written)
    assert written == said.document
    return (tmp_path / "page/index.html").read_text()


def test_the_page_nests_names_every_table_and_stands_alone(html: str) -> None:
    page = Page(html)
    assert [attrs.get("scope") in ("col", "row") for tag, attrs in page.seen if tag == "th"].count(False) == 0
    ids = {attrs["id"] for _, attrs in page.seen if "id" in attrs}
    regions = [attrs for _, attrs in page.seen if attrs.get("role") == "region"]
    assert len(regions) == html.count("<table>") >= 5
    assert all(region["aria-labelledby"] in ids and region["tabindex"] == "0" for region in regions)
    links = [str(attrs[name]) for _, attrs in page.seen for name in ("href", "src") if attrs.get(name)]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)
    assert "http:" not in CSS.read_text() and "@import" not in html and "url(" not in html
    (policy,) = [a["content"] for t, a in page.seen if t == "meta" and a.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'")
    assert page.seen[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in page.seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_what_somebody_else_wrote_is_text(html: str) -> None:
    assert EVIL not in html
    assert html.count("<script>") == 1
    assert Page(html).text.count(EVIL) >= 4


def test_states_are_words_and_nothing_is_left_out(html: str) -> None:
    text = " ".join(Page(html).text.split())
    assert "prod/a 1.0.0 verified none" not in text  # vpc is pinned there too
    assert "prod/a 1.0.0 verified 1.0.0 verified" in text
    assert "prod/b" + EVIL in text
    assert "1.3.0 unverified held yanked" in text
    assert "unit passed on moto" in text
    assert "replaced by a newer run 9-gone" in text
    assert "core 1.3.0 yanked" in text
    assert "1 h 5 min" in text
    assert "Too far apart prod/a: core 1.0.0 is 3 minor versions behind 1.3.0 (at most 1)" in text


def test_an_empty_repository_has_a_page(
    make_repository: MakeRepository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = make_repository({"a": "1"})
    assert runner(clone, capsys)("report", "--out", "page").code == 0
    text = Page((clone / "page/index.html").read_text()).text
    for words in ("Main holds no stack", "Nothing is held", "Nothing was promoted", "Nothing was released"):
        assert words in text


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_every_text_has_enough_contrast_in_light_and_dark() -> None:
    css = CSS.read_text()
    chips = re.findall(r"--ink: (#\w{6}); --fill: (#\w{6});", css)
    assert len(chips) == 12
    pages = re.findall(
        r"--page: (#\w+); --text: (#\w+); --quiet: (#\w+); --line: #\w+; --head: (#\w+); --link: (#\w+)", css
    )
    assert len(pages) == 2
    pairs = [*chips, *((text, page) for page, *texts, head, link in pages for text in (*texts, link))]
    pairs += [(text, head) for _, text, quiet, head, _ in pages for text in (text, quiet)]
    assert min(contrast(text, ground) for text, ground in pairs) >= 4.5
