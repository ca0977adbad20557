"""From rpm-md packages to what goes into an index: which build counts, what it carries, what is below it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.catalog import rpm as catalog
from resolver.catalog.rpm import Build, Interpreter
from resolver.model import RpmOffer, RpmRepository
from tests.rpm_repository import dist, ranks, rpm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.catalog.build import Built
    from resolver.catalog.rpm_md import RpmPackage
    from resolver.catalog.store import Claim, PackageRecord

PYTHON = Interpreter(python="3.14", is_main=True)


def repository(name: str = "fedora", *, priority: int = 99, trusted: bool = True) -> RpmRepository:
    return RpmRepository(id=name, name=name.capitalize(), metadata=Path("/nowhere"), trusted=trusted, priority=priority)


FEDORA, UPDATES = repository(), repository("updates")


def builds(*packages: RpmPackage, of: RpmRepository = FEDORA) -> list[Build]:
    return [Build(package=package, repository=of) for package in packages]


def offered(
    found: Iterable[Build], offers: Iterable[RpmOffer] | None = None, architecture: str = "x86_64"
) -> list[str]:
    """Show the chosen builds, the others of the same name behind them."""
    chosen = catalog.offered(found, architecture, ranks, offers)
    return [" ".join(f"{one.package.name}-{one.package.evr}@{one.repository.id}" for one in chosen[n]) for n in chosen]


# Which Pythons there are


def test_I4_a_python_counts_by_the_packages_that_carry_a_project_for_it() -> None:
    found = builds(
        rpm("python3-a", provides=dist("a", "1")),
        rpm("python3-b", provides=(*dist("b", "1"), *dist("b.c", "1"))),
        rpm("python3.11-a", provides=("python3.11dist(a) = 1",)),
        rpm("python3-none", provides=("python3dist(none) = 1", "bundled(python3.14dist(x)) = 1")),
    )
    assert catalog.pythons(found) == {"3.14": 2, "3.11": 1}
    assert catalog.pythons([]) == {}


FEDORAS = (
    rpm("python3", "3.14.2-1.fc43", arch="x86_64", provides=("python(abi) = 3.14", "python3.14 = 3.14.2-1.fc43")),
    rpm("python3.11", "3.11.9-1.fc43", arch="x86_64", provides=("python(abi) = 3.11",)),
    rpm("python3-libs", "3.14.2-1.fc43", arch="x86_64"),
)
SUSES = (
    rpm("python311-base", "3.11.14-1.1", arch="x86_64", provides=("python(abi) = 3.11",)),
    rpm("python313", "3.13.7-1.1", arch="x86_64", provides=("python3 = 3.13.7",)),
    rpm("python313-base", "3.13.7-1.1", arch="x86_64", provides=("python(abi) = 3.13",)),
    rpm("python314-base", "3.14.0~rc3-1.1", arch="x86_64", provides=("python(abi) = 3.14",)),
)
APPSTREAM = (rpm("python3.11", "3.11.11-1.el9", arch="x86_64", provides=("python(abi) = 3.11",)),)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("packages", "wanted", "known", "expected"),
    [
        pytest.param(FEDORAS, None, None, ("3.14", True), id="Fedora"),
        pytest.param(FEDORAS, None, "3.13", ("3.14", True), id="the metadata's word comes first"),
        pytest.param(FEDORAS, "3.11", None, ("3.11", False), id="Fedora, a wanted one"),
        pytest.param(FEDORAS, "3.14", None, ("3.14", True), id="Fedora, the main one by name"),
        pytest.param(SUSES, None, None, ("3.13", True), id="SUSE"),
        pytest.param(SUSES, "3.11", None, ("3.11", False), id="SUSE, a flavour"),
        pytest.param(APPSTREAM, None, "3.9", ("3.9", True), id="python3 is in BaseOS"),
        pytest.param(APPSTREAM, "3.11", "3.9", ("3.11", False), id="python3 is in BaseOS, a wanted one"),
        pytest.param(APPSTREAM, None, None, None, id="nothing tells"),
        pytest.param((rpm("python3-unversioned", "2.7-1", provides=("python3",)),), None, None, None, id="no Python 3"),
    ],
)
def test_I4_the_interpreter_to_plan_for(
    packages: Sequence[RpmPackage],
    wanted: str | None,
    known: str | None,
    expected: tuple[str, bool] | None,
    *,
    turned: bool,
) -> None:
    found = catalog.interpreter(builds(*(packages[::-1] if turned else packages)), wanted, known)
    assert (None if found is None else (found.python, found.is_main)) == expected


@pytest.mark.parametrize(
    ("packages", "python", "version"),
    [
        (FEDORAS, "3.14", "3.14.2"),
        (FEDORAS, "3.11", "3.11.9"),
        (SUSES, "3.13", "3.13.7"),
        # A marker compares it by PEP 440.
        (SUSES, "3.14", "3.14.0rc3"),
        (APPSTREAM, "3.11", "3.11.11"),
        (APPSTREAM, "3.9", ""),
        ((), "3.14", ""),
    ],
)
def test_R4_the_interpreters_whole_version(packages: Sequence[RpmPackage], python: str, version: str) -> None:
    chosen = catalog.offered(builds(*packages), "x86_64", ranks, None)
    assert catalog.full_version(chosen, python) == version


def test_R4_the_interpreters_version_is_the_one_that_would_be_installed() -> None:
    old, new = (rpm("python3", evr, provides=("python(abi) = 3.14",)) for evr in ("3.14.0-1", "3.14.2-1"))
    chosen = catalog.offered([*builds(old), *builds(new, of=UPDATES)], "x86_64", ranks, None)
    assert catalog.full_version(chosen, "3.14") == "3.14.2"


# Which build counts

PRIORITY = repository("local", priority=10)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            builds(rpm("a", arch="x86_64"), rpm("b", arch="i686"), rpm("c"), rpm("d", arch="aarch64")),
            ["a-1-1@fedora", "c-1-1@fedora"],
            id="other architectures are left out",
        ),
        pytest.param(
            builds(rpm("a", "2-1", arch="i686"), rpm("a", "1-1", arch="x86_64")),
            ["a-1-1@fedora"],
            id="a newer build of another architecture is none",
        ),
        pytest.param(
            [*builds(rpm("a", "1.9-1")), *builds(rpm("a", "1.10-1"), of=UPDATES)],
            ["a-1.10-1@updates a-1.9-1@fedora"],
            id="the newest by rpm's order comes first",
        ),
        pytest.param(
            [*builds(rpm("a", "1:1-1")), *builds(rpm("a", "2-1"), of=UPDATES)],
            ["a-1:1-1@fedora a-2-1@updates"],
            id="the epoch counts",
        ),
        pytest.param(
            [*builds(rpm("a", "9-1")), *builds(rpm("a", "1-1"), of=PRIORITY)],
            ["a-1-1@local a-9-1@fedora"],
            id="a lower priority number wins over any version",
        ),
        pytest.param(
            [*builds(rpm("a"), of=UPDATES), *builds(rpm("a"))],
            ["a-1-1@fedora a-1-1@updates"],
            id="equal builds in two repositories go by its id",
        ),
        pytest.param(
            [*builds(rpm("a"), of=UPDATES), *builds(rpm("a"), rpm("a", "2-1"))],
            ["a-2-1@fedora a-1-1@fedora a-1-1@updates"],
            id="the age first, then the id",
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_V3_the_build_that_would_be_installed_comes_first(found: list[Build], expected: list[str]) -> None:
    assert offered(found) == expected
    assert sorted(offered(found[::-1])) == sorted(expected)


def test_V3_rpm_is_asked_once_and_only_where_builds_differ() -> None:
    asked: Counter[int] = Counter()

    def counting(groups: Sequence[Sequence[str]]) -> Sequence[Sequence[int]]:
        asked[len(groups)] += 1
        return ranks(groups)

    alike = [*builds(rpm("a"), rpm("b")), *builds(rpm("a"), of=UPDATES)]
    catalog.offered(alike, "x86_64", counting, None)
    assert not asked
    catalog.offered([*alike, *builds(rpm("a", "2-1"), rpm("b", "2-1"))], "x86_64", counting, None)
    assert asked == {2: 1}


MODULAR = (
    rpm("python38-a", "2-1.module_el8", provides=("python3.8dist(a) = 2",)),
    rpm("python39-a", "2-1.module+el9+7", provides=("python3.9dist(a) = 2",)),
    rpm("python3-a", "1-1.el8", provides=("python3.6dist(a) = 1",)),
    rpm("a-libs", "1-1.module+el9"),
    rpm("python3-modules", "1-1.modulemd"),
)


def test_without_a_manager_to_ask_what_belongs_to_a_module_stream_is_left_out() -> None:
    assert offered(builds(*MODULAR)) == ["python3-a-1-1.el8@fedora", "python3-modules-1-1.modulemd@fedora"]


def offer(name: str, evr: str, architecture: str = "noarch", where: str = "fedora") -> RpmOffer:
    return RpmOffer(name=name, evr=evr, architecture=architecture, repository=where)


def test_what_carries_a_project_is_offered_by_the_managers_word_alone() -> None:
    """Excluded, or of a stream that is not enabled: the manager leaves it out. It is not asked what carries nothing."""
    found = builds(*MODULAR, rpm("python3-excluded", provides=dist("excluded", "1")))
    said = [offer("python39-a", "2-1.module+el9+7"), offer("python3-a", "1-1.el8", where="elsewhere")]
    assert offered(found, said) == [
        "python39-a-2-1.module+el9+7@fedora",
        "a-libs-1-1.module+el9@fedora",
        "python3-modules-1-1.modulemd@fedora",
    ]


def test_an_offer_is_of_one_build_in_one_repository() -> None:
    carrier = [rpm("python3-a", evr, provides=dist("a", "1")) for evr in ("1-1", "2-1", "3-1")]
    found = [*builds(*carrier), *builds(*carrier, of=UPDATES)]
    said = [offer("python3-a", "1-1"), offer("python3-a", "2-1", where="updates"), offer("python3-a", "3-1", "x86_64")]
    assert offered(found, said) == ["python3-a-2-1@updates python3-a-1-1@fedora"]
    assert offered(found, []) == []


@pytest.mark.parametrize(
    ("bound", "evr", "is_obsolete"),
    [
        ("old", "5-1", True),
        ("old < 5", "4-9", True),
        ("old < 5", "5-1", False),
        ("old < 5-2", "5-1", True),
        ("old < 5-2", "5-2", False),
        ("old <= 5", "5-9", True),
        ("old <= 5", "6-1", False),
        ("old = 5", "5-9", True),
        ("old = 5-1", "5-2", False),
        ("old >= 5", "5-1", True),
        ("old >= 5", "4-1", False),
        ("old > 5", "6-1", True),
        ("old > 5", "5-1", False),
        ("old < 1:1", "9-1", True),
        ("other", "1-1", False),
    ],
)
def test_what_another_package_obsoletes_is_not_offered(bound: str, evr: str, *, is_obsolete: bool) -> None:
    found = offered(builds(rpm("new", "1-1", obsoletes=(bound,)), rpm("old", evr)))
    assert found == ["new-1-1@fedora", *([] if is_obsolete else [f"old-{evr}@fedora"])]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(builds(rpm("a", obsoletes=("a < 5", "a"))), id="itself"),
        pytest.param(
            [*builds(rpm("b", "1-1", obsoletes=("a",))), *builds(rpm("b", "2-1"), rpm("a"), of=UPDATES)],
            id="by a build that is not the first",
        ),
        pytest.param(builds(rpm("b", arch="i686", obsoletes=("a",)), rpm("a")), id="by another architecture's"),
    ],
)
def test_what_is_not_to_be_installed_obsoletes_nothing(found: list[Build]) -> None:
    assert any(line.startswith("a-1-1@") for line in offered(found))


# What goes into an index


def make(
    *packages: RpmPackage, interpreter: Interpreter = PYTHON, prefix: str = "python3-", named: Sequence[str] = ()
) -> Built:
    return catalog.make(catalog.offered(builds(*packages), "x86_64", ranks, None), interpreter, prefix, named)


def claims(built: Built) -> list[tuple[str, str, str, str]]:
    return [(one.project, one.package, one.kind, one.metadata_name) for one in built.claims]


def record(built: Built, name: str) -> PackageRecord:
    return next(one for one in built.packages if one.name == name)


def test_I1_what_a_package_provides_is_evidence() -> None:
    built = make(rpm("python3-Foo.Bar", "1:2.0-3.fc43", provides=dist("foo-bar", "2")))
    (claim,) = built.claims
    assert (claim.kind, claim.metadata_name, claim.os_version) == ("provides", "foo_bar-2.0", "1:2.0-3.fc43")
    found = record(built, "python3-Foo.Bar")
    assert (found.version, found.architecture, found.repository) == ("1:2.0-3.fc43", "noarch", "Fedora")
    assert (found.projects, found.trusted, found.installed) == (("foo-bar",), True, False)


def test_I1_python3dist_alone_is_no_evidence_and_neither_is_what_is_bundled() -> None:
    built = make(rpm("python3-a", provides=("python3dist(a) = 1", "bundled(python3.14dist(b)) = 1", "python3-c = 1")))
    assert built.claims == ()
    assert record(built, "python3-a").projects == ()


def test_I4_both_spellings_of_a_name_are_one_project() -> None:
    built = make(
        rpm(
            "python3-ruamel-yaml", "0.17.4-1", provides=[*dist("ruamel.yaml", "0.17.4"), *dist("ruamel-yaml", "0.17.4")]
        )
    )
    assert claims(built) == [("ruamel-yaml", "python3-ruamel-yaml", "provides", "ruamel_yaml-0.17.4")]


def test_I4_another_interpreters_package_is_kept_as_that_where_there_is_none_of_this_one() -> None:
    built = make(
        rpm("python313-a", provides=dist("a", "1", python="3.13")),
        rpm("python311-a", provides=dist("a", "1", python="3.11")),
        rpm("python311-b", provides=dist("b", "2.0", python="3.11")),
        rpm("python312-b", provides=dist("b", "2.0", python="3.12")),
        rpm("python311-c", provides=("python3.11dist(c[x]) = 1",)),
        interpreter=Interpreter(python="3.13", is_main=True),
        prefix="python313-",
    )
    assert claims(built) == [
        ("a", "python313-a", "provides", "a-1"),
        ("b", "python311-b", "other", "b-2.0"),
    ]
    assert [one.name for one in built.packages] == ["python313-a"]


EXTRAS = (
    rpm("python3-requests", "2.31-1", provides=dist("requests", "2.31"), requires=("python3.14dist(idna)",)),
    rpm(
        "python3-requests+socks",
        "2.31-1",
        provides=dist("requests[Socks_Five]", "2.31"),
        requires=("python3-requests", "python3.14dist(pysocks)"),
    ),
    rpm("python3-idna", "3.10-1", provides=dist("idna", "3.10")),
    rpm("python3-pysocks", "1.7.1-1", provides=dist("pysocks", "1.7.1")),
)


def test_I5_an_extra_is_a_package_of_its_own_and_carries_no_project() -> None:
    built = make(*EXTRAS)
    assert ("requests", "python3-requests+socks", "extra", "socks-five") in claims(built)
    found = record(built, "python3-requests+socks")
    assert (found.projects, found.depends) == ((), ("python3-pysocks", "python3-requests"))
    assert record(built, "python3-requests").projects == ("requests",)


def test_I5_a_package_that_carries_its_extra_itself_is_no_extras_package() -> None:
    both = rpm("python3-uvicorn", "0.30-1", provides=[*dist("uvicorn", "0.30"), *dist("uvicorn[standard]", "0.30")])
    built = make(both, prefix="other-")
    assert claims(built) == [
        ("uvicorn", "python3-uvicorn", "extra", "standard"),
        ("uvicorn", "python3-uvicorn", "provides", "uvicorn-0.30"),
    ]
    assert record(built, "python3-uvicorn").projects == ("uvicorn",)


@pytest.mark.parametrize(
    ("provided", "evr", "name"),
    [
        ("2.31", "2.31.0-5.fc43", "x-2.31.0"),  # rpm's generator strips trailing zeros
        ("19", "19.0-1", "x-19.0"),
        ("2.31", "2.32-1", "x-2.31"),
        ("2.4.8~b5", "2.4.8~b5-1", "x-2.4.8b5"),
        ("2^post1", "2.0-1", "x-2.post1"),
        ("1:2", "2.0-1", "x-1!2"),
        ("devel", "2.0-1", "x-devel"),
    ],
)
def test_V1_a_version_is_spelled_by_pep_440_and_as_the_package_spells_it(provided: str, evr: str, name: str) -> None:
    (claim,) = make(rpm("python3-x", evr, provides=dist("x", provided))).claims
    assert claim.metadata_name == name


def test_V1_a_project_without_a_version_is_one_all_the_same() -> None:
    assert claims(make(rpm("python3-x", provides=("python3.14dist(x)",)))) == [("x", "python3-x", "provides", "x")]


def test_other_repositories_and_older_builds_are_told_of() -> None:
    found = [
        *builds(rpm("python3-a", "1-1", provides=dist("a", "1"))),
        *builds(rpm("python3-a", "2-1", provides=dist("a", "2")), rpm("python3-a", "1-1"), of=UPDATES),
        *builds(rpm("python3-a", "2-1", provides=dist("a", "2")), of=repository("copr", trusted=False)),
    ]
    built = catalog.make(catalog.offered(found, "x86_64", ranks, None), PYTHON, "python3-")
    a = record(built, "python3-a")
    assert (a.version, a.repository, a.trusted) == ("2-1", "Copr", False)
    assert a.others == (("1-1", "Fedora"), ("1-1", "Updates"))


# What is below a package


def below(built: Built, name: str = "python3-top") -> tuple[str, ...]:
    return record(built, name).depends


def top(*requires: str) -> RpmPackage:
    return rpm("python3-top", provides=dist("top", "1"), requires=requires)


BAR = rpm("python3-bar", provides=dist("bar", "1"))
FOO = rpm("python3-foo", provides=dist("foo", "1"))


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (("python3.14dist(bar)",), ["python3-bar"]),
        (("python3-bar",), ["python3-bar"]),
        (("python3dist(bar)",), ["python3-bar"]),
        (("(python3.14dist(bar) < 4 with python3.14dist(bar) >= 2.5)",), ["python3-bar"]),
        (("(python3.14dist(bar) < 4~~ or python3.14dist(bar) > 5)",), ["python3-bar"]),
        (("(python3-nothing or python3-bar)",), ["python3-bar"]),
        (("(python3-foo or python3-bar)",), ["python3-foo"]),
        (("(python3-foo and python3-bar)",), ["python3-bar", "python3-foo"]),
        (("(python3-bar if python3-foo)",), []),
        (("(python3-bar unless python3-foo else python3-foo)",), []),
        (("python3-absent", "/usr/bin/bar", "libc.so.6()(64bit)", "rpmlib(X) <= 1"), []),
        (("python3-top",), []),
    ],
)
def test_R2_a_requirement_leads_to_what_provides_it(requires: tuple[str, ...], expected: list[str]) -> None:
    bar = rpm("python3-bar", provides=(*dist("bar", "1"), "/usr/bin/foo"))
    assert list(below(make(top(*requires), bar, FOO))) == expected


def test_R2_packages_without_metadata_are_looked_through() -> None:
    libs = rpm("foo-libs", requires=("foo-data", "python3.14dist(bar)"))
    data = rpm("foo-data", requires=("foo-libs", "python3-foo"))
    built = make(top("foo-libs"), libs, data, BAR, FOO)
    assert below(built) == ("python3-bar", "python3-foo")
    assert [one.name for one in built.packages if not one.projects] == []


def test_R2_the_interpreter_is_below_everything_and_leads_nowhere() -> None:
    python = rpm("python3", "3.14.2-1", provides=("python(abi) = 3.14",), requires=("python3-libs", "python3-bar"))
    assert below(make(top("python(abi)", "python3"), python, BAR)) == ()
    flavour = rpm("python313", "3.13.7-1", provides=("python3 = 3.13.7",), requires=("python313-base",))
    base = rpm("python313-base", "3.13.7-1", provides=("python(abi) = 3.13",), requires=("python3-bar",))
    assert below(make(top("python3", "python313"), flavour, base, BAR)) == ()


@pytest.mark.parametrize(
    ("providers", "expected"),
    [
        (("aa", "python3-bar"), ("python3-bar",)),  # what carries a project comes before what does not
        (("wanted", "python3-bar"), ("python3-bar",)),
        (("aa", "wanted"), ()),  # then the namesake, which here carries nothing
        (("python3-bar", "python3-foo"), ("python3-bar",)),
    ],
)
def test_R2_of_several_providers_the_one_that_carries_projects(
    providers: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    carried = {"python3-bar": dist("bar", "1"), "python3-foo": dist("foo", "1")}
    found = [
        rpm(
            name,
            provides=(*carried.get(name, ()), *(() if name == "wanted" else ("wanted = 1",))),
            requires=("python3.14dist(x)",) if name == "aa" else (),
        )
        for name in providers
    ]
    one_more = rpm("python3-x", provides=dist("x", "1"))
    assert below(make(top("wanted"), *found, one_more)) == expected
    assert below(make(top("wanted"), *found[::-1], one_more)) == expected


def test_I4_of_several_flavours_a_hand_written_name_leads_to_this_interpreters() -> None:
    found = [
        rpm(f"python{n}-bar", provides=(*dist("bar", "1", python=f"3.{n[1:]}"), "python-bar")) for n in ("311", "314")
    ]
    assert below(make(top("python-bar", "python3dist(bar)"), *found)) == ("python314-bar",)


@pytest.mark.parametrize("requirement", ["(python3-bar", "(a nor b)", "(a or b and c)", "()"])
def test_R6_a_package_whose_needs_cannot_be_read_is_not_offered(requirement: str) -> None:
    built = make(top(requirement), rpm("python3-foo", provides=dist("foo", "1"), requires=("python3-top",)), BAR)
    assert {one.name for one in built.packages} == {"python3-bar", "python3-foo"}
    assert [one.project for one in built.claims] == ["bar", "foo"]


# What stays without carrying anything


def test_I2_what_is_named_like_a_project_stays_for_suggestions() -> None:
    built = make(rpm("python3-nothing"), rpm("other"), rpm("python313-nothing"))
    assert [one.name for one in built.packages] == ["python3-nothing"]
    suse = make(rpm("python3-nothing"), rpm("python313-Nothing"), prefix="python313-")
    assert [one.name for one in suse.packages] == ["python313-Nothing"]


def test_I7_what_an_override_names_stays() -> None:
    built = make(rpm("opencv-python3", requires=("python3-bar",)), BAR, named=("opencv-python3", "absent"))
    assert below(built, "opencv-python3") == ("python3-bar",)


def test_R7_the_order_of_the_packages_changes_nothing() -> None:
    def sorted_parts(built: Built) -> tuple[list[Claim], list[PackageRecord]]:
        return sorted(built.claims), sorted(built.packages, key=lambda one: one.name)

    packages = (*EXTRAS, *MODULAR, *FEDORAS, top("(python3-foo or python3-bar)"), FOO, BAR)
    assert sorted_parts(make(*packages)) == sorted_parts(make(*packages[::-1]))
