"""The reviewed data in ``mappings/``: well formed, and true of the indexes beside it."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.catalog import contents, overrides, store
from resolver.catalog.indexed import IndexedCatalog
from resolver.hosts import releases
from resolver.hosts.releases import Family
from resolver.model import Absence, Evidence, OsCandidate, Reason, Release
from resolver.targets import mappings_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = mappings_folder()
FILES = {family: FOLDER / f"{family}.toml" for family in Family}
ENTRIES: dict[Family, list[dict[str, Any]]] = {
    family: tomllib.loads(path.read_text(encoding="utf-8"))["override"] for family, path in FILES.items()
}
OF_DEBIAN = ENTRIES[Family.DEBIAN]
ALL = [pytest.param(f, entry, id=f"{f}-{entry['project']}") for f, entries in ENTRIES.items() for entry in entries]
INDEXES = {path.stem: path for path in sorted(FOLDER.glob("*.idx"))}
MEGABYTES = 4
"""More than this in the checkout, and somebody should think about it again."""


@pytest.fixture(scope="module")
def opened() -> Mapping[str, store.IndexFile]:
    """Give the embedded indexes by their release: ``debian:12`` …."""
    found = {name: store.IndexFile(path) for name, path in INDEXES.items()}
    return {f"{index.header.distribution}:{index.header.version}": index for index in found.values()}


def catalog(release: str, index: store.IndexFile) -> IndexedCatalog:
    return IndexedCatalog(index, overrides.load(FOLDER / "debian.toml", release), lambda *_: {})


def applies_to(entry: dict[str, Any], opened: Mapping[str, store.IndexFile]) -> list[str]:
    return [release for release in opened if release in entry.get("releases", opened)]


# --- overrides ---


def test_every_family_has_a_file_and_every_file_a_family() -> None:
    assert sorted(FOLDER.glob("*.toml")) == sorted(FILES.values())


@pytest.mark.parametrize("release", releases.known_releases(), ids=str)
def test_the_overrides_are_well_formed_for_every_release(release: Release) -> None:
    found = overrides.load(FILES[releases.family_of(release)], str(release))
    assert found
    assert all(override.reason for override in found.values())


@pytest.mark.parametrize(("family", "entry"), ALL)
def test_an_entry_says_what_a_reviewer_can_check(family: Family, entry: dict[str, Any]) -> None:
    assert canonicalize_name(entry["project"]) == entry["project"]
    assert len(entry["reason"].split()) >= 4
    for release in entry.get("releases", ()):
        parsed = releases.parse(release)
        assert str(parsed) == release, "a release by its number"
        assert releases.family_of(parsed) is family


@pytest.mark.parametrize(("family", "entry"), ALL)
def test_I4_an_entry_names_no_package_of_one_python_alone(family: Family, entry: dict[str, Any]) -> None:
    package = entry.get("package", "")
    if family is Family.DEBIAN:
        assert overrides.PREFIX not in package, "Debian has one Python 3"
    else:
        assert not package.startswith("python"), f"say {overrides.PREFIX}, which is another one for each Python"


@pytest.mark.parametrize("entry", OF_DEBIAN, ids=lambda entry: entry["project"])
def test_I1_an_entry_is_true_of_the_indexes_that_it_applies_to(
    entry: dict[str, Any], opened: Mapping[str, store.IndexFile]
) -> None:
    places = applies_to(entry, opened)
    assert places
    found = {release: catalog(release, opened[release]).lookup(entry["project"]) for release in places}
    served = {release: one for release, one in found.items() if isinstance(one, OsCandidate)}
    # An entry for named releases holds in each of them; one for all may be ahead of some, or behind.
    assert set(served) == set(places) if "releases" in entry else served
    for release, one in served.items():
        assert one.evidence is Evidence.OVERRIDE, release
        assert entry["reason"] in one.evidence_detail
        if "package" in entry:
            assert one.package.name == entry["package"]
        if "serves" in entry:
            other = catalog(release, opened[release]).lookup(canonicalize_name(entry["serves"]))
            assert isinstance(other, OsCandidate)
            assert other.package == one.package
        if "version" in entry:
            assert one.version_note, f"{release}: the metadata says the same, so the entry is of no use"


def test_I3_a_choice_is_needed_where_it_is_made(opened: Mapping[str, store.IndexFile]) -> None:
    for entry in OF_DEBIAN:
        for release in applies_to(entry, opened):
            claims = {one.package for one in opened[release].claims(entry["project"]) if one.kind != "other"}
            if "package" in entry and entry["package"] in claims:
                assert len(claims) > 1, f"{entry['project']} is {entry['package']}'s in {release} anyway"


# --- indexes ---


def test_every_index_is_of_a_known_release_and_named_after_it() -> None:
    assert set(INDEXES) >= {"debian-12", "debian-13", "debian-sid"}
    known = {release.slug: release for release in releases.known_releases()}
    for name, path in INDEXES.items():
        header = store.IndexFile(path).header
        assert (header.distribution, header.version, header.codename) == (
            known[name].distribution,
            known[name].version,
            known[name].codename,
        )
        assert header.architecture == "amd64"
        assert header.source == "embedded"
        assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ", header.date)
        assert re.fullmatch(r"3\.\d+", header.python)
        assert header.python_full_version.startswith(f"{header.python}.")
        assert re.fullmatch(r"2\.\d+", header.glibc)


def test_their_size_is_bounded() -> None:
    assert sum(path.stat().st_size for path in INDEXES.values()) < MEGABYTES << 20


@pytest.mark.parametrize("path", INDEXES.values(), ids=lambda path: path.stem)
def test_R7_an_index_is_what_its_records_give_again(path: Any) -> None:  # noqa: ANN401 - a Path, from a table
    index = store.IndexFile(path)
    claims, packages = list(index.all_claims()), list(index.all_packages())
    assert store.dump(index.header, claims, packages) == path.read_bytes(), "sorted, and no record twice"
    assert len({(one.project, one.package, one.metadata_name) for one in claims}) == len(claims)
    assert len({one.name for one in packages}) == len(packages)


@pytest.mark.parametrize("path", INDEXES.values(), ids=lambda path: path.stem)
def test_I1_every_record_makes_sense(path: Any) -> None:  # noqa: ANN401 - the same
    index = store.IndexFile(path)
    packages = {one.name: one for one in index.all_packages()}
    assert len(packages) > 4000
    carried: dict[str, set[str]] = {}
    for claim in index.all_claims():
        assert claim.kind in {"contents", "other"}
        assert contents.project_of(claim.metadata_name) == claim.project
        assert claim.package in packages
        assert claim.os_version
        if claim.kind == "contents":
            carried.setdefault(claim.package, set()).add(claim.project)
    for package in packages.values():
        assert package.trusted
        assert not package.installed, "an index for everybody knows no host"
        assert package.repository in index.header.repositories
        assert set(package.projects) == carried.get(package.name, set())
        assert package.name not in package.depends
        for name in package.depends:
            assert packages[name].projects, f"{package.name} leads to {name}, which carries nothing"


def test_I3_nothing_is_left_ambiguous(opened: Mapping[str, store.IndexFile]) -> None:
    for release, index in opened.items():
        answers = catalog(release, index)
        undecided = [
            claim.project
            for claim in index.all_claims()
            if isinstance(found := answers.lookup(canonicalize_name(claim.project)), Absence)
            and found.reason is Reason.AMBIGUOUS
        ]
        assert undecided == [], release


@pytest.mark.parametrize(
    ("release", "project", "package", "version"),
    [
        ("debian:12", "requests", "python3-requests", "2.28.1"),
        ("debian:12", "protobuf", "python3-protobuf", "4.21.12"),
        ("debian:12", "kiwisolver", "python3-kiwisolver", "1.4.4"),
        ("debian:12", "pyjwt", "python3-jwt", "2.6.0"),
        ("debian:13", "click", "python3-click", "8.1.8"),
        ("debian:13", "opencv-python", "python3-opencv", "4.10.0"),
        ("debian:13", "psycopg2-binary", "python3-psycopg2", "2.9.10"),
    ],
)
def test_some_that_everybody_knows(
    opened: Mapping[str, store.IndexFile], release: str, project: str, package: str, version: str
) -> None:
    found = catalog(release, opened[release]).lookup(canonicalize_name(project))
    assert isinstance(found, OsCandidate)
    assert (found.package.name, found.version) == (package, Version(version))


@pytest.mark.parametrize("name", ["attr", "jwt", "serial", "docx", "dotenv", "slugify", "zmq", "kafka", "websocket"])
def test_I2_names_that_would_fetch_another_project(opened: Mapping[str, store.IndexFile], name: str) -> None:
    for release, index in opened.items():
        assert isinstance(catalog(release, index).lookup(canonicalize_name(name)), Absence), release
