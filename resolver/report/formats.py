"""The formats of ``report``: the one table of them, and what each gets beside the resolutions.

A format is one module with one function, ``render(resolutions, frame)``, pure: the same values give the same text
(rule R7). Only the module that is asked for is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from resolver.model import Resolution, Unconsulted

FORMATS: Final = {
    "text": "resolver.report.text",
    "json": "resolver.report.as_json",
}
"""The module of each format, by the word that ``--format`` takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What a report stands in."""

    missing: tuple[Unconsulted, ...] = ()
    """The targets that have no resolution; no format may keep silent about them (rule I6)."""
    width: int | None = None
    """The terminal's, in columns; None where there is no terminal."""
    color: bool = False
    """Whether ANSI sequences are allowed."""
    verbose: bool = False
    """Whether what is covered is listed as well as what is not."""
    folder: Path | None = None
    """What the inputs' names are relative to."""


PLAIN: Final = Frame()
"""Nothing is missing, and nobody looks at a terminal."""


def render(form: str, resolutions: Sequence[Resolution], frame: Frame) -> str:
    """Give the report in one of ``FORMATS``; text that ends with a newline."""
    text: str = import_module(FORMATS[form]).render(resolutions, frame)
    return text
