"""The HTML report's main part: the matrix of projects and targets, each project's story, and what filters them.

A project's story stands in ``<noscript>``: where scripts run, a browser keeps it as one piece of text, and the script
makes it markup when somebody asks for it. That is what keeps a page of two thousand projects quick.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from resolver.model import Outcome, Reason
from resolver.report import matrix
from resolver.report.explanation import requirement, story, verdict
from resolver.report.markup import Markup, breaking, element, joined, lines, whole
from resolver.report.plain import count
from resolver.report.reasons import words

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from resolver.model import Decision, Resolution
    from resolver.report.explanation import Branch
    from resolver.report.matrix import Row

WORDS: Final = {
    Outcome.DISTRO: "distribution",
    Outcome.PYPI: "PyPI",
    Outcome.UNMET: "unmet",
    Outcome.UNRESOLVED: "unresolved",
    Outcome.INAPPLICABLE: "not needed",
}
"""What each outcome is called on the page, in the order of its legend."""
_ABSENT: Final = "not in this plan"
"""What is said of a project that another target's plan has."""
ORIGIN: Final = re.compile(r"(?P<file>.+):(?P<line>[0-9]+)", re.DOTALL)
_NORMALIZED: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Rows:
    """The projects of all targets, by name, and how others link to them."""

    def __init__(self, resolutions: Sequence[Resolution]) -> None:
        """Sort the names, and give each an id."""
        self.all = sorted(matrix.rows(resolutions), key=lambda row: row.name)
        # A name that is none (the text of a requirement by URL) is numbered; no name has a point in it.
        self._ids = {
            row.name: f"p-{row.name}" if _NORMALIZED.fullmatch(row.name) else f"p.{number}"
            for number, row in enumerate(self.all)
        }

    def id(self, name: str) -> str:
        """Give the id of a project's row."""
        return self._ids[name]

    def link(self, leaf: str) -> Markup:
        """Give a line whose first word is a project or is not; a project is linked to its row."""
        name, colon, rest = leaf.partition(": ")
        if name not in self._ids:
            return breaking(leaf, "/")
        return joined(element("a", {"href": f"#{self.id(name)}"}, name), colon, rest)


def projects(resolutions: Sequence[Resolution], rows: Rows) -> Markup:
    """Give the section of the projects: what filters them, how many are shown, the matrix."""
    targets = [str(resolution.target) for resolution in resolutions]
    plans = [(one, {decision.name: decision for decision in one.decisions}) for one in resolutions]
    decisions = [decision for resolution in resolutions for decision in resolution.decisions]
    return section(
        "Projects",
        "Where each project comes from, by target",
        controls(
            targets,
            {decision.outcome for decision in decisions},
            {decision.reason for decision in decisions if decision.reason},
        ),
        (
            column("Project", aria_sort="ascending"),
            column("Wanted"),
            *(column(name, f"Python {one.target.python}") for name, one in zip(targets, resolutions, strict=True)),
        ),
        [_row(row, rows, plans) for row in rows.all],
    )


def section(title: str, caption: str, filters: Markup, columns: Sequence[Markup], rows: Sequence[Markup]) -> Markup:
    """Give the section of the matrix, whose columns are the project's, one about what is asked, and each target's."""
    classes = ("name", "wanted", *("at" for _ in columns[2:]))
    table = element(
        "table",
        {"id": "matrix"},
        element("caption", {"class": "hidden"}, caption),
        element("colgroup", {}, *(element("col", {"class": one}) for one in classes)),
        element("thead", {}, element("tr", {}, *columns)),
        *lines(*rows),
    )
    return element(
        "section",
        {"aria-labelledby": "projects"},
        element("h2", {"id": "projects"}, title),
        filters,
        element(
            "div",
            {"class": "shown"},
            element("p", {"id": "shown", "class": "quiet", "role": "status"}, count(len(rows), "project")),
            element("button", {"type": "button", "id": "all", "hidden": ""}, "Show all"),
        ),
        element(
            "div",
            {"class": "scroll matrix", "role": "region", "tabindex": "0", "aria-label": "Table: projects"},
            table,
        ),
    )


def column(title: str, below: str | None = None, *, aria_sort: str | None = None) -> Markup:
    """Give the heading of a column; ``aria_sort`` says by which one the rows are sorted."""
    small = element("small", {"class": "quiet"}, below) if below else None
    return element("th", {"scope": "col", "aria-sort": aria_sort}, element("span", {}, title), small)


def _row(row: Row, rows: Rows, plans: Sequence[tuple[Resolution, Mapping[str, Decision]]]) -> Markup:
    """Give a project's line and, under it, its story; ``plans`` are the targets' with their decisions by name."""
    there = [decision for decision in row.decisions if decision]
    wanted = dict.fromkeys(decision.specifier for decision in there if decision.specifier)
    heading = element(
        "th",
        {"scope": "row"},
        element("span", {"class": "name whole"}, row.name),
        element("small", {"class": "quiet"}, *_whence(there)),
    )
    sections = (
        _story(decision, resolution, known, rows)
        for decision, (resolution, known) in zip(row.decisions, plans, strict=True)
        if decision
    )
    return body(
        rows.id(row.name),
        row.name,
        (
            heading,
            element("td", {"class": "wanted"}, *(element("code", {}, breaking(one, ",")) for one in wanted)),
            *map(_cell, row.decisions),
        ),
        sections,
        is_listed=row.direct,
    )


def body(ident: str, name: str, cells: Sequence[Markup], story: Iterable[Markup], *, is_listed: bool) -> Markup:
    """Give a project's two lines: its cells, and below them its story in sections."""
    told = element("details", {}, element("summary", {}, f"More on {name}"), element("div", {"class": "story"}, *story))
    return element(
        "tbody",
        {"id": ident, "data-listed": "" if is_listed else None},
        element("tr", {}, *cells),
        Markup("\n"),
        element("tr", {"class": "more"}, element("td", {"colspan": str(len(cells))}, element("noscript", {}, told))),
    )


def _whence(there: Sequence[Decision]) -> Iterable[str]:
    """Say who asks for a project, the lines of files first, in few words: the story names them all."""
    asking = list(dict.fromkeys(one for decision in there for one in decision.requested_by))
    if asking:
        first = next(filter(ORIGIN.fullmatch, asking), asking[0])
        if ORIGIN.fullmatch(first):
            yield whole(PurePosixPath(first).name)
        else:
            yield joined("needed by ", whole(first))
    if len(asking) > 1:
        yield f" and {len(asking) - 1} more"


def _cell(decision: Decision | None) -> Markup:
    if decision is None:
        return element("td", {"class": "absent"}, _ABSENT)
    outcome, reason = decision.outcome, decision.reason
    package = decision.os.package if decision.os else None
    served = joined(whole(package.name), " ", whole(package.version)) if package else None
    why = words(reason) if reason else None
    notes = (
        joined(why, ": " if why and served else None, served) or None,
        f"{decision.loosened} is loosened" if decision.loosened else None,
        "to be looked at" if decision.concerns else None,
    )
    version = element("b", {}, f"{decision.version} ") if decision.version else None
    return element(
        "td",
        {"data-outcome": outcome.value, "data-reason": reason.value if reason else None},
        version,
        element("span", {"class": f"tag {outcome}"}, WORDS[outcome]),
        *(element("small", {}, note) for note in notes if note is not None),
    )


def _story(decision: Decision, resolution: Resolution, known: Mapping[str, Decision], rows: Rows) -> Markup:
    """Tell what ``explain`` tells (rule R8), the reason and the next step first."""
    branches = sorted(story(decision, known, resolution.backing), key=lambda branch: not branch.inline)
    return element(
        "section",
        {},
        element("h3", {}, str(resolution.target)),
        element("p", {}, element("code", {}, breaking(requirement(decision), ",")), f": {verdict(decision)}"),
        element("ul", {}, *(_branch(branch, rows) for branch in branches)),
    )


def _branch(branch: Branch, rows: Rows) -> Markup:
    title = element("span", {"class": "title"}, branch.title)
    leaves = [rows.link(leaf) if branch.names else breaking(leaf, "/") for leaf in branch.leaves]
    if branch.inline:
        return element("li", {}, title, ": ", *leaves)
    below = element("ul", {}, *(element("li", {}, leaf) for leaf in leaves)) if leaves else None
    return element("li", {}, title, below)


# --- what only works with the script, and is hidden without it ---


def controls(targets: Sequence[str], outcomes: Container[Outcome], reasons: Container[Reason]) -> Markup:
    """Give what searches and filters the matrix; only what is there can be chosen."""
    several = len(targets) > 1
    whence = [
        ("", "any"),
        ("gap", "not from the distribution"),
        *((outcome.value, words_) for outcome, words_ in WORDS.items() if outcome in outcomes),
        *([("differs", "differs between targets")] if several else []),
    ]
    why = [("", "any"), *((reason.value, words(reason)) for reason in Reason if reason in reasons)]
    where = [("", "any target"), *((str(at), one) for at, one in enumerate(targets))]
    return element(
        "form",
        {"id": "controls", "role": "search", "aria-label": "Projects", "hidden": "", "autocomplete": "off"},
        *lines(
            element("label", {}, "Project or OS package", element("input", {"type": "search", "id": "search"})),
            _choice("outcome", "Comes from", whence),
            _choice("reason", "Reason", why),
            _choice("target", "In", where) if several else None,
            element("label", {"class": "check"}, element("input", {"type": "checkbox", "id": "listed"}), "Listed only"),
            element("button", {"type": "reset"}, "Reset"),
        ),
    )


def _choice(name: str, title: str, options: Iterable[tuple[str, str]]) -> Markup:
    """Give a labelled list to choose from; an empty value stands for all."""
    # An empty attribute would be read as a flag, which is the same to a browser: the value is empty.
    made = (element("option", {"value": value}, text) for value, text in options)
    return element("label", {}, title, element("select", {"id": name}, *made))
