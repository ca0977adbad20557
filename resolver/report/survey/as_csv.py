"""The gaps of many reports as CSV (RFC 4180): one row a project and target, those that most files need first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from resolver.report.as_csv import table

if TYPE_CHECKING:
    from resolver.report.survey.total import Total

COLUMNS: Final = ("target", "name", "files", "direct", "reason", "needed_by")
"""Mean what the JSON means by them; ``reason`` is the most frequent one. New ones come last."""


def render(total: Total) -> str:
    """Give the rows under a line of names."""
    rows = (
        {
            "target": target,
            "name": name,
            "files": str(len(gap.files)),
            "direct": str(gap.direct),
            "reason": gap.reason.value,
            "needed_by": "\n".join(gap.files),
        }
        for name in total.gaps()
        for target, place in total.places.items()
        if (gap := place.gaps.get(name)) is not None
    )
    unknown = ({"target": one.target, "reason": "not-consulted"} for one in total.missing)
    return table(COLUMNS, (*rows, *unknown))
