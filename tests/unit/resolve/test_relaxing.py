"""What loosening one bound would buy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resolver.resolve.relaxing import loosened


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        (">=2", "1.10.4", ">=1.10.4"),
        (">=2,<3", "1.10.4", "<3,>=1.10.4"),
        ("==2.0", "1.5", ">=1.5"),
        ("==2.0", "3.1", ">=2.0"),
        ("==2.*", "3.1", ">=2"),
        ("~=2.1", "1.9", ">=1.9"),
        ("~=2.1", "3.0", ">=2.1"),
        ("<3", "3.1", "<=3.1"),
        (">2", "2", ">=2"),
        ("!=2.1,>=2", "2.1", ">=2"),
        ("===odd", "1", ""),
        (">=1", "1.10.4", ">=1"),
        ("==2.0", "1.5+ds1", ">=1.5"),
    ],
)
def test_the_least_loose_bound_that_lets_a_version_in(specifier: str, version: str, expected: str) -> None:
    assert loosened(SpecifierSet(specifier), Version(version)) == expected


NUMBERS = st.integers(0, 12).map(str)
VERSIONS = st.builds(
    lambda parts, end: ".".join(parts) + end,
    st.lists(NUMBERS, min_size=1, max_size=3),
    st.sampled_from(["", "", "rc1", ".post1", ".dev2"]),
)
CLAUSES = st.builds(
    lambda operator, version: f"{operator}{version}", st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), VERSIONS
)


@given(st.lists(CLAUSES, max_size=3), VERSIONS)
def test_what_was_loosened_lets_the_version_in(clauses: list[str], version: str) -> None:
    found = loosened(SpecifierSet(",".join(clauses)), Version(version))
    assert SpecifierSet(found).contains(version, prereleases=True)
