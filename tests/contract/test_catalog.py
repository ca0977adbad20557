"""What every Catalog does: a small universe's, the embedded indexes', this host's own where it has python-apt.

And those of rpm-md repositories: small ones as Fedora and SUSE make them, and real ones.
"""

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
from resolver.hosts.releases import Family
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import Absence, NamedRepository, OsCandidate, Reason
from resolver.targets import Setting, Targets, mappings_folder
from tests import universe
from tests.rpm_repository import WITHOUT_BINDINGS, FakeBindings, dist, has_bindings, rpm, write

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import OsDependency
    from resolver.ports import Catalog, Runner

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
FEDORA = (
    rpm("python3", "3.14.2-1.fc43", arch="x86_64", provides=("python(abi) = 3.14",)),
    rpm("glibc", "2.42-4.fc43", arch="x86_64"),
    rpm(
        "python3-requests",
        "2.32.3-5.fc43",
        provides=dist("requests", "2.32.3"),
        requires=("python(abi)", "(python3.14dist(urllib3) < 3 with python3.14dist(urllib3) >= 1.21)"),
    ),
    rpm(
        "python3-requests+socks",
        "2.32.3-5.fc43",
        provides=dist("requests[socks]", "2.32.3"),
        requires=("python3-requests", "(python3.14dist(pysocks) < 2 with python3.14dist(pysocks) >= 1.5.6)"),
    ),
    rpm("python3-urllib3", "2.3.0-1.fc43", provides=dist("urllib3", "2.3"), requires=("python3.14dist(idna)",)),
    rpm("python3-idna", "3.10-1.fc43", provides=dist("idna", "3.10")),
    rpm("python3-pysocks", "1.7.1-1.fc43", provides=dist("pysocks", "1.7.1")),
    rpm("python3-pyjwt", "2.10.1-1.fc43", provides=(*dist("pyjwt", "2.10.1"), "python3-jwt = 2.10.1")),
)
SUSE = (
    rpm("python313", "3.13.7-1.1", arch="x86_64", provides=("python3 = 3.13.7",)),
    rpm("glibc", "2.42-2.1", arch="x86_64"),
    *(
        package
        for n, python in (("11", "3.11"), ("13", "3.13"))
        for package in (
            rpm(f"python3{n}-base", f"{python}.7-1.1", arch="x86_64", provides=(f"python(abi) = {python}",)),
            rpm(
                f"python3{n}-requests",
                "2.32.4-1.1",
                provides=dist("requests", "2.32.4", python=python),
                requires=("python(abi)", f"python3{n}-urllib3", f"python3{n}-idna"),
            ),
            rpm(f"python3{n}-urllib3", "2.5.0-1.1", provides=dist("urllib3", "2.5", python=python)),
            rpm(f"python3{n}-idna", "3.10-1.1", provides=dist("idna", "3.10", python=python)),
            rpm(f"python3{n}-PyJWT", "2.10.1-1.1", provides=dist("pyjwt", "2.10.1", python=python)),
        )
    ),
)
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


def of_repositories(
    folder: Path,
    release: str,
    *repositories: Path,
    runner: Runner,
    architecture: str = "x86_64",
    python: str | None = None,
) -> Catalog:
    """Open what rpm-md repositories on disk have, as ``--repo`` does."""
    setting = Setting(
        runner=runner,
        cache=FileCache(folder, warn=pytest.fail),
        cache_folder=folder,
        warn=lambda _: None,
        offline=True,
        repositories=tuple(NamedRepository(url=repository.as_uri()) for repository in repositories),
    )
    return Targets(setting).open(release, architecture=architecture, python=python)


def of_centos(folder: Path, shared: Path) -> Catalog:
    """Open CentOS Stream 9's AppStream, for the stack whose interpreter is in there too."""
    appstream = shared / "data" / "centos-stream-9-appstream"
    return of_repositories(folder, "centos:9", appstream, runner=ProcessRunner(), python="3.11")


def of_tumbleweed(folder: Path, shared: Path) -> Catalog:
    """Open Tumbleweed as of September 2023: an export of what concerns Python, so the C library is added."""
    data = shared / "data" / "opensuse-tumbleweed-20230910"
    libc = write(folder / "libc", [rpm("glibc", "2.38-3.1", arch="aarch64")], made=1)
    return of_repositories(folder, "opensuse:tumbleweed", data, libc, runner=ProcessRunner(), architecture="aarch64")


REAL = {"CentOS": of_centos, "Tumbleweed": of_tumbleweed}
SMALL = {"Fedora": ("fedora:43", FEDORA), "SUSE": ("opensuse:tumbleweed", SUSE)}


@pytest.fixture(scope="module", params=["universe", "debian-12", "debian-13", "debian-sid", "host", *SMALL, *REAL])
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog")
    if request.param == "universe":
        return universe.catalog(folder, DISTRO)
    if request.param in SMALL:
        release, packages = SMALL[request.param]
        return of_repositories(folder, release, write(folder / "repository", packages), runner=FakeBindings())
    if request.param in REAL:
        if not has_bindings():
            pytest.skip(WITHOUT_BINDINGS)
        return REAL[request.param](folder, request.getfixturevalue("shared"))
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
    is_debians = releases.family_of(target.release) is Family.DEBIAN
    assert catalog.metadata.source in ({"apt", "embedded"} if is_debians else {"rpm-md"})
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
def test_I2_a_name_alone_brings_nothing(catalog: Catalog, name: str, request: pytest.FixtureRequest) -> None:
    if name == "attr" and request.node.callspec.params["catalog"] == "Tumbleweed":
        pytest.skip("Tumbleweed really had a package of the project attr, with its metadata")
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

    requests = catalog.lookup(canonicalize_name("requests"))
    assert isinstance(requests, OsCandidate)
    assert any(carries(one) for one in catalog.dependencies(requests.package.name))


def test_I4_all_of_a_plan_is_for_one_interpreter(catalog: Catalog) -> None:
    """Flavours and stacks are told apart by name wherever there are several: python3, python3.11, python313."""
    if not releases.has_several_pythons(catalog.target.release):
        pytest.skip("one Python a release")
    found = served(catalog)
    below = [one.package for candidate in found for one in catalog.dependencies(candidate.package.name)]
    (prefix,) = {name.partition("-")[0] for name in (*below, *(candidate.package.name for candidate in found))}
    python = catalog.target.python
    assert prefix in {"python3", f"python{python}", f"python{python.replace('.', '')}"}


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


@pytest.mark.parametrize("name", ["Fedora", "CentOS"])
def test_I5_extras_that_are_os_packages_ask_for_what_those_need(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name == "CentOS":
        if not has_bindings():
            pytest.skip(WITHOUT_BINDINGS)
        catalog = of_centos(tmp_path, request.getfixturevalue("shared"))
    else:
        catalog = of_repositories(tmp_path, "fedora:43", write(tmp_path / "r", FEDORA), runner=FakeBindings())
    candidate = catalog.lookup(canonicalize_name("requests"))
    assert isinstance(candidate, OsCandidate)
    packages = {extra: package.name for extra, package in candidate.extra_packages}
    assert packages["socks"] == f"{candidate.package.name}+socks"
    assert catalog.extras(candidate, frozenset({"socks"}))["socks"] == ("pysocks",)
