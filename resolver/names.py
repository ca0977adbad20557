"""Which names of the remainder look like others: the known names, read once and only when a name is to be judged."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.errors import InputError
from resolver.model import assigned_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import AssignedIndex, Lookalike
    from resolver.pypi.lookalikes import TrustedNames

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


class Names:
    """Judges names for one target. What the user reviewed, or assigned to an index by name, looks like nothing."""

    def __init__(
        self,
        known: Callable[[], frozenset[str]],
        *,
        popular: Path | None,
        reviewed: frozenset[NormalizedName],
        assigned: tuple[AssignedIndex, ...],
    ) -> None:
        """Read nothing yet. ``known`` gives the names that the distributions know."""
        self._known = known
        self._popular = popular
        self._reviewed = reviewed
        self._assigned = assigned
        self._trusted: TrustedNames | None = None

    def __call__(self, project: NormalizedName, /) -> Lookalike | None:
        """See ``resolver.resolve.concerns.Resembles``. Raises InputError where the list of popular names is none."""
        if project in self._reviewed or assigned_to(project, self._assigned) is not None:
            return None
        if self._trusted is None:
            from resolver.pypi.lookalikes import TrustedNames  # noqa: PLC0415 - a covered file has no names to judge

            self._trusted = TrustedNames(self._known(), read_popular(self._popular) if self._popular else ())
        return self._trusted.lookalike(project)


def read_popular(path: Path) -> frozenset[str]:
    """Read a list of popular names: one a line (``#`` begins a comment), or the JSON of top-pypi-packages.

    The latter is ``{"rows": [{"project": NAME}, …]}``. Raises InputError for a file that is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_list(path, getattr(error, "strerror", None) or str(error)) from error
    if not text.lstrip().startswith("{"):
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        names = [line for line in lines if line]
    else:
        try:
            names = [row["project"] for row in json.loads(text)["rows"]]
        except (ValueError, KeyError, TypeError) as error:
            raise _no_list(path, "the JSON has no rows with a project each") from error
    wrong = next((name for name in names if not isinstance(name, str) or not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise _no_list(path, f"{wrong!r} is no project's name")
    return frozenset(map(canonicalize_name, names))


def _no_list(path: Path, why: str) -> InputError:
    return InputError(
        f"the list of popular names cannot be read: {why}",
        context=str(path),
        hint="one name a line, or the JSON of top-pypi-packages; names.popular in the configuration names it",
    )
