"""The pins policy (rule R9), which bound fails, and versions as ``packaging`` judges them (rule V3)."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

pytest.importorskip("hypothesis", reason="property tests need hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from resolver.model import PinsPolicy, Reason
from resolver.resolve import pins

EXACT, MINIMUM, COMPATIBLE, PREFER = PinsPolicy.EXACT, PinsPolicy.MINIMUM, PinsPolicy.COMPATIBLE, PinsPolicy.PREFER


def canonical(text: str) -> str:
    return str(SpecifierSet(text))  # its clauses sorted


@pytest.mark.parametrize(
    ("specifier", "policy", "expected"),
    [
        ("==2.31.0", EXACT, "==2.31.0"),
        ("==2.31.0", MINIMUM, ">=2.31.0"),
        ("==2.31.0", COMPATIBLE, ">=2.31,<3"),
        ("==2.31.0", PREFER, ""),
        ("===2.31.0", MINIMUM, ">=2.31.0"),
        ("==0.4.7", COMPATIBLE, ">=0.4,<0.5"),
        ("==0.4", COMPATIBLE, ">=0.4,<0.5"),
        ("==2024.8.30", COMPATIBLE, ">=2024.8,<2025"),
        ("==5", COMPATIBLE, ">=5.0,<6"),
        ("==1!2.3.4", COMPATIBLE, ">=1!2.3,<1!3"),
        ("==1!2.3.4", MINIMUM, ">=1!2.3.4"),
        ("==2.0rc1", COMPATIBLE, ">=2.0rc1,<3"),
        ("==2.0.0rc1", COMPATIBLE, ">=2.0.0rc1,<3"),
        ("==2.0.1rc1", COMPATIBLE, ">=2.0,<3"),
        ("==1.2.post1", COMPATIBLE, ">=1.2,<2"),
        ("==1.13.1+cu117", MINIMUM, ">=1.13.1"),
        ("==1.13.1+cu117", COMPATIBLE, ">=1.13,<2"),
        ("==2.31.0,!=2.31.5", MINIMUM, ">=2.31.0,!=2.31.5"),
        ("==2.31.0,<3", PREFER, "<3"),
        ("==2.31.*", MINIMUM, "==2.31.*"),
        ("==2.31.*", PREFER, "==2.31.*"),
        ("~=2.31", PREFER, "~=2.31"),
        (">=2,<3", PREFER, ">=2,<3"),
        ("===not-a-version", MINIMUM, "===not-a-version"),
        ("", MINIMUM, ""),
    ],
)
def test_R9_what_a_pin_means(specifier: str, policy: PinsPolicy, expected: str) -> None:
    assert str(pins.loosen(SpecifierSet(specifier), policy)) == canonical(expected)


@pytest.mark.parametrize(
    ("pin", "policy", "admitted", "refused"),
    [
        ("==2.31.0", EXACT, ["2.31.0", "2.31", "2.31.0+dfsg1"], ["2.31.1", "2.30"]),
        ("==2.31.0", MINIMUM, ["2.31.0+dfsg1", "2.32", "3"], ["2.30", "2.31.0rc1"]),
        ("==2.31.4", COMPATIBLE, ["2.31", "2.31.0", "2.32.3", "2.99"], ["2.30.9", "3", "1.99"]),
        ("==0.4.7", COMPATIBLE, ["0.4", "0.4.0", "0.4.9"], ["0.5", "0.3.9", "1.0"]),
        ("==1.2.1", PREFER, ["0.1", "9", "1!0"], []),
    ],
)
def test_R9_whom_a_loosened_pin_admits(pin: str, policy: PinsPolicy, admitted: list[str], refused: list[str]) -> None:
    bound = pins.loosen(SpecifierSet(pin), policy)
    assert [one for one in [*admitted, *refused] if pins.admits(bound, Version(one))] == admitted


RELEASES = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
VERSIONS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "1!"]),
    RELEASES,
    st.sampled_from(["", "", "rc1", "a2", ".dev3", ".post1", "rc1.dev0"]),
    st.sampled_from(["", "", "+dfsg1"]),
)


@given(VERSIONS, st.sampled_from([*PinsPolicy]))
def test_R9_every_policy_admits_the_pinned_version_itself(version: str, policy: PinsPolicy) -> None:
    assert pins.admits(pins.loosen(SpecifierSet(f"=={version}"), policy), Version(version))


@given(VERSIONS, VERSIONS, st.sampled_from([MINIMUM, COMPATIBLE, PREFER]))
def test_R9_a_looser_policy_admits_whatever_exact_does(pin: str, version: str, policy: PinsPolicy) -> None:
    specifier = SpecifierSet(f"=={pin}")
    if pins.admits(specifier, Version(version)):
        assert pins.admits(pins.loosen(specifier, policy), Version(version))


@given(VERSIONS, VERSIONS, st.sampled_from([*PinsPolicy]))
def test_R9_bounds_beside_the_pin_stay(pin: str, version: str, policy: PinsPolicy) -> None:
    bound = pins.loosen(SpecifierSet(f"=={pin},!={Version(version).public}"), policy)
    assert not pins.admits(bound, Version(version))


def test_R9_what_is_not_loosened_stays_as_written() -> None:
    for text in ("===1.0", "===1.0.0", "==1.0", "==1.0.0"):
        assert str(pins.loosen(SpecifierSet(text), EXACT)) == text


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("==1.0", "==1.0"),
        ("===1.0", "===1.0"),
        (">=1,==1.5", "==1.5"),
        ("==1.*", None),
        ("~=1.0", None),
        ("===weird", None),
        ("", None),
    ],
)
def test_R9_which_clause_is_the_pin(specifier: str, expected: str | None) -> None:
    pin = pins.pin_of(SpecifierSet(specifier))
    assert (str(pin) if pin is not None else None) == expected


@pytest.mark.parametrize(
    ("version", "specifier", "reason"),
    [
        ("1.0", ">=2", Reason.VERSION_TOO_OLD),
        ("2.0", ">2", Reason.VERSION_TOO_OLD),
        ("1.0", "==2", Reason.VERSION_TOO_OLD),
        ("1.0", "~=2.1", Reason.VERSION_TOO_OLD),
        ("1.0", "==2.*", Reason.VERSION_TOO_OLD),
        ("3.0", "<3", Reason.VERSION_TOO_NEW),
        ("3.1", "<=3", Reason.VERSION_TOO_NEW),
        ("3.0", "==2", Reason.VERSION_TOO_NEW),
        ("3.0", "~=2.1", Reason.VERSION_TOO_NEW),
        ("3.0", "==2.*", Reason.VERSION_TOO_NEW),
        ("2.0", "!=2.0", Reason.VERSION_EXCLUDED),
        ("2.5", "!=2.*", Reason.VERSION_EXCLUDED),
        ("2.0", "===two", Reason.VERSION_EXCLUDED),
        ("1.0", ">=2,!=1.0", Reason.VERSION_TOO_OLD),
        ("3.0", "<3,!=3.0", Reason.VERSION_TOO_NEW),
    ],
)
def test_R8_how_a_version_misses(version: str, specifier: str, reason: Reason) -> None:
    assert not pins.admits(SpecifierSet(specifier), Version(version))
    assert pins.failure(Version(version), SpecifierSet(specifier)) is reason


@pytest.mark.parametrize(
    ("specifier", "version"),
    [(">=3", "3.1rc1"), (">=3.0.0", "3.0.0+dfsg1"), ("==3.0.0", "3.0.0+dfsg1"), ("~=1.0", "1.5.dev0")],
)
def test_V3_pre_releases_and_local_versions_count(specifier: str, version: str) -> None:
    assert pins.admits(SpecifierSet(specifier), Version(version))


def test_V3_answers_are_of_the_set_asked_though_sets_come_and_go() -> None:
    for number in range(2000):
        assert pins.admits(SpecifierSet(f"=={number}"), Version(str(number)))
        assert not pins.admits(SpecifierSet(f"=={number}"), Version(str(number + 1)))
