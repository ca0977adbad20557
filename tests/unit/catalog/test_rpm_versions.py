"""rpm's spelling of Python versions, turned back (rule V1)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from resolver.catalog import rpm_md, rpm_requires, rpm_versions, versions

if TYPE_CHECKING:
    from pathlib import Path

    from resolver.catalog.versions import Effective


def effective(provided: str, evr: str) -> Effective:
    """Judge a provided version as the catalog does: an index holds it as PEP 440 spells it."""
    return versions.effective(rpm_versions.spelled(provided, versions.upstream_part(evr)), "", evr)


@pytest.mark.parametrize(
    ("rpm", "version"),
    [
        ("3.14", "3.14.0"),
        ("19", "19.0"),
        ("0.4", "0.4"),
        ("2.4.8~b5", "2.4.8b5"),
        ("2~b5", "2.0.0b5"),
        ("1~a1", "1.0a1"),
        ("11~rc0", "11rc0"),
        ("0.1~~dev6", "0.1.dev6"),
        ("1~~dev7", "1.0.0.dev7"),
        ("2^post1", "2.0.post1"),
        ("2.4.8^post1", "2.4.8.post1"),
        ("1:2.0", "1!2.0"),
        ("1:2~rc1", "1!2.0rc1"),
        ("2013:4", "2013!4"),
        ("2023.12.25", "2023.12.25"),
        ("0", "0"),
        # Written by hand, or by older generators: PEP 440 as it is.
        ("2.0.post1", "2.0.post1"),
        ("2.0rc1", "2.0rc1"),
        ("1.0~beta2", "1.0b2"),
        ("1.0.dev3", "1.0.dev3"),
        # The generator copies what is not PEP 440; a snapshot is no version of the project's.
        ("2020.04.07.024dab0", None),
        ("4.0.0-unsupported", None),
        ("git-archive.dev95ba5b8504", None),
        ("devel", None),
        ("", None),
        ("1~2", None),
        ("1.0~git2019", None),
        ("1.0^20230101git1a2b", None),
        ("1.0~rc1^post1", None),
        ("2.4.8~b5-3.fc43", None),
        ("1:2:3", None),
        (":1", None),
    ],
)
def test_V1_from_rpm(rpm: str, version: str | None) -> None:
    assert rpm_versions.from_rpm(rpm) == (Version(version) if version is not None else None)


def written_by_rpm(version: Version) -> str:
    """What pythondistdeps.py makes of a version (its class RpmVersion)."""
    release = list(version.release)
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    suffix = ""
    if version.pre:
        suffix = f"~{version.pre[0]}{version.pre[1]}"
    elif version.dev is not None:
        suffix = f"~~dev{version.dev}"
    elif version.post is not None:
        suffix = f"^post{version.post}"
    return f"{f'{version.epoch}:' if version.epoch else ''}{'.'.join(map(str, release))}{suffix}"


NUMBER = st.integers(0, 3000)
SUFFIX = st.one_of(
    st.just(""),
    st.builds("{}{}".format, st.sampled_from(("a", "b", "rc", ".dev", ".post")), NUMBER),
)
LOCAL = st.sampled_from(("", "+local", "+g1a2b3c"))


@given(st.integers(0, 3), st.lists(NUMBER, min_size=1, max_size=5), SUFFIX, LOCAL)
def test_V1_what_rpm_writes_is_read_back(epoch: int, release: list[int], suffix: str, local: str) -> None:
    stated = Version(f"{epoch}!{'.'.join(map(str, release))}{suffix}{local}")
    assert rpm_versions.from_rpm(written_by_rpm(stated)) == Version(stated.public)


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ("1.0a1.dev2", "1.0a1"),
        ("1.0rc1.post3", "1.0rc1"),
        ("1.0.post1.dev2", "1.0.dev2"),
    ],
)
def test_V1_of_several_suffixes_rpm_keeps_one(stated: str, read: str) -> None:
    assert rpm_versions.from_rpm(written_by_rpm(Version(stated))) == Version(read)


DIFFERENCES = {
    "pyreq2rpm.tests": "2020.04.07.024dab0 is not PEP 440, and rpm copies it: the OS package's own version has to do",
}
"""Where the version that was read is not the one that the metadata's folder names."""


def test_V1_all_that_rpms_own_tests_provide(shared: Path) -> None:
    path = shared / "data" / "rpm-python-generator" / "distinfo_to_rpm_provides.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 100
    different = set()
    for row in rows:
        try:
            stated = Version(row["version_in_dir"])
        except InvalidVersion:
            stated = None
        read = rpm_versions.from_rpm(row["rpm_version"])
        assert read == stated, row
        if read is None:
            different.add(row["dist_name_in_dir"])
    assert different == set(DIFFERENCES)


@given(st.one_of(st.text(max_size=30), st.text(st.sampled_from("0129.~^:-+abcdevrpost"), max_size=20)))
def test_no_text_breaks_it(text: str) -> None:
    rpm_versions.from_rpm(text)
    assert isinstance(effective(text, "1.0-1").version, Version)


@pytest.mark.parametrize(
    ("provided", "evr", "version", "note"),
    [
        ("2.32.3", "2.32.3-5.fc43", "2.32.3", None),
        ("4.21.12", "3.21.12-1.el9", "4.21.12", None),  # other numbering, metadata right
        ("2^post1", "2.0.post1-1.fc43", "2.0.post1", None),
        ("2.31", "2.31.0-1.3", "2.31.0", None),
        ("0", "10.1-14.el9", "10.1", "derived from 10.1: the metadata says 0"),
        ("0", "1:10.1~rc2-14.el9", "10.1rc2", "derived from 10.1~rc2: the metadata says 0"),
        ("devel", "34.9.26-1.el9", "34.9.26", "derived from 34.9.26: the metadata says 'devel'"),
        ("4.0.0-unsupported", "4.0.30-4.el9", "4.0.30", "derived from 4.0.30: the metadata says '4.0.0-unsupported'"),
        ("", "1.5-1", "1.5", "derived from 1.5: the metadata names no version"),
        ("19.1.5~~dev0", "19.1.5-2.el9", "19.1.5", "the release 19.1.5: the metadata says 19.1.5.dev0"),
        ("19.1.5~~dev0", "19.1.5~~dev0-2.el9", "19.1.5.dev0", None),
    ],
)
def test_V1_placeholders_give_way_to_the_os_packages_version(
    provided: str, evr: str, version: str, note: str | None
) -> None:
    judged = effective(provided, evr)
    assert (str(judged.version), judged.note, judged.is_current) == (version, note, True)


def test_V1_what_centos_9_states(shared: Path) -> None:
    """Every version that could not be read, or was not believed, of 937."""
    folder = shared / "data" / "centos-stream-9-appstream"
    record = rpm_md.parse_repomd((folder / "repodata" / "repomd.xml").read_bytes(), "repomd.xml").primary
    count = 0
    noted = set()
    for package in rpm_md.read_primary(folder / record.href, record):
        for capability in package.provides:
            if rpm_requires.dist_of(capability.name) is not None:
                count += 1
                judged = effective(capability.evr, package.evr)
                if judged.note is not None:
                    noted.add((package.name, capability.evr))
    assert count == 937
    assert noted == {
        ("chrome-gnome-shell", "0"),
        ("lorax", "devel"),
        ("python3-lit", "19.1.3~~dev0"),
        ("python3-lit", "19.1.5~~dev0"),
        ("python3-mako", "1.1.4~~dev0"),
        ("python3-pyodbc", "4.0.0-unsupported"),
        ("python3-scapy", "git-archive.dev95ba5b8504"),
    }
