"""A requirements file's text → logical lines: continuations joined, comments removed, ``${VAR}`` put in.

The three steps and their order are pip's (its manual, "Requirements File Format").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMENT = re.compile(r"(?:^|\s+)#.*$")
# Upper case only, so that a stray $ in a URL or password is left alone (POSIX names, as pip has it).
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogicalLine:
    """One line after joining, never empty."""

    number: int
    """1-based: the first physical line."""
    text: str
    """With environment variables put in."""
    written: str
    """As the file has it. Shown instead of ``text``, which may hold a password from the environment."""


def logical_lines(content: str, environ: Mapping[str, str]) -> Iterator[LogicalLine]:
    """Yield the lines that say something."""
    for number, joined in _joined(content):
        written = _COMMENT.sub("", joined).strip()
        if written:
            yield LogicalLine(number=number, text=_expanded(written, environ), written=written)


def _joined(content: str) -> Iterator[tuple[int, str]]:
    r"""Join each line that ends in ``\`` with the next; a comment line ends the joining."""
    pending: list[str] = []
    first = 0
    for number, line in enumerate(content.splitlines(), start=1):
        is_comment = _COMMENT.match(line) is not None
        if line.endswith("\\") and not is_comment:
            if not pending:
                first = number
            pending.append(line.strip("\\"))
        elif pending:
            # The space lets a comment be seen as one where the line before it left none.
            yield first, "".join([*pending, " " + line if is_comment else line])
            pending = []
        else:
            yield number, line
    if pending:
        yield first, "".join(pending)


def _expanded(line: str, environ: Mapping[str, str]) -> str:
    """Put in each variable that is set and not empty; the others stay as they are."""
    for name in _VARIABLE.findall(line):
        if value := environ.get(name):
            line = line.replace(f"${{{name}}}", value)
    return line
