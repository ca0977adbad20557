"""Which paths exist: the one thing about the machine that decides how a requirement reads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class PathKind(StrEnum):
    """What stands at a path, as far as requirements care."""

    FILE = "file"
    PROJECT = "project"
    """A folder with a pyproject.toml or a setup.py."""
    FOLDER = "folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The one thing about the machine that decides how a line reads: which paths exist."""

    cwd: str
    """Absolute: what relative paths start from."""
    kind_of: Callable[[str], PathKind | None]
    """What stands at an absolute path; None where nothing does."""


def on_disk(cwd: Path) -> Surroundings:
    """Give the real surroundings."""

    def kind_of(path: str) -> PathKind | None:
        if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a NUL character on Python 3.11
            return PathKind.FILE
        if not os.path.isdir(path):  # noqa: PTH112 - the same
            return None
        marks = ("pyproject.toml", "setup.py")
        return PathKind.PROJECT if any(Path(path, mark).is_file() for mark in marks) else PathKind.FOLDER

    return Surroundings(cwd=str(cwd.absolute()), kind_of=kind_of)
