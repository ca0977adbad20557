"""What every Catalog does: a small universe's, the embedded indexes', and this host's own where it has python-apt."""

from __future__ import annotations

import subprocess
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.catalog import overrides, store
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import UnavailableError
from resolver.hosts import apt_root, releases
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import Absence, OsCandidate, Reason
from resolver.targets import Setting, Targets, mappings_folder
from tests import universe

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import OsDependency
    from resolver.ports import Catalog

DISTRO: dict[str, dict[str, Any]] = {
    "python3-requests": {
        "version": "2.32.3-5",
        "projects": {"requests": "2.32.3"},
        "depends": ["python3-urllib3", "python3-idna"],
        "extras": {"socks": ["PySocks"]},
    },
    "python3-urllib3": {"version": "2.3-1", "projects": {"urllib3": "2.3"}, "depends": ["python3-idna"]},
    "python3-idna": {"version": "3.10-1", "projects": {"idna": "3.10"}},
}
NOBODYS = canonicalize_name("no-such-project-in-any-distribution")


def of_host(folder: Path) -> Catalog:
    """Open this host's own catalog, its index in a cache of the test's."""
    found = subprocess.run([apt_root.SYSTEM_PYTHON, "-c", "import apt_pkg"], capture_output=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"{apt_root.SYSTEM_PYTHON} has no python-apt")
    cache = FileCache(folder, warn=pytest.fail)
    setting = Setting(runner=ProcessRunner(), cache=cache, cache_folder=folder, warn=pytest.fail, offline=True)
    targets = Targets(setting)
    try:
        return targets.open("host")
    except UnavailableError as error:
        pytest.skip(f"this host has no metadata: {error}")


def embedded(name: str) -> Catalog:
    index = store.IndexFile(mappings_folder() / f"{name}.idx")
    header = index.header
    known = overrides.load(mappings_folder() / "debian.toml", f"{header.distribution}:{header.version}")
    return IndexedCatalog(index, known, lambda *_: {})


@pytest.fixture(scope="module", params=["universe", "debian-12", "debian-13", "debian-sid", "host"])
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog")
    if request.param == "universe":
        return universe.catalog(folder, DISTRO)
    return of_host(folder) if request.param == "host" else embedded(request.param)


def served(catalog: Catalog, *names: str) -> list[OsCandidate]:
    """Give candidates to look at: those named, and what is below them."""
    queue: list[NormalizedName] = [canonicalize_name(name) for name in names or ("requests",)]
    found: dict[NormalizedName, OsCandidate] = {}
    for name in queue:
        candidate = catalog.lookup(name)
        if isinstance(candidate, OsCandidate) and name not in found:
            found[name] = candidate
            queue.extend(p for one in catalog.dependencies(candidate.package.name) for p in one.primary)
    return list(islice(found.values(), 40))


def test_the_target_is_complete(catalog: Catalog) -> None:
    target = catalog.target
    assert target.release in releases.known_releases()
    assert target.python_full_version.startswith(f"{target.python}.")
    assert target.glibc.startswith("2.")
    environment = target.environment()
    assert environment["python_version"] == target.python
    assert catalog.metadata.source in {"apt", "embedded"}
    assert catalog.metadata.date.endswith("Z")


def test_I1_a_candidate_has_all_that_a_plan_needs(catalog: Catalog) -> None:
    candidates = served(catalog)
    assert len(candidates) >= 3
    for candidate in candidates:
        assert candidate.project == canonicalize_name(candidate.project)
        assert isinstance(candidate.version, Version)
        assert candidate.package.name
        assert candidate.package.version
        assert candidate.package.repository
        assert candidate.evidence_detail
        if candidate.metadata_version != str(candidate.version) and candidate.version_note is None:
            assert candidate.metadata_version is not None
            assert Version(candidate.metadata_version) == candidate.version


def test_T1_what_is_offered_is_verified(catalog: Catalog) -> None:
    assert all(candidate.package.trusted for candidate in served(catalog))


def test_I6_what_nobody_carries_is_an_absence_with_a_reason(catalog: Catalog) -> None:
    found = catalog.lookup(NOBODYS)
    assert isinstance(found, Absence)
    assert (found.reason, found.suggestion) == (Reason.NOT_PACKAGED, None)
    assert found.detail


@pytest.mark.parametrize("name", ["attr", "jwt", "zmq", "websocket", ""])
def test_I2_a_name_alone_brings_nothing(catalog: Catalog, name: str) -> None:
    assert isinstance(catalog.lookup(canonicalize_name(name)), Absence)


def test_R2_dependencies_lead_to_what_carries_projects(catalog: Catalog) -> None:
    for candidate in served(catalog):
        found = catalog.dependencies(candidate.package.name)
        names = [one.package for one in found]
        assert names == sorted(set(names))
        assert candidate.package.name not in names
        for one in found:
            assert one.projects == tuple(sorted(one.projects))
            assert one.primary
            assert set(one.primary) <= set(one.projects)


def test_R2_requests_stands_on_urllib3(catalog: Catalog) -> None:
    def carries(one: OsDependency) -> bool:
        return canonicalize_name("urllib3") in one.projects

    assert any(carries(one) for one in catalog.dependencies("python3-requests"))


def test_an_unknown_package_has_no_dependencies(catalog: Catalog) -> None:
    assert catalog.dependencies("no-such-package") == ()


def test_R7_the_same_question_has_the_same_answer(catalog: Catalog) -> None:
    for candidate in served(catalog):
        assert catalog.lookup(candidate.project) == candidate
        name = candidate.package.name
        assert catalog.dependencies(name) == catalog.dependencies(name)


def test_R4_extras_of_a_universe_are_normalized_requirements(tmp_path: Path) -> None:
    catalog = universe.catalog(tmp_path, DISTRO)
    (candidate,) = (one for one in served(catalog) if one.project == "requests")
    assert catalog.extras(candidate, frozenset({"socks"})) == {"socks": ("PySocks",)}


def test_R4_extras_of_an_installed_package_need_no_network(tmp_path: Path) -> None:
    catalog = of_host(tmp_path)
    installed = [one for one in served(catalog, "requests", "packaging", "rich") if one.package.installed]
    if not installed:
        pytest.skip("nothing of it is installed")
    for candidate in installed:
        extras = catalog.extras(candidate, frozenset({"socks"}))
        assert list(extras) == sorted(map(canonicalize_name, extras))
