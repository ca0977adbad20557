"""Every kind of squat is recognized, and a name that somebody stands behind never is one."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.catalog.store import IndexFile
from resolver.model import Likeness
from resolver.pypi.lookalikes import PREFIXES, SHORT, SUFFIXES, TrustedNames
from resolver.targets import mappings_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.model import Lookalike

KNOWN = TrustedNames(
    ["requests", "numpy", "python-dateutil", "attrs", "pyjwt", "six", "django-rest-framework", "arrow", "tomli"],
    ["colorama", "requests"],
)


def like(name: str) -> Lookalike | None:
    return KNOWN.lookalike(canonicalize_name(name))


@pytest.mark.parametrize(
    ("name", "likely", "likeness"),
    [
        ("reqeusts", "requests", Likeness.SWAP),
        ("Requestss", "requests", Likeness.EDIT),
        ("request", "requests", Likeness.EDIT),
        ("requezts", "requests", Likeness.EDIT),
        ("re-quests", "requests", Likeness.EDIT),
        ("pythondateutil", "python-dateutil", Likeness.EDIT),
        ("nurnpy", "numpy", Likeness.HOMOGLYPH),
        ("arrovv", "arrow", Likeness.HOMOGLYPH),
        ("c0l0rama", "colorama", Likeness.HOMOGLYPH),
        ("tomIi", "tomli", Likeness.HOMOGLYPH),
        ("t0m1i", "tomli", Likeness.HOMOGLYPH),
        ("dateutil-python", "python-dateutil", Likeness.ORDER),
        ("rest-django-framework", "django-rest-framework", Likeness.ORDER),
        ("python-requests", "requests", Likeness.AFFIX),
        ("dateutil", "python-dateutil", Likeness.AFFIX),
        ("jwt", "pyjwt", Likeness.AFFIX),
        ("requests-dev", "requests", Likeness.AFFIX),
        ("numpy-js", "numpy", Likeness.AFFIX),
        ("six2", "six", Likeness.AFFIX),
    ],
)
def test_each_kind(name: str, likely: str, likeness: Likeness) -> None:
    found = like(name)
    assert found is not None
    assert (found.likely, found.likeness) == (likely, likeness)


@pytest.mark.parametrize("name", ["requests", "colorama", "zz-alpha", "sax", "sxi", "httpx", "x", "a-b-c-d-e-f"])
def test_what_is_known_and_what_is_like_nothing(name: str) -> None:
    assert like(name) is None


def test_who_knows_the_likely_name() -> None:
    packaged, popular = like("requestz"), like("colourama")
    assert packaged is not None
    assert popular is not None
    assert (packaged.packaged, popular.packaged) == (True, False)


def test_P3_letters_of_other_alphabets_never_get_here() -> None:
    """The Cyrillic letter is no part of any requirement (PEP 508); a confusable needs no kind of its own."""
    from resolver.errors import InputError  # noqa: PLC0415 - this test alone
    from resolver.model import Origin  # noqa: PLC0415 - the same
    from resolver.requirements import parse_requirement  # noqa: PLC0415 - the same

    with pytest.raises(InputError):
        parse_requirement("r\u0435quests", Origin(file="app.txt", line=1))


def planted(name: str) -> Iterator[str]:
    """Give every squat of a name that the module's words promise to catch."""
    for place in range(len(name) - 1):
        yield name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    for place in range(len(name)):
        yield name[:place] + name[place + 1 :]
        for letter in "ax1":
            yield name[:place] + letter + name[place + 1 :]
            yield name[:place] + letter + name[place:]
    for plain, squat in (("m", "rn"), ("rn", "m"), ("w", "vv"), ("o", "0"), ("l", "1"), ("s", "5")):
        yield name.replace(plain, squat)
    if name.count("-") in {1, 2}:
        yield from ("-".join(words) for words in permutations(name.split("-")))
    yield from (prefix + name for prefix in PREFIXES)
    yield from (name + suffix for suffix in SUFFIXES)


def test_every_planted_typo_of_the_distributions_names_is_caught() -> None:
    known: frozenset[str] = frozenset().union(*(IndexFile(p).projects() for p in mappings_folder().glob("*.idx")))
    trusted = TrustedNames(known)
    missed = []
    tried = 0
    for name in random.Random(4).sample(sorted(known), 100):  # noqa: S311 - a sample, no secret
        for squat in {canonicalize_name(one) for one in planted(name)} - known:
            if len(squat) < SHORT or squat.strip("-") != squat:
                continue
            tried += 1
            if trusted.lookalike(canonicalize_name(squat)) is None:
                missed.append((name, squat))
    assert tried > 5000
    assert missed == []


def test_no_name_that_the_distributions_know_is_flagged() -> None:
    known = IndexFile(mappings_folder() / "debian-13.idx").projects()
    assert {"requests", "attrs", "django"} <= known
    trusted = TrustedNames(known)
    assert len(trusted) == len(known)
    assert not [name for name in known if trusted.lookalike(canonicalize_name(name)) is not None]
