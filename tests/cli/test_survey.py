"""``distrofirst report FOLDER``: many files, each on its own and all together."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from tests.cli.commandline import CHECKOUT, PYTHON, TRIXIE, Here, process
from tests.loopback import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

BOOKWORM = ("--target", "debian:12")
DIRECT = ("report", "--direct", "-q")


def fill(folder: Path, **files: str) -> None:
    """Write ``NAME/requirements.txt`` files."""
    for name, text in files.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "requirements.txt").write_text(text)


def many(folder: Path, number: int) -> None:
    """Write files that differ, and of which every tenth cannot be read."""
    for at in range(number):
        bad = "flask >>> 2\n" if at % 10 == 9 else ""
        fill(folder, **{f"p{at:03}": f"requests>=2.{at}\nzz-{at % 7}\n{bad}"})


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_file_has_its_line_and_what_most_files_miss_comes_first(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\nzz-once\n", b="requests\nzz-twice\n", c="zz-twice\n")
    ran = run("report", "--direct", *BOOKWORM, *TRIXIE, "all")
    assert ran.code == 0
    assert "50 %       50 %  all/a/requirements.txt" in ran.out
    assert "0 %        0 %  all/c/requirements.txt" in ran.out
    below = ran.out.partition("What most files miss:")[2]
    assert below.index("zz-twice") < below.index("zz-once")
    assert "debian:13: 40 % of what the files need comes from the distribution; 4 different projects, 2 of" in ran.out
    assert ran.err.endswith("3 files reported\n")


def test_the_total_as_json_counts_files_and_reasons(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\nzz-once\n", b="requests>=99\nzz-twice\n", c="zz-twice\n")
    total = run(*DIRECT, "--format", "json", *TRIXIE, "all").json
    assert total["schema"] == "distrofirst/survey-total/1"
    [target] = total["targets"]
    assert target["gaps"][0] == {
        "name": "zz-twice",
        "files": 2,
        "needed_by": ["all/b/requirements.txt", "all/c/requirements.txt"],
        "direct": 2,
        "reasons": {"not-packaged": 2},
    }
    assert ("requests", {"version-too-old": 1}) in [(gap["name"], gap["reasons"]) for gap in target["gaps"]]
    assert total["reports"][0] == {
        "file": "all/a/requirements.txt",
        "target": "debian:13",
        "projects": 2,
        "distro": 1,
        "unmet": 0,
        "coverage": 0.5,
    }
    assert (target["projects"], target["distro"], target["names"]) == (5, 1, 4)


def test_a_line_holds_what_a_report_on_the_file_alone_holds(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n-r ../b/requirements.txt\n", b="zz-once\n")
    first, second = lines(run(*DIRECT, "--format", "jsonl", *TRIXIE, "all").out)
    alone = run("report", "--direct", "--format", "json", *TRIXIE, "all/a/requirements.txt").json
    assert first["targets"] == alone["targets"]
    assert [name for name, _ in first["read"]] == ["all/a/requirements.txt", "all/b/requirements.txt"]
    assert second["file"] == "all/b/requirements.txt"


def test_files_beside_folders_count_once(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n")
    (folder / "more.txt").write_text("requests\n")
    found = lines(run(*DIRECT, "--format", "jsonl", *TRIXIE, "all", "more.txt", "all/a/requirements.txt").out)
    assert [one["file"] for one in found] == ["all/a/requirements.txt", "more.txt"]


def test_what_cannot_be_read_is_named_and_the_others_are_reported(run: Here, folder: Path) -> None:
    many(folder / "all", 50)
    ran = run("report", "--direct", "--format", "jsonl", *TRIXIE, "all")
    told = [line for line in ran.err.splitlines() if "warning" in line]
    assert ran.code == 0
    assert len(told) == 5
    assert told[0].startswith("distrofirst: warning: all/p009/requirements.txt:3: ")
    assert sum(not one["failure"] for one in lines(ran.out)) == 45
    assert ran.err.endswith("45 files reported, 5 not (named above)\n")
    strict = run("report", "--direct", "--strict", "--format", "jsonl", *TRIXIE, "all")
    assert (strict.code, strict.out) == (2, ran.out)
    assert "distrofirst: error: all/p009/requirements.txt:3: " in strict.err


def test_a_pyproject_that_only_configures_tools_is_no_mistake(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n")
    (folder / "all" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    ran = run("report", "--direct", "--strict", *TRIXIE, "all")
    assert ran.code == 0
    assert ran.err.endswith("1 file reported, 1 ask for nothing\n")


def test_many_processes_give_the_same_bytes(folder: Path) -> None:
    many(folder / "all", 30)
    one = process(*DIRECT, "--format", "jsonl", *TRIXIE, "all")
    three = process(*DIRECT, "--format", "jsonl", "--jobs", "3", *TRIXIE, "all")
    assert one.code == three.code == 0
    assert len(lines(one.out)) == 30
    assert three.out == one.out


def test_the_index_is_asked_for_every_file(run: Here, folder: Path, index: Loopback) -> None:
    fill(folder / "all", a="zz-alpha==2.0\n", b="zz-beta\n")
    found = lines(run("report", "-q", "--format", "jsonl", *TRIXIE, "all").out)
    assert [one["targets"][0]["summary"]["pypi"] for one in found] == [2, 1]
    assert index.requests


def test_coverage_under_the_bar_is_a_no(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n", b="zz-once\n")
    assert run("report", "--direct", "--fail-under", "51", *TRIXIE, "all").code == 1
    assert run("report", "--direct", "--fail-under", "50", *TRIXIE, "all").code == 0


def test_files_without_a_folder_are_a_line_each_too(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "more.txt").write_text("zz-once\n")
    assert [one["file"] for one in lines(run(*DIRECT, "--format", "jsonl", *TRIXIE).out)] == ["requirements.txt"]
    both = lines(run(*DIRECT, "--format", "jsonl", *TRIXIE, "more.txt", "requirements.txt").out)
    assert [one["file"] for one in both] == ["more.txt", "requirements.txt"]
    assert run(*DIRECT, "--format", "jsonl", *TRIXIE, "-o", "out.jsonl").code == 0
    assert lines((folder / "out.jsonl").read_text())[0]["file"] == "requirements.txt"


def test_folders_have_no_formats_that_are_of_one_report(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n")
    for form in ("sarif", "cyclonedx"):
        ran = run("report", "--direct", "--format", form, *TRIXIE, "all")
        assert (ran.code, ran.out) == (2, "")
        assert "many files are reported as text, json, markdown, csv, html, jsonl" in ran.err


def test_a_folder_as_markdown_and_csv(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\nzz-once\n", b="zz-twice\n", c="zz-twice\nrequests>=99\n")
    told = parsed(run("report", "--direct", "--format", "markdown", *BOOKWORM, *TRIXIE, "all").out)
    gaps, files = (table for table in told if table)
    assert gaps[0] == ["Project", "Files", "debian:12", "debian:13"]
    assert gaps[1] == ["zz-twice", "2", "not packaged", "not packaged"]
    assert ["requests", "1", "version too old", "version too old"] in gaps
    assert files[1:] == [
        ["all/a/requirements.txt", "50 %", "50 %"],
        ["all/b/requirements.txt", "0 %", "0 %"],
        ["all/c/requirements.txt", "0 %", "0 %"],
    ]
    rows = list(csv.DictReader(io.StringIO(run(*DIRECT, "--format", "csv", *TRIXIE, "all").out)))
    assert [row["name"] for row in rows] == ["zz-twice", "requests", "zz-once"]
    assert rows[0]["needed_by"].splitlines() == ["all/b/requirements.txt", "all/c/requirements.txt"]


def parsed(markdown: str) -> list[list[list[str]]]:
    """Read the tables as a Markdown reader does that is not ours."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return [
        [
            [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)]
            for row in re.findall("<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall("<table>(.*?)</table>", html, re.DOTALL)
    ]


def test_a_folder_as_a_page_tells_which_files_need_what(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\nzz-once\n", b="zz-twice\n", c="zz-twice\n")
    page = run(*DIRECT, "--format", "html", *TRIXIE, "all").out
    row = page.partition('<span class="name whole">zz-twice</span>')[2].partition("</tbody>")[0]
    assert 'data-number="2">2</td>' in row
    assert 'data-outcome="unresolved" data-reason="not-packaged"' in row
    assert "needed by 2 files" in row
    assert re.findall("<li>(.*?)</li>", row.replace("<wbr>", "")) == [
        "all/b/requirements.txt",
        "all/c/requirements.txt",
    ]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "csv", "html"])
def test_I6_a_target_that_could_not_be_asked_is_named_with_many_files_too(run: Here, folder: Path, form: str) -> None:
    fill(folder / "all", a="flask\nzz-once\n")
    ran = run("report", "--direct", "--format", form, *TRIXIE, "--target", "fedora:43", "all")
    assert ran.code == 3
    assert "fedora:43 was not consulted: there is no metadata of fedora:43 at hand" in ran.err
    said = unescape(ran.out).replace("_", "-")
    assert "fedora:43" in said
    assert re.search("not[- ]consulted", said)
    assert "zz-once" in said


def test_I6_what_one_target_cannot_say_of_a_file_hides_no_other(run: Here, folder: Path, index: Loopback) -> None:
    index.add("/simple/zz-absent/", Reply(status=403))
    fill(folder / "all", a="flask\n", b='flask\nzz-absent; python_version < "3.12"\n')
    ran = run("report", "--format", "json", *BOOKWORM, *TRIXIE, "all")
    (partial,) = ran.json["partial"]
    assert (partial["file"], partial["target"]) == ("all/b/requirements.txt", "debian:12")
    assert [(one["file"], one["target"]) for one in ran.json["reports"]] == [
        ("all/a/requirements.txt", "debian:12"),
        ("all/a/requirements.txt", "debian:13"),
        ("all/b/requirements.txt", "debian:13"),
    ]
    assert ran.code == 3
    assert "warning: all/b/requirements.txt: debian:12 was not consulted: " in ran.err
    assert ran.err.endswith("2 files reported, 1 not for every target\n")


def test_a_reason_that_holds_in_some_file_is_a_no(run: Here, folder: Path) -> None:
    fill(folder / "all", a="flask\n", b="zz-once\n")
    assert run("report", "--direct", "--fail-on", "version-too-old", *TRIXIE, "all").code == 0
    ran = run("report", "--direct", "--fail-on", "not-packaged", *TRIXIE, "all")
    assert ran.code == 1
    assert "debian:13: not served for not-packaged: zz-once" in ran.err


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_jq_reads_the_lines(run: Here, folder: Path) -> None:
    """README's question: which files miss what, on which target."""
    fill(folder / "all", a="flask\nzz-once\n", b="flask\n")
    query = (CHECKOUT / "README.md").read_text(encoding="utf-8").partition("| jq -r '")[2].partition("'")[0]
    assert query
    told = subprocess.run(
        ["jq", "-r", query],
        input=run(*DIRECT, "--format", "jsonl", *TRIXIE, "all").out,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "all/a/requirements.txt\tdebian:13\tzz-once\tnot-packaged\n"


# Killed and continued ------------------------------------------------------------------------------------------


def wait_for(condition: Any, seconds: float = 30) -> None:  # noqa: ANN401 -- whatever can be called
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as stream:  # noqa: PTH123 -- no file of ours
            return [int(child) for child in stream.read().split()]
    except OSError:
        return []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_X4_a_run_that_was_killed_goes_on_where_it_was(folder: Path, jobs: str) -> None:
    many(folder / "all", 60)
    whole = process(*DIRECT, "--format", "jsonl", *TRIXIE, "all")
    command = ("report", "--direct", "--format", "jsonl", "--jobs", jobs, "-o", "out.jsonl", *TRIXIE, "all")
    ledger = folder / ".out.jsonl.survey"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen([PYTHON, "-m", "resolver", *command], env=environment, stderr=subprocess.DEVNULL) as first:
        wait_for(lambda: ledger.exists() and ledger.read_bytes().count(b"\n") >= 5)
        workers = children(first.pid)
        first.send_signal(signal.SIGKILL)
    assert len(workers) == (2 if jobs == "2" else 0)
    wait_for(lambda: not any(is_running(worker) for worker in workers))
    assert not (folder / "out.jsonl").exists()
    done = ledger.read_bytes().count(b"\n")
    with ledger.open("ab") as stream:
        stream.write(
            b'{"schema": "distrofirst/survey/1", "file": "all/p'
        )  # as a kill in the middle of a line leaves it
    (folder / "all" / "p000" / "requirements.txt").write_text("flask\n")
    again = process(*command)
    assert again.code == 0
    # One of those that were done has changed; those that could not be read are read again.
    assert f"{done - 1 - done // 10} of 60 files are done" in again.err
    assert not ledger.exists()
    found, expected = (folder / "out.jsonl").read_text().splitlines(), whole.out.splitlines()
    assert (len(found), found[1:]) == (60, expected[1:])
    assert Counter(one["file"] for one in lines("\n".join(found))).most_common(1)[0][1] == 1


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123 -- no file of ours
            return stream.read().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_another_question_begins_anew(folder: Path) -> None:
    many(folder / "all", 3)
    earlier = process(*DIRECT, "--format", "jsonl", *BOOKWORM, "all")
    (folder / ".out.txt.survey").write_text(earlier.out)
    ran = process("report", "--direct", "-o", "out.txt", *TRIXIE, "all")
    assert "are done" not in ran.err
    assert "debian:13" in (folder / "out.txt").read_text()
    assert "debian:12" not in (folder / "out.txt").read_text()


def test_another_list_of_names_begins_anew(run: Here, folder: Path) -> None:
    """What a file's projects look like is part of its answer."""
    fill(folder / "all", a="reqeusts\n")
    lists = ('names.reviewed = ["reqeusts"]\n', 'names.popular = "popular.txt"\n')
    for text in lists:
        (folder / "popular.txt").write_text("zz-popular\n")
        (folder / "distrofirst.toml").write_text("")
        ledger = folder / ".out.txt.survey"
        command = ("report", "--direct", "-o", "out.txt", *TRIXIE, "all")
        ledger.write_text(run(*DIRECT, "--format", "jsonl", *TRIXIE, "all").out)
        assert "1 of 1 files are done" in run(*command).err
        ledger.write_text(run(*DIRECT, "--format", "jsonl", *TRIXIE, "all").out)
        (folder / "distrofirst.toml").write_text(text)
        assert "are done" not in run(*command).err
        ledger.write_text(run(*DIRECT, "--format", "jsonl", *TRIXIE, "all").out)
        (folder / "popular.txt").write_text("zz-other\n")
        assert ("are done" in run(*command).err) is ("popular" not in text)


def test_where_nothing_can_be_written_nothing_is_begun(folder: Path) -> None:
    fill(folder / "all", a="flask\n")
    ran = process(*DIRECT, "-o", "gone/out.txt", *TRIXIE, "all")
    assert (ran.code, ran.out) == (4, "")
    assert "gone/.out.txt.survey: cannot be written: No such file or directory" in ran.err


def test_an_output_never_goes_where_a_link_in_the_folder_leads(run: Here, folder: Path) -> None:
    """In a folder that others write to, a name that can be foreseen may be there: as a link to a file of ours."""
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "mine").write_text("mine")
    (folder / f".out.json.{os.getpid()}.tmp").symlink_to("mine")
    (folder / ".lines.jsonl.survey").symlink_to("mine")
    assert run("report", "--direct", *TRIXIE, "--format", "json", "-o", "out.json").code == 0
    ran = run("report", "--direct", *TRIXIE, "--format", "jsonl", "-o", "lines.jsonl", ".")
    assert (ran.code, ".lines.jsonl.survey: cannot be written" in ran.err) == (4, True)
    assert (folder / "mine").read_text() == "mine"
