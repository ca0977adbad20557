"""The payload on stdout, the conversation on stderr, and what becomes of both on pipes, disks and terminals."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commandline import TRIXIE, Ran, process
from tests.system.hosts import CHECKOUT

if TYPE_CHECKING:
    from tests.loopback import Loopback

LINES = "requests>=99\nflask\nhttpx[http2]\ndjango==1.1\nzz-beta\n"
ESCAPE = "\x1b["


@pytest.fixture
def lines(folder: Path, index: Loopback) -> Path:
    assert index.port
    path = folder / "requirements.txt"
    path.write_text(LINES.replace("[http2]", ""))
    return path


def on_terminal(*argv: str, columns: int, env: dict[str, str] | None = None) -> str:
    """Run a command whose stdout is a terminal; give what the terminal got."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process(*argv, env={"TERM": "xterm-256color", **(env or {})}, stdout=theirs)
        os.set_blocking(ours, False)
        return os.read(ours, 1 << 20).decode().replace("\r\n", "\n")
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", [("report", "--direct"), ("explain", "requests>=99", "django==1.1", "--direct")])
def test_a_terminals_width_is_kept(lines: Path, columns: int, command: tuple[str, ...]) -> None:
    assert lines.exists()
    told = on_terminal(*command, *TRIXIE, columns=columns)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)
    widths = [len(line) for line in plain.splitlines()]
    assert "requests" in plain
    assert max(widths) <= columns
    assert max(widths) > columns - 20


def test_colours_are_for_terminals_that_want_them(lines: Path) -> None:
    assert lines.exists()
    report = ("report", "--direct", *TRIXIE)
    assert ESCAPE in on_terminal(*report, columns=80)
    assert ESCAPE not in on_terminal(*report, "--no-color", columns=80)
    assert ESCAPE not in on_terminal(*report, columns=80, env={"NO_COLOR": "1"})
    assert ESCAPE not in process(*report).out
    process(*report, "-o", "report.txt")
    assert ESCAPE not in lines.with_name("report.txt").read_text()


def test_a_reader_that_has_gone_is_no_error(lines: Path) -> None:
    assert lines.exists()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = process("report", *TRIXIE, stdout=writing)
    finally:
        os.close(writing)
    assert (ran.code, ran.err) == (0, "")


BUSY = """
import ssl, sys, threading
from resolver import cli

def fetch_ahead():
    while True:
        ssl.create_default_context()

for _ in range(4):
    threading.Thread(target=fetch_ahead, daemon=True).start()
sys.argv = ["distrofirst", "explain", "flask", "--direct", "--target", "debian:13"]
sys.exit(cli.main())
"""


def test_threads_that_are_inside_openssl_do_not_crash_the_end(home: Path) -> None:
    """Without care four of five such processes die of a segmentation fault after they have printed everything."""
    assert home.exists()
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, check=False, cwd=CHECKOUT)
        assert (done.returncode, done.stderr) == (0, "")
        assert "python3-flask" in done.stdout


@pytest.mark.parametrize("command", [("report", "--format", "json"), ("targets", "-q"), ("explain", "flask")])
def test_a_full_disk_is_told(lines: Path, command: tuple[str, ...]) -> None:
    assert lines.exists()
    target = () if command[0] == "targets" else (*TRIXIE, "--direct")
    with Path("/dev/full").open("wb") as full:
        ran = process(*command, *target, stdout=full)
    assert ran.code == 4
    assert ran.err == "distrofirst: error: No space left on device\n"


def test_an_encoding_that_lacks_our_characters(lines: Path) -> None:
    assert lines.exists()
    for command in (("report",), ("explain", "flask")):
        ran = process(*command, "--direct", *TRIXIE, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "POSIX"})
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.isascii()


def test_the_payload_is_the_same_whether_or_not_somebody_listens_to_the_rest(lines: Path) -> None:
    lines.write_text(f"--prefer-binary stray\n{lines.read_text()}")
    loud, quiet = (process("report", *TRIXIE, "--format", "json", *words) for words in ((), ("-q",)))
    assert loud.out == quiet.out
    assert "warning: requirements.txt:1" in loud.err
    assert quiet.err == ""


def test_an_error_leaves_stdout_empty(folder: Path) -> None:
    ran = process("report", "none.txt", "--format", "json", cwd=folder)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "distrofirst: error: 'none.txt' does not exist\n"


def test_standard_streams_of_a_daemon(lines: Path) -> None:
    """Closed ones do no harm: nothing is read unless asked for, and what nobody wants to hear is said to nobody."""
    assert lines.exists()

    def closed(redirection: str, *argv: str) -> Ran:
        return process(*argv, *TRIXIE, before=("/bin/sh", "-c", f'exec "$@" {redirection}', "sh"))

    ran = closed("<&-", "report", "--direct")
    assert (ran.code, ran.err) == (0, "")
    assert "python3-flask" in ran.out
    ran = closed("<&-", "report", "--direct", "-")
    assert (ran.code, ran.err) == (2, "distrofirst: error: -: standard input is closed\n")
    ran = closed(">&-", "report", "--direct")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert closed("2>&-", "report", "--direct", "-q").code == 0
