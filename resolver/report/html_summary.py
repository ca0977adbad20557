"""What the HTML report says of each target before it comes to the projects: shares, policies, reasons, next steps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from resolver.model import Outcome, PinsPolicy, Reason
from resolver.report import backing
from resolver.report.html_matrix import WORDS
from resolver.report.markup import Markup, breaking, element, joined, lines, whole
from resolver.report.plain import percent
from resolver.report.reasons import words
from resolver.report.summary import summarize
from resolver.report.text import next_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.model import Resolution, Unconsulted
    from resolver.report.formats import Frame
    from resolver.report.html_matrix import Rows
    from resolver.report.summary import Summary


def coverage(resolutions: Sequence[Resolution], frame: Frame) -> Markup:
    """Give each target with its share and chart; those that were not consulted come last."""
    return targets(*map(_target, resolutions), *map(missing, frame.missing))


def targets(*entries: Markup) -> Markup:
    """Give the section of the targets' entries."""
    return element(
        "section",
        {"aria-labelledby": "coverage"},
        element("h2", {"id": "coverage"}, "Where the projects come from"),
        element("ul", {"class": "targets"}, *lines(*entries)),
    )


def _target(resolution: Resolution) -> Markup:
    target, metadata, summary = resolution.target, resolution.metadata, summarize(resolution)
    codename = target.release.codename
    named = f" {codename}" if codename and codename != target.release.version else None
    facts = (
        f"Python {target.python}, {target.architecture}; pins: {resolution.pins}",
        joined(f"metadata: {metadata.source}, ", whole(metadata.date)),
    )
    return entry(str(target), named, facts, summary, backing.lines(resolution))


def entry(
    target: str, named: str | None, facts: Iterable[str], summary: Summary, remarks: Iterable[str] = ()
) -> Markup:
    """Give one target: its name and facts, its share, its chart and what there is to say of that."""
    return element(
        "li",
        {},
        element(
            "div",
            {"class": "target"},
            element("h3", {}, target, element("span", {"class": "quiet"}, named)),
            *(element("p", {"class": "quiet"}, fact) for fact in facts),
        ),
        element("p", {"class": "share"}, element("b", {}, percent(summary.coverage)), " coverage"),
        element(
            "div",
            {"class": "chart"},
            _bar(target, summary),
            element("ul", {}, *_legend(summary)),
            *(element("p", {"class": "quiet"}, line) for line in remarks),
        ),
    )


def missing(target: Unconsulted) -> Markup:
    """Name a target whose coverage nobody knows (rule I6)."""
    return element(
        "li",
        {"class": "missing"},
        element("div", {"class": "target"}, element("h3", {}, target.target)),
        element("p", {"class": "share"}, element("b", {}, "unknown"), " not consulted"),
        element(
            "div",
            {"class": "chart"},
            element("p", {}, target.why),
            element("p", {}, element("span", {"class": "title"}, "next step"), f": {target.next_step}")
            if target.next_step
            else None,
        ),
    )


def _counts(summary: Summary) -> Iterable[tuple[Outcome, int]]:
    """Give the counts that a legend names, in its order; what is usually nought only where it is not."""
    for outcome in WORDS:
        number = int(getattr(summary, outcome.value))
        if number or outcome not in {Outcome.UNRESOLVED, Outcome.INAPPLICABLE}:
            yield outcome, number


def _bar(name: str, summary: Summary) -> Markup:
    """Draw the shares of what the plan needs; each has its own pattern, for colour alone tells nothing."""
    parts = [(outcome, number) for outcome, number in _counts(summary) if outcome is not Outcome.INAPPLICABLE]
    said = ", ".join(f"{number} {WORDS[outcome]}" for outcome, number in parts)
    boxes = []
    before = 0
    for outcome, number in parts:
        if number:
            place = {"x": _share(before, summary.projects), "width": _share(number, summary.projects)}
            boxes.append(element("rect", {**place, "height": "100%", "class": f"bar {outcome}"}))
            before += number
    return element(
        "svg", {"class": "bars", "role": "img", "aria-label": f"{name}, of {summary.projects}: {said}"}, *boxes
    )


def _share(part: int, whole: int) -> str:
    return f"{part * 100 / whole:.3f}%"


def _legend(summary: Summary) -> Iterable[Markup]:
    for outcome, number in _counts(summary):
        key = element("rect", {"width": "100%", "height": "100%", "class": f"bar {outcome}"})
        swatch = element("svg", {"class": "swatch", "aria-hidden": "true"}, key)
        yield element("li", {}, swatch, element("b", {}, str(number)), f" {WORDS[outcome]}")


def tables(resolutions: Sequence[Resolution]) -> Markup:
    """Give coverage by pins policy, and the reasons of what is not covered."""
    return element("div", {"class": "tables"}, *lines(_pins(resolutions), _reasons(resolutions)))


def _pins(resolutions: Sequence[Resolution]) -> Markup | None:
    """Show what coverage would be under each pins policy (rule R9)."""
    if not any(resolution.coverage_by_pins for resolution in resolutions):
        return None
    rows = []
    for resolution in resolutions:
        cells = []
        for policy, share in summarize(resolution).coverage_by_pins.items():
            used = policy is resolution.pins
            said = "not known" if share is None else percent(share)
            mark = element("small", {}, " used") if used else None
            cells.append(element("td", {"class": "used" if used else None}, element("span", {}, said), mark))
        rows.append(element("tr", {}, element("th", {"scope": "row"}, str(resolution.target)), *cells))
    return table(
        "pins",
        "Coverage by pins policy",
        "Of the listed requirements alone, by what a pin means to the distribution",
        ("Target", *PinsPolicy),
        rows,
    )


def _reasons(resolutions: Sequence[Resolution]) -> Markup | None:
    """Count why projects do not come from the distribution."""
    counts = [
        Counter(one.reason for one in resolution.decisions if one.outcome is not Outcome.INAPPLICABLE)
        for resolution in resolutions
    ]
    found = [reason for reason in Reason if any(count[reason] for count in counts)]
    if not found:
        return None
    found.sort(key=lambda reason: -max(count[reason] for count in counts))
    rows = [
        element(
            "tr",
            {},
            element("th", {"scope": "row"}, words(reason)),
            *(element("td", {}, str(count[reason])) for count in counts),
        )
        for reason in found
    ]
    head = ("Reason", *(str(resolution.target) for resolution in resolutions))
    return table("why", "Why not from the distribution", "Projects by reason", head, rows)


def table(name: str, title: str, caption: str, head: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """Give a section with a table of numbers; the rows' first cells are their headings."""
    first, *others = head
    columns = (
        element("th", {"scope": "col"}, first),
        *(element("th", {"scope": "col"}, breaking(one, ":")) for one in others),
    )
    return element(
        "section",
        {"aria-labelledby": name},
        element("h2", {"id": name}, title),
        element(
            "div",
            {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": f"Table: {title}"},
            element(
                "table",
                {"class": "numbers"},
                element("caption", {}, caption),
                element("thead", {}, element("tr", {}, *columns)),
                element("tbody", {}, *lines(*rows)),
            ),
        ),
    )


def notes(resolutions: Sequence[Resolution], rows: Rows) -> Iterable[Markup | None]:
    """Give the warnings and the next steps of each target; None for what there is none of."""
    warnings = [(one, [breaking(text, "/") for text in one.warnings]) for one in resolutions]
    steps = [(one, [_step(step, names, rows) for step, names in next_steps(one.decisions)]) for one in resolutions]
    yield _lists("warnings", "Warnings", warnings, is_open=True)
    yield _lists("steps", "Next steps", steps, is_open=False)


def _step(step: str, names: Sequence[str], rows: Rows) -> Markup:
    linked = (joined(", " if number else None, rows.link(name)) for number, name in enumerate(names))
    return joined(*linked, ": ", breaking(step, "/"))


def _lists(
    name: str, title: str, lists: Sequence[tuple[Resolution, Sequence[Markup]]], *, is_open: bool
) -> Markup | None:
    """Give a list a target, folded where it may be long; nothing where none has an item."""
    parts = [
        element(
            "details",
            {"open": "" if is_open else None},
            element("summary", {}, f"{resolution.target} ", element("span", {"class": "quiet"}, str(len(items)))),
            element("ul", {}, *lines(*(element("li", {}, item) for item in items))),
        )
        for resolution, items in lists
        if items
    ]
    if not parts:
        return None
    heading = element("h2", {"id": name}, title)
    return element("section", {"class": "lists", "aria-labelledby": name}, heading, *lines(*parts))


def _pattern(name: str, line: str, *, turn: int) -> Markup:
    size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse", "patternTransform": f"rotate({turn})"}
    ground = element("rect", {"width": "6", "height": "6", "class": f"ground {name}"})
    return element(
        "pattern", {"id": f"fill-{name}", **size}, ground, element("path", {"d": line, "class": f"line {name}"})
    )


PATTERNS: Final = element(
    "svg",
    {"class": "patterns", "aria-hidden": "true", "width": "0", "height": "0"},
    element(
        "defs",
        {},
        _pattern("pypi", "M0 0V6", turn=45),
        _pattern("unmet", "M0 0V6M0 0H6", turn=45),
        _pattern("unresolved", "M0 0H6", turn=0),
    ),
)
"""What tells the shares of a bar apart beside their colours; what the distribution serves is plain."""
