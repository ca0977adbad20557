"""From traces and apt's state to an index: which build evidence speaks of, and what stands below a package."""

from __future__ import annotations

from typing import Any

from resolver.catalog import build
from resolver.catalog.contents import Trace
from resolver.catalog.store import Claim


def state(version: str = "1.0-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "version": version,
        "architecture": "all",
        "repository": "Debian trixie/main",
        "trusted": True,
        "installed": None,
        "depends": [],
        "others": [],
        "suites": {"trixie": version},
        **more,
    }


def trace(project: str, package: str, python: str = "3") -> Trace:
    return Trace(project=project, package=package, metadata_name=f"{project}-1.0", python=python)


def claim(project: str, package: str, kind: str = "contents", os_version: str = "1.0-1") -> Claim:
    return Claim(project=project, package=package, kind=kind, metadata_name=f"{project}-1.0", os_version=os_version)


def claims(*traces: Trace, packages: dict[str, Any]) -> tuple[Claim, ...]:
    return build.claims_from_contents(traces, packages, "trixie", "3.13")


def test_I1_a_trace_becomes_a_claim_once() -> None:
    found = claims(trace("b", "python3-b"), trace("a", "python3-a"), trace("a", "python3-a"), packages=DOUBLE)
    assert found == (claim("a", "python3-a"), claim("b", "python3-b"))


DOUBLE = {"python3-a": state(), "python3-b": state()}


def test_I1_what_the_architecture_does_not_offer_is_left_out() -> None:
    assert claims(trace("a", "python3-a"), trace("a", "python3-armhf-only"), packages=DOUBLE) == (
        claim("a", "python3-a"),
    )


def test_I4_a_trace_under_another_interpreter_is_kept_as_such() -> None:
    found = claims(trace("a", "python3-a", "3.12"), trace("b", "python3-b", "3.13"), packages=DOUBLE)
    assert [one.kind for one in found] == ["other", "contents"]


def test_V2_the_build_that_was_seen_is_the_suites_own_not_the_security_update() -> None:
    packages = {"python3-a": state("1.0-1+deb13u1", suites={"trixie": "1.0-1", "trixie-security": "1.0-1+deb13u1"})}
    assert claims(trace("a", "python3-a"), packages=packages)[0].os_version == "1.0-1"


def test_V2_a_package_that_only_another_suite_has_was_seen_there() -> None:
    packages = {"python3-a": state("2.0-1", suites={"trixie-backports": "2.0-1"})}
    assert claims(trace("a", "python3-a"), packages=packages)[0].os_version == "2.0-1"


def test_I1_the_installed_package_database_adds_what_contents_does_not_know() -> None:
    site = "/usr/lib/python3/dist-packages"
    owners = {
        f"{site}/Local_Thing-2.0.egg-info": "local-thing",
        f"{site}/a-1.0.dist-info": "python3-a",
        f"{site}/gone-1.0.dist-info": "python3-gone",
        f"{site}/b-1.0.dist-info": "python3-b",
        f"{site}/-pycbf.egg-info": "local-thing",
    }
    packages = {
        "local-thing": state("2.0", installed="2.0"),
        "python3-a": state(installed="1.0-1"),
        "python3-b": state(installed=None),
    }
    known = (claim("a", "python3-a"),)
    assert build.claims_from_owners(owners, packages, known) == (
        Claim(
            project="local-thing",
            package="local-thing",
            kind="installed",
            metadata_name="Local_Thing-2.0",
            os_version="2.0",
        ),
    )


def depends(packages: dict[str, Any], kept: list[Claim], extra: list[str] | None = None) -> dict[str, tuple[str, ...]]:
    built = build.build(kept, packages, extra or [])
    return {record.name: record.depends for record in built.packages}


def test_R2_dependencies_are_looked_through_to_what_carries_projects() -> None:
    packages = {
        "python3-pandas": state(depends=["libc6", "python3-pandas-lib", "python3-tz"]),
        "python3-pandas-lib": state(depends=["blas", "python3-numpy"]),
        "python3-numpy": state(depends=["python3-deep"]),
        "python3-tz": state(),
        "python3-deep": state(),
    }
    kept = [claim("pandas", "python3-pandas"), claim("numpy", "python3-numpy"), claim("deep", "python3-deep")]
    found = depends(packages, kept)
    assert found["python3-pandas"] == ("python3-numpy",), "not through numpy, which answers for what is below it"
    assert found["python3-numpy"] == ("python3-deep",)


def test_R2_circles_end() -> None:
    packages = {
        "python3-a": state(depends=["liba"]),
        "liba": state(depends=["libb"]),
        "libb": state(depends=["liba", "python3-a", "python3-b"]),
        "python3-b": state(depends=["python3-a"]),
    }
    found = depends(packages, [claim("a", "python3-a"), claim("b", "python3-b")])
    assert found == {"python3-a": ("python3-b",), "python3-b": ("python3-a",)}


def test_I2_packages_named_like_a_projects_stay_for_suggestions_and_others_go() -> None:
    packages = {"python3-opencv": state(), "python3-a": state(), "libfoo": state(), "kapidox6": state()}
    kept = [claim("a", "python3-a"), claim("kapidox", "kapidox6"), claim("x", "python3-unknown")]
    built = build.build(kept, packages)
    assert {record.name: record.projects for record in built.packages} == {
        "python3-opencv": (),
        "python3-a": ("a",),
        "kapidox6": ("kapidox",),
    }
    assert claim("x", "python3-unknown") not in built.claims


def test_I4_a_package_for_another_interpreter_carries_nothing_here() -> None:
    built = build.build([claim("a", "python3-a", kind="other")], {"python3-a": state()})
    assert built.packages[0].projects == ()
    assert built.claims == (claim("a", "python3-a", kind="other"),)


def test_I7_an_overrides_package_is_kept_whatever_its_name() -> None:
    found = depends(
        {"cv-thing": state(depends=["python3-a"]), "python3-a": state()}, [claim("a", "python3-a")], ["cv-thing"]
    )
    assert found["cv-thing"] == ("python3-a",)


def test_only_the_very_version_counts_as_installed() -> None:
    packages = {"python3-a": state(installed="1.0-1"), "python3-b": state(installed="0.9-1")}
    built = build.build([], packages)
    assert {record.name: record.installed for record in built.packages} == {"python3-a": True, "python3-b": False}


def test_every_repository_is_named_once() -> None:
    packages = {
        "python3-a": state(others=[["2.0-1~bpo13+1", "Debian Backports trixie-backports/main"]]),
        "python3-b": state(repository="Debian trixie-security/main"),
    }
    assert build.repositories(build.build([], packages).packages) == (
        "Debian Backports trixie-backports/main",
        "Debian trixie-security/main",
        "Debian trixie/main",
    )
