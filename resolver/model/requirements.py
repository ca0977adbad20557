"""What the inputs ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a requirement or an option stands."""

    file: str
    """The path as the user would name it; ``<stdin>`` for standard input, ``<command line>`` for an argument."""
    line: int
    """1-based; the first line of a continued line."""

    def __str__(self) -> str:
        """``requirements.txt:3``, the form editors understand."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One PEP 508 line (or URL, or path) with its origin."""

    name: NormalizedName | None
    """None where a URL or path does not tell the project's name."""
    extras: tuple[str, ...] = ()
    """Normalized (PEP 685), sorted."""
    specifier: SpecifierSet
    marker: Marker | None = None
    url: str | None = None
    """Where the project is to be taken from: a URL, a VCS URL, or a ``file:`` URL for a path."""
    editable: bool = False
    constraint: bool = False
    """From a ``-c`` file: limits a version, asks for nothing."""
    hashes: tuple[str, ...] = ()
    """``sha256:…`` as given, sorted."""
    origin: Origin
    text: str
    """The requirement as written, continuation lines joined, options and comment removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOption:
    """One option line of a requirements file that chooses where files come from."""

    name: str
    """The long option: ``--index-url``, ``--extra-index-url``, ``--find-links``, ``--no-index``, ``--pre`` …"""
    value: str | None
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementSet:
    """Everything that the inputs ask for."""

    requirements: tuple[Requirement, ...]
    """In the order of the files, each line once; ``constraint`` is False for all."""
    constraints: tuple[Requirement, ...] = ()
    options: tuple[FileOption, ...] = ()
    inputs: tuple[str, ...] = ()
    """The inputs as the user named them."""
    warnings: tuple[str, ...] = ()
    """What the files say without effect, as pip passes over it in silence: ``requirements.txt:3: ignored …``."""
    files: tuple[tuple[str, str], ...] = ()
    """Every file that was read, included ones too: its name as it is shown, and its sha256; each once, by name."""
