"""The requirements files below a folder, found by their names. Opens none of them.

Files: ``*requirements*.txt`` and ``.in`` in any spelling, every ``.txt`` and ``.in`` somewhere below a folder named
``requirements`` or ``reqs``, ``pyproject.toml``, ``pylock.toml`` and ``pylock.NAME.toml`` (PEP 751). Constraints ask
for nothing, so a file that is named after them is none. Left out: hidden folders, environments, what others installed
or vendored there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r".*requirements.*\.(?:txt|in)|pyproject\.toml|pylock(?:\.[^.]+)?\.toml", re.IGNORECASE)
_IN_FOLDER = re.compile(r".*\.(?:txt|in)", re.IGNORECASE)
_FOLDERS = frozenset({"requirements", "reqs"})
_LEFT_OUT = frozenset({"node_modules", "site-packages", "dist-packages", "__pycache__", "_vendor"})


def requirements_files(folder: str) -> tuple[str, ...]:
    """Give the files below a folder, as paths that begin with it as it was named; sorted.

    Raises InputError for a folder that cannot be listed: what is in there would be lost without a word.
    """
    found = sorted(_below(folder), key=lambda path: Path(path).parts)
    if not found:
        raise InputError(
            "no requirements file is below this folder",
            context=folder,
            hint="looked for *requirements*.txt, *.txt in a folder named requirements, pyproject.toml, pylock.toml",
        )
    return tuple(found)


def has_requirements(folder: str) -> bool:
    """Tell whether ``requirements_files`` would find one. Raises InputError as it does."""
    return next(_below(folder), None) is not None


def _below(top: str) -> Iterator[str]:
    for folder, folders, files in os.walk(top, onerror=_refuse):
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _LEFT_OUT]
        named = Path(folder).relative_to(top).parts if folder != top else (Path(top).absolute().name,)
        inside = any(part.lower() in _FOLDERS for part in named)
        for name in files:
            if "constraint" not in name.lower() and (_NAME.fullmatch(name) or (inside and _IN_FOLDER.fullmatch(name))):
                yield os.path.join(folder, name)  # noqa: PTH118 -- Path would take the ./ off that the user wrote


def _refuse(error: OSError) -> None:
    raise InputError(
        f"the folder cannot be listed: {error.strerror}",
        context=str(error.filename),
        hint="make it readable, or name the files in question one by one",
    ) from error
