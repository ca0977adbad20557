"""The repositories' own advisories, and of whose packages they speak."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from resolver.errors import UnavailableError
from resolver.hosts.rpm_advisories import RpmAdvisories, Updates
from resolver.hosts.rpm_tools import RpmTool
from resolver.model import Command, Completed, OsPackage, RpmNotice, RpmRepository, Unchecked
from resolver.model.audit import Advisory, Fix, Known
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTICE = RpmNotice(
    id="FEDORA-2026-0001",
    cves=("CVE-2026-0001",),
    severity="Important",
    builds=(("python3-six", "noarch", "1.17.0-3.fc43"), ("python3-six", "s390x", "9-9")),
)


def package(evr: str = "1.17.0-2.fc43", repository: str = "fedora") -> OsPackage:
    return OsPackage(name="python3-six", version=evr, architecture="noarch", repository=repository)


def updates(name: str, *notices: RpmNotice, publishes: bool = True) -> Updates:
    return Updates(repository=RpmRepository(id=name, name=f"Name of {name}"), notices=notices if publishes else None)


class Ranking(FakeRunner):
    """Answers rpm_compare by the order of text, and all else from its table."""

    def run(self, command: Command) -> Completed:
        if command.stdin is None:
            return super().run(command)
        groups = json.loads(command.stdin)["groups"]
        ranks = [[sorted(set(group)).index(evr) for evr in group] for group in groups]
        return Completed(returncode=0, stdout=json.dumps({"ranks": ranks}), stderr="")


FEDORA = (updates("fedora", publishes=False), updates("updates", NOTICE))


def advisories(
    *listed: Updates, tool: RpmTool = RpmTool.DNF5, answers: dict[tuple[str, ...], Completed] | None = None
) -> RpmAdvisories:
    return RpmAdvisories(Ranking(answers or {}), tool, "x86_64", lambda: listed)


def test_an_older_build_is_vulnerable() -> None:
    assert advisories(*FEDORA).known([package()]) == {
        "python3-six": Known(
            advisories=(
                Advisory(id="FEDORA-2026-0001", aliases=("CVE-2026-0001",), fixed=("1.17.0-3.fc43",), note="important"),
            ),
            source="updateinfo of updates",
            complete=False,
        )
    }


@pytest.mark.parametrize("evr", ["1.17.0-3.fc43", "1.17.0-4.fc43", "1.17.0-1.module+el8"])
def test_a_newer_one_and_a_modules_are_not(evr: str) -> None:
    answer = advisories(*FEDORA).known([package(evr)])["python3-six"]
    assert answer == Known(source="updateinfo of updates", complete=False)


@pytest.mark.parametrize(
    ("listed", "repository", "speaker"),
    [
        (FEDORA, "Name of fedora", "updates"),
        (FEDORA, "copr", None),
        ((updates("appstream", publishes=False),), "appstream", None),
        ((updates("appstream"),), "appstream", "appstream"),
        ((updates("appstream"), updates("epel", publishes=False)), "epel", None),
        ((updates("repo-oss", publishes=False), updates("repo-sle-update")), "repo-oss", "repo-sle-update"),
        ((updates("openSUSE:repo-oss", publishes=False), updates("packman")), "openSUSE:repo-oss", None),
        (FEDORA, "", None),
    ],
)
def test_T2_who_speaks_for_a_repository(listed: Sequence[Updates], repository: str, speaker: str | None) -> None:
    answer = advisories(*listed).known([package("9", repository)])["python3-six"]
    if speaker is None:
        assert isinstance(answer, Unchecked)
        assert "no repository here publishes advisories" in answer.why
    else:
        assert answer == Known(source=f"updateinfo of {speaker}", complete=False)


def test_T2_what_cannot_be_read_is_not_checked() -> None:
    def fail() -> Sequence[Updates]:
        raise UnavailableError("is damaged", context="updateinfo.xml", hint="again")

    host = RpmAdvisories(Ranking({}), RpmTool.DNF5, "x86_64", fail)
    answer = host.known([package()])["python3-six"]
    assert isinstance(answer, Unchecked)
    assert (answer.why, answer.next_step) == (
        "the repositories' advisories cannot be read: updateinfo.xml: is damaged",
        "again",
    )
    assert isinstance(host.fixes(package(), frozenset({"CVE-2026-0001"})), Unchecked)
    assert host.sources([package()]) == {}


def test_the_distributions_own_packages_are_known_by_their_repository() -> None:
    host = advisories(*FEDORA, updates("copr"))
    assert host.sources([package(), package("2", "copr")]) == {"python3-six": ("python3-six", "1.17.0-2.fc43")}


CHANGELOG = "* Wed Oct 01 2025 A <a@example.org> - 1.17.0-2\n- CVE-2026-0001, CVE-2026-0002\n"
CVES = frozenset({"CVE-2026-0001", "CVE-2026-0002"})
QUERY = ("rpm", "--query", "--queryformat")


def installed(evr: str) -> Completed:
    return Completed(returncode=0, stdout=f"python3-six\tnoarch\t0:{evr}\n", stderr="")


def test_evidence_from_an_advisory_before_the_changelog() -> None:
    answers: dict[tuple[str, ...], Completed] = {
        QUERY: installed("1.17.0-3.fc43"),
        ("rpm", "--query", "--changelog"): Completed(returncode=0, stdout=CHANGELOG, stderr=""),
    }
    assert advisories(*FEDORA, answers=answers).fixes(package("1.17.0-3.fc43"), CVES) == (
        Fix(cve="CVE-2026-0001", version="1.17.0-3.fc43", source="FEDORA-2026-0001"),
        Fix(cve="CVE-2026-0002", version="1.17.0-2", source="changelog"),
    )


@pytest.mark.parametrize(("tool", "found"), [(RpmTool.DNF5, True), (RpmTool.DNF4, True), (RpmTool.ZYPPER, False)])
def test_a_build_that_is_not_installed_has_its_changelog_in_dnfs_metadata(tool: RpmTool, *, found: bool) -> None:
    said = Completed(returncode=0, stdout=f"Changelogs for python3-six\n{CHANGELOG}", stderr="")
    answers: dict[tuple[str, ...], Completed] = {
        QUERY: installed("1.16"),
        ("dnf5", "-y", "repoquery"): said,
        ("dnf", "-y", "repoquery"): said,
    }
    told = advisories(tool=tool, answers=answers).fixes(package(), frozenset({"CVE-2026-0002"}))
    assert isinstance(told, tuple) is found
