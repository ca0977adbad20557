"""What cannot be answered, cannot be done or may not be done: exit codes 3, 4 and 5, each from a real cause."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.cli.commandline import TRIXIE, Here
from tests.loopback import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback


def test_an_index_that_nobody_serves(run: Here, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "requirements.txt").write_text("flask\nzz-absent\n")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and never listened to: connections are refused
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/simple/"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (3, "")
    assert f"{url}zz-absent/" in ran.err
    assert "hint: " in ran.err


def test_an_index_that_fails_is_not_one_without_the_project(run: Here, folder: Path, index: Loopback) -> None:
    index.add("/simple/zz-absent/", Reply(status=403))
    (folder / "requirements.txt").write_text("zz-absent\n")
    ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (3, "")
    assert "/simple/zz-absent/" in ran.err


def test_R6_metadata_that_is_gone_is_no_empty_metadata(run: Here, folder: Path, index: Loopback) -> None:
    wheel = "/files/zz_alpha-2.0-py3-none-any.whl"
    index.add(f"{wheel}.metadata", Reply(status=404))
    index.add(wheel, Reply(status=404))
    (folder / "requirements.txt").write_text("zz-alpha==2.0\n")
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (3, "")
    assert "zz_alpha-2.0-py3-none-any.whl" in ran.err
    assert {path.name for path in folder.iterdir()} == {"requirements.txt"}


@pytest.mark.parametrize("option", ["--extra-index-url https://more.example/simple/", "--find-links ./wheels"])
def test_P1_a_second_source_in_a_file_is_refused(run: Here, folder: Path, index: Loopback, option: str) -> None:
    (folder / "requirements.txt").write_text(f"flask\n{option}\nzz-beta\n")
    ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith(f"distrofirst: error: requirements.txt:2: {option.partition(' ')[0]} ")
    assert "hint: use one index" in ran.err
    assert index.requests == []


def test_P1_two_indexes_in_files_are_refused(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text(f"-i {index.url}/simple/\n-r more.txt\nzz-beta\n")
    (folder / "more.txt").write_text("-i https://more.example/simple/\nflask\n")
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert "more.txt:1: a second index: https://more.example/simple/" in ran.err
    assert "requirements.txt:1" in ran.err
    assert index.requests == []


def test_P1_the_one_index_of_a_file_replaces_the_configured_one(
    run: Here, folder: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://configured.example/simple/")
    (folder / "requirements.txt").write_text(f"--index-url {index.url}/simple\nzz-beta\n")
    assert run("report", *TRIXIE).code == 0
    assert index.asked("/simple/zz-beta/") == 1


def test_an_index_without_tls_is_refused(run: Here, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.example/simple/")
    (folder / "requirements.txt").write_text("zz-beta\n")
    ran = run("report", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert "PIP_INDEX_URL: the index http://index.example/simple/ is asked without TLS" in ran.err


@pytest.mark.parametrize(
    ("command", "output", "message"),
    [
        ("report", "none/out", "No such file or directory"),
        ("lock", "none/out", "No such file or directory"),
        ("report", ".", "Is a directory"),  # a lock goes into it
        ("report", "/proc/out", ""),
        ("lock", "/proc/out", ""),
    ],
)
def test_an_output_that_cannot_be_written(run: Here, folder: Path, command: str, output: str, message: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run(command, *TRIXIE, "-o", output)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(f"distrofirst: error: {output}: cannot write: {message}")
    assert {path.name for path in folder.iterdir()} == {"requirements.txt"}


def test_a_file_name_that_no_lock_can_hold(run: Here, folder: Path) -> None:
    name = b"caf\xe9.txt".decode("utf-8", "surrogateescape")
    (folder / name).write_text("flask\n")
    ran = run("lock", *TRIXIE, name)
    assert (ran.code, ran.out) == (2, "")
    assert r"'caf\udce9'" in ran.err
    assert len(list(folder.iterdir())) == 1
    assert r"caf\udce9.txt" in run("report", "--direct", "-v", "--target", "debian:12", "--format", "json", name).out
