from __future__ import annotations

import re
import tomllib
from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from resolver.model import (
    Backing,
    Concern,
    Decision,
    OsPackage,
    Outcome,
    PinsPolicy,
    Reason,
    Resolution,
    Support,
    Unconsulted,
    Worry,
)
from resolver.report import as_html, html_matrix
from resolver.report.formats import FORMATS, Frame
from resolver.report.plain import printable
from resolver.report.reasons import words
from tests.unit.report.samples import candidate, distro, gaps, plan, pypi, resolution, wheel, without

if TYPE_CHECKING:
    from collections.abc import Iterator

REPORT: Final = Path(as_html.__file__).parent
VOID: Final = frozenset({"col", "input", "meta", "wbr"})
HOSTILE: Final = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='alert(1)' x='",
    "</noscript></td></table><iframe src=//evil.example>",
    "<!-- ]]> --!> <![CDATA[",
    "&lt;b&gt; &#60;i&#62; &amp",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066 \u200b\ufeff",
    "a\0b\x1b[2J\r\nc\udcff",
    "${7*7} {{7*7}} `x`",
)


@dataclass(kw_only=True)
class Element:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """Give the element itself and all below it, in the order of the document."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    def all(self, tag: str) -> list[Element]:
        return [one for one in self if one.tag == tag]

    def by_id(self, name: str) -> Element:
        (found,) = (one for one in self if one.attributes.get("id") == name)
        return found

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags and their attributes' names: what a value must never change."""
        return [(one.tag, tuple(one.attributes)) for one in self if one.tag != "wbr"]


class _Reader(HTMLParser):
    """Reads a page and forgives nothing: every element is closed, in its turn, by its own end tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element(tag="")
        self.open = [self.root]
        self.declarations: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"{tag} has an attribute twice"
        element = Element(tag=tag, attributes=dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def parse(page: str) -> Element:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root], "an element is left open"
    assert reader.declarations == ["DOCTYPE html"]
    (root,) = (child for child in reader.root.children if isinstance(child, Element))
    return root


def page(*resolutions: Resolution, frame: Frame | None = None) -> Element:
    return parse(as_html.render(resolutions, frame or Frame()))


def everything(value: str) -> tuple[Resolution, Frame]:
    """Give a report of which every text that comes from outside is ``value``."""
    package = OsPackage(name=value, version=value, architecture=value, repository=value, trusted=False)
    found = replace(
        candidate("a", "1"), package=package, metadata_version=value, version_note=value, evidence_detail=value
    )
    fields = {
        "requested_by": (value, f"{value}:1"),
        "specifier": value,
        "extras": (value,),
        "os": found,
        "loosened": value,
        "detail": value,
        "next_step": value,
        "trail": (value,),
        "depends": (value,),
        "concerns": (Concern(worry=Worry.YANKED, text=value),),
    }
    there = replace(wheel("a", "1"), filename=value, sha256=value)
    decisions = [
        replace(distro("served", "1", **fields), version=value),
        replace(pypi("remainder", "1", **fields), version=value, wheel=there),
        without(value, Outcome.UNMET, Reason.DIRECT_URL, **fields),
    ]
    made = resolution(decisions, warnings=(value,))
    target = replace(made.target, architecture=value, python=value)
    target = replace(target, release=replace(target.release, distribution=value, codename=value))
    made = replace(
        made,
        target=target,
        metadata=replace(made.metadata, source=value, date=value),
        backing={value: Backing(origin=value, component=value, support=Support.LIMITED, detail=value)},
    )
    missing = Unconsulted(target=value, why=value, next_step=value, exit_code=3)
    return made, Frame(missing=(missing,))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_becomes_markup(value: str) -> None:
    value = f"0{value}"  # so that its row is the first, as the harmless one's
    made, frame = everything(value)
    harmless, same_frame = everything("0 x")
    text = as_html.render([made, plan()], frame)
    root = parse(text)
    assert root.shape == page(harmless, plan(), frame=same_frame).shape
    assert all(character.isprintable() or character == "\n" for character in text)
    assert root.text.count(printable(value)) > 30


@pytest.mark.parametrize("value", HOSTILE)
def test_a_story_reads_the_same_where_scripts_run_and_where_none_does(value: str) -> None:
    made, frame = everything(value)
    text = as_html.render([made, gaps()], frame)
    # With scripts, a browser takes all up to the next end tag of noscript as text.
    inner = re.findall(r"<noscript>(.*?)</noscript", text, re.DOTALL)
    assert len(inner) == len(page(made, gaps()).all("tbody")) - 2  # but for the two small tables
    for story in inner:
        parse(f"<!DOCTYPE html>{story}")
    without_stories = parse(re.sub(r"<noscript>.*?</noscript", "<noscript></noscript", text, flags=re.DOTALL))
    assert not without_stories.all("details")[-1].attributes.get("class")
    assert [one.tag for one in without_stories.all("noscript")] == ["noscript"] * len(inner)


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else() -> None:
    root = page(plan())
    (policy,) = (one.attributes["content"] for one in root.all("meta") if one.attributes.get("http-equiv") is not None)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        (element,) = root.all(tag)
        digest = b64encode(sha256(element.text.encode()).digest()).decode()
        assert rules.pop(name) == f"'sha256-{digest}'"
    assert not rules


def test_nothing_is_fetched() -> None:
    root = page(plan(), gaps())
    for element in root:
        for name, value in element.attributes.items():
            assert name not in {"src", "srcset", "style", "action", "xlink:href", "background"}, name
            assert not name.startswith("on"), name
            assert name != "href" or (value or "").startswith("#"), value
    (style,) = root.all("style")
    assert set(re.findall(r"url\((.*?)\)", style.text)) == {"#fill-pypi", "#fill-unmet", "#fill-unresolved"}
    assert "@import" not in style.text
    (script,) = root.all("script")
    assert not re.search(r"\b(fetch|XMLHttpRequest|import|eval|Function|WebSocket)\b", script.text)


def test_R8_every_value_of_a_plan_is_shown() -> None:
    made = plan()
    root = page(made)
    text = root.text
    target = made.target
    for value in (str(target), "trixie", target.python, target.architecture, made.metadata.source, made.metadata.date):
        assert value in text
    assert all(warning in text for warning in made.warnings)
    for decision in made.decisions:
        row = root.by_id(f"p-{decision.name}").text
        for value in (*_values(decision), *decision.requested_by, *decision.trail, *decision.depends):
            assert value in row, (decision.name, value)


def _values(decision: Decision) -> Iterator[str]:
    yield decision.name
    yield decision.specifier
    yield from filter(None, (decision.version, decision.detail, decision.next_step, decision.loosened))
    if decision.reason:
        yield words(decision.reason)
    if decision.os:
        package = decision.os.package
        yield from (package.name, package.version, package.architecture, package.repository)
        yield from (decision.os.evidence, decision.os.evidence_detail, decision.os.metadata_version or "")
    if decision.wheel:
        yield from (decision.wheel.filename, decision.wheel.sha256)


@pytest.mark.parametrize("reason", Reason)
def test_R8_every_reason_is_shown_with_its_detail_and_can_be_filtered_by(reason: Reason) -> None:
    root = page(gaps())
    assert f"detail of {reason.value}" in root.text
    assert f"step for {reason.value}" in root.text
    options = {one.attributes["value"]: one.text for one in root.by_id("reason").all("option")}
    assert options[reason.value] == words(reason)
    assert reason.value in {cell.attributes.get("data-reason") for cell in root.by_id("matrix").all("td")}


def test_every_outcome_is_a_word_and_never_a_colour_alone() -> None:
    cells = [cell for cell in page(plan(), gaps()).by_id("matrix").all("td") if "data-outcome" in cell.attributes]
    assert {cell.attributes["data-outcome"] for cell in cells} == set(Outcome)
    for cell in cells:
        assert html_matrix.WORDS[Outcome(str(cell.attributes["data-outcome"]))] in cell.text


def test_the_chart_says_in_words_what_it_draws() -> None:
    (chart,) = (one for one in page(plan()).all("svg") if one.attributes.get("role") == "img")
    assert chart.attributes["aria-label"] == "debian:13, of 17: 13 distribution, 4 PyPI, 0 unmet"
    boxes = [(one.attributes["class"], one.attributes["x"], one.attributes["width"]) for one in chart.all("rect")]
    assert boxes == [("bar distro", "0.000%", "76.471%"), ("bar pypi", "76.471%", "23.529%")]


def test_a_project_of_one_plan_alone_is_said_to_be_missing_in_the_other() -> None:
    other = replace(plan(), decisions=plan().decisions[:1])
    *_, here, there = page(plan(), other).by_id("p-stripe").all("tr")[0].all("td")
    assert here.attributes["data-outcome"] == "pypi"
    assert (there.text, "data-outcome" in there.attributes) == ("not in this plan", False)


def test_R9_the_policy_in_force_is_told() -> None:
    (used,) = (cell for cell in page(plan()).all("td") if cell.attributes.get("class") == "used")
    assert used.text == "90 % used"
    unknown = replace(plan(), coverage_by_pins={"exact": 0.5}, pins=PinsPolicy.EXACT)
    assert page(unknown).text.count("not known") == 3


def test_I6_a_target_that_could_not_be_asked_is_named_and_not_counted() -> None:
    missing = Unconsulted(target="fedora:43", why="its mirror is away", next_step="try again", exit_code=3)
    root = page(plan(), frame=Frame(missing=(missing,)))
    (item,) = (one for one in root.all("li") if one.attributes.get("class") == "missing")
    assert item.text == "fedora:43unknown not consultedits mirror is awaynext step: try again"
    assert not item.all("svg")


def test_T1_an_unverified_repository_is_said_to_be_one() -> None:
    made, _ = everything("x")
    assert "signature not verified" in page(made).by_id("p-served").text


def test_T2_who_stands_behind_the_packages_is_told() -> None:
    behind = {
        one.os.package.name: Backing(origin="Debian", component="main", support=Support.NOT_CHECKED, detail=None)
        for one in plan().decisions
        if one.os
    }
    root = page(replace(plan(), backing=behind))
    assert "Security support: not checked" in root.text
    assert "security support: not checked" in root.by_id("p-requests").text


def test_an_empty_plan_has_a_page_too() -> None:
    empty = replace(plan(), decisions=(), requirements=0, coverage_by_pins={}, warnings=())
    root = page(empty)
    assert "0 projects" in root.by_id("shown").text
    assert "100 %" in root.text


def test_everything_is_named_for_those_who_do_not_see_it() -> None:
    root = page(plan(), gaps())
    assert root.attributes["lang"] == "en"
    ids = [one.attributes["id"] for one in root if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    for element in root:
        if element.tag == "a":
            assert str(element.attributes["href"]).removeprefix("#") in ids
        if element.tag == "section" and "aria-labelledby" in element.attributes:
            assert element.attributes["aria-labelledby"] in ids
        if element.tag == "table":
            assert element.all("caption")[0].text
            assert all(cell.attributes["scope"] in {"row", "col"} for cell in element.all("th"))
        if "scroll" in str(element.attributes.get("class", "")).split():
            assert element.attributes["role"] == "region"
            assert element.attributes["tabindex"] == "0"
            assert element.attributes["aria-label"]
        if element.tag in {"input", "select"}:
            assert element in [inner for label in root.all("label") for inner in label]
    headings = [int(one.tag[1]) for one in root if re.fullmatch(r"h[1-6]", one.tag)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    sorted_by = [
        one.attributes["aria-sort"] for one in root.by_id("matrix").all("th") if one.attributes.get("aria-sort")
    ]
    assert sorted_by == ["ascending"]
    assert root.by_id("shown").attributes["role"] == "status"
    assert "hidden" in root.by_id("controls").attributes


def test_the_columns_are_as_many_as_the_targets() -> None:
    matrix = page(plan(), gaps(), plan()).by_id("matrix")
    assert len(matrix.all("col")) == len(matrix.all("thead")[0].all("th")) == 5
    for body in matrix.all("tbody"):
        line, more = body.all("tr")
        assert len(line.all("th")) + len(line.all("td")) == 5
        assert more.all("td")[0].attributes["colspan"] == "5"


def test_a_link_leads_to_a_project_of_the_report() -> None:
    row = page(plan()).by_id("p-fastapi")
    assert [(one.attributes["href"], one.text) for one in row.all("a")] == [
        ("#p-pydantic", "pydantic"),
        ("#p-starlette", "starlette"),
    ]


def test_R7_the_same_plan_is_the_same_page() -> None:
    assert as_html.render([plan(), gaps()]) == as_html.render([plan(), gaps()])


def test_it_is_one_of_the_formats() -> None:
    assert FORMATS["html"] == as_html.__name__


def test_a_wheel_holds_the_style_and_the_script() -> None:
    project = tomllib.loads((REPORT.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["resolver.report"]
    held = {path for pattern in patterns for path in REPORT.glob(pattern)}
    assert held == {path for path in REPORT.iterdir() if path.is_file() and path.suffix != ".py"}


def test_style_and_script_agree_on_how_many_rows_are_shown_at_once() -> None:
    style, script = ((REPORT / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    few = re.search(r"const FEW = (\d+);", script)
    first_hidden = re.search(r"nth-of-type\(n \+ (\d+)\)", style)
    assert few
    assert first_hidden
    assert int(first_hidden[1]) == int(few[1]) + 1


TEXT: Final = 4.5
SHAPE: Final = 3.0
"""The contrasts that WCAG 2.2 asks for (1.4.3 and 1.4.11)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "ground", "least"),
    [
        *(
            (colour, ground, TEXT)
            for colour in ("ink", "quiet", "link", "distro-ink")
            for ground in ("ground", "raised")
        ),
        ("ink", "rule", TEXT),
        ("pypi-ink", "pypi-ground", TEXT),
        ("unmet-ink", "unmet-ground", TEXT),
        *((colour, "ground", SHAPE) for colour in ("distro", "pypi", "unmet", "other", "focus")),
    ],
)
def test_colours_can_be_told_from_their_ground(scheme: str, colour: str, ground: str, least: float) -> None:
    style = (REPORT / "page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 2
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[scheme == "dark"]))
    darker, lighter = sorted(_luminance(colours[name]) for name in (colour, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= least


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["page.css", "page.js"])
def test_neither_ends_its_element(name: str) -> None:
    assert "</" not in (REPORT / name).read_text(encoding="utf-8")
