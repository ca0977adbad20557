"""The report as one HTML page: the coverage of each target, the matrix of projects and targets, each project's story.

The page is whole: its style and its script (``page.css``, ``page.js``) are in it, and a Content-Security-Policy
forbids everything else, so that opening it fetches nothing and runs nothing but that script. All is there without
the script, which adds sorting, filtering, search, and opening a story in its row.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.report import html_matrix, html_summary
from resolver.report.formats import PLAIN, Frame
from resolver.report.markup import Markup, breaking, element, joined, lines
from resolver.report.plain import count

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

    from resolver.model import Decision, Resolution


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the page for these targets, in their order, and name those that were not consulted.

    The same resolutions give the same bytes (rule R7).
    """
    rows = html_matrix.Rows(resolutions)
    return page(
        f"Coverage report: {', '.join(str(one.target) for one in resolutions)}",
        _header(resolutions, rows),
        html_summary.coverage(resolutions, frame),
        html_summary.tables(resolutions),
        *html_summary.notes(resolutions, rows),
        html_matrix.projects(resolutions, rows),
    )


def page(title: str, header: Markup, *main: Markup | None) -> str:
    """Give a whole page of these parts, which has the one table that ``page.js`` works on."""
    style, script = (Path(__file__).with_name(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        {},
        *lines(
            element("meta", {"charset": "utf-8"}),
            element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
            element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
            element("meta", {"name": "referrer", "content": "no-referrer"}),
            element("meta", {"name": "color-scheme", "content": "light dark"}),
            element("title", {}, title),
            element("style", {}, Markup(style)),
        ),
    )
    body = element(
        "body",
        {},
        *lines(
            html_summary.PATTERNS, header, element("main", {}, *lines(*main)), element("script", {}, Markup(script))
        ),
    )
    return joined(Markup("<!DOCTYPE html>\n"), element("html", {"lang": "en"}, head, Markup("\n"), body), Markup("\n"))


def _hash(text: str) -> str:
    """Give a source's name in a Content-Security-Policy: only an element with exactly this text is obeyed."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _header(resolutions: Sequence[Resolution], rows: html_matrix.Rows) -> Markup:
    files = sorted({match["file"] for one in resolutions for match in _origins(one.decisions)})
    asked = f"{count(len(rows.all), 'project')}, {count(len(resolutions), 'target')}"
    return heading("Coverage report", asked, *(("; asked for by ", breaking(", ".join(files), "/")) if files else ()))


def heading(title: str, *told: str) -> Markup:
    """Give the page's header: what it is, and of what."""
    return element("header", {}, element("h1", {}, title), element("p", {"class": "quiet"}, *told))


def _origins(decisions: Iterable[Decision]) -> Iterable[re.Match[str]]:
    for decision in decisions:
        if decision.direct:
            yield from filter(None, map(html_matrix.ORIGIN.fullmatch, decision.requested_by))
