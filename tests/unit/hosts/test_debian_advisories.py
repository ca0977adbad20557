"""debsecan (0.4.20.1 of Debian 12; its output recorded) and Debian's changelogs."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from resolver.errors import UnavailableError
from resolver.hosts.debian_advisories import DebianAdvisories, read_summary
from resolver.model import Completed, OsPackage, Release, Unchecked
from resolver.model.audit import Advisory, Fix, Known
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

BOOKWORM = Release(distribution="debian", version="12", codename="bookworm")
UBUNTU = Release(distribution="ubuntu", version="24.04", codename="noble")
SUMMARY = """\
CVE-2023-32681 python3-requests (fixed, remotely exploitable, medium urgency)
CVE-2026-1 python3-flask (remotely exploitable, medium urgency)
CVE-2026-2 python3-flask
"""
RECORDS = """\
Package: python3-requests
Source: requests
Version: 2.28.1+dfsg-1
Description-en: elegant
 and: simple

Package: python3-flask
Version: 2.2.2-3+b1
Source: flask (2.2.2-3)

"""


def package(name: str, version: str, repository: str = "Debian bookworm/main") -> OsPackage:
    return OsPackage(name=name, version=version, architecture="all", repository=repository)


REQUESTS = package("python3-requests", "2.28.1+dfsg-1")
FLASK = package("python3-flask", "2.2.2-3+b1")


def said(stdout: str = "", *, code: int = 0, stderr: str = "") -> Completed:
    return Completed(returncode=code, stdout=stdout, stderr=stderr)


def test_one_question_for_all_by_source_package() -> None:
    runner = FakeRunner({("debsecan",): said(SUMMARY), ("apt-cache", "show"): said(RECORDS)})
    known = DebianAdvisories(runner, BOOKWORM).known([REQUESTS, FLASK])
    (asked,) = (command.argv for command in runner.commands if command.argv[0] == "debsecan")
    assert asked[1:3] == ("--suite", "bookworm")
    assert {"--status", "--whitelist", "--format"} <= set(asked)
    assert known["python3-requests"] == Known(
        advisories=(Advisory(id="CVE-2023-32681", note="fixed by an update, remotely exploitable, medium urgency"),),
        source="debsecan",
    )
    flask = known["python3-flask"]
    assert isinstance(flask, Known)
    assert [found.id for found in flask.advisories] == ["CVE-2026-1", "CVE-2026-2"]
    assert DebianAdvisories(runner, BOOKWORM).sources([FLASK]) == {"python3-flask": ("flask", "2.2.2-3")}


def test_T2_what_is_not_debians_is_not_checked() -> None:
    runner = FakeRunner({("debsecan",): said(), ("apt-cache", "show"): said(RECORDS)})
    foreign, lost = package("python3-z", "1", "Somebody stable/main"), package("python3-y", "1", "")
    unknown = package("python3-flask", "9")
    for one, why in ((foreign, "not debian's own archive"), (lost, "not known"), (unknown, "neither dpkg nor apt")):
        answer = DebianAdvisories(runner, BOOKWORM).known([one, REQUESTS])
        assert isinstance(refused := answer[one.name], Unchecked)
        assert why in refused.why
        assert answer["python3-requests"] == Known(source="debsecan")


@pytest.mark.parametrize(
    ("release", "debsecan", "offline", "why"),
    [
        (BOOKWORM, None, False, "debsecan is not installed"),
        (BOOKWORM, said(SUMMARY), True, "downloads"),
        (UBUNTU, said(SUMMARY), False, "ubuntu has no data"),
        (BOOKWORM, said(code=1, stderr="error: while downloading x\nerror: no name"), False, "downloading x; no name"),
        (BOOKWORM, said("Traceback of a kind that is not known (a) (b)\n"), False, "not understood"),
    ],
)
def test_T2_no_answer_is_not_clean(release: Release, debsecan: Completed | None, offline: bool, why: str) -> None:  # noqa: FBT001 - a table's column
    answers: dict[tuple[str, ...], Completed] = {("apt-cache", "show"): said(RECORDS)}
    if debsecan:
        answers["debsecan",] = debsecan
    own = package("python3-requests", "2.28.1+dfsg-1", f"{release.distribution.capitalize()} x/main")
    answer = DebianAdvisories(FakeRunner(answers), release, offline=offline).known([own])["python3-requests"]
    assert isinstance(answer, Unchecked)
    assert why in answer.why


def test_a_summary_without_lines_is_an_answer() -> None:
    assert read_summary("") == {}


CHANGELOG = "requests (2.28.1+dfsg-1) unstable; urgency=medium\n\n  * CVE-2023-32681\n"
CVES = frozenset({"CVE-2023-32681"})
FIX = Fix(cve="CVE-2023-32681", version="2.28.1+dfsg-1", source="changelog")


def test_the_installed_changelog_is_read_if_it_is_of_this_build(tmp_path: Path) -> None:
    folder = tmp_path / "python3-requests"
    folder.mkdir()
    for name, text in (("changelog.gz", "2.28.1\n"), ("changelog.Debian.gz", CHANGELOG)):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    advisories = DebianAdvisories(FakeRunner({}), BOOKWORM, documentation=tmp_path)
    assert advisories.fixes(REQUESTS, CVES) == (FIX,)
    assert advisories.fixes(package("python3-requests", "2.28.1+dfsg-1+b2"), CVES) == (FIX,)
    assert isinstance(advisories.fixes(package("python3-requests", "2.28.1+dfsg-2"), CVES), Unchecked)


def test_else_the_one_that_the_archive_has(tmp_path: Path) -> None:
    runner = FakeRunner({("apt-get", "changelog"): said(CHANGELOG)})
    assert DebianAdvisories(runner, BOOKWORM, documentation=tmp_path).fixes(REQUESTS, CVES) == (FIX,)
    assert runner.commands[0].argv[-1] == "python3-requests=2.28.1+dfsg-1"
    offline = DebianAdvisories(runner, BOOKWORM, documentation=tmp_path, offline=True)
    assert isinstance(offline.fixes(REQUESTS, CVES), Unchecked)
    assert len(runner.commands) == 1


def test_V3_apt_compares() -> None:
    runner = FakeRunner({("/usr/bin/python3", "-I", "-c"): said(json.dumps([[0, 1]]))})
    assert DebianAdvisories(runner, BOOKWORM).rank([["1~a", "1"]]) == [[0, 1]]
    failing = FakeRunner({("/usr/bin/python3",): said(code=1, stderr="No module named 'apt_pkg'")})
    with pytest.raises(UnavailableError, match="apt_pkg"):
        DebianAdvisories(failing, BOOKWORM).rank([["1"]])
