"""``distrofirst report``, from its inputs to its exit code."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commandline import TRIXIE, Here, Ran, process
from tests.contract.test_report_schema import OUTCOMES, PROJECT_KEYS, REASONS, SUMMARY_KEYS, TARGET_KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

MIXED = """\
requests >= 2.31
zz-alpha
zz-absent ; sys_platform == "win32"
flask == 0.1
"""


def direct(run: Here, *argv: str, target: str = "debian:13") -> Ran:
    return run("report", "--direct", "--format", "json", "--target", target, *argv)


# Inputs ----------------------------------------------------------------------------------------------------------


def test_requirements_txt_is_the_first_default_and_pyproject_toml_the_second(run: Here, folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["flask"]\n')
    assert direct(run).projects["flask"]["requested_by"] == ["pyproject.toml:4"]
    (folder / "requirements.txt").write_text("requests\n")
    assert direct(run).projects["requests"]["requested_by"] == ["requirements.txt:1"]


def test_no_input_at_all_is_bad_usage(run: Here) -> None:
    ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (2, "")
    assert "requirements.txt" in ran.err
    assert "hint: name a requirements file" in ran.err


def test_several_inputs_between_options(run: Here, folder: Path) -> None:
    (folder / "a.txt").write_text("flask\n")
    (folder / "b.txt").write_text("requests\n")
    ran = run("report", "a.txt", "--direct", "b.txt", "--format", "json", *TRIXIE)
    assert {name: project["requested_by"] for name, project in ran.projects.items()} == {
        "flask": ["a.txt:1"],
        "requests": ["b.txt:1"],
    }


def test_standard_input_is_a_dash(run: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"# mine\nflask\n")))
    assert direct(run, "-").projects["flask"]["requested_by"] == ["<stdin>:2"]


def test_standard_input_of_a_process(folder: Path) -> None:
    ran = process("report", "-", "--direct", "--format", "json", *TRIXIE, stdin=b"\xef\xbb\xbfflask\r\n", cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.projects["flask"]["os_package"] == "python3-flask"


def test_extras_and_groups_of_pyproject_toml(run: Here, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["flask"]\n'
        '[project.optional-dependencies]\nfast-http = ["httpx"]\n'
        '[dependency-groups]\ntest = ["pytest"]\n'
    )
    assert set(direct(run).projects) == {"flask"}
    assert set(direct(run, "--extra", "Fast_HTTP", "--group", "test").projects) == {"flask", "httpx", "pytest"}
    ran = direct(run, "--extra", "slow")
    assert ran.code == 2
    assert "has the extra 'slow'" in ran.err
    assert "they have: fast-http" in ran.err


def test_a_pylock_as_input(run: Here, folder: Path) -> None:
    (folder / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "another"\n[[packages]]\nname = "flask"\nversion = "3.1.1"\n'
        '[[packages.wheels]]\nurl = "https://files.example/flask-3.1.1-py3-none-any.whl"\n'
        f'hashes = {{ sha256 = "{"0" * 64}" }}\n'
    )
    project = direct(run, "--pins", "prefer", "pylock.toml").projects["flask"]
    assert (project["outcome"], project["specifier"]) == ("distro", "==3.1.1")


def test_a_lock_of_ours_is_no_input(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-beta\n")
    assert run("lock", *TRIXIE).code == 0
    ran = run("report", "pylock.debian-13.toml", *TRIXIE)
    assert (ran.code, ran.out) == (2, "")
    assert "distrofirst install --lock pylock.debian-13.toml" in ran.err
    assert index.asked("/simple/zz-beta/") == 1


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("flask\nrequests >== 2\n", "requirements.txt:2", "is not a requirement"),
        ("flask\n\n--no-such-option\n", "requirements.txt:3", "--no-such-option"),
        ("-r other.txt\n", "requirements.txt:1", "'other.txt' does not exist"),
        ("-r requirements.txt\n", "requirements.txt:1", "in a circle"),
    ],
)
def test_bad_input_is_named_with_file_and_line(run: Here, folder: Path, text: str, place: str, message: str) -> None:
    (folder / "requirements.txt").write_text(text)
    ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"distrofirst: error: {place}: ")
    assert message in ran.err


# Outputs ---------------------------------------------------------------------------------------------------------


def test_the_json_of_a_whole_plan(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text(MIXED)
    ran = run("report", "--format", "json", *TRIXIE)
    assert ran.code == 1
    assert ran.json["schema"] == "distrofirst/report/1"
    (target,) = ran.json["targets"]
    assert target.keys() >= TARGET_KEYS
    assert (target["target"], target["python"], target["architecture"]) == ("debian:13", "3.13", "amd64")
    assert target["metadata"].keys() == {"source", "date"}
    assert target["metadata"]["source"] == "embedded"
    assert target["summary"].keys() >= SUMMARY_KEYS
    assert target["summary"]["coverage_by_pins"] == {
        "exact": 0.3333,
        "compatible": 0.3333,
        "minimum": 0.6667,
        "prefer": 0.6667,
    }
    for project in target["projects"]:
        assert project.keys() >= PROJECT_KEYS
        assert project["outcome"] in OUTCOMES
        assert project["reason"] in REASONS | {None}
    told = {name: (project["outcome"], project["reason"]) for name, project in ran.projects.items()}
    assert told["requests"] == ("distro", None)
    assert told["urllib3"] == ("distro", None)
    assert told["zz-alpha"] == told["zz-beta"] == ("pypi", "not-packaged")
    assert told["zz-absent"] == ("inapplicable", "marker-false")
    assert told["flask"] == ("unmet", "version-too-new")
    assert ran.projects["zz-beta"]["requested_by"] == ["zz-alpha"]
    assert ran.projects["requests"]["requested_by"] == ["requirements.txt:1", "zz-alpha"]
    assert ran.out == json.dumps(ran.json, indent=2, sort_keys=True) + "\n"
    assert index.asked("/simple/flask/") == 1


def test_the_text_says_what_comes_from_where_and_what_to_do(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text(MIXED)
    ran = run("report", *TRIXIE)
    assert ran.code == 1
    for words in (
        "debian:13 (trixie), Python 3.13, amd64",
        "python3-requests 2.32.3",
        "PyPI 2.0",
        "not packaged: no OS package of debian:13 carries it",
        "version too new: python3-flask is 3.1.1",
        "flask: --pins minimum would take 3.1.1",
        "2 from PyPI, 1 unmet, 1 not for this target.",
    ):
        assert words in " ".join(ran.out.split()), words
    assert "(-v lists them)" in ran.out
    assert "urllib3" not in ran.out
    assert "urllib3" in run("report", "-v", *TRIXIE).out
    assert index.requests


def test_o_writes_a_file_and_nothing_else(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    printed = run("report", "--direct", *TRIXIE)
    ran = run("report", "--direct", *TRIXIE, "-o", "report.txt")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (folder / "report.txt").read_text() == printed.out
    assert run("report", "--direct", *TRIXIE, "-o", "-").out == printed.out
    assert {path.name for path in folder.iterdir()} == {"requirements.txt", "report.txt"}


def test_several_targets_in_one_report(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("requests>=2.31\n")
    ran = run("report", "--direct", "--format", "json", "--target", "debian:trixie", "--target", "debian:12")
    assert [target["target"] for target in ran.json["targets"]] == ["debian:13", "debian:12"]
    assert [target["projects"][0]["outcome"] for target in ran.json["targets"]] == ["distro", "unresolved"]
    assert "debian:13 has 2.32.3" in ran.json["targets"][1]["projects"][0]["next_step"]


# Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("lines", "argv", "code"),
    [
        ("flask", (), 0),
        ("flask", ("--only-distro",), 0),
        ("zz-absent", (), 1),
        ("zz-source", (), 1),
        ("zz-beta", ("--only-distro",), 1),
        ("zz-beta", (), 0),
        ("flask\nzz-beta", ("--fail-under", "80"), 0),
        ("requests\nzz-alpha", ("--fail-under", "90"), 1),
        ("requests\nzz-alpha", ("--fail-under", "60"), 0),
        ("flask\nzz-absent", ("--direct",), 0),
        ("flask\nzz-absent", ("--direct", "--fail-under", "50"), 0),
        ("flask\nzz-absent", ("--direct", "--fail-under", "50.1"), 1),
        ("# nothing", ("--fail-under", "100"), 0),
    ],
)
def test_unmet_and_coverage_under_the_bar_are_a_no(
    run: Here, folder: Path, lines: str, argv: tuple[str, ...], code: int
) -> None:
    (folder / "requirements.txt").write_text(lines)
    ran = run("report", *TRIXIE, *argv)
    assert ran.code == code, ran
    assert ("coverage is under" in ran.err) == (code == 1 and "--fail-under" in argv)


def test_fail_on_and_a_baseline(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("requests>=99\nzz-absent\nflask\n")
    assert direct(run, "-o", "before.json").code == 0
    assert direct(run, "--fail-on", "not-packaged").code == 1
    assert direct(run, "--fail-on", "demoted", "--fail-on", "ambiguous").code == 0
    assert direct(run, "--fail-on", "not-packaged", "--baseline", "before.json").code == 0
    (folder / "requirements.txt").write_text("requests>=99\nzz-new\nflask\n")
    ran = direct(run, "--baseline", "before.json")
    assert ran.code == 1
    assert "1 new gap: debian:13 zz-new (not packaged)" in ran.err
    assert "1 gap gone since the baseline: debian:13 zz-absent" in ran.err
    assert direct(run, "--baseline", "before.json", "--fail-on", "version-too-old").code == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--baseline", "none.json"), "none.json: cannot be read: No such file"),
        (("--baseline", "requirements.txt"), "requirements.txt: "),
        (("--fail-on", "marker-false"), "invalid choice: 'marker-false'"),
        (("--baseline", "requirements.txt", "."), "many reports have no --baseline"),
        (("--relax", "flask", "."), "many reports have no --relax"),
    ],
)
def test_a_gate_that_cannot_be_meant(run: Here, folder: Path, argv: tuple[str, ...], message: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = direct(run, *argv)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_R9_each_policy_is_obeyed(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("requests==2.31.0\nflask==2.3.3\nhttpx==0.99\n")

    def served(policy: str) -> set[str]:
        outcomes = direct(run, "--pins", policy).outcomes
        return {name for name, outcome in outcomes.items() if outcome == "distro"}

    assert served("exact") == set()
    assert served("compatible") == {"requests"}
    assert served("minimum") == {"requests", "flask"}
    assert served("prefer") == {"requests", "flask", "httpx"}
    assert direct(run, "--pins", "compatible").projects["requests"]["loosened"] == "==2.31.0"


def test_prefer_newest_takes_the_newest_that_fits(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\n")
    newest = run("report", "--format", "json", "--prefer", "newest", *TRIXIE)
    assert newest.projects["zz-alpha"]["version"] == "2.0"
    assert newest.outcomes["zz-beta"] == "pypi"
    assert index.requests


def test_uploaded_before_is_a_cooldown(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-beta\n")
    assert run("report", *TRIXIE, "--uploaded-before", "2026-01-02").code == 0
    ran = run("report", *TRIXIE, "--uploaded-before", "2025-12-31", "--format", "json")
    assert ran.code == 1
    assert ran.projects["zz-beta"]["reason"] == "no-wheel"
    assert index.requests


# The network -----------------------------------------------------------------------------------------------------


def test_R1_the_index_is_asked_only_about_what_the_distribution_lacks(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("requests\nflask\nzz-alpha\ndjango\n")
    assert run("report", *TRIXIE).code == 0
    projects = {request.path.split("/")[2].partition("-")[0] for request in index.requests}
    assert projects == {"zz", "zz_alpha", "zz_beta"}


def test_R1_a_covered_file_asks_nothing(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("requests\nflask\ndjango\n")
    assert run("report", *TRIXIE).code == 0
    assert index.requests == []


def test_direct_never_touches_the_network(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("requests\nzz-alpha\nflask==0.1\nhttpx[http2]\n")
    assert direct(run).code == 0
    assert index.requests == []


def test_direct_in_a_process_whose_every_way_out_is_closed(folder: Path) -> None:
    (folder / "requirements.txt").write_text("requests\nzz-alpha\nflask==0.1\n")
    dead = "http://127.0.0.1:9"
    ran = process(
        "report",
        "--direct",
        *TRIXIE,
        env={"PIP_INDEX_URL": f"{dead}/simple/", "http_proxy": dead, "https_proxy": dead, "no_proxy": ""},
    )
    assert (ran.code, ran.err) == (0, "")


def test_only_distro_asks_nothing(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\n")
    assert run("report", "--only-distro", *TRIXIE).code == 1
    assert index.requests == []


def test_no_index_in_a_file_is_obeyed(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("--no-index\nflask\nzz-alpha\n")
    ran = run("report", "--format", "json", *TRIXIE)
    assert ran.code == 1
    assert (ran.outcomes["flask"], ran.outcomes["zz-alpha"]) == ("distro", "unmet")
    assert index.requests == []


def test_offline_answers_from_what_was_asked_before(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\n")
    ran = run("report", "--offline", *TRIXIE)
    assert (ran.code, ran.out) == (3, "")
    assert "/simple/zz-alpha/" in ran.err
    assert index.requests == []
    online = run("report", *TRIXIE)
    asked = len(index.requests)
    offline = run("report", "--offline", *TRIXIE)
    assert (online.code, offline.code) == (0, 0)
    assert offline.out == online.out
    assert len(index.requests) == asked


# Rules -----------------------------------------------------------------------------------------------------------


def test_R7_the_same_bytes_from_another_folder_under_another_hash_seed(
    folder: Path, tmp_path: Path, index: Loopback
) -> None:
    assert index.port
    inputs = folder / "requirements.txt"
    inputs.write_text("zz-alpha\nrequests\nflask\ndjango==3.2\ncelery\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def twice(*argv: str) -> set[str]:
        runs = [
            process(*argv, env={"PYTHONHASHSEED": seed}, cwd=cwd) for seed, cwd in (("0", folder), ("77", elsewhere))
        ]
        assert {ran.code for ran in runs} <= {0, 1}
        return {ran.out for ran in runs}

    for argv in (
        ("report", str(inputs), "--format", "json", "--pins", "prefer", *TRIXIE),
        ("report", str(inputs), "--pins", "prefer", *TRIXIE),
        ("report", str(inputs), "--format", "html", "--pins", "prefer", *TRIXIE),
        ("lock", str(inputs), "--pins", "prefer", "-o", "-", *TRIXIE),
    ):
        outputs = twice(*argv)
        assert len(outputs) == 1
        assert outputs != {""}


def test_I6_a_release_without_metadata_is_an_error_and_never_reads_as_not_covered(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    for argv in (("--offline",), ("--direct",)):
        ran = run("report", "--target", "ubuntu:24.04", *argv)
        assert (ran.code, ran.out) == (3, "")
        assert "there is no metadata of ubuntu:24.04" in ran.err
        assert "distrofirst update --target ubuntu:24.04" in ran.err


def test_I6_a_target_without_metadata_is_told_of_and_ends_nothing(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = direct(run, "--target", "ubuntu:24.04", "-o", "report.json")
    assert ran.code == 3
    assert "ubuntu:24.04 was not consulted: there is no metadata of ubuntu:24.04" in ran.err
    document = json.loads((folder / "report.json").read_text())
    assert [target["target"] for target in document["targets"]] == ["debian:13"]
    (missing,) = document["not_consulted"]
    assert missing["target"] == "ubuntu:24.04"
    assert missing["why"].startswith("there is no metadata of ubuntu:24.04")
    assert missing["next_step"].startswith("fetch it: distrofirst update --target ubuntu:24.04")


# Formats ---------------------------------------------------------------------------------------------------------


def test_each_format_of_a_whole_plan(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text(MIXED)
    asked = {form: run("report", "--format", form, *TRIXIE) for form in ("markdown", "csv", "sarif", "cyclonedx")}
    assert {ran.code for ran in asked.values()} == {1}, "flask is unmet"
    assert "<code>zz-beta</code>" in asked["markdown"].out
    assert {row["name"]: row["outcome"] for row in csv.DictReader(io.StringIO(asked["csv"].out))}["zz-beta"] == "pypi"
    results = asked["sarif"].json["runs"][0]["results"]
    lines = {
        one["properties"]["project"]: one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results
    }
    assert lines == {"flask": 4, "zz-alpha": 2, "zz-beta": 2}
    (beta,) = [one for one in asked["cyclonedx"].json["components"] if one["name"] == "zz-beta"]
    (reference,) = beta["externalReferences"]
    assert reference["url"].startswith(f"http://127.0.0.1:{index.port}/")
    assert len(beta["hashes"][0]["content"]) == 64


def test_R7_a_log_is_the_same_wherever_the_checkout_lies(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = set()
    for place in (folder, elsewhere):
        (place / "requirements.txt").write_text("flask\nzz-absent\n")
        told.add(process("report", "--direct", "--format", "sarif", *TRIXIE, cwd=place).out)
    assert len(told) == 1


def test_a_bill_of_materials_of_two_targets_is_bad_usage(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report", "--direct", "--format", "cyclonedx", *TRIXIE, "--target", "debian:12")
    assert (ran.code, ran.out) == (2, "")
    assert "--format cyclonedx: it is of one target" in ran.err
    assert "hint: run once for each" in ran.err


def test_V1_the_version_is_the_metadatas(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("protobuf\n")
    project: dict[str, Any] = direct(run, target="debian:12").projects["protobuf"]
    assert (project["version"], project["os_version"].split("-")[0]) == ("4.21.12", "3.21.12")
