"""OSV's evaluation, and its third answer."""

from __future__ import annotations

import pytest

from resolver.audit.affected import Affected, Range, Scope
from resolver.audit.osv import order_versions

YES, NO, UNCLEAR = Affected.YES, Affected.NO, Affected.UNCLEAR


def events(text: str, *, comparable: bool = True) -> Range:
    """``introduced 0, fixed 2``."""
    pairs = [part.split() for part in text.split(", ")]
    return Range(comparable=comparable, events=tuple((kind, version) for kind, version in pairs))


@pytest.mark.parametrize(
    ("ranges", "version", "expected"),
    [
        ("introduced 0, fixed 2.0", "1.9", YES),
        ("introduced 0, fixed 2.0", "2.0", NO),
        ("introduced 0, fixed 2.0", "2", NO),
        ("introduced 0, fixed 2.0", "2.0rc1", YES),
        ("introduced 0, fixed 2.0", "0.dev0", YES),
        ("introduced 0", "999", YES),
        ("introduced 1.0, last_affected 1.5", "0.9", NO),
        ("introduced 1.0, last_affected 1.5", "1.5", YES),
        ("introduced 1.0, last_affected 1.5", "1.5.0", YES),
        ("introduced 1.0, last_affected 1.5", "1.5.1", NO),
        ("introduced 1.0, fixed 1.2, introduced 2.0, fixed 2.1", "1.5", NO),
        ("introduced 1.0, fixed 1.2, introduced 2.0, fixed 2.1", "2.0.5", YES),
        ("fixed 1.2, introduced 2.0, introduced 1.0, fixed 2.1", "2.0.5", YES),
        ("introduced 0, limit 1.0", "0.5", YES),
        ("introduced 0, limit 1.0", "1.0", NO),
        ("introduced 0, limit *", "7", YES),
        ("introduced 2.0, fixed 2.0", "2.0", YES),
        ("introduced 1!0, fixed 1!2", "1", NO),
        ("introduced 1!0, fixed 1!2", "1!1", YES),
        ("introduced 0, fixed 1.0", "1.0.post1", NO),
        ("introduced 0, fixed two-point-oh", "1.0", UNCLEAR),
        ("introduced 0, fixed 2.0", "none", UNCLEAR),
        ("introduced 0, limit soon", "1.0", UNCLEAR),
    ],
)
def test_a_range(ranges: str, version: str, expected: Affected) -> None:
    assert Scope(ranges=(events(ranges),)).holds(version, order_versions) is expected


@pytest.mark.parametrize(
    ("scope", "version", "expected"),
    [
        (Scope(versions=frozenset({"1.0"})), "1.0", YES),
        (Scope(versions=frozenset({"1.0"})), "1.0.0", YES),
        (Scope(versions=frozenset({"1.0"})), "1.1", NO),
        (Scope(versions=frozenset({"2004d"})), "2004d", YES),
        (Scope(versions=frozenset({"2004d"})), "1.0", NO),
        # Commits say nothing of a release, unless releases are named beside them.
        (Scope(ranges=(events("introduced 0, fixed abc", comparable=False),)), "1.0", UNCLEAR),
        (Scope(versions=frozenset({"1.0"}), ranges=(events("introduced 0", comparable=False),)), "1.1", NO),
        (Scope(ranges=(events("introduced 0", comparable=False), events("introduced 0, fixed 1"))), "1.1", NO),
        (Scope(), "1.0", UNCLEAR),
        (Scope(ranges=(events("introduced x"), events("introduced 0, fixed 1"))), "0.5", YES),
        (Scope(ranges=(events("introduced x"), events("introduced 0, fixed 1"))), "1.5", UNCLEAR),
    ],
)
def test_T2_versions_and_ranges_together(scope: Scope, version: str, expected: Affected) -> None:
    assert scope.holds(version, order_versions) is expected
