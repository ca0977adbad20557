"""The formats of ``report``: the one table of them, and what each gets beside the resolutions.

A format is one module with one function, ``render(resolutions, frame)``, pure: the same values give the same text
(rule R7). Only the module that is asked for is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from resolver.model import Resolution, Unconsulted
    from resolver.report.survey.total import Total

FORMATS: Final = {
    "text": "resolver.report.text",
    "json": "resolver.report.as_json",
    "markdown": "resolver.report.as_markdown",
    "csv": "resolver.report.as_csv",
    "sarif": "resolver.report.sarif",
    "cyclonedx": "resolver.report.cyclonedx",
    "html": "resolver.report.as_html",
    "patch": "resolver.report.patch",
    "configuration": "resolver.report.as_configuration",
}
"""The module of each format, by the word that ``--format`` takes."""
OF_EACH_FILE: Final = ("jsonl",)
"""Those that answer for each input on its own (``resolver.report.survey.line``)."""
OF_FILES: Final = {
    "text": "resolver.report.survey.text",
    "json": "resolver.report.survey.as_json",
    "markdown": "resolver.report.survey.as_markdown",
    "csv": "resolver.report.survey.as_csv",
    "html": "resolver.report.survey.as_html",
}
"""The module of each format that many reports together have (``resolver.report.survey.total``)."""
OF_GAINS: Final = frozenset({"patch", "configuration"})
"""Those that say how to loosen bounds, and nothing without ``--relax``."""
OF_ONE_TARGET: Final = frozenset({"cyclonedx", *OF_GAINS})


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
    folder: Path = Path("/")
    """What the inputs' names are relative to."""
    read: Callable[[str], str | None] = lambda _name: None
    """Gives an input's text by its name; None for what is no file."""


PLAIN: Final = Frame()
"""Nothing is missing, and nobody looks at a terminal."""


class Render(Protocol):
    """What each format is."""

    def __call__(self, resolutions: Sequence[Resolution], frame: Frame = ...) -> str:
        """Give the report as text that ends with a newline."""
        ...


def load(form: str, *, targets: int) -> Render:
    """Import one of ``FORMATS`` for a report on so many targets.

    Raises InputError where it is of one target only, or where a library that it needs is not installed.
    """
    if form in OF_ONE_TARGET and targets != 1:
        raise InputError("it is of one target", context=f"--format {form}", hint="run once for each")
    try:
        render: Render = import_module(FORMATS[form]).render
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("resolver"):
            raise
        raise InputError(
            f"the Python module {error.name} is not installed",
            context=f"--format {form}",
            hint="install the OS package python3-cyclonedx-lib, or where there is none, distrofirst[sbom] by pip",
        ) from error
    return render


def load_total(form: str) -> Callable[[Total], str]:
    """Import one of ``OF_FILES``."""
    render: Callable[[Total], str] = import_module(OF_FILES[form]).render
    return render
