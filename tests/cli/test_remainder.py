"""Attacks on the remainder, each with a real index: squatted names, a second index, what is young or in quarantine."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commandline import TRIXIE, Here
from tests.loopback import Loopback
from tests.simple_server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = "pylock.debian-13.toml"


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


# Lookalikes ---------------------------------------------------------------------------------------------------

SQUATS: dict[str, dict[str, dict[str, Any]]] = {
    "reqeusts": {"99.0": {}},
    "zz-carrier": {"1.0": {"requires": ["nurnpy"]}},
    "nurnpy": {"1.0": {}},
    "zz-popular": {"1.0": {}},
}


@pytest.fixture
def squats(folder: Path, index: Loopback) -> Path:
    serve(index, SQUATS, "metadata")
    (folder / "requirements.txt").write_text("flask\nreqeusts\nzz-carrier\n")
    return folder


def test_squats_are_told_of_in_text_json_and_explain(run: Here, squats: Path) -> None:
    assert squats
    text = " ".join(run("report", *TRIXIE).out.split())
    assert "reqeusts looks like requests, which distributions have (two characters swapped)" in text
    assert "(asked for by requirements.txt:2): make sure that it is the one that is meant" in text
    assert "nurnpy looks like numpy" in text
    document = run("report", *TRIXIE, "--format", "json")
    assert [one["worry"] for one in document.projects["nurnpy"]["concerns"]] == ["lookalike"]
    assert document.projects["flask"]["concerns"] == []
    assert len(document.json["targets"][0]["warnings"]) == 2
    told = " ".join(run("explain", "reqeusts", *TRIXIE).out.replace("│", " ").split())
    assert "to be looked at └─ reqeusts looks like requests" in told
    carrier = run("explain", "zz-carrier", *TRIXIE).out
    assert "Warnings:\n- nurnpy looks like numpy" in carrier, "what stands below has no tree of its own"


def test_direct_tells_of_squats_without_the_network(run: Here, squats: Path, index: Loopback) -> None:
    assert squats
    assert "reqeusts looks like requests" in " ".join(run("report", "--direct", *TRIXIE).out.split())
    assert index.requests == []


def test_a_lock_warns_and_strict_refuses_it(run: Here, squats: Path) -> None:
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "distrofirst: warning: nurnpy looks like numpy" in ran.err
    (squats / LOCK).unlink()
    refused = run("lock", *TRIXIE, "--strict")
    assert (refused.code, refused.out) == (5, "")
    assert "--strict: 2 reasons not to go ahead:" in refused.err
    assert 'hint: where they are meant, reviewed = ["nurnpy", "reqeusts"]' in refused.err
    assert not (squats / LOCK).exists()


def test_a_reviewed_exception_is_one_line(run: Here, squats: Path) -> None:
    (squats / "distrofirst.toml").write_text('strict = true\nnames.reviewed = ["Reqeusts"]\n')
    refused = run("lock", *TRIXIE)
    assert refused.code == 5
    assert "1 reason not" in refused.err
    assert 'reviewed = ["nurnpy"]' in refused.err
    (squats / "distrofirst.toml").write_text('strict = true\nnames.reviewed = ["reqeusts", "nurnpy"]\n')
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.err) == (0, f"distrofirst: wrote {LOCK}\n")


def test_a_squat_of_a_popular_name(run: Here, folder: Path, index: Loopback) -> None:
    serve(index, SQUATS, "metadata")
    (folder / "requirements.txt").write_text("zz-popular\n")
    assert "looks like" not in run("report", *TRIXIE).out
    (folder / "popular.txt").write_text("zz-popularr\n")
    (folder / "distrofirst.toml").write_text('[names]\npopular = "popular.txt"\n')
    assert "zz-popular looks like zz-popularr, which is popular" in " ".join(run("report", *TRIXIE).out.split())
    (folder / "popular.txt").unlink()
    ran = run("report", *TRIXIE)
    assert ran.code == 2
    assert "popular.txt: the list of popular names cannot be read" in ran.err


def test_a_lock_that_somebody_else_made_is_judged_before_it_is_installed(run: Here, squats: Path, debian: str) -> None:
    assert run("lock", "--target", debian, "-o", "theirs.toml").code == 0
    ran = run("install", "--lock", "theirs.toml", "--strict", "--yes")
    assert (ran.code, ran.out) == (5, "")
    assert "nurnpy looks like numpy" in ran.err
    assert not (squats / "venv").exists()
    warned = run("install", "--lock", "theirs.toml", "--dry-run")
    assert "distrofirst: warning: reqeusts looks like requests" in warned.err


# One index ----------------------------------------------------------------------------------------------------

DEFAULT: dict[str, dict[str, dict[str, Any]]] = {
    "our-app": {"99.0": {}},
    "our-lib-core": {"99.0": {}},
    "zz-public": {"1.0": {"requires": ["our-lib-core"]}},
    "our-gone": {"99.0": {}},
}
OURS: dict[str, dict[str, dict[str, Any]]] = {
    "our-app": {"1.0": {"requires": ["our-lib-core", "zz-public"]}},
    "our-lib-core": {"0.5": {}},
    "zz-public": {"99.0": {}},
}
ASSIGNED = '[[tool.distrofirst.index]]\nurl = "{}"\nprojects = ["Our.App", "our-gone", "our-lib-*"]\n'


@pytest.fixture
def ours(folder: Path, index: Loopback) -> Iterator[Loopback]:
    """Give a second index, to which names are assigned; each of the two has higher versions of the other's projects."""
    serve(index, DEFAULT, "metadata")
    with Loopback() as server:
        url = serve(server, OURS, "metadata")
        (folder / "pyproject.toml").write_text(ASSIGNED.format(url))
        (folder / "requirements.txt").write_text("our-app\nzz-public\n")
        yield server


def test_P1_a_higher_version_on_the_other_index_is_never_chosen(run: Here, index: Loopback, ours: Loopback) -> None:
    ran = run("report", *TRIXIE, "--format", "json", "requirements.txt")
    assert ran.code == 0
    assert {name: project["version"] for name, project in ran.projects.items()} == {
        "our-app": "1.0",
        "our-lib-core": "0.5",
        "zz-public": "1.0",
    }
    assert {request.path for request in index.requests if request.path.startswith("/simple/")} == {"/simple/zz-public/"}
    assert ours.asked("/simple/zz-public/") == 0
    assert ours.asked("/simple/our-lib-core/") == 1
    lock = tomllib.loads(run("lock", *TRIXIE, "-o", "-", "requirements.txt").out)
    default, assigned = f"{index.url}/simple/", f"{ours.url}/simple/"
    assert {package["name"]: package["index"] for package in lock["packages"]} == {
        "our-app": assigned,
        "our-lib-core": assigned,
        "zz-public": default,
    }
    assert lock["tool"]["distrofirst"]["sources"] == {
        "index": default,
        "uploaded-before": "3 days",
        "indexes": [{"url": assigned, "projects": ["our-app", "our-gone", "our-lib-*"]}],
    }


def test_P1_what_its_index_lacks_is_not_looked_for_elsewhere(
    run: Here, folder: Path, index: Loopback, ours: Loopback
) -> None:
    (folder / "requirements.txt").write_text("our-gone\n")
    ran = run("report", *TRIXIE, "--format", "json", "requirements.txt")
    assert (ran.code, ran.projects["our-gone"]["reason"]) == (1, "not-on-index")
    assert index.requests == []
    assert ours.asked("/simple/our-gone/") == 1


def test_P1_an_assigned_index_may_stand_in_a_file_and_in_pips_configuration(
    run: Here, folder: Path, ours: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "requirements.txt").write_text(f"--extra-index-url {ours.url}/simple\nour-app\n")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{ours.url}/simple/ https://more.example/simple")
    ran = run("lock", *TRIXIE, "requirements.txt")
    assert ran.code == 0
    assert ran.err.count("is not used") == 1
    assert "PIP_EXTRA_INDEX_URL: extra-index-url https://more.example/simple is not used" in ran.err


def test_P1_another_index_in_a_file_is_refused_as_ever(
    run: Here, folder: Path, index: Loopback, ours: Loopback
) -> None:
    (folder / "requirements.txt").write_text(f"our-app\n--extra-index-url {ours.url}/other\n")
    ran = run("report", *TRIXIE, "requirements.txt")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("distrofirst: error: requirements.txt:2: --extra-index-url ")
    assert "higher version of any project" in ran.err
    assert "[[tool.distrofirst.index]]" in ran.err
    assert index.requests == ours.requests == []


def test_P1_no_index_means_none_of_them(run: Here, folder: Path, ours: Loopback) -> None:
    (folder / "requirements.txt").write_text("--no-index\nour-app\n")
    assert run("report", *TRIXIE, "requirements.txt").code == 1
    assert ours.requests == []


def test_P1_an_assigned_index_is_held_to_the_same_rules(run: Here, folder: Path, ours: Loopback) -> None:
    (folder / "pyproject.toml").write_text(ASSIGNED.format("http://packages.example/simple"))
    ran = run("report", *TRIXIE, "requirements.txt")
    assert (ran.code, ran.out) == (5, "")
    assert "pyproject.toml: index[0].url: the index http://packages.example/simple is asked without TLS" in ran.err
    assert ours.requests == []


def test_P1_a_login_goes_to_its_own_index_alone(run: Here, folder: Path, index: Loopback, ours: Loopback) -> None:
    (folder / "pyproject.toml").write_text(ASSIGNED.format(f"{ours.url.replace('://', '://me:secret@')}/simple/"))
    ran = run("lock", *TRIXIE, "-o", "-", "requirements.txt")
    assert ran.code == 0
    assert "secret" not in ran.out + ran.err
    assert all("authorization" in request.headers for request in ours.requests)
    assert not any("authorization" in request.headers for request in index.requests)


# Age and state ------------------------------------------------------------------------------------------------


def test_P3_by_default_a_fresh_upload_is_passed_over_and_named(run: Here, folder: Path, index: Loopback) -> None:
    serve(index, {"zz-hacked": {"1.0": {}, "1.1": {"uploaded": days_ago(0.5)}}}, "metadata")
    (folder / "requirements.txt").write_text("zz-hacked\n")
    ran = run("report", *TRIXIE, "--format", "json")
    assert (ran.code, ran.projects["zz-hacked"]["version"]) == (0, "1.0")
    (warning,) = ran.json["targets"][0]["warnings"]
    assert warning.startswith("zz-hacked 1.1 was passed over for 1.0: uploaded ")
    assert "zz-hacked 1.1 was passed over" in run("lock", *TRIXIE).err
    assert "1.1" not in (folder / LOCK).read_text()
    told = run("explain", *TRIXIE, "zz-hacked").out
    assert "zz-hacked 1.1 was passed over" in " ".join(told.replace("│", " ").split())
    (folder / "distrofirst.toml").write_text('[uploaded-before-for]\nzz-hacked = "off"\n')
    assert run("report", *TRIXIE, "--format", "json").projects["zz-hacked"]["version"] == "1.1"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what is fetched ahead is left alone
@pytest.mark.parametrize("line", ["zz-hacked==1.1", "zz-fresh"])
def test_P3_where_only_a_fresh_upload_would_do_nothing_is_locked(
    run: Here, folder: Path, index: Loopback, line: str
) -> None:
    fresh = {"uploaded": days_ago(0.5)}
    serve(index, {"zz-hacked": {"1.0": {}, "1.1": fresh}, "zz-fresh": {"0.1": fresh}}, "metadata")
    (folder / "requirements.txt").write_text(f"{line}\n")
    assert run("report", *TRIXIE).code == 1
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert "(cooldown)" in ran.err
    assert (
        f'uploaded-before-for.{line.partition("=")[0]} = "off" in the configuration, or --uploaded-before off'
        in ran.err
    )
    assert not (folder / LOCK).exists()
    assert run("lock", *TRIXIE, "--uploaded-before", "off").code == 0
    (folder / "distrofirst.toml").write_text('uploaded-before = "0 days"\n')
    assert run("lock", *TRIXIE, "--uploaded-before", "1 hour").code == 0


def test_P3_a_locks_wheels_are_held_against_this_hosts_cooldown(
    run: Here, folder: Path, index: Loopback, debian: str
) -> None:
    serve(index, {"zz-fresh": {"0.1": {"uploaded": days_ago(5)}}}, "metadata")
    (folder / "requirements.txt").write_text("zz-fresh\n")
    (folder / "distrofirst.toml").write_text('[uploaded-before-for]\nzz-fresh = "12 hours"\n')
    assert run("lock", "--target", debian, "-o", "theirs.toml").code == 0
    assert 'zz-fresh = "12 hours"' in (folder / "theirs.toml").read_text()
    (folder / "distrofirst.toml").write_text('uploaded-before = "1 week"\n')
    warned = run("install", "--lock", "theirs.toml", "--dry-run")
    assert warned.code == 0
    assert "distrofirst: warning: zz-fresh 0.1 is of " in warned.err
    refused = run("install", "--lock", "theirs.toml", "--strict", "--yes")
    assert (refused.code, refused.out) == (5, "")
    assert "--strict: 1 reason not to go ahead:\n  zz-fresh 0.1 is of " in refused.err
    assert 'hint: uploaded-before-for = "off" lets "zz-fresh" through' in refused.err
    assert not (folder / "venv").exists()


def test_P3_strict_refuses_what_the_index_does_not_tell_and_what_was_withdrawn(
    run: Here, folder: Path, index: Loopback
) -> None:
    releases = {"zz-ageless": {"1.0": {"uploaded": ""}}, "zz-yanked": {"1.0": {"yanked": "it loses data"}}}
    serve(index, releases, "metadata")
    (folder / "requirements.txt").write_text("zz-ageless\nzz-yanked==1.0\n")
    assert run("lock", *TRIXIE).code == 0
    (folder / LOCK).unlink()
    ran = run("lock", *TRIXIE, "--strict")
    assert (ran.code, ran.out) == (5, "")
    assert "2 reasons not to go ahead:" in ran.err
    assert "zz-yanked 1.0 was yanked: it loses data" in ran.err
    assert 'hint: uploaded-before-for = "off" lets "zz-ageless" through; pin releases of "zz-yanked"' in ran.err
    assert not (folder / LOCK).exists()


def test_P3_without_upload_times_the_default_says_that_it_checked_nothing(
    run: Here, folder: Path, index: Loopback
) -> None:
    serve(index, {"zz-alpha": {"1.0": {"uploaded": ""}}}, "metadata")
    (folder / "requirements.txt").write_text("zz-alpha\n")
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "the index gives no upload times, so the cooldown was not checked for zz-alpha" in ran.err
    assert "warning" not in run("lock", *TRIXIE, "--uploaded-before", "off").err
    refused = run("lock", *TRIXIE, "--uploaded-before", "3 days")
    assert refused.code == 5
    assert "the index gives no upload time, which the cooldown needs" in refused.err


def test_P3_the_default_leaves_assigned_projects_alone_and_a_limit_does_not(
    run: Here, folder: Path, ours: Loopback
) -> None:
    serve(ours, {"our-app": {"1.0": {}, "1.1": {"uploaded": days_ago(0.1)}}}, "metadata")
    (folder / "requirements.txt").write_text("our-app\n")
    assert run("report", *TRIXIE, "--format", "json", "requirements.txt").projects["our-app"]["version"] == "1.1"
    ran = run("report", *TRIXIE, "--format", "json", "--uploaded-before", "3 days", "requirements.txt")
    assert ran.projects["our-app"]["version"] == "1.0"


def test_P3_states_of_projects_and_releases(run: Here, folder: Path, index: Loopback) -> None:
    serve(
        index,
        {
            "zz-old": {"": {"status": "archived", "reason": "no time"}, "1.0": {}},
            "zz-left": {"": {"status": "deprecated", "reason": "use zz-new"}, "1.0": {}},
            "zz-back": {"1.0": {}, "2.0": {"yanked": "leaks keys"}},
            "zz-bad": {"": {"status": "quarantined", "reason": "malware"}, "1.0": {}},
        },
        "metadata",
    )
    (folder / "requirements.txt").write_text("zz-old\nzz-left\nzz-back==2.0\n")
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "distrofirst: warning: zz-back 2.0 was yanked: leaks keys; it is taken because requirements.txt:3 pins it",
        "distrofirst: warning: zz-left is deprecated: use zz-new",
        "distrofirst: warning: zz-old is archived, no fixes are to be expected: no time",
        f"distrofirst: wrote {LOCK}",
    ]
    (folder / LOCK).unlink()
    (folder / "requirements.txt").write_text("zz-bad==1.0\n")
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert "the index calls it quarantined: malware" in ran.err
    assert not (folder / LOCK).exists()
    report = run("report", *TRIXIE, "--format", "json")
    assert [one["worry"] for one in report.projects["zz-bad"]["concerns"]] == ["quarantined"]
