"""Many reports as text: a line each, all together, and what most of them miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.report.plain import printable
from resolver.report.survey.total import MOST, sentences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resolver.report.survey.total import Total


def render(total: Total) -> str:
    """Give the lines for people; text that ends with a newline. Names come last, where they may be long."""
    noun = total.noun.capitalize()
    each: list[tuple[str, ...]]
    if total.mixed:
        each = [(str(share), at, file) for file, shares in total.files.items() for at, share in shares.items()]
        lines = _table(("Coverage", "Target", noun), each, right=1)
    else:
        each = [(*map(str, shares.values()), file) for file, shares in total.files.items()]
        lines = _table((*total.places, noun), each, right=len(total.places))
    lines += ["", *sentences(total)]
    missing = total.gaps()
    if missing:
        lines += ["", f"What most {total.noun}s miss:"]
        rows = [
            (str(total.needed(name)), *(total.state(name, place) for place in total.places.values()), name)
            for name in missing[:MOST]
        ]
        lines += _table((f"{noun}s", *total.places, "Project"), rows, right=1)
        if len(missing) > MOST:
            lines.append(f"and {len(missing) - MOST} more (--format json has them all)")
    return "\n".join(map(printable, lines)) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, right: int) -> list[str]:
    """Give a table's lines; the first ``right`` columns hold numbers."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        texts = [
            cell.rjust(w) if at < right else cell.ljust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(texts).rstrip()

    return [line(head), "─" * sum((*widths, 2 * (len(widths) - 1))), *map(line, cells[1:])]
