"""``distrofirst audit``: vulnerable, not checked and clean, of the remainder and of OS packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from resolver import auditing
from resolver.hosts import releases
from resolver.model.audit import Advisory, Fix, Known
from tests.cli.commandline import TRIXIE, Here
from tests.fakes import FakeOsAdvisories
from tests.loopback import Loopback, Reply
from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

LOCK = ("--lock", "lock.toml")


def advisory(name: str, *, fixed: str | None = None, key: str = "GHSA-1", git: bool = False) -> dict[str, Any]:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    ranges = [{"type": "GIT" if git else "ECOSYSTEM", "events": events}]
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}
    return {"id": key, "aliases": ["CVE-2026-0001"], "affected": [affected]}


def database(folder: Path, *advisories: dict[str, Any]) -> tuple[str, str]:
    (folder / "osv").mkdir()
    for number, one in enumerate(advisories):
        (folder / "osv" / f"{number}.json").write_text(json.dumps(one))
    return "--advisories", "osv"


def lines(text: str) -> dict[str, str]:
    """Give the verdict of each item by its name."""
    return {line[13:].split()[0]: line[:11].strip() for line in text.splitlines()[:-1]}


def serve_verdict(server: Loopback, name: str, *found: str) -> None:
    vulnerabilities = [{"id": key, "aliases": [], "fixed_in": ["2"]} for key in found]
    document = {"info": {"name": name, "version": "1.0"}, "vulnerabilities": vulnerabilities}
    headers = {"Content-Type": "application/json"}
    server.add(f"/pypi/{name}/1.0/json", Reply(body=json.dumps(document).encode(), headers=headers))


@pytest.fixture
def locked(run: Here, folder: Path, index: Loopback) -> Path:
    """Lock three projects of the index and three of Debian's."""
    serve(index, {f"zz-{name}": {"1.0": {}} for name in ("bad", "good", "odd")}, "metadata")
    (folder / "requirements.txt").write_text("zz-bad\nzz-good\nzz-odd\nflask\nrequests\nsix\n")
    assert run("lock", *TRIXIE, "-o", "lock.toml").code == 0
    index.requests.clear()
    return folder


def test_the_remainder_against_a_database_on_disk(run: Here, locked: Path, index: Loopback) -> None:
    known = database(locked, advisory("zz_bad", fixed="1.1"), advisory("ZZ.odd", key="GHSA-2", git=True))
    ran = run("audit", *LOCK, *known)
    told = lines(ran.out)
    assert ran.code == 1
    assert (told["zz-bad"], told["zz-odd"], told["zz-good"]) == ("vulnerable", "not checked", "clean")
    assert "zz-bad 1.0: GHSA-1 (CVE-2026-0001), fixed in 1.1; next step: " in ran.out.splitlines()[0]
    assert ran.out.splitlines()[-1].startswith("1 clean, 1 vulnerable, ")
    assert not index.requests


def test_T2_of_another_release_no_os_package_is_checked(
    run: Here, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "of_host", lambda: releases.parse("fedora:43"))
    known = database(locked, advisory("requests"))
    ran = run("audit", *LOCK, *known, "--format", "json")
    packages = {item["name"]: item for item in ran.json["items"] if item["kind"] == "os-package"}
    assert {"python3-flask", "python3-requests"} <= packages.keys()
    assert {item["verdict"] for item in packages.values()} == {"not-checked"}
    assert "this host runs fedora:43" in packages["python3-flask"]["detail"]
    assert "GHSA-1 affects upstream requests 2." in packages["python3-requests"]["detail"]
    assert packages["python3-flask"]["next_step"] == "run distrofirst audit on a host of debian:13"
    assert ran.code == 0
    assert run("audit", *LOCK, *known, "--strict").code == 1


@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_os_packages_by_the_distributions_own_data(
    run: Here, locked: Path, monkeypatch: pytest.MonkeyPatch, strict: tuple[str, ...]
) -> None:
    tracker = Known(source="debsecan", advisories=(Advisory(id="CVE-2026-0009"),))
    updates = Known(source="updateinfo of updates", complete=False)
    fake = FakeOsAdvisories(
        {"python3-flask": tracker, "python3-requests": updates},
        fixes={"python3-requests": (Fix(cve="CVE-2026-0001", version="2.31-1", source="changelog"),)},
    )
    monkeypatch.setattr(auditing, "advisories_of", lambda *_, **__: fake)
    ran = run("audit", *LOCK, *database(locked, advisory("requests")), *strict)
    told = lines(ran.out)
    assert ran.code == 1
    assert told["python3-flask"] == "vulnerable"
    assert (told["python3-requests"], told["python3-six"]) == ("clean", "not checked")
    assert "fixed in 2.31-1: CVE-2026-0001 (changelog)" in ran.out
    order = [line[:11].strip() for line in ran.out.splitlines()[:-1]]
    assert order == sorted(order, key=["vulnerable", "not checked", "clean"].index)


def test_R7_the_same_audit_has_the_same_bytes(run: Here, locked: Path) -> None:
    known = database(locked, advisory("zz-bad"))
    first, second = (run("audit", *LOCK, *known, "--format", "json", "--offline") for _ in range(2))
    assert first.out == second.out
    assert json.dumps(first.json, indent=2, sort_keys=True) + "\n" == first.out
    assert first.json["schema"] == "distrofirst/audit/1"


def test_the_index_is_asked_where_it_knows(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    serve_verdict(index, "zz-bad", "PYSEC-1")
    serve_verdict(index, "zz-good")
    ran = run("audit", *LOCK)
    told = lines(ran.out)
    assert (told["zz-bad"], told["zz-good"], told["zz-odd"]) == ("vulnerable", "clean", "not checked")
    assert "the index serves no vulnerabilities of zz-odd 1.0" in ran.out
    assert ran.code == 1


def test_P1_T2_an_assigned_project_is_asked_of_its_own_index_alone(run: Here, locked: Path, index: Loopback) -> None:
    """The default index has a namesake without vulnerabilities, and must not even learn the name."""
    with Loopback() as ours:
        url = serve(ours, {}, "metadata")
        table = f'[[index]]\nurl = "{url}"\nprojects = ["zz-bad", "zz-odd"]\n'
        (locked / "distrofirst.toml").write_text(table)
        for name in ("zz-bad", "zz-odd", "zz-good"):
            serve_verdict(index, name)
        serve_verdict(ours, "zz-bad", "OURS-1")
        told = lines(run("audit", *LOCK).out)
        assert (told["zz-bad"], told["zz-odd"], told["zz-good"]) == ("vulnerable", "not checked", "clean")
        asked = {request.path for request in index.requests}
        assert asked == {"/pypi/zz-good/1.0/json"}
        assert not [request for request in ours.requests if "zz-good" in request.path]


def test_P1_T2_a_lock_and_its_environment_know_where_their_projects_are_from(
    run: Here, folder: Path, index: Loopback, debian: str
) -> None:
    """Whoever audits has no configuration, and pip's index there learns none of the names."""
    with Loopback() as ours, Loopback() as named:
        url = serve(ours, {"our-app": {"1.0": {}}}, "metadata")
        (folder / "distrofirst.toml").write_text(f'[[index]]\nurl = "{url}"\nprojects = ["our-*"]\n')
        default = serve(named, {"zz-alpha": {"1.0": {}}}, "metadata")
        (folder / "requirements.txt").write_text(f"--index-url {default}\nour-app\nzz-alpha\n")
        assert run("install", "--yes").code == 0
        assert run("lock", "--target", debian, "-o", "plan.toml").code == 0
        (folder / "distrofirst.toml").unlink()
        serve_verdict(ours, "our-app", "OURS-1")
        serve_verdict(named, "zz-alpha")
        for subject in (("--lock", "plan.toml"), ("--venv", "venv")):
            told = lines(run("audit", *subject).out)
            assert (told["our-app"], told["zz-alpha"]) == ("vulnerable", "clean")
        database(folder, advisory("zz-other"))
        told = lines(run("audit", "--lock", "plan.toml", "--advisories", "osv").out)
        assert (told["our-app"], told["zz-alpha"]) == ("not checked", "clean")
        assert index.requests == []


def test_P1_T2_of_an_assigned_project_a_database_of_pypis_cannot_say_clean(
    run: Here, locked: Path, index: Loopback
) -> None:
    table = '[[index]]\nurl = "https://ours.example/simple/"\nprojects = ["zz-bad", "zz-odd"]\n'
    (locked / "distrofirst.toml").write_text(table)
    ran = run("audit", *LOCK, *database(locked, advisory("zz-bad")))
    told = lines(ran.out)
    assert (told["zz-bad"], told["zz-odd"], told["zz-good"]) == ("vulnerable", "not checked", "clean")
    assert "zz-odd 1.0: it comes from an index of its own" in ran.out
    assert not index.requests


def test_T2_offline_nobody_is_clean_and_one_warning_says_so(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    ran = run("audit", *LOCK, "--offline")
    told = lines(ran.out)
    assert {told[name] for name in ("zz-bad", "zz-good", "zz-odd")} == {"not checked"}
    assert ran.err.count("distrofirst: warning: ") == 1
    assert ran.code == 0
    assert run("audit", *LOCK, "--offline", "--strict").code == 1
    assert not index.requests


def test_the_configuration_names_the_database(run: Here, locked: Path) -> None:
    database(locked, advisory("zz-bad"))
    (locked / "distrofirst.toml").write_text('advisories = "osv"\n')
    assert lines(run("audit", *LOCK).out)["zz-bad"] == "vulnerable"


def test_what_is_no_database_is_bad_input(run: Here, locked: Path) -> None:
    (locked / "empty").mkdir()
    (locked / "bad.json").write_text("{")
    for name, message in (
        ("none", "none: the advisory database cannot be read: No such file"),
        ("empty", "empty: there is no advisory in it"),
        ("bad.json", "bad.json: not JSON"),
    ):
        ran = run("audit", *LOCK, "--advisories", name)
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err


def test_without_anything_to_audit(run: Here) -> None:
    ran = run("audit")
    assert (ran.code, ran.out) == (2, "")
    assert "venv: no environment that distrofirst made" in ran.err
    assert run("audit", *LOCK, "--venv", "venv").code == 2


def test_an_environment_is_what_is_installed_now(run: Here, folder: Path, debian: str) -> None:
    """Its record names flask in a version that is gone, and an OS package that nobody has."""
    target = f"{debian} amd64 python3.{'11' if debian == 'debian:12' else '13'}"
    project = {"outcome": "pypi", "version": "1.0", "os_package": None, "sha256": "0" * 64, "stands_in": False}
    record = {
        "schema": "distrofirst/environment/1",
        "added": [],
        "contract": {
            "target": target,
            "projects": [{**project, "name": "zz-bad"}],
            "os_packages": [["python3-flask", "0.1"], ["python3-zz-none", "1-1"]],
        },
    }
    (folder / "venv").mkdir()
    (folder / "venv" / "distrofirst.json").write_text(json.dumps(record))
    ran = run("audit", *database(folder, advisory("zz-bad")), "--format", "json", "--offline")
    found = {item["name"]: item for item in ran.json["items"]}
    assert ran.code == 1
    assert found["zz-bad"]["verdict"] == "vulnerable"
    assert (found["python3-zz-none"]["verdict"], found["python3-zz-none"]["detail"]) == (
        "not-checked",
        "it is not installed",
    )
    assert found["python3-flask"]["verdict"] == "not-checked"
