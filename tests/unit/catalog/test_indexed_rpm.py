"""The catalog's choices over an index that was made from rpm-md: flavours, capitals, extras that are OS packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.catalog import rpm as rpm_catalog
from resolver.catalog import store
from resolver.catalog.build import repositories
from resolver.catalog.indexed import IndexedCatalog
from resolver.model import Absence, Evidence, OsCandidate, Reason, RpmRepository
from tests.rpm_repository import dist, ranks, rpm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from resolver.catalog.rpm_md import RpmPackage
    from resolver.model import OsPackage

TRUSTED = RpmRepository(id="oss", name="Main")
UNTRUSTED = RpmRepository(id="other", name="Other", trusted=False)


class World:
    """A release's packages as a catalog, and what was read out of them."""

    def __init__(
        self,
        folder: Path,
        packages: Sequence[RpmPackage],
        *,
        untrusted: Sequence[RpmPackage] = (),
        python: str = "3.14",
        prefix: str = "python3-",
        metadata: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.metadata = metadata or {}
        self.read: list[tuple[str, str]] = []
        found = [rpm_catalog.Build(package=one, repository=TRUSTED) for one in packages]
        found += [rpm_catalog.Build(package=one, repository=UNTRUSTED) for one in untrusted]
        chosen = rpm_catalog.offered(found, "x86_64", ranks, None)
        built = rpm_catalog.make(chosen, rpm_catalog.Interpreter(python=python, is_main=True), prefix)
        header = store.Header(
            distribution="fedora",
            version="43",
            codename="",
            architecture="x86_64",
            python=python,
            python_full_version=f"{python}.1",
            glibc="2.42",
            source="rpm-md",
            date="2026-11-01T00:00:00Z",
            repositories=repositories(built.packages),
            prefix=prefix,
        )
        path = folder / "fedora-43.idx"
        store.write(path, store.dump(header, built.claims, built.packages))
        self.catalog = IndexedCatalog(store.IndexFile(path), {}, self._read)

    def _read(self, package: OsPackage, name: str, environment: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
        assert environment["python_version"] == self.catalog.target.python
        self.read.append((package.name, name))
        return self.metadata

    def candidate(self, project: str) -> OsCandidate:
        found = self.catalog.lookup(canonicalize_name(project))
        assert isinstance(found, OsCandidate)
        return found

    def absence(self, project: str) -> Absence:
        found = self.catalog.lookup(canonicalize_name(project))
        assert isinstance(found, Absence)
        return found

    def extras(self, *wanted: str) -> dict[str, tuple[str, ...]]:
        return dict(self.catalog.extras(self.candidate("requests"), frozenset(wanted)))


def test_I1_what_a_package_provides_is_the_evidence_that_is_shown(tmp_path: Path) -> None:
    found = World(tmp_path, [rpm("python3-requests", "2.31.0-5", provides=dist("requests", "2.31"))]).candidate(
        "requests"
    )
    assert (found.evidence, found.evidence_detail) == (
        Evidence.PROVIDES,
        "Provides: requests-2.31.0 in python3-requests",
    )
    assert (str(found.version), found.metadata_version, found.metadata_is_current) == ("2.31.0", "2.31.0", True)
    assert (found.package.version, found.package.repository, found.extra_packages) == ("2.31.0-5", "Main", ())


def alchemy(*names: str, python: str = "3.13") -> list[RpmPackage]:
    return [
        rpm(name, f"{n}.0.4-1", provides=dist("sqlalchemy", f"{n}.0.4", python=python))
        for n, name in enumerate(names, 1)
    ]


@pytest.mark.parametrize(
    ("names", "python", "prefix", "chosen"),
    [
        (("python313-SQLAlchemy1", "python313-SQLAlchemy"), "3.13", "python313-", "python313-SQLAlchemy"),
        (("python313-SQLAlchemy", "python313-sqlalchemy2"), "3.13", "python313-", "python313-SQLAlchemy"),
        (("python313-SQLAlchemy1", "python313-SQLAlchemy2"), "3.13", "python313-", None),
        (("python313-SQLAlchemy", "python313-sqlalchemy"), "3.13", "python313-", None),
        (("python3-sqlalchemy", "python3.11-sqlalchemy"), "3.11", "python3.11-", "python3.11-sqlalchemy"),
        (("python3-sqlalchemy", "python3.11-sqlalchemy"), "3.11", "python3-", "python3-sqlalchemy"),
        (("python3-sqlalchemy1.4", "python3-sqlalchemy"), "3.14", "python3-", "python3-sqlalchemy"),
        (("sqlalchemy", "SQLAlchemy-python3"), "3.14", "python3-", None),
        (("sqlalchemy",), "3.14", "python3-", "sqlalchemy"),
    ],
)
def test_I3_of_several_the_namesake_in_the_familys_spelling(
    tmp_path: Path, names: tuple[str, ...], python: str, prefix: str, chosen: str | None
) -> None:
    world = World(tmp_path, alchemy(*names, python=python), python=python, prefix=prefix)
    if chosen is not None:
        assert world.candidate("SQLAlchemy").package.name == chosen
        return
    found = world.absence("SQLAlchemy")
    assert found.reason is Reason.AMBIGUOUS
    assert all(name in found.detail for name in names)


def test_I3_dots_stay_in_suses_names(tmp_path: Path) -> None:
    packages = [
        rpm(name, provides=dist("zope.interface", "1", python="3.13")) for name in ("python313-zope.interface", "zope")
    ]
    world = World(tmp_path, packages, python="3.13", prefix="python313-")
    assert world.candidate("zope-interface").package.name == "python313-zope.interface"


@pytest.mark.parametrize(
    ("python", "prefix", "project", "reason", "suggestion", "words"),
    [
        ("3.14", "python3-", "nothing", Reason.NO_EVIDENCE, "python3-nothing", "nothing shows which project is in it"),
        ("3.14", "python3-", "attr", Reason.NOT_PACKAGED, None, "python3-attr carries attrs"),
        ("3.11", "python3.11-", "nothing", Reason.NO_EVIDENCE, "python3.11-nothing", "python3.11-nothing exists"),
        ("3.13", "python313-", "nothing", Reason.NOT_PACKAGED, None, "no OS package of fedora:43 carries it"),
        ("3.14", "python3-", "else", Reason.OTHER_PYTHON, None, "python3.11-else carries it for another interpreter"),
        ("3.14", "python3-", "python3dist-alone", Reason.NO_EVIDENCE, "python3-python3dist-alone", ""),
    ],
)
def test_I2_a_name_is_no_evidence(  # noqa: PLR0917 - one row of the table
    tmp_path: Path, python: str, prefix: str, project: str, reason: Reason, suggestion: str | None, words: str
) -> None:
    packages = [
        rpm("python3-nothing"),
        rpm("python3.11-nothing"),
        rpm("python3-attr", provides=dist("attrs", "25")),
        rpm("python3.11-else", provides=dist("else", "1", python="3.11")),
        rpm("python3-python3dist-alone", provides=("python3dist(python3dist-alone) = 1",)),
    ]
    found = World(tmp_path, packages, python=python, prefix=prefix).absence(project)
    assert (found.reason, found.suggestion) == (reason, suggestion)
    assert words in found.detail


def test_T1_what_only_an_unverified_repository_has_is_no_offer(tmp_path: Path) -> None:
    risky = rpm("python3-risky", provides=dist("risky", "1"))
    found = World(tmp_path, [], untrusted=[risky]).absence("risky")
    assert found.reason is Reason.UNTRUSTED_REPOSITORY
    assert "python3-risky 1-1 is offered only by Other" in found.detail


@pytest.mark.parametrize(("provided", "shown"), [("0", "2.31.0"), ("0.0.0", "2.31.0"), ("2.30", "2.30")])
def test_V1_a_placeholder_is_no_version(tmp_path: Path, provided: str, shown: str) -> None:
    world = World(tmp_path, [rpm("python3-requests", "2.31.0-5", provides=dist("requests", provided))])
    assert str(world.candidate("requests").version) == shown


# Extras that are OS packages of their own (rule I5)

REQUESTS = rpm("python3-requests", "2.31-1", provides=dist("requests", "2.31"), requires=("python3.14dist(idna)",))
IDNA = rpm("python3-idna", "3.10-1", provides=dist("idna", "3.10"))
PYSOCKS = rpm("python3-pysocks", "1.7.1-1", provides=dist("pysocks", "1.7.1"))


def socks(evr: str = "2.31-1", base: str = "python3-requests") -> RpmPackage:
    requires = (base, "(python3.14dist(pysocks) < 2 with python3.14dist(pysocks) >= 1.5.6)")
    return rpm("python3-requests+socks", evr, provides=dist("requests[socks]", "2.31"), requires=requires)


SECURITY = rpm(
    "python3-requests+security", "2.31-1", provides=dist("requests[security]", "2.31"), requires=("python3-requests",)
)
METADATA = {"socks": ("PySocks>=99",), "use-chardet": ("chardet",)}


def test_I5_a_projects_extras_are_packages_of_their_own(tmp_path: Path) -> None:
    world = World(tmp_path, [REQUESTS, IDNA, PYSOCKS, socks(), SECURITY])
    found = world.candidate("requests")
    assert found.package.name == "python3-requests"
    assert [(extra, one.name, one.version) for extra, one in found.extra_packages] == [
        ("security", "python3-requests+security", "2.31-1"),
        ("socks", "python3-requests+socks", "2.31-1"),
    ]
    assert world.read == []


def test_I5_what_an_extras_package_needs_is_what_the_extra_asks_for(tmp_path: Path) -> None:
    world = World(tmp_path, [REQUESTS, IDNA, PYSOCKS, socks(), SECURITY], metadata=METADATA)
    for wanted in ((), ("socks",), ("socks", "security")):
        assert world.extras(*wanted) == {"socks": ("pysocks",), "security": ()}
    assert world.read == [], "nothing is downloaded for what the metadata tells"


def test_I5_further_extras_are_read_from_the_packages_own_metadata(tmp_path: Path) -> None:
    world = World(tmp_path, [REQUESTS, IDNA, PYSOCKS, socks(), SECURITY], metadata=METADATA)
    expected = {"socks": ("pysocks",), "security": (), "use-chardet": ("chardet",)}
    assert world.extras("socks", "use-chardet") == expected
    assert world.read == [("python3-requests", "requests-2.31")]
    assert world.extras("nonsense") == expected


@pytest.mark.parametrize(
    ("packages", "untrusted"),
    [
        pytest.param([REQUESTS, socks(base="python3-other")], [], id="of another base"),
        pytest.param([REQUESTS, socks(evr="2.30-1")], [], id="of another build"),
        pytest.param([REQUESTS, socks(evr="2.31-2")], [], id="of a newer build"),
        pytest.param([REQUESTS], [socks()], id="untrusted"),
        pytest.param([REQUESTS], [], id="none"),
    ],
)
def test_I5_an_extras_package_that_does_not_belong_to_the_candidate_is_none_of_it(
    tmp_path: Path, packages: list[RpmPackage], untrusted: list[RpmPackage]
) -> None:
    world = World(tmp_path, [*packages, IDNA, PYSOCKS], untrusted=untrusted, metadata=METADATA)
    assert world.candidate("requests").extra_packages == ()
    assert world.extras("socks") == METADATA
    assert world.read == [("python3-requests", "requests-2.31")]


def test_I5_an_extra_that_only_another_interpreter_has_is_no_package_of_this_one(tmp_path: Path) -> None:
    other = rpm(
        "python3.11-requests+socks",
        provides=dist("requests[socks]", "2.31", python="3.11"),
        requires=("python3-requests",),
    )
    assert World(tmp_path, [REQUESTS, IDNA, other]).candidate("requests").extra_packages == ()


def test_R2_below_an_extras_package_stands_its_base(tmp_path: Path) -> None:
    world = World(tmp_path, [REQUESTS, IDNA, PYSOCKS, socks()])
    assert [one.package for one in world.catalog.dependencies("python3-requests+socks")] == [
        "python3-pysocks",
        "python3-requests",
    ]
    assert [one.package for one in world.catalog.dependencies("python3-requests")] == ["python3-idna"]
