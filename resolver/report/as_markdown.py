"""The report as Markdown for a comment on a pull request: how much is covered, what is not, the rest folded away.

GitHub's dialect (GFM): tables and ``<details>``. What strangers wrote goes through ``escaped``: nothing of it can end a
cell, make a link or an image, call somebody by ``@``, or open HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from resolver.report import matrix
from resolver.report.formats import PLAIN, Frame
from resolver.report.plain import count, percent, printable
from resolver.report.reasons import words
from resolver.report.summary import summarize
from resolver.report.text import comes_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from resolver.model import Decision, Resolution

_ROOM: Final = 28_000
"""Characters that a table, or the list of warnings, may take: GitHub refuses a comment of more than 65,536."""
_HARMLESS: Final = r"[A-Za-z0-9 ,;()/]|(?<=[A-Za-z0-9])(?<!www)[-.](?=[A-Za-z0-9])"
_SPELLED: Final = re.compile(rf"^ | $|(?!{_HARMLESS}).", re.IGNORECASE)
"""What is spelled as a character reference: most of ASCII that is no letter, and all that is no ASCII."""


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:
    """Give a comment that GitHub takes: what has no room in it is counted."""
    parts = [*_summaries(resolutions, frame), *_projects(resolutions, frame), *_warnings(resolutions)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Spell text such that every Markdown reader gives it back, and finds nothing else in it."""
    return _SPELLED.sub(_spelled, printable(text))


def _spelled(match: re.Match[str]) -> str:
    """Spell one character as a reference: those never are markup (CommonMark, 2.5), in no parser.

    GitHub looks for ``@somebody`` and ``#1`` in the text that comes out: there the tags part them.
    """
    reference = f"&#{ord(match[0])};"
    return f"<span>{reference}</span>" if match[0] in "@#" else reference


def code(text: str | None) -> str:
    """Set text in the font of code; not by backticks, which cannot hold everything."""
    return f"<code>{escaped(text)}</code>" if text else ""


def _summaries(resolutions: Sequence[Resolution], frame: Frame) -> Iterator[str]:
    for resolution in resolutions:
        summary = summarize(resolution)
        told = [f"{summary.distro} of {count(summary.projects, 'project')} from the distribution"]
        told += [f"{number} {what}" for number, what in (
            (summary.pypi, "from PyPI"), (summary.unmet, "unmet"), (summary.unresolved, "unresolved"),
        ) if number]  # fmt: skip
        yield f"**{escaped(str(resolution.target))}: {percent(summary.coverage)} covered.** {', '.join(told)}."
    for one in frame.missing:
        yield f"**{escaped(one.target)}: not consulted.** {escaped(one.why)}"


def _projects(resolutions: Sequence[Resolution], frame: Frame) -> Iterator[str]:
    """Give the gaps, then in a fold what all targets serve."""
    rows = matrix.rows(resolutions)
    gaps = [row for row in rows if row.gaps]
    rest = [row for row in rows if not row.gaps]
    if gaps:
        yield _table(resolutions, frame, gaps)
    if rest:
        yield f"<details><summary>{count(len(rest), 'project')} without a gap</summary>"
        yield _table(resolutions, frame, rest)
        yield "</details>"


def _table(resolutions: Sequence[Resolution], frame: Frame, rows: Sequence[matrix.Row]) -> str:
    if len(resolutions) + len(frame.missing) == 1:
        heads = ["Project", "Wanted", "Comes from", "Why not from the distribution"]
        lines = (_decision(one) for row in rows for one in row.decisions if one is not None)
    else:
        targets = [*(str(one.target) for one in resolutions), *(one.target for one in frame.missing)]
        heads = ["Project", *map(escaped, targets)]
        unknown = ["?"] * len(frame.missing)
        lines = ([code(row.name), *(escaped(matrix.words(one)) for one in row.decisions), *unknown] for row in rows)
    return table(heads, lines, len(rows))


def table(heads: Sequence[str], rows: Iterable[Iterable[str]], number: int) -> str:
    """Give a table of cells that are Markdown, as far as there is room for its rows, of which there are ``number``."""
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *_fitting(map(_line, rows), number)])


def _decision(decision: Decision) -> list[str]:
    extras = f"[{','.join(decision.extras)}]" if decision.extras else ""
    why = [": ".join(filter(None, (words(decision.reason), decision.detail)))] if decision.reason else []
    if decision.loosened:
        why.append(f"{decision.loosened} is loosened")
    if decision.reason and decision.requested_by:
        why.append(f"asked for by {', '.join(decision.requested_by)}")
    if decision.next_step:
        why.append(f"next step: {decision.next_step}")
    return [
        code(f"{decision.name}{extras}"),
        code(decision.specifier),
        escaped(comes_from(decision)),
        "<br>".join(map(escaped, why)),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _warnings(resolutions: Sequence[Resolution]) -> Iterator[str]:
    told = list(dict.fromkeys(warning for resolution in resolutions for warning in resolution.warnings))
    if told:
        lines = (f"- {escaped(warning)}" for warning in told)
        yield "\n".join(["Warnings:", "", *_fitting(lines, len(told), room=_ROOM // 4)])


def _fitting(lines: Iterable[str], number: int, *, room: int = _ROOM) -> Iterator[str]:
    """Give as many lines as there is room for, and say how many there are no room for."""
    for place, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            yield from ("", f"and {number - place} more: `distrofirst report` has them all")
            return
        yield line
