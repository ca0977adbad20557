"""What a Requires entry names: rpm's plain and boolean dependencies, and Python's ``python3.11dist(name)``.

Boolean ("rich") dependencies as in rpm's manual, "Boolean Dependencies": operators stand between operands, always in
parentheses; ``and``, ``or`` and ``with`` may be chained, ``if`` and ``unless`` may have an ``else``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    Groups = tuple[tuple[str, ...], ...]
    """All of the groups are needed, and of each group one name at least."""

_RELATION = re.compile(r"[<>=]{1,2}")
_RELATIONS = frozenset({"<", "<=", "=<", "=", "==", ">=", "=>", ">"})
_CHAINED = frozenset({"and", "or", "with"})
_CONDITIONAL = frozenset({"if", "unless"})
_OPERATORS = _CHAINED | _CONDITIONAL | {"without", "else"}
_BLANKS = " \t\n\r\v\f"
_PIECES = re.compile(r"[ \t\n\r\v\f()]|[^ \t\n\r\v\f()]+")
_SIMPLE = re.compile(r"[^ \t\n\r\v\f()<>=]+(?:\([^ \t\n\r\v\f()]*\))*")
_DEPTH = 50
"""Parentheses in parentheses; rpm's own macros come to three."""
_GROUPS = 1000
"""Groups that an ``or`` of ``and``s may be multiplied out to."""
_WHO = r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_DIST = re.compile(rf"python([1-9][0-9]*(?:\.[0-9]+)?)dist\({_WHO}(?:\[{_WHO}\])?\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonCapability:
    """A project, or one of its extras, as rpm's generator for Python names it."""

    python: str
    """``3.11``, or ``3`` for whichever interpreter the provider is made for: no evidence for one (rule I4)."""
    project: NormalizedName
    extra: NormalizedName | None = None


@lru_cache(maxsize=1 << 16)
def dist_of(capability: str) -> PythonCapability | None:
    """Read ``python3.11dist(requests[socks])``; None for any other capability, and for names that can be nobody's.

    Dotted names (EPEL 8, openSUSE: ``ruamel.yaml``) are normalized (PEP 503).
    """
    match = _DIST.fullmatch(capability)
    if match is None:
        return None
    python, project, extra = match.groups()
    return PythonCapability(
        python=python,
        project=canonicalize_name(project),
        extra=canonicalize_name(extra) if extra is not None else None,
    )


def needs(text: str) -> Groups:
    """Give what a Requires entry needs for certain: groups of capability names, of each of which one has to be there.

    Versions are left out (rule R3). ``A and B`` gives two groups and ``A or B`` one of two names; an ``or`` over
    ``and``s is multiplied out. ``A with B`` and ``A without B`` speak of one OS package, which A names already. ``A if
    B`` and ``A unless B`` give nothing, with or without ``else``: the package manager asks for A only where the
    condition holds on that system, so they are no promise that A comes along, nor does A break anything by its absence.

    Raises ValueError for what rpm would not take either.
    """
    if _SIMPLE.fullmatch(text):
        return ((text,),)  # nearly all of them, in a tenth of the time
    reader = _Reader(text)
    groups = reader.operand()
    reader.end()
    return groups


class _Reader:
    """A recursive descent over one entry."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def operand(self) -> Groups:
        """Read a boolean dependency in parentheses, or a name and maybe a version."""
        self._skip()
        return self._boolean() if self._text.startswith("(", self._at) else ((self._plain(),),)

    def end(self) -> None:
        """Make sure that nothing is left."""
        self._skip()
        if self._at != len(self._text):
            raise self._mistake("more than one dependency")

    def _boolean(self) -> Groups:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._mistake("too many parentheses in each other")
        self._at += 1
        operands = [self.operand()]
        operators: list[str] = []
        while not self._closed():
            operators.append(self._operator(operators))
            operands.append(self.operand())
        self._depth -= 1
        match operators[:1]:
            case ["and"]:
                return tuple(dict.fromkeys(group for operand in operands for group in operand))
            case ["or"]:
                return self._one_of(operands)
            case ["if" | "unless"]:
                return ()
            case _:  # a single operand, with, without
                return operands[0]

    def _one_of(self, operands: list[Groups]) -> Groups:
        """Multiply out: (A and B) or C is (A or C) and (B or C). Where one operand needs nothing, so does all."""
        count = 1
        for operand in operands:
            count *= len(operand)
        if count > _GROUPS:
            raise self._mistake("too many alternatives")
        return tuple(
            dict.fromkeys(
                tuple(dict.fromkeys(name for group in chosen for name in group)) for chosen in product(*operands)
            )
        )

    def _operator(self, before: list[str]) -> str:
        operator = self._word()
        if operator not in _OPERATORS:
            raise self._mistake(f"{operator!r} is no operator")
        if operator == "else":
            if len(before) != 1 or before[0] not in _CONDITIONAL:
                raise self._mistake("else without if")
        elif before and (operator != before[-1] or operator not in _CHAINED):
            raise self._mistake(f"{operator!r} cannot follow {before[-1]!r}")
        return operator

    def _plain(self) -> str:
        name = self._word()
        if not name or (self._depth and name in _OPERATORS) or _RELATION.match(name):
            raise self._mistake("a name is missing")
        self._skip()
        if relation := _RELATION.match(self._text, self._at):
            self._at = relation.end()
            self._skip()
            if relation[0] not in _RELATIONS or not self._word():
                raise self._mistake("a version is missing")
        return name

    def _word(self) -> str:
        """Take everything up to a blank or a parenthesis that was not opened in the word itself, as rpm does."""
        self._skip()
        start = self._at
        opened = 0
        for match in _PIECES.finditer(self._text, start):
            if match[0] == "(":
                opened += 1
            elif match[0] == ")":
                if not opened:
                    break
                opened -= 1
            elif match[0] in _BLANKS:
                break
            self._at = match.end()
        if opened:
            raise self._mistake("a parenthesis is not closed")
        return self._text[start : self._at]

    def _closed(self) -> bool:
        self._skip()
        if self._at == len(self._text):
            raise self._mistake("a parenthesis is not closed")
        closed = self._text[self._at] == ")"
        self._at += closed
        return closed

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1

    def _mistake(self, what: str) -> ValueError:
        return ValueError(f"{self._text!r} is no dependency: {what} at {self._at}")
