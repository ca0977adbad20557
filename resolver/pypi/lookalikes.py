"""Names that look like another project's (typosquats). Pure; knows neither the index nor the distribution.

A name is held against names that somebody stands behind: those that the distributions package, and, where the user has
such a list, the most downloaded ones. What is itself among them is never flagged. Everything else is, where it is one
of these away from one of them, tried in this order:

=============  ======================================================================================
swap           two neighbouring characters changed places: ``reqeusts``
homoglyph      what looks alike: 0 and o, 1 and l and i, rn and m, vv and w, 5 and s: ``nurnpy``
edit           one character more, less or other: ``requestss``, ``djang``, ``flusk``
order          the words between hyphens in another order: ``dateutil-python``
affix          ``python-``, ``py-``, ``py`` before it; ``-python``, ``-py``, ``python``, ``2``, ``3``, ``-dev``,
               ``-js``, ``-lib``, ``-cli`` after it; the squat may have it or lack it
=============  ======================================================================================

Characters outside ASCII cannot occur: no requirement with one can be read (PEP 508).

A short name is one edit away from too many others: below ``SHORT`` characters an edit says nothing, and below
``SHORTEST`` nor do a swap and a homoglyph.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from packaging.utils import NormalizedName

from resolver.model import Likeness, Lookalike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORT: Final = 5
"""Characters below which one edit says nothing."""
SHORTEST: Final = 4
"""Characters below which a swap and a homoglyph say nothing."""
PREFIXES: Final = ("python-", "py-", "py")
SUFFIXES: Final = ("-python", "-py", "python", "2", "3", "-dev", "-js", "-lib", "-cli")

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-"
_MOST_WORDS: Final = 4
"""Of more words the orders are too many to try, and nobody squats such a name."""
_ALIKE: Final = str.maketrans("015i", "olsl")


class TrustedNames:
    """The names that others may be mistaken for; what they look like is worked out when first asked for."""

    def __init__(self, distributions: Iterable[str], popular: Iterable[str] = ()) -> None:
        """Take normalized names (PEP 503)."""
        self._distributions = frozenset(distributions)
        self._names = self._distributions.union(popular)
        self._skeletons: dict[str, str] | None = None

    def __contains__(self, name: object) -> bool:
        """Tell whether somebody stands behind a name."""
        return name in self._names

    def __len__(self) -> int:
        """Count the names."""
        return len(self._names)

    def lookalike(self, name: NormalizedName) -> Lookalike | None:
        """Give the name that this one looks like; None for one that is trusted itself, or like no other."""
        if name in self:
            return None
        for likeness, others in (
            (Likeness.SWAP, _swaps(name) if len(name) >= SHORTEST else ()),
            (Likeness.HOMOGLYPH, self._homoglyphs(name) if len(name) >= SHORTEST else ()),
            (Likeness.EDIT, _edits(name) if len(name) >= SHORT else ()),
            (Likeness.ORDER, _orders(name)),
            (Likeness.AFFIX, _affixes(name)),
        ):
            found = min(self._names.intersection(others), default=None)
            if found is not None:
                return Lookalike(
                    name=name,
                    likely=NormalizedName(found),
                    likeness=likeness,
                    packaged=found in self._distributions,
                )
        return None

    def _homoglyphs(self, name: str) -> tuple[str, ...]:
        if self._skeletons is None:
            self._skeletons = {_skeleton(other): other for other in sorted(self._names, reverse=True)}
        found = self._skeletons.get(_skeleton(name))
        return () if found is None else (found,)


def _swaps(name: str) -> Iterator[str]:
    for place in range(len(name) - 1):
        yield name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def _edits(name: str) -> Iterator[str]:
    for place in range(len(name)):
        before, after = name[:place], name[place + 1 :]
        yield before + after
        for letter in _LETTERS:
            yield before + letter + after
            yield before + letter + name[place:]
    for letter in _LETTERS:
        yield name + letter


def _orders(name: str) -> Iterator[str]:
    words = name.split("-")
    if 1 < len(words) <= _MOST_WORDS:
        for order in permutations(words):
            yield "-".join(order)


def _affixes(name: str) -> Iterator[str]:
    """Take an affix away, or put one on: whichever of the two is the squat, the other is the trusted one."""
    for prefix in PREFIXES:
        yield prefix + name
        if name.startswith(prefix):
            yield name.removeprefix(prefix)
    for suffix in SUFFIXES:
        yield name + suffix
        if name.endswith(suffix):
            yield name.removesuffix(suffix)


def _skeleton(name: str) -> str:
    """Give what a quick reader sees; equal for names that look alike."""
    return name.replace("rn", "m").replace("vv", "w").translate(_ALIKE)
