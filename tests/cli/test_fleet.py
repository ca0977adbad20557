"""``distrofirst report FOLDER`` of a fleet: what many hosts have reported as JSON, in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.errors import InputError
from resolver.report import formats, reading
from resolver.report.survey.line import Surveyed
from resolver.report.survey.total import HOST, Total
from tests.cli.commandline import TRIXIE, Here

if TYPE_CHECKING:
    from pathlib import Path

BOOKWORM = ("--target", "debian:12")


def host(run: Here, folder: Path, name: str, requirements: str, *target: str) -> None:
    """Let a host report on its requirements."""
    (folder / "reports").mkdir(exist_ok=True)
    (folder / "mine.txt").write_text(requirements)
    ran = run("report", "--direct", "--format", "json", "-o", f"reports/{name}.json", *target, "mine.txt")
    assert ran.code == 0
    (folder / "mine.txt").unlink()


@pytest.fixture
def fleet(run: Here, folder: Path) -> Path:
    """Give the folder with the reports of four hosts."""
    host(run, folder, "web1", "flask\nzz-everywhere\n", *TRIXIE)
    host(run, folder, "web2", "flask\nzz-everywhere\n", *TRIXIE)
    host(run, folder, "web3", "flask\nzz-everywhere\nrequests>=99\n", *TRIXIE)
    host(run, folder, "old-db", "zz-everywhere\n", *BOOKWORM)
    return folder / "reports"


def test_each_host_has_its_line_and_what_most_hosts_miss_comes_first(run: Here, fleet: Path) -> None:
    assert fleet.is_dir()
    ran = run("report", "reports")
    assert (ran.code, ran.err) == (0, "distrofirst: 4 hosts reported\n")
    lines = ran.out.splitlines()
    assert lines[2:6] == [
        "     0 %  debian:12  reports/old-db",
        "    50 %  debian:13  reports/web1",
        "    50 %  debian:13  reports/web2",
        "  33.3 %  debian:13  reports/web3",
    ]
    assert "debian:13: 42.8 % of what 3 hosts need comes from the distribution" in ran.out
    below = ran.out.partition("What most hosts miss:\n")[2].splitlines()
    assert below[2].split() == ["4", "not", "packaged", "not", "packaged", "zz-everywhere"]
    assert below[3].split() == ["1", "not", "needed", "version", "too", "old", "requests"]


def test_a_host_that_is_not_like_the_others_is_named(run: Here, fleet: Path) -> None:
    assert fleet.is_dir()
    assert "; reports/web3 is not like the others" in run("report", "reports").out
    found = {target["target"]: target for target in run("report", "--format", "json", "reports").json["targets"]}
    assert found["debian:13"]["unlike"] == ["reports/web3"]
    assert found["debian:12"]["unlike"] == []


def test_reports_may_be_named_one_by_one_and_in_every_format_of_many(run: Here, fleet: Path) -> None:
    names = sorted(f"reports/{path.name}" for path in fleet.iterdir())
    for form in ("text", "json", "markdown", "csv", "html", "jsonl"):
        ran = run("report", "--format", form, *names)
        assert ran.code == 0
        assert ran.out == run("report", "--format", form, "reports").out
        assert "zz-everywhere" in ran.out


def test_I6_what_a_host_could_not_ask_is_not_left_out(run: Here, fleet: Path) -> None:
    report = json.loads((fleet / "web1.json").read_text())
    report["not_consulted"] = [{"target": "fedora:43", "why": "no mirror is known", "next_step": None}]
    (fleet / "web1.json").write_text(json.dumps(report))
    ran = run("report", "reports")
    assert ran.code == 3
    assert "warning: reports/web1: fedora:43 was not consulted: no mirror is known" in ran.err
    assert run("report", "--format", "json", "reports").json["partial"] == [
        {"file": "reports/web1", "target": "fedora:43", "why": "no mirror is known"}
    ]


def test_what_is_no_report_is_named_and_the_others_count(run: Here, fleet: Path) -> None:
    cut = (fleet / "web1.json").read_text()[:-40]
    (fleet / "cut.json").write_text(cut)
    (fleet / "other.json").write_text('{"schema": "distrofirst/verify/1"}')
    ran = run("report", "reports")
    assert ran.code == 0
    assert "distrofirst: warning: reports/cut.json: neither a report nor a lock of distrofirst: " in ran.err
    assert (
        "reports/other.json: neither a report nor a lock of distrofirst: its schema is not distrofirst/repo" in ran.err
    )
    assert ran.err.endswith("4 hosts reported, 2 not (named above)\n")
    assert run("report", "--strict", "reports").code == 2


def test_what_a_host_reports_is_shown_and_never_obeyed(run: Here, fleet: Path) -> None:
    """A terminal would obey an escape sequence, in the payload as in the conversation."""
    report = json.loads((fleet / "web1.json").read_text())
    report["targets"][0]["target"] = "debian:\x1b[2J"
    report["targets"][0]["projects"][0]["name"] = "\x1b]0;gone\x07"
    (fleet / "web\x1b[2J.json").write_text(json.dumps(report))
    (fleet / "bad\x1b[2J.json").write_text("{")
    ran = run("report", "--fail-under", "99", "--fail-on", "not-packaged", "reports")
    assert ran.code == 1
    assert "\\x1b[2J" in ran.err
    assert "\\x1b[2J" in ran.out
    assert (ran.out + ran.err).replace("\n", "").isprintable()


def test_a_report_without_an_end_is_not_read_to_it(run: Here, fleet: Path) -> None:
    with (fleet / "huge.json").open("wb") as stream:
        stream.truncate(1 << 40)
    ran = run("report", "reports")
    assert "reports/huge.json: cannot be read: it is larger than 67,108,864 bytes" in ran.err


def test_an_unmet_host_and_a_low_one_are_a_no(run: Here, fleet: Path) -> None:
    assert fleet.is_dir()
    assert run("report", "--fail-under", "10", "reports").code == 1
    assert run("report", "--fail-on", "version-too-old", "reports").code == 1
    assert run("report", "--fail-on", "ambiguous", "reports").code == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--target", "debian:12"), "report: --target does not go with reports of hosts"),
        (("--pins", "exact"), "report: --pins does not go with reports of hosts"),
        (("--direct",), "report: --direct does not go with reports of hosts"),
        (("--baseline", "x.json"), "many reports have no --baseline"),
        (("more.txt",), "more.txt: this is no report, and other inputs are"),
    ],
)
def test_what_a_report_has_settled_is_not_asked_for_again(
    run: Here, folder: Path, fleet: Path, argv: tuple[str, ...], message: str
) -> None:
    assert fleet.is_dir()
    (folder / "more.txt").write_text("flask\n")
    ran = run("report", "reports", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_folder_of_requirements_may_hold_a_report(run: Here, fleet: Path) -> None:
    (fleet / "requirements.txt").write_text("flask\n")
    ran = run("report", "--direct", "-q", *TRIXIE, "--format", "jsonl", "reports")
    assert [json.loads(line)["file"] for line in ran.out.splitlines()] == ["reports/requirements.txt"]


# Whatever a file holds, it is read or refused ----------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def sound() -> dict[str, Any]:
    project = {
        "name": "flask", "outcome": "pypi", "reason": "not-packaged", "direct": True, "version": "1",
        "os_package": None, "os_version": None, "detail": None,
    }  # fmt: skip
    counts = dict.fromkeys(("projects", "distro", "pypi", "unmet", "unresolved", "inapplicable"), 1)
    target = {
        "target": "debian:13", "python": "3.13", "architecture": "amd64", "summary": counts, "projects": [project],
    }  # fmt: skip
    missing = {"target": "fedora:43", "why": "no mirror is known", "next_step": None}
    return {"schema": "distrofirst/report/1", "targets": [target], "not_consulted": [missing]}


@given(st.data())
@settings(max_examples=200)
def test_a_broken_report_is_refused_in_one_way(data: st.DataObject) -> None:
    document = sound()
    assert reading.targets(json.dumps(document), "x.json")
    [target] = document["targets"]
    holder, key = data.draw(
        st.sampled_from(
            [
                *((document, key) for key in document),
                *((target, key) for key in target),
                *((document["not_consulted"][0], key) for key in document["not_consulted"][0]),
                *((target["summary"], key) for key in target["summary"]),
                *((target["projects"][0], key) for key in target["projects"][0]),
            ]
        )
    )
    if data.draw(st.booleans()):
        del holder[key]
    else:
        holder[key] = data.draw(_JSON)
    text = json.dumps(document)
    try:
        found, missing = reading.parse(text, "x.json")
    except InputError as error:
        assert error.context == "x.json"  # noqa: PT017 - either way is right
        return
    total = Total(noun=HOST)
    total.add(Surveyed(file="x", question="", targets=found, missing=missing))
    for form in formats.OF_FILES:
        assert formats.load_total(form)(total).endswith("\n")
