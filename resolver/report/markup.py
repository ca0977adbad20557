"""HTML that cannot be broken by what stands in it: every value is escaped unless this module made it.

Names, versions and messages come from strangers (an index, an archive, a requirements file). A plain ``str`` is text,
whoever wrote it, and becomes text; only ``Markup`` goes into a page as it is, and only ``element`` and the page's own
files make some. ``<`` never survives in a value, in attributes neither: what stands inside ``<noscript>`` is read
as markup by some and as raw text by others, and has to mean the same to both.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from resolver.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VOID = frozenset({"col", "input", "meta", "wbr"})
"""The elements that have no end tag, as far as the page uses them."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, attributes: Mapping[str, str | None] | None = None, /, *children: str | None) -> Markup:
    """Make one element. Attributes and children that are None are left out; an empty attribute is a flag.

    What a reader could not see (control characters, those that turn the direction of a line) is spelled out.
    """
    start = "".join(
        f' {name}="{_text(value)}"' if value else f" {name}"
        for name, value in (attributes or {}).items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{start}>")
    return Markup(f"<{tag}{start}>{joined(*children)}</{tag}>")


def joined(*parts: str | None) -> Markup:
    """Put parts one after the other; those that are no markup are escaped."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts if part is not None))


def lines(*parts: Markup | None) -> Iterable[Markup]:
    """Put each part on a line of its own, for whoever reads or compares the source."""
    yield Markup("\n")
    for part in parts:
        if part is not None:
            yield part
            yield Markup("\n")


def whole(text: str) -> Markup:
    """Keep a name, a version or a date on one line where it fits on one."""
    return element("span", {"class": "whole"}, text)


def breaking(text: str, after: str) -> Markup:
    """Let a line break after a certain character, before it breaks anywhere."""
    first, *others = text.split(after)
    return joined(first, *(joined(after, element("wbr"), other) for other in others))


def _text(value: str) -> str:
    return escape(printable(value))
