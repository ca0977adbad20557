"""``distrofirst review``: what is left to review, in order, and what changed since the lock in use."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest

from resolver import app
from tests.cli.commandline import TRIXIE, Here, Ran
from tests.loopback import Loopback, Reply
from tests.simple_server import serve
from tests.wheels import info_of

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

ELF = b"\x7fELF\2\1\1"
JSON = ("--format", "json")
SINCE = ("--lock", "old.toml")
POINTS = "entry_points.txt"
LONG_AGO = {"uploaded": "2020-01-01T00:00:00Z"}
OLD: dict[str, Any] = {
    **LONG_AGO,
    "extra": {
        "zz_demo/cli.py": b"def main(): pass\n",
        "zz_demo/left.py": b"",
        f"{info_of('zz-demo', '1.0')}/{POINTS}": b"[console_scripts]\nzz = zz_demo.cli:main\n",
    },
}
NEW: dict[str, Any] = {
    **LONG_AGO,
    "requires": ["zz-new>=1"],
    "extra": {
        "zz_demo/cli.py": b"def main(): return 1\n",
        "zz_demo/_speed.so": ELF,
        f"{info_of('zz-demo', '2.0')}/{POINTS}": b"[console_scripts]\n"
        b"zz = zz_demo.cli:main\nzz-fix = zz_demo.cli:fix\n",
    },
}
PROJECTS: dict[str, dict[str, dict[str, Any]]] = {
    "zz-demo": {"1.0": OLD, "2.0": NEW},
    "zz-new": {"1.0": LONG_AGO},
    "zz-same": {"1.0": LONG_AGO},
    "zz-gone": {"1.0": LONG_AGO},
}
FILE = "zz_demo-{}-py3-none-any.whl"


def items(ran: Ran) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in ran.json["items"]}


def grounds(item: dict[str, Any]) -> dict[str, str]:
    return {one["ground"]: one["detail"] for one in item["grounds"]}


def forget(folder: Path) -> None:
    """Let the next run see what the index serves now."""
    for path in (folder.parent / "home" / ".cache").rglob("*"):
        if path.is_file() and path.parent.name in {"http", "listing"}:
            path.unlink()


@pytest.fixture
def locked(run: Here, folder: Path, index: Loopback) -> Path:
    """Lock three projects, one of them not in its newest version; then ask for that, and no longer for another."""
    serve(index, PROJECTS, "metadata")
    (folder / "requirements.txt").write_text("zz-demo<2\nzz-same\nzz-gone\nsix\n")
    assert run("lock", *TRIXIE, "-o", "old.toml").code == 0
    (folder / "requirements.txt").write_text("zz-demo\nzz-same\nsix\n")
    index.requests.clear()
    return folder


def test_an_update_that_adds_code_a_command_and_a_dependency_shows_exactly_that(run: Here, locked: Path) -> None:
    ran = run("review", *TRIXIE, *SINCE, *JSON)
    assert ran.code == 0
    demo = items(ran)["zz-demo"]
    assert demo["former"]["version"] == "1.0"
    assert demo["changes"] | {"size": None} == {
        "files": {
            "added": ["zz_demo/_speed.so"],
            "changed": ["zz_demo/__init__.py", "zz_demo/cli.py"],
            "removed": ["zz_demo/left.py"],
        },
        "native": {"added": ["zz_demo/_speed.so"], "removed": []},
        "names": {"added": [], "removed": []},
        "entry_points": {"added": ["console_scripts: zz-fix = zz_demo.cli:fix"], "removed": []},
        "requires": {"added": ["zz-new>=1"], "removed": []},
        "people": {"added": [], "removed": []},
        "size": None,
    }
    assert grounds(demo) == {
        "unknown-to-distributions": "in none of debian:12, debian:13, debian:sid",
        "new-native-code": "zz_demo/_speed.so",
        "new-dependency": "zz-new",
        "new-entry-point": "console_scripts: zz-fix = zz_demo.cli:fix",
        "few-releases": "the index has 2 releases of it",
        "changed": "before, 1.0",
        "no-attestation": "the index has no attestation of it",
    }
    assert all((locked / path).is_file() for path in (demo["path"], demo["former"]["path"]))
    assert ran.json["unchanged"] == ["zz-same"]
    assert ran.json["gone"] == [{"name": "zz-gone", "version": "1.0"}]
    assert list(items(ran)) == ["zz-demo", "zz-new"]
    assert grounds(items(ran)["zz-new"])["new"] == "old.toml does not have it"


def test_the_list_for_people_is_short_and_leads_to_the_files(run: Here, locked: Path) -> None:
    lines = run("review", *TRIXIE, *SINCE).out.splitlines()
    assert lines[:4] == [
        "debian:13, since old.toml",
        "3 of 4 projects come from PyPI: 2 to look at first, 0 later, 1 unchanged",
        "",
        lines[3],
    ]
    assert lines[3].startswith("1. zz-demo 1.0 → 2.0 (")
    (where,) = [line.partition(": ")[2] for line in lines if line.startswith("   before: ")]
    folder, _, pattern = where.rpartition("wheels/")
    assert [path.name for path in (locked / folder / "wheels").glob(pattern)] == [FILE.format("1.0")]
    assert lines[-2:] == [
        "Unchanged: zz-same",
        "Not checked: who may upload it: nobody tells",
    ]


def test_without_a_lock_the_whole_remainder_is_ranked(run: Here, locked: Path) -> None:
    assert locked.is_dir()
    ran = run("review", *TRIXIE, *JSON)
    assert (ran.code, ran.json["since"], ran.json["unchanged"]) == (0, None, [])
    assert list(items(ran)) == ["zz-demo", "zz-new", "zz-same"]
    assert {item["former"] for item in items(ran).values()} == {None}
    assert not {"new", "changed"} & grounds(items(ran)["zz-demo"]).keys()


def test_a_lock_as_input_is_reviewed_as_it_is(run: Here, locked: Path) -> None:
    assert run("lock", *TRIXIE, "-o", "new.toml").code == 0
    (locked / "requirements.txt").unlink()
    assert list(items(run("review", "old.toml", *JSON))) == ["zz-demo", "zz-gone", "zz-same"]
    ran = run("review", "new.toml", *SINCE, *JSON)
    assert (list(items(ran)), ran.json["unchanged"]) == (["zz-demo", "zz-new"], ["zz-same"])
    same = run("review", "old.toml", *SINCE)
    assert same.out.splitlines()[:2] == [
        "debian:13, since old.toml",
        "3 of 4 projects come from PyPI: 0 to look at first, 0 later, 3 unchanged",
    ]


def test_another_target_is_told_and_a_lock_has_its_own(run: Here, locked: Path) -> None:
    assert locked.is_dir()
    ran = run("review", "--target", "debian:12", *SINCE)
    assert ran.code == 0
    assert "warning: old.toml is of debian:13, and is held against debian:12" in ran.err
    ran = run("review", "old.toml", *TRIXIE)
    assert (ran.code, ran.out) == (2, "")
    assert "--target: a lock is of one target already" in ran.err


def test_what_moves_to_the_distribution_and_from_it(run: Here, folder: Path, index: Loopback) -> None:
    serve(index, {"six": {"9.0": {}}, "flask": {"0.1": {}}, "zz-same": {"1.0": {}}}, "metadata")
    (folder / "requirements.txt").write_text("six>=9\nflask\nzz-same\n")
    assert run("lock", *TRIXIE, "-o", "old.toml").code == 0
    (folder / "requirements.txt").write_text("six\nflask<1\nzz-same\n")
    ran = run("review", *TRIXIE, *SINCE, *JSON)
    assert [one["name"] for one in ran.json["served"]] == ["six"]
    assert ran.json["served"][0]["os_package"].startswith("python3-six 1.")
    flask = grounds(items(ran)["flask"])
    assert flask["moved-from-distribution"].startswith("was python3-flask 3.")
    assert not {"unknown-to-distributions", "known-to-some-distributions"} & flask.keys()


def test_R7_the_same_review_has_the_same_bytes_and_offline_too(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    first = run("review", *TRIXIE, *SINCE, *JSON)
    index.requests.clear()
    again = run("review", *TRIXIE, *SINCE, *JSON, "--offline")
    assert (again.code, again.out) == (0, first.out)
    assert not index.requests


def test_T2_a_former_wheel_that_is_gone_is_told_and_ends_nothing(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    index.add(f"/files/{FILE.format('1.0')}", Reply(status=404))
    ran = run("review", *TRIXIE, *SINCE, *JSON)
    demo = items(ran)["zz-demo"]
    assert (ran.code, demo["changes"], demo["former"]) == (0, None, {"version": "1.0", "path": None})
    assert any(what.startswith(f"what changed: {FILE.format('1.0')} cannot be had") for what in demo["unchecked"])
    assert {"changed", "native-code"} <= grounds(demo).keys()


def test_T2_a_former_wheel_that_cannot_be_read_is_told_and_ends_nothing(
    run: Here, locked: Path, index: Loopback
) -> None:
    (locked / "requirements.txt").write_text("zz-demo<2\n")
    index.add("/files/odd", Reply(body=b"no wheel"))
    text = (locked / "old.toml").read_text()
    (entry,) = [part for part in text.split("[[packages]]") if part.startswith('\nname = "zz-demo"')]
    odd = entry.replace(FILE.format("1.0"), FILE.format("1.0-9"), 1)
    odd = re.sub(r'url = ".*"', f'url = "{index.url}/files/odd"', odd)
    odd = re.sub(r"[0-9a-f]{64}", hashlib.sha256(b"no wheel").hexdigest(), odd)
    odd = re.sub(r"size = .*", "size = 8", odd)
    (locked / "old.toml").write_text(text.replace(entry, odd))
    demo = items(run("review", *TRIXIE, *SINCE, *JSON))["zz-demo"]
    assert grounds(demo)["changed"] == f"another file of this version: before, {FILE.format('1.0-9')}"
    assert demo["changes"] is None
    assert "what changed: one of the two wheels cannot be read" in demo["unchecked"]


def test_a_wheel_that_the_server_lost_is_one_to_look_at_first(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    index.add(f"/files/{FILE.format('1.0')}", Reply(status=404))
    ran = run("review", "old.toml", *JSON)
    demo = next(iter(items(ran).values()))
    assert (ran.code, demo["name"], demo["path"]) == (0, "zz-demo", None)
    assert grounds(demo)["withdrawn"] == f"the server no longer has {FILE.format('1.0')}"
    assert "its content" in demo["unchecked"]


def test_a_former_wheel_with_another_hash_is_refused(run: Here, locked: Path, index: Loopback) -> None:
    assert locked.is_dir()
    index.add(f"/files/{FILE.format('1.0')}", Reply(body=b"another"))
    ran = run("review", *TRIXIE, *SINCE)
    assert (ran.code, ran.out) == (5, "")
    assert FILE.format("1.0") in ran.err


def test_another_file_of_the_same_name_stands_first(run: Here, locked: Path, index: Loopback) -> None:
    assert run("review", "old.toml").code == 0, "the wheels are in the cache now"
    serve(index, {**PROJECTS, "zz-demo": {"1.0": {"extra": {"zz_demo/cli.py": b"import evil\n"}}}}, "metadata")
    forget(locked)
    ran = run("review", *TRIXIE, *SINCE, *JSON)
    demo = next(iter(items(ran).values()))
    assert (ran.code, demo["name"], demo["grounds"][0]["ground"]) == (0, "zz-demo", "replaced")
    assert demo["changes"]["files"]["changed"] == ["zz_demo/cli.py"]
    assert (demo["former"]["version"], demo["version"]) == ("1.0", "1.0")


def test_P4_what_an_inspection_refuses_or_a_review_allowed_stands_on_the_list(
    run: Here, folder: Path, index: Loopback
) -> None:
    bad = {"extra": {"zz.pth": b"import os", "sitecustomize.py": b""}}
    serve(
        index, {"zz-bad": {"1.0": bad}, "zz-aaa": {"1.0": {}}, "zz-pth": {"1.0": {"extra": {"a.pth": b""}}}}, "metadata"
    )
    (folder / "requirements.txt").write_text("zz-aaa\nzz-bad\nzz-pth\n")
    (folder / "distrofirst.toml").write_text('[allow]\npth = ["zz-bad", "zz-pth"]\n')
    ran = run("review", *TRIXIE, *JSON)
    assert (ran.code, list(items(ran))) == (0, ["zz-bad", "zz-pth", "zz-aaa"])
    heaviest = items(ran)["zz-bad"]["grounds"][0]
    assert (heaviest["ground"], heaviest["detail"]) == (
        "unfit",
        "a module would be imported whenever Python starts: sitecustomize.py",
    )
    assert grounds(items(ran)["zz-pth"])["allowed-exception"] == "a file would run whenever Python starts: a.pth"


def test_P3_what_the_index_says_now_of_an_unchanged_project(run: Here, locked: Path, index: Loopback) -> None:
    """The wheels of a lock are as they were, and one of them has been found to be malware since."""
    serve(
        index,
        {
            "zz-demo": {"": {"status": "quarantined", "reason": "malware"}, "1.0": OLD},
            "zz-same": {"2.0": {}},
            "zz-gone": {"1.0": {"yanked": "leaks keys"}},
        },
        "metadata",
    )
    forget(locked)
    ran = run("review", "old.toml", *SINCE, *JSON)
    assert (ran.code, ran.json["unchanged"]) == (0, [])
    told = {name: grounds(item) for name, item in items(ran).items()}
    assert told["zz-demo"]["quarantined"] == "the index calls it quarantined: malware"
    assert told["zz-same"]["withdrawn"] == "the index no longer lists 1.0"
    assert told["zz-gone"]["yanked"] == "leaks keys"


def test_youth_a_lookalike_and_a_wheel_by_url(run: Here, folder: Path, index: Loopback) -> None:
    recent = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    serve(index, {"reqeusts": {"1.0": {"uploaded": recent}}, "zz-same": {"1.0": {}}}, "metadata")
    url = f"{index.url}/files/zz_same-1.0-py3-none-any.whl"
    hashed = json.loads(index.routes["/simple/zz-same/"][0].body)["files"][0]["hashes"]["sha256"]  # type: ignore[index]
    (folder / "requirements.txt").write_text(f"reqeusts\nzz-same @ {url}#sha256={hashed}\n")
    (folder / "distrofirst.toml").write_text("strict = true\n")  # a lock would be refused; a list leads to the culprit
    ran = run("review", *TRIXIE, *JSON)
    squat, by_url = items(ran)["reqeusts"], items(ran)["zz-same"]
    assert squat["first"]
    assert {"lookalike", "young", "young-project", "unknown-to-distributions"} <= grounds(squat).keys()
    assert grounds(by_url)["direct-url"] == url
    assert "its releases: it comes from a URL" in by_url["unchecked"]
    assert "few-releases" not in grounds(by_url), "what the index has under this name may be another project"


def test_who_may_upload_is_held_against_what_was_seen_before(
    run: Here, locked: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve_owners(*names: str) -> None:
        roles = [{"role": "Owner", "user": name} for name in names]
        index.add("/pypi/zz-demo/json", Reply(body=json.dumps({"ownership": {"roles": roles}}).encode()))

    assert locked.is_dir()
    serve_owners("alice")
    first = items(run("review", *TRIXIE, *SINCE, *JSON))["zz-demo"]
    assert any("the first time" in what for what in first["unchecked"])
    serve_owners("eve")
    assert items(run("review", *TRIXIE, *SINCE, *JSON))["zz-demo"] == first, "all runs of a day agree (rule R7)"
    assert index.asked("/pypi/zz-demo/json") == 1

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=1)

    monkeypatch.setattr(app, "datetime", Tomorrow)
    later = run("review", *TRIXIE, *SINCE, *JSON)
    told = grounds(items(later)["zz-demo"])["maintainer-change"]
    assert told.endswith("Owner: eve may upload, and Owner: alice may no longer")
    offline = run("review", *TRIXIE, *SINCE, *JSON, "--offline")
    assert (offline.code, offline.out) == (0, later.out)


def test_P1_an_assigned_project_is_asked_of_its_own_index_alone(run: Here, locked: Path, index: Loopback) -> None:
    with Loopback() as ours:
        url = serve(ours, {"zz-same": {"1.0": {}}}, "metadata")
        (locked / "distrofirst.toml").write_text(f'[[index]]\nurl = "{url}"\nprojects = ["zz-same"]\n')
        assert run("review", *TRIXIE).code == 0
        assert (ours.asked("/simple/zz-same/"), ours.asked("/pypi/zz-same/json")) == (1, 1)
    assert not [request for request in index.requests if request.path.endswith(("zz-same/", "zz-same/json"))]


def test_P1_a_locks_projects_are_asked_of_the_indexes_that_it_records(
    run: Here, locked: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback() as other, Loopback() as ours:
        url = serve(ours, {"zz-same": {"1.0": LONG_AGO}}, "metadata")
        (locked / "distrofirst.toml").write_text(f'[[index]]\nurl = "{url}"\nprojects = ["zz-same"]\n')
        assert run("lock", *TRIXIE, "-o", "theirs.toml").code == 0
        (locked / "distrofirst.toml").unlink()
        monkeypatch.setenv("PIP_INDEX_URL", serve(other, PROJECTS, "metadata"))
        forget(locked)
        index.requests.clear()
        assert run("review", "theirs.toml").code == 0
        assert not other.requests
        assert (index.asked("/simple/zz-demo/"), index.asked("/simple/zz-same/")) == (1, 0)


def test_what_cannot_be_planned_cannot_be_reviewed(run: Here, folder: Path, index: Loopback) -> None:
    serve(index, {}, "metadata")
    (folder / "requirements.txt").write_text("zz-none\n")
    ran = run("review", *TRIXIE)
    assert (ran.code, ran.out) == (1, "")
    assert "zz-none (asked for by requirements.txt:1)" in ran.err
    ran = run("review", *TRIXIE, "--lock", "none.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "none.toml: the lock cannot be read" in ran.err
