"""PEP 751's markers: ``"NAME" in extras`` and ``in dependency_groups`` are decided, the rest stays a PEP 508 marker.

packaging knows these two variables from 25.0 on; Debian 12 has 23.0, and what was asked for is known here anyway.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from resolver.model import Origin

_TOKEN = re.compile(r"\s*([()]|'[^']*'|\"[^\"]*\"|===|==|~=|!=|<=|>=|<|>|[\w.]+)")

Verdict = bool | str
"""True or False where decided, else the marker that remains."""


def decide(marker: str, asked: Mapping[str, Collection[str]], origin: Origin) -> Verdict:
    """Put in what was asked for. ``asked`` has the keys ``extras`` and ``dependency_groups``, their names normalized.

    Raises InputError for text that is no marker; PEP 508 itself is checked later, by packaging.
    """
    if not any(variable in marker for variable in asked):
        return marker
    tokens = _TOKEN.findall(marker)
    if _TOKEN.sub("", marker).strip():
        raise _refused(marker, origin)
    reader = _Reader(tokens, asked)
    try:
        verdict = reader.either()
    except (IndexError, RecursionError):
        raise _refused(marker, origin) from None
    if reader.rest:
        raise _refused(marker, origin)
    return verdict


def _refused(marker: str, origin: Origin) -> InputError:
    return InputError(f"{marker!r} is not a marker (PEP 751)", context=str(origin))


class _Reader:
    """Recursive descent: ``either`` is or, ``both`` is and, ``one`` is a comparison or parentheses."""

    def __init__(self, tokens: list[str], asked: Mapping[str, Collection[str]]) -> None:
        self.rest = tokens[::-1]
        self._asked = asked

    def either(self) -> Verdict:
        parts = [self.both()]
        while self.rest and self.rest[-1] == "or":
            self.rest.pop()
            parts.append(self.both())
        return _joined("or", parts, decisive=True)

    def both(self) -> Verdict:
        parts = [self.one()]
        while self.rest and self.rest[-1] == "and":
            self.rest.pop()
            parts.append(self.one())
        return _joined("and", parts, decisive=False)

    def one(self) -> Verdict:
        first = self.rest.pop()
        if first == "(":
            inner = self.either()
            if self.rest.pop() != ")":
                raise IndexError
            return f"({inner})" if isinstance(inner, str) else inner
        operator = self.rest.pop()
        if operator == "not":
            operator = f"not {self.rest.pop()}"
        second = self.rest.pop()
        if second not in self._asked:
            return f"{first} {operator} {second}"
        if operator not in {"in", "not in"} or first[0] not in "'\"":
            raise IndexError
        return (canonicalize_name(first[1:-1]) in self._asked[second]) is (operator == "in")


def _joined(word: str, parts: list[Verdict], *, decisive: bool) -> Verdict:
    """Join what is not decided; one part of the decisive value decides all."""
    if decisive in parts:
        return decisive
    open_parts = [part for part in parts if isinstance(part, str)]
    return f" {word} ".join(open_parts) if open_parts else not decisive
