"""Many reports as one HTML page: each target's share, what files miss in the matrix, and each file's own shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.model import Outcome
from resolver.report import html_matrix, html_summary
from resolver.report.as_html import heading, page
from resolver.report.html_matrix import WORDS
from resolver.report.markup import Markup, breaking, element, lines
from resolver.report.plain import count
from resolver.report.reasons import words
from resolver.report.survey.total import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.report.survey.total import Gap, Place, Total


def render(total: Total) -> str:
    """Give the page; the same files give the same bytes (rule R7)."""
    return page(
        f"Coverage report: {count(len(total.files), total.noun)}",
        heading("Coverage report", summary(total, named="below")),
        html_summary.targets(*_targets(total), *map(html_summary.missing, total.missing)),
        _projects(total),
        element("div", {"class": "tables"}, *lines(_files(total))),
        _failed(total),
    )


def _targets(total: Total) -> Iterator[Markup]:
    for target, place in total.places.items():
        reports = sum(map(len, place.answers.values()))
        facts = (count(reports, total.noun), f"{count(len(place.names), 'different project')}")
        yield html_summary.entry(target, None, facts, place.summary)


def _projects(total: Total) -> Markup:
    gaps = total.gaps()
    places = total.places
    noun = total.noun.capitalize()
    found = [gap for place in places.values() for gap in place.gaps.values()]
    served = {Outcome.DISTRO} if any(place.names - place.gaps.keys() for place in places.values()) else set()
    return html_matrix.section(
        f"What {total.noun}s miss",
        f"Projects that the distribution does not serve, by the {total.noun}s that need them",
        html_matrix.controls(list(places), {gap.outcome for gap in found} | served, {gap.reason for gap in found}),
        (
            html_matrix.column("Project"),
            html_matrix.column(f"{noun}s", aria_sort="descending"),
            *map(html_matrix.column, places),
        ),
        [_row(total, name, number) for number, name in enumerate(gaps)],
    )


def _row(total: Total, name: str, number: int) -> Markup:
    needed = total.needed(name)
    gaps = [(target, place.gaps[name]) for target, place in total.places.items() if name in place.gaps]
    cells = (
        element("th", {"scope": "row"}, element("span", {"class": "name whole"}, name)),
        element("td", {"class": "wanted", "data-number": str(needed)}, str(needed)),
        *(_cell(place, name) for place in total.places.values()),
    )
    story = (_story(target, gap, total.noun) for target, gap in gaps)
    return html_matrix.body(f"p.{number}", name, cells, story, is_listed=any(gap.direct for _, gap in gaps))


def _cell(place: Place, name: str) -> Markup:
    gap = place.gaps.get(name)
    if gap is None:
        if name not in place.names:
            return element("td", {"class": "absent"}, WORDS[Outcome.INAPPLICABLE])
        tag = element("span", {"class": f"tag {Outcome.DISTRO}"}, WORDS[Outcome.DISTRO])
        return element("td", {"data-outcome": Outcome.DISTRO.value}, tag)
    return element(
        "td",
        {"data-outcome": gap.outcome.value, "data-reason": gap.reason.value},
        element("span", {"class": f"tag {gap.outcome}"}, WORDS[gap.outcome]),
        element("small", {}, ", ".join(f"{words(reason)} ({number})" for reason, number in gap.by_reason())),
    )


def _story(target: str, gap: Gap, noun: str) -> Markup:
    told = f"needed by {count(len(gap.files), noun)}, {gap.direct} of them by a line of their own"
    return element(
        "section",
        {},
        element("h3", {}, target),
        element("p", {}, told),
        element("ul", {}, *(element("li", {}, breaking(file, "/")) for file in gap.files)),
    )


def _files(total: Total) -> Markup:
    title = f"Coverage by {total.noun}"
    rows = [
        element(
            "tr",
            {},
            element("th", {"scope": "row"}, breaking(file, "/")),
            *(element("td", {}, str(shares[target]) if target in shares else "") for target in total.places),
        )
        for file, shares in total.files.items()
    ]
    caption = "Of the projects that each needs, what comes from the distribution"
    return html_summary.table("files", title, caption, (total.noun.capitalize(), *total.places), rows)


def _failed(total: Total) -> Markup | None:
    if not total.failed:
        return None
    items = (element("li", {}, str(one.failure)) for one in total.failed)
    return element(
        "section",
        {"class": "lists", "aria-labelledby": "failed"},
        element("h2", {"id": "failed"}, "Not reported"),
        element(
            "details",
            {"open": ""},
            element("summary", {}, count(len(total.failed), total.noun)),
            element("ul", {}, *lines(*items)),
        ),
    )
