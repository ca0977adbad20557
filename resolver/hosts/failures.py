"""How a package manager's words become an error with a cause and a next step: the form of the tables, and the search.

The tables themselves stand beside each tool: ``apt_failures``, ``rpm_failures``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from resolver.errors import DistrofirstError


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One way to fail, recognized by what is printed."""

    pattern: re.Pattern[str]
    kind: type[DistrofirstError]
    message: str
    """With the pattern's groups as ``{0}``, ``{1}``."""
    hint: str | None = None


def failure(pattern: str, kind: type[DistrofirstError], message: str, hint: str | None = None) -> Failure:
    """Write one line of a table; ``^`` and ``$`` are a line's, and a dot matches across lines."""
    return Failure(pattern=re.compile(pattern, re.MULTILINE | re.DOTALL), kind=kind, message=message, hint=hint)


def first_of(
    table: Iterable[Failure], output: str, *, context: str, tidy: Callable[[str], str] = str.strip
) -> DistrofirstError | None:
    """Give the error of the table's first line that fits; the order is the table's, not the output's."""
    for known in table:
        if found := known.pattern.search(output):
            details = (tidy(group or "") for group in found.groups())
            return known.kind(known.message.format(*details), context=context, hint=known.hint)
    return None
