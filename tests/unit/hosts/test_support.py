"""What a host knows of its OS packages' security support, and that nothing unknown reads as supported (T2)."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError
from resolver.hosts import support
from resolver.hosts.support import DebianSupport
from resolver.model import Backing, Command, Completed, OsPackage, Release, Support

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BOOKWORM = Release(distribution="debian", version="12", codename="bookworm")
NOBLE = Release(distribution="ubuntu", version="24.04", codename="noble")
CALENDAR = """\
version,codename,series,created,release,eol,eol-lts,eol-elts
11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14,2026-08-31,2031-06-30
12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30
14,Forky,forky,2025-08-09
"""
UBUNTU = (
    "version,codename,series,created,release,eol,eol-server\n24.04 LTS,Noble,noble,2023-10-12,2024-04-25,2029-05-31\n"
)
LIMITED = (
    "# a comment\n\nhdf5\t\tonly for trusted content, see #1\ngolang.*   see the notes\nbinutils\n(broken  unclosed\n"
)
ENDED = "pdns.*  4.7.3-2  2025-10-01  no support upstream\nlater  1-1  2030-01-01  not yet\n"


def package(name: str, repository: str = "Debian bookworm/main") -> OsPackage:
    return OsPackage(name=name, version="1-1", architecture="all", repository=repository)


class Pro:
    """Ubuntu Pro's command; None where it is not installed."""

    def __init__(self, output: str | None) -> None:
        self._output = output

    def run(self, command: Command) -> Completed:
        assert command.argv == ("pro", "security-status", "--format", "json")
        if self._output is None:
            raise CommandError("pro is not there")
        return Completed(returncode=0, stdout=self._output, stderr="")

    stream = run


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "security-support-limited").write_text(LIMITED)
    (tmp_path / "security-support-ended.deb12").write_text(ENDED)
    (tmp_path / "debian.csv").write_text(CALENDAR)
    (tmp_path / "ubuntu.csv").write_text(UBUNTU)
    return tmp_path


def ask(
    folder: Path,
    *packages: OsPackage,
    release: Release = BOOKWORM,
    today: date = date(2026, 1, 1),
    pro: str | None = None,
    sources: dict[str, str] | None = None,
) -> dict[str, Backing]:
    """Source packages are named as their OS packages are without ``python3-``, unless ``sources`` says otherwise."""

    def named(wanted: Sequence[OsPackage]) -> dict[str, str]:
        return {one.name: one.name.removeprefix("python3-") for one in wanted} if sources is None else sources

    asked = DebianSupport(release=release, sources=named, runner=Pro(pro), today=today, lists=folder, calendar=folder)
    return dict(asked.of(packages))


def test_T2_main_is_supported_but_for_what_the_lists_except(lists: Path) -> None:
    names = ("flask", "python3-hdf5", "golang-x", "binutils", "pdns-recursor", "later")
    found = ask(lists, *map(package, names))
    assert {name: (one.support, one.detail) for name, one in found.items()} == {
        "flask": (Support.SUPPORTED, None),
        "python3-hdf5": (Support.LIMITED, "only for trusted content, see #1"),
        "golang-x": (Support.LIMITED, "see the notes"),
        "binutils": (Support.LIMITED, None),
        "pdns-recursor": (Support.ENDED, "ended on 2025-10-01: no support upstream"),
        "later": (Support.SUPPORTED, None),
    }
    assert {(one.origin, one.component) for one in found.values()} == {("Debian", "main")}


@pytest.mark.parametrize(
    ("repository", "status", "why"),
    [
        ("Debian bookworm/contrib", Support.ENDED, "main alone, not contrib"),
        ("Debian bookworm/non-free-firmware", Support.ENDED, "main alone"),
        ("Debian bookworm-backports/main", Support.LIMITED, "whoever uploads them"),
        ("Debian bookworm-security/main", Support.SUPPORTED, ""),
        ("Some Vendor stable/main", Support.NOT_CHECKED, "Some Vendor is not Debian"),
        ("packages.example", Support.NOT_CHECKED, "packages.example is not Debian"),
    ],
)
def test_T1_T2_who_stands_behind_it_decides(lists: Path, repository: str, status: Support, why: str) -> None:
    (found,) = ask(lists, package("flask", repository)).values()
    assert found.support is status
    assert why in (found.detail or "")


@pytest.mark.parametrize(
    ("today", "status", "why"),
    [
        (date(2026, 7, 11), Support.SUPPORTED, ""),
        (date(2026, 7, 12), Support.LIMITED, "since 2026-07-11 by the LTS team, until 2028-06-30"),
        (date(2028, 7, 1), Support.ENDED, "not supported any more, since 2028-06-30"),
        (date(2022, 1, 1), Support.NOT_CHECKED, "is not released"),
    ],
)
def test_T2_a_release_ends(lists: Path, today: date, status: Support, why: str) -> None:
    (found,) = ask(lists, package("flask"), today=today).values()
    assert found.support is status
    assert why in (found.detail or "")


def test_T2_without_the_lists_nothing_is_supported(lists: Path) -> None:
    (lists / "security-support-limited").unlink()
    (found,) = ask(lists, package("flask")).values()
    assert (found.support, found.detail) == (Support.NOT_CHECKED, "debian-security-support is not installed")
    (found,) = ask(lists, package("flask"), today=date(2029, 1, 1)).values()
    assert found.support is Support.ENDED


def test_T2_without_a_calendar_nothing_is_supported(lists: Path) -> None:
    (lists / "debian.csv").unlink()
    found = ask(lists, package("flask"), package("hdf5"))
    assert found["flask"].support is Support.NOT_CHECKED
    assert "distro-info-data" in (found["flask"].detail or "")
    assert found["hdf5"].support is Support.LIMITED


def test_T2_what_has_no_known_source_is_not_checked(lists: Path) -> None:
    (found,) = ask(lists, package("flask"), sources={}).values()
    assert (found.support, found.detail) == (Support.NOT_CHECKED, "its source package is not known")


@pytest.mark.parametrize(
    ("component", "pro", "status", "why"),
    [
        ("main", None, Support.SUPPORTED, ""),
        ("restricted", None, Support.SUPPORTED, ""),
        ("universe", None, Support.NOT_CHECKED, "pro is not installed"),
        ("universe", "not JSON", Support.NOT_CHECKED, "does not say"),
        ("universe", "{}", Support.NOT_CHECKED, "does not say"),
        ("universe", json.dumps({"summary": {"ua": {"enabled_services": []}}}), Support.LIMITED, "pro enable esm-apps"),
        (
            "multiverse",
            json.dumps({"summary": {"ua": {"enabled_services": ["esm-infra", "esm-apps"]}}}),
            Support.SUPPORTED,
            "esm-apps",
        ),
    ],
)
def test_T2_ubuntus_components(lists: Path, component: str, pro: str | None, status: Support, why: str) -> None:
    (found,) = ask(lists, package("flask", f"Ubuntu noble/{component}"), release=NOBLE, pro=pro).values()
    assert (found.origin, found.component, found.support) == ("Ubuntu", component, status)
    assert why in (found.detail or "")


@pytest.mark.parametrize(
    ("end", "status", "why"),
    [
        ("2025-12-31", Support.ENDED, "since 2025-12-31"),
        ("2027-05-01", Support.NOT_CHECKED, "until 2027-05-01"),
        ("", Support.NOT_CHECKED, "does not tell"),
    ],
)
def test_T2_an_rpm_host_knows_its_end_alone(end: str, status: Support, why: str) -> None:
    release = Release(distribution="fedora", version="43")
    facts = {"SUPPORT_END": end} if end else {}
    (found,) = support.of_rpm([package("python3-flask", "Fedora 43")], release, facts, date(2026, 1, 1)).values()
    assert (found.origin, found.component, found.support) == ("Fedora 43", None, status)
    assert why in (found.detail or "")


def test_T2_another_release_is_not_asked() -> None:
    (found,) = support.unasked([package("flask")], BOOKWORM, is_debian=True).values()
    assert found == Backing(
        origin="Debian", component="main", support=Support.NOT_CHECKED, detail="a host of debian:12 would know"
    )
