"""The catalog's choices between claims (rules I1 to I7) and what it says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from resolver.model import Absence, Evidence, OsCandidate, Reason
from tests import universe

if TYPE_CHECKING:
    from pathlib import Path

    from resolver.catalog.indexed import IndexedCatalog

DISTRO: dict[str, dict[str, Any]] = {
    "python3-requests": {
        "version": "2.32.3-5",
        "projects": {"requests": "2.32.3"},
        "depends": ["python3-urllib3", "python3-idna-lib"],
        "extras": {"socks": ["PySocks"]},
        "others": [["2.33-1~bpo13+1", universe.REPOSITORY]],
    },
    "python3-urllib3": {"version": "2.3-1", "projects": {"urllib3": "2.3"}, "installed": True},
    "python3-idna-lib": {"version": "1", "depends": ["python3-azure"]},
    "python3-azure": {"version": "20230112-1", "projects": {"azure": "4", "azure-core": "1.26", "azure-mgmt": "8"}},
    "python3-plugins": {"version": "1-1", "projects": {"plug-a": "1", "plug-b": "2"}},
    "python3-click": {"version": "8.1-1", "projects": {"click": "8.1"}},
    "python3-click-package": {"version": "0.5-9", "projects": {"click": "0.5.post9"}},
    "simpy-old": {"version": "2.3-1", "projects": {"simpy": "2.3"}},
    "simpy-new": {"version": "4.1-1", "projects": {"simpy": "4.1"}},
    "kapidox6": {"version": "6-1", "projects": {"kapidox": "6"}},
    "python3-jwt": {"version": "2.10-1", "projects": {"pyjwt": "2.10"}},
    "python3-opencv": {"version": "4.10.0+dfsg-5"},
    "python3-zope.thing": {"version": "1-1"},
    "python3-old": {"version": "1-1", "projects": {"old": "1"}, "python": "3.12"},
    "python3-risky": {"version": "1-1", "projects": {"risky": "1"}, "trusted": False},
    "python3-sure": {"version": "2.0.1-1", "projects": {"sure": ["0.0.0", "2.0.1"]}},
    "python3-twice": {"version": "38.0.4-1", "projects": {"twice": ["", "38.0.4"]}},
    "python3-local": {"version": "1-1", "projects": {"local": "1"}, "installed": True, "evidence": "installed"},
    "python3-psycopg2": {"version": "2.9-1", "projects": {"psycopg2": "2.9"}},
    "python3-flask-cors": {"version": "6.0.1-1", "projects": {"flask-cors": "0.0.1"}},
}
OVERRIDES = [
    {"project": "psycopg2-binary", "serves": "psycopg2", "reason": "the same module"},
    {"project": "opencv-python", "package": "python3-opencv", "reason": "the same module cv2"},
    {"project": "gone-binary", "serves": "gone", "reason": "the same module"},
    {"project": "elsewhere", "package": "python3-elsewhere", "reason": "x"},
    {"project": "flask-cors", "version": "package", "reason": "the build did not know"},
]


@pytest.fixture
def catalog(tmp_path: Path) -> IndexedCatalog:
    return universe.catalog(tmp_path, DISTRO, OVERRIDES)


def candidate(catalog: IndexedCatalog, project: str) -> OsCandidate:
    found = catalog.lookup(canonicalize_name(project))
    assert isinstance(found, OsCandidate)
    return found


def absence(catalog: IndexedCatalog, project: str) -> Absence:
    found = catalog.lookup(canonicalize_name(project))
    assert isinstance(found, Absence)
    return found


def test_I1_contents_is_evidence_and_is_shown(catalog: IndexedCatalog) -> None:
    found = candidate(catalog, "requests")
    assert (found.package.name, found.package.version, found.package.repository) == (
        "python3-requests",
        "2.32.3-5",
        universe.REPOSITORY,
    )
    assert (str(found.version), found.metadata_version, found.version_note) == ("2.32.3", "2.32.3", None)
    assert (found.evidence, found.evidence_detail) == (
        Evidence.CONTENTS,
        "Contents: requests-2.32.3 in python3-requests",
    )


def test_I1_the_installed_package_database_is_evidence_too(catalog: IndexedCatalog) -> None:
    found = candidate(catalog, "local")
    assert (found.evidence, found.evidence_detail) == (
        Evidence.INSTALLED,
        "the package database: local-1 in python3-local",
    )
    assert found.package.installed


@pytest.mark.parametrize(
    ("project", "reason", "suggestion", "words"),
    [
        ("jwt", Reason.NOT_PACKAGED, None, "python3-jwt carries pyjwt"),
        ("azure-nothing", Reason.NOT_PACKAGED, None, "no OS package of debian:13 carries it"),
        (
            "opencv",
            Reason.NO_EVIDENCE,
            "python3-opencv",
            "python3-opencv exists, but nothing shows which project is in it",
        ),
        ("zope-thing", Reason.NO_EVIDENCE, "python3-zope.thing", "python3-zope.thing exists"),
        ("click-package", Reason.NOT_PACKAGED, None, "python3-click-package carries click"),
        ("plugins", Reason.NOT_PACKAGED, None, "python3-plugins carries plug-a and plug-b"),
    ],
)
def test_I2_a_name_is_no_evidence(
    catalog: IndexedCatalog, project: str, reason: Reason, suggestion: str | None, words: str
) -> None:
    found = absence(catalog, project)
    assert (found.reason, found.suggestion) == (reason, suggestion)
    assert words in found.detail


def test_I3_of_several_the_namesake(catalog: IndexedCatalog) -> None:
    assert candidate(catalog, "click").package.name == "python3-click"


def test_I3_of_several_without_a_namesake_none(catalog: IndexedCatalog) -> None:
    found = absence(catalog, "simpy")
    assert found.reason is Reason.AMBIGUOUS
    assert "simpy-new and simpy-old each carry metadata of simpy" in found.detail


def test_I3_an_override_decides(tmp_path: Path) -> None:
    entries = [{"project": "simpy", "package": "simpy-new", "reason": "the current one"}]
    found = candidate(universe.catalog(tmp_path, DISTRO, entries), "simpy")
    assert (found.package.name, found.metadata_version, found.evidence) == ("simpy-new", "4.1", Evidence.OVERRIDE)
    assert found.evidence_detail.endswith("debian.toml: the current one; Contents: simpy-4.1 in simpy-new")


def test_I3_one_package_of_another_name_is_enough(catalog: IndexedCatalog) -> None:
    assert candidate(catalog, "kapidox").package.name == "kapidox6"


def test_I4_another_interpreters_package_says_so(catalog: IndexedCatalog) -> None:
    found = absence(catalog, "old")
    assert found.reason is Reason.OTHER_PYTHON
    assert found.detail == "python3-old carries it for another interpreter than Python 3.13"


def test_I5_one_package_carries_many(catalog: IndexedCatalog) -> None:
    assert {candidate(catalog, name).package.name for name in ("azure", "azure-core", "azure-mgmt")} == {
        "python3-azure"
    }


def test_I7_an_equivalent_is_served(catalog: IndexedCatalog) -> None:
    found = candidate(catalog, "psycopg2-binary")
    assert (found.package.name, str(found.version), found.metadata_version) == ("python3-psycopg2", "2.9", None)
    assert (found.evidence, found.version_note) == (Evidence.OVERRIDE, "the version of psycopg2")
    assert "the same module; Contents: psycopg2-2.9 in python3-psycopg2" in found.evidence_detail


def test_I7_a_package_without_metadata_is_named(catalog: IndexedCatalog) -> None:
    found = candidate(catalog, "opencv-python")
    assert (found.package.name, str(found.version), found.metadata_version) == ("python3-opencv", "4.10.0", None)
    assert found.version_note == "derived from 4.10.0+dfsg: python3-opencv has no Python metadata"


def test_I7_an_equivalent_of_nothing_is_absent(catalog: IndexedCatalog) -> None:
    assert absence(catalog, "gone-binary").reason is Reason.NOT_PACKAGED
    assert "python3-elsewhere, which debian:13 does not have" in absence(catalog, "elsewhere").detail


def test_V1_a_version_that_means_something_is_preferred(catalog: IndexedCatalog) -> None:
    assert (candidate(catalog, "sure").metadata_version, candidate(catalog, "sure").version_note) == ("2.0.1", None)
    assert candidate(catalog, "twice").metadata_version == "38.0.4"


def test_V1_an_override_distrusts_a_version(catalog: IndexedCatalog) -> None:
    found = candidate(catalog, "flask-cors")
    assert (str(found.version), found.metadata_version) == ("6.0.1", "0.0.1")
    assert found.version_note == "derived from 6.0.1: the metadata says 0.0.1"


def test_T1_an_unverified_repository_is_no_offer(catalog: IndexedCatalog) -> None:
    found = absence(catalog, "risky")
    assert found.reason is Reason.UNTRUSTED_REPOSITORY
    assert "python3-risky 1-1 is offered only by" in found.detail


def test_R2_dependencies_name_their_projects(catalog: IndexedCatalog) -> None:
    found = catalog.dependencies("python3-requests")
    assert [(one.package, one.projects, one.primary) for one in found] == [
        ("python3-azure", ("azure", "azure-core", "azure-mgmt"), ("azure",)),
        ("python3-urllib3", ("urllib3",), ("urllib3",)),
    ]
    assert catalog.dependencies("python3-urllib3") == ()
    assert catalog.dependencies("absent") == ()


def test_R2_a_package_of_many_without_a_namesake_stands_for_all(tmp_path: Path) -> None:
    distro = {**DISTRO, "python3-top": {"version": "1-1", "projects": {"top": "1"}, "depends": ["python3-plugins"]}}
    (found,) = universe.catalog(tmp_path, distro).dependencies("python3-top")
    assert found.primary == found.projects == ("plug-a", "plug-b")


def test_R4_extras_are_asked_of_the_candidates_own_metadata(catalog: IndexedCatalog) -> None:
    assert catalog.extras(candidate(catalog, "requests"), frozenset({"socks"})) == {"socks": ("PySocks",)}
    assert catalog.extras(candidate(catalog, "opencv-python"), frozenset({"socks"})) == {}


def test_other_repositories_versions_are_given(catalog: IndexedCatalog) -> None:
    ((version, where),) = catalog.other_versions(canonicalize_name("requests"))
    assert (str(version), where) == ("2.33", universe.REPOSITORY)
    assert catalog.other_versions(canonicalize_name("jwt")) == ()
