"""One verdict an item: nothing that was not checked is ever clean (rule T2)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.audit.affected import Range, Scope
from resolver.audit.judge import judge_os_packages, judge_remainder
from resolver.audit.osv import Database, Entry
from resolver.model import OsPackage, Release, Unchecked
from resolver.model.audit import Advisory, AuditItem, Fix, Known, Served, Verdict
from tests.fakes import FakeOsAdvisories

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.ports import OsAdvisories

RELEASE = Release(distribution="debian", version="12", codename="bookworm")
ADVISORY = Advisory(id="GHSA-1", aliases=("CVE-2026-1",), fixed=("2.0",))
NOBODY = Unchecked(why="nobody was asked", next_step="ask")
BUILD = OsPackage(name="python3-x", version="1.0-1", architecture="all", repository="Debian bookworm/main")
SERVED = Served(package=BUILD, projects=((canonicalize_name("x"), "1.0"),))
TRACKER = Advisory(id="CVE-2026-1", note="medium urgency")
FIX = Fix(cve="CVE-2026-1", version="1.0-1", source="changelog")

CLEAN, VULNERABLE, NOT_CHECKED = Verdict.CLEAN, Verdict.VULNERABLE, Verdict.NOT_CHECKED


def database(*, about: tuple[str, str] = ("PyPI", "x"), fixed: str = "2.0", advisory: Advisory = ADVISORY) -> Database:
    scope = Scope(ranges=(Range(comparable=True, events=(("introduced", "0"), ("fixed", fixed))),))
    return Database(
        path=Path("osv"),
        entries={about: (Entry(advisory=advisory, scope=scope),)},
        ecosystems=frozenset({"PyPI", about[0]}),
    )


class Answers:
    def __init__(self, answer: Known | Unchecked) -> None:
        self._answer = answer

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:
        assert (project, str(version)) == ("x", "1.0")
        return self._answer


@pytest.mark.parametrize(
    ("answer", "reservation", "expected"),
    [
        (Known(source="s"), None, CLEAN),
        (Known(source="s", advisories=(ADVISORY,)), None, VULNERABLE),
        (Known(source="s", advisories=(ADVISORY,)), NOBODY, VULNERABLE),
        (Known(source="s", unclear=(ADVISORY,)), None, NOT_CHECKED),
        (Known(source="s"), NOBODY, NOT_CHECKED),
        (NOBODY, None, NOT_CHECKED),
    ],
)
def test_T2_a_project(answer: Known | Unchecked, reservation: Unchecked | None, expected: Verdict) -> None:
    (item,) = judge_remainder([(canonicalize_name("x"), "1.0", reservation)], Answers(answer))
    assert item.verdict is expected
    assert (item.detail is not None) is (expected is NOT_CHECKED)


def test_T2_a_version_that_is_none_is_not_checked() -> None:
    (item,) = judge_remainder([(canonicalize_name("x"), "", None)], Answers(Known(source="s")))
    assert item.verdict is NOT_CHECKED


def judge(os: OsAdvisories | Unchecked, on_disk: Database | None, served: Served = SERVED) -> AuditItem:
    (item,) = judge_os_packages([served], RELEASE, os, on_disk)
    return item


TELLS_ALL = Known(source="debsecan")
TELLS_UPDATES = Known(source="updateinfo of updates", complete=False)


@pytest.mark.parametrize(
    ("own", "fixes", "on_disk", "expected"),
    [
        # Without an advisory about upstream's version the distribution's word is all.
        (TELLS_ALL, (), None, CLEAN),
        (TELLS_UPDATES, (), None, CLEAN),
        (Known(source="debsecan", advisories=(TRACKER,)), (), None, VULNERABLE),
        (Known(source="s", unclear=(TRACKER,)), (), None, NOT_CHECKED),
        (NOBODY, (), None, NOT_CHECKED),
        # With one: who names what is not fixed too is believed, the others need the changelog's evidence.
        (TELLS_ALL, (), database(), CLEAN),
        (TELLS_UPDATES, (), database(), NOT_CHECKED),
        (TELLS_UPDATES, (FIX,), database(), CLEAN),
        (TELLS_UPDATES, (FIX,), database(advisory=Advisory(id="PYSEC-1")), NOT_CHECKED),
        (TELLS_UPDATES, (), database(fixed="1.0"), CLEAN),
        # Never vulnerable, and without the distribution never clean, by upstream's advisories and changelogs alone.
        (NOBODY, (), database(), NOT_CHECKED),
        (NOBODY, (FIX,), database(), NOT_CHECKED),
        (NOBODY, (), database(fixed="1.0"), NOT_CHECKED),
    ],
)
def test_T2_an_os_package(
    own: Known | Unchecked, fixes: tuple[Fix, ...], on_disk: Database | None, expected: Verdict
) -> None:
    item = judge(FakeOsAdvisories({"python3-x": own}, fixes={"python3-x": fixes}), on_disk)
    assert item.verdict is expected
    assert (item.detail is not None) is (expected is NOT_CHECKED)
    if fixes and on_disk and on_disk.entries["PyPI", "x"][0].advisory is ADVISORY:
        assert item.evidence == fixes


def test_the_advisory_and_upstreams_version_are_named() -> None:
    item = judge(FakeOsAdvisories({"python3-x": NOBODY}), database())
    assert item.detail == ("nobody was asked; GHSA-1 affects upstream x 1.0; the distribution's own data would tell")
    assert (item.advisories, item.next_step, item.projects) == ((ADVISORY,), "ask", ("x 1.0",))


def test_a_changelog_does_not_contradict_the_distribution() -> None:
    own = Known(source="debsecan", advisories=(TRACKER,))
    item = judge(FakeOsAdvisories({"python3-x": own}, fixes={"python3-x": (FIX,)}), database())
    assert (item.verdict, item.advisories, item.evidence) == (VULNERABLE, (TRACKER,), ())


def test_another_release_or_what_is_not_installed_is_not_checked() -> None:
    for item in (
        judge(NOBODY, database()),
        judge(FakeOsAdvisories({"python3-x": TELLS_ALL}), None, Served(package=BUILD, unchecked=NOBODY)),
    ):
        assert (item.verdict, item.next_step) == (NOT_CHECKED, "ask")
        assert item.detail
        assert item.detail.startswith("nobody was asked")


@pytest.mark.parametrize(
    ("fixed", "sources", "expected"),
    [
        ("1.0-2", {"python3-x": ("x", "1.0-1")}, VULNERABLE),
        ("1.0-1", {"python3-x": ("x", "1.0-1")}, CLEAN),
        ("1.0-2", {}, NOT_CHECKED),
    ],
)
def test_the_database_may_have_the_distributions_advisories(
    fixed: str, sources: dict[str, tuple[str, str]], expected: Verdict
) -> None:
    on_disk = database(about=("Debian:12", "x"), fixed=fixed)
    assert judge(FakeOsAdvisories({"python3-x": NOBODY}, sources=sources), on_disk).verdict is expected


def test_T2_a_projects_version_that_is_not_known_is_not_compared() -> None:
    served = Served(package=BUILD, projects=((canonicalize_name("x"), ""),))
    assert judge(FakeOsAdvisories({"python3-x": TELLS_UPDATES}), database(), served).projects == ("x",)
