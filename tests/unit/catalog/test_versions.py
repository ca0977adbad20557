"""Which version an OS package's project has (rules V1 and V2)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from resolver.catalog import contents, store, versions
from resolver.targets import mappings_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("os_version", "upstream"),
    [
        ("1:2.32.3+dfsg-5", "2.32.3+dfsg"),
        ("2.0-1-3", "2.0-1"),
        ("3.0", "3.0"),
        ("1:3.0", "3.0"),
        ("2.41-12+deb13u1", "2.41"),
    ],
)
def test_upstream_part(os_version: str, upstream: str) -> None:
    assert versions.upstream_part(os_version) == upstream


@pytest.mark.parametrize(
    ("os_version", "version"),
    [
        ("2.32.3+dfsg-5", "2.32.3"),
        ("2.0~rc1+dfsg-1", "2.0rc1"),
        ("2.0~beta2-1", "2.0b2"),
        ("1.0~a3-1", "1.0a3"),
        ("4.0.0~dev10-1", "4.0.0.dev10"),
        ("8.2.0+0.really.8.1.8-1", "8.1.8"),
        ("0.27+really.0.26-1+deb12u1", "0.26"),
        ("25.6.1+really25.2.1-1", "25.2.1"),
        ("1.2.1+actually1.2.1-1", "1.2.1"),
        ("0~20221213-1", "20221213"),
        ("0.4.2~git20190115.97f14313-6", "0.4.2.dev0"),
        ("1:4.2-1", "4.2"),
        ("0.32.14.gcdfe14e-1", "0.32.14"),
        ("0.6-42-ga14256a-2", "0.6"),
        # rpm's spellings
        ("2.32.3-5.fc43", "2.32.3"),
        ("2.4.8~b5-1.fc43", "2.4.8b5"),
        ("0.1~~dev6-1.fc43", "0.1.dev6"),
        ("1:2^post1-1.fc43", "2.post1"),
        ("2.0^20230101git1a2b-3.fc43", "2.0"),
        ("2.0~rc1^20230101git1a2b-3.fc43", "2.0rc1"),
        ("1.0+git20200101.abc-1.1", "1.0"),
    ],
)
def test_derive(os_version: str, version: str) -> None:
    assert versions.derive(os_version) == Version(version)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_derive_never_fails(text: str) -> None:
    assert isinstance(versions.derive(text), Version)


@pytest.mark.parametrize(
    ("metadata", "candidate", "version"),
    [
        ("4.21.12", "3.21.12-3", "4.21.12"),  # other numbering, metadata right
        ("3.0.0+dfsg1", "3.0.0+dfsg1-1", "3.0.0+dfsg1"),
        ("1!1.5", "1.5-1", "1!1.5"),
        ("1.2.1.post2", "1.2.1-2", "1.2.1.post2"),
        ("0.0.0", "1.4.4-1+b1", "1.4.4"),
        ("0", "25.5.0-1", "25.5.0"),
        ("0.0.0.dev0", "1.1.3-2", "1.1.3"),
        ("0+unknown", "0.3.1-1", "0.3.1"),
        ("999", "2023.01.0-1", "2023.1.0"),
        ("None", "3.0.1-1", "3.0.1"),
        ("_VERSION_", "1.1.20-1", "1.1.20"),
        ("", "2.0.8-1", "2.0.8"),
        ("1.8.1.dev0", "1.8.1-2", "1.8.1"),  # the .dev of the same release
        ("0.4.dev20250304", "0.4-2", "0.4"),
        ("1.0.0.dev2", "1.0.0.dev2-3", "1.0.0.dev2"),  # the OS package says .dev, too
        ("1.6.dev0", "1.5.1-1", "1.6.dev0"),  # not the .dev of the same release
        ("1.0.4.dev0", "2.0.0-1", "1.0.4.dev0"),
    ],
)
def test_V1_the_metadata_version_unless_it_is_a_placeholder(metadata: str, candidate: str, version: str) -> None:
    judged = versions.effective(metadata, candidate, candidate)
    assert judged.version == Version(version)
    assert (judged.note is None) == (metadata == version)
    assert judged.is_current


def test_V1_an_override_can_distrust_a_version_that_looks_like_one() -> None:
    judged = versions.effective("0.0.1", "6.0.1-1", "6.0.1-1", distrust=True)
    assert judged.version == Version("6.0.1")
    assert judged.note == "derived from 6.0.1: the metadata says 0.0.1"


@pytest.mark.parametrize(
    ("candidate", "version", "current"),
    [
        ("3.21.12-3+deb12u1", "4.21.12", True),  # a new revision of the same upstream release
        ("1:3.21.12-4", "4.21.12", True),
        ("3.21.13-1", "3.21.13", False),
    ],
)
def test_V2_the_metadata_version_while_upstream_is_the_same(candidate: str, version: str, *, current: bool) -> None:
    judged = versions.effective("4.21.12", "3.21.12-3", candidate)
    assert judged.version == Version(version)
    assert judged.is_current is current
    assert (judged.note is None) is current


PLACEHOLDERS = {
    "alembic": "1.8.1",
    "canmatrix": "0.9.5",
    "cmdtest": "0.32.14",
    "codespell": "2.2.2",
    "colorcet": "2.0.2",
    "depinfo": "2.2.0",
    "django_model_utils": "4.2.0",
    "epoptes": "23.1",
    "folium": "0.14.0",
    "humanize": "4.4.0",
    "kazoo": "2.8.0",
    "kiwisolver": "1.4.4",
    "libtorrent": "2.0.8",
    "lmfit": "1.1.0",
    "Mako": "1.2.4",
    "mpmath": "1.2.1",
    "plumbum": "1.8.0",
    "pyFlow": "1.1.20",
    "pymecavideo": "8.0rc5",
    "sphinx_basic_ng": "1.0.0b1",
    "sphinx_intl": "2.0.1",
    "sqlmodel": "0.0.8",
    "torch": "1.13.1",
    "watchgod": "0.8.2",
    "xarray": "2023.1.0",
    "xxhash": "3.2.0",
}
"""What the OS package says, where the metadata of the 111 hard pairs says nothing."""


def test_V1_the_hard_pairs_of_debian_12(shared: Path) -> None:
    """The metadata version is the answer for each, but for the placeholders above."""
    with (shared / "data" / "debian" / "hard-versions.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == 111
    replaced = {}
    for row in rows:
        judged = versions.effective(row["dist_version_in_path"], row["deb_version"], row["deb_version"])
        if row["dist_name"] in PLACEHOLDERS:
            replaced[row["dist_name"]] = str(judged.version)
            assert judged.note, row
        else:
            assert (str(judged.version), judged.note) == (row["pep440_normalized"], None), row
    assert replaced == PLACEHOLDERS


@pytest.mark.parametrize(
    ("stated", "candidate", "expected", "says"),
    [
        ("0.0.0.post15", "1.2-1", "1.2", "says 0.0.0.post15"),
        ("0.0.0+auto.0", "3.89.1-1", "3.89.1", "says 0.0.0+auto.0"),
        ("1.13.0a0+gitunknown", "1.13.1+dfsg-4", "1.13.1", "says 1.13.0a0+gitunknown"),
        ("None", "2.0.2-2", "2.0.2", "says 'None'"),
        ("", "2.0.8-1+b1", "2.0.8", "names no version"),
    ],
)
def test_V1_the_note_quotes_the_placeholder(stated: str, candidate: str, expected: str, says: str) -> None:
    judged = versions.effective(stated, candidate, candidate)
    assert str(judged.version) == expected
    assert judged.note
    assert judged.note.endswith(f"the metadata {says}")


@pytest.mark.parametrize(
    ("stated", "candidate"),
    [
        ("0.0.0", "0.0~git20250121.3db44276-1"),
        ("0+20190513", "0+20190513-3"),
        ("0.0", "0.0~git20250813.f3df53a-2"),
        ("9990", "1.0-1"),
        ("0.0.1", "3.0-1"),
        ("2.1.dev0", "2.1~git2020-1"),
        ("3.0.0rc1", "3.0.0-7"),
    ],
)
def test_V1_the_metadata_version_stays_where_the_os_package_knows_no_better(stated: str, candidate: str) -> None:
    judged = versions.effective(stated, candidate, candidate)
    assert (str(judged.version), judged.note) == (stated, None)


@pytest.mark.parametrize(
    ("os_version", "expected"),
    [
        ("0.2.2+really+0.1-1", "0.1"),
        ("4.0.0+svn18614+really3.0.0+svn18295-1", "3.0.0"),
        ("0~20250415.1-1", "20250415.1"),
        ("2.1.1~dfsg-1", "2.1.1"),
        ("2.1.1~dfsg2-4", "2.1.1"),
        ("3.0.6~ds-3", "3.0.6"),
        ("0.9.5~github-3", "0.9.5"),
        ("1.2~dsx1-1", "1.2.dev0"),
        ("0.5.0~dev0~1~1d5a326-1", "0.5.0.dev0"),
        ("3.4.0~bpo12+1", "3.4.0"),
        ("nothing-1", "0"),
        ("\u0663-1", "0"),
        ("", "0"),
    ],
)
def test_V2_what_was_only_packed_anew_is_the_release_itself(os_version: str, expected: str) -> None:
    assert str(versions.derive(os_version)) == expected


@given(st.one_of(st.text(max_size=30), st.text(st.sampled_from("0129.+~-:abcdervgit"), max_size=30)))
def test_V2_deriving_fails_on_no_text_at_all(text: str) -> None:
    assert isinstance(versions.derive(text), Version)


@pytest.mark.parametrize("name", ["debian-12", "debian-13", "debian-sid"])
def test_V2_deriving_alone_is_right_for_five_of_six(name: str) -> None:
    """Over all pairs of a release: what V1 spares us, and V2 risks. ``pytest -s`` shows the numbers."""
    index = store.IndexFile(mappings_folder() / f"{name}.idx")
    pairs = [(contents.split_metadata_name(one.metadata_name)[1], one.os_version) for one in index.all_claims()]
    stated = [(Version(version), os_version) for version, os_version in pairs if versions.is_stated(version)]
    right = sum(versions.derive(os_version) == version for version, os_version in stated)
    print(f"{name}: {right} of {len(stated)} pairs")  # noqa: T201 - a measurement
    assert right / len(stated) > 5 / 6
