"""The report as CSV (RFC 4180): one row a project and target, for spreadsheets and databases.

Spreadsheets run cells that begin with ``=``, ``+``, ``-`` or ``@`` as formulas, and names, specifiers and reasons are
strangers' words; so such a cell begins with an apostrophe, as OWASP advises. One that begins with an apostrophe itself
gets a second one: whoever strips a leading apostrophe from every cell has the values.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from resolver.report import as_json
from resolver.report.formats import PLAIN, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from resolver.model import Resolution

COLUMNS: Final = (
    "target",
    "python",
    "architecture",
    "metadata_source",
    "metadata_date",
    "name",
    "outcome",
    "version",
    "specifier",
    "direct",
    "requested_by",
    "os_package",
    "os_version",
    "repository",
    "origin",
    "component",
    "security_support",
    "evidence",
    "metadata_version",
    "loosened",
    "reason",
    "detail",
    "next_step",
    "concerns",
    "attestation",
    "chain",
)
"""Mean what the report's JSON means by them. Of several values in a cell each has a line. New ones come last."""
_NOT_CONSULTED: Final = "not-consulted"
"""The outcome of the one row that a target has which could not be asked (rule I6)."""
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give the rows under a line of names, the targets in their order."""
    return table(COLUMNS, _rows(resolutions, frame))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Give rows under a line of names; what a row has not is empty, and no cell is a formula."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _cell(value) for column, value in row.items()})
    return stream.getvalue()


def _rows(resolutions: Sequence[Resolution], frame: Frame) -> Iterator[dict[str, object]]:
    for resolution in resolutions:
        target = {
            "target": str(resolution.target),
            "python": resolution.target.python,
            "architecture": resolution.target.architecture,
            "metadata_source": resolution.metadata.source,
            "metadata_date": resolution.metadata.date,
        }
        for decision in resolution.decisions:
            project = as_json.project(decision, resolution.backing)
            support, attested = project["security_support"], project["attestation"]
            yield {
                **target,
                **project,
                "security_support": support["status"] if isinstance(support, dict) else None,
                "requested_by": "\n".join(decision.requested_by),
                "concerns": "\n".join(concern.text for concern in decision.concerns),
                "attestation": attested["status"] if isinstance(attested, dict) else None,
                "chain": "\n".join(decision.chain),
            }
    for one in frame.missing:
        yield {"target": one.target, "outcome": _NOT_CONSULTED, "detail": one.why, "next_step": one.next_step}


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
