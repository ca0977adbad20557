"""vagrant/provision.sh where apt is not to be had at once: its own steps, with an apt that is a script."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.recipes import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {
    "id": "echo 0",
    "sleep": 'echo "sleep $*" >> "$HERE/log"',
    "dpkg-query": "exit 1",
    # There are no lists before the first update that succeeds.
    "apt-cache": 'shift; [ ! -e "$HERE/lists" ] || for package; do echo "  Candidate: 1"; done',
    "apt-get": """
        echo "apt-get $*" >> "$HERE/log"
        case $* in
        *update)
            echo 'Reading package lists...'
            if [ -e "$HERE/busy" ]; then
                rm "$HERE/busy"
                echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)' >&2
                exit 100
            fi
            [ ! -e "$HERE/always" ] || { cat "$HERE/always" >&2; exit 100; }
            touch "$HERE/lists"
            ;;
        esac
    """,
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, script in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return tmp_path


def provision(here: Path) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Give what it said, and which program was called with what."""
    done = subprocess.run(
        ["sh", CHECKOUT / "vagrant/provision.sh"],
        env={"PATH": f"{here}/bin:{os.environ['PATH']}", "HERE": str(here)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, (here / "log").read_text().splitlines()


def test_whoever_is_at_work_with_apt_is_waited_for(here: Path) -> None:
    """A machine that was just started updates itself, and apt waits for the lock of its lists for nobody."""
    (here / "busy").touch()
    done, calls = provision(here)
    assert (done.returncode, done.stdout) == (0, "")
    assert "held by process 7" in done.stderr
    assert [call.split()[0] for call in calls] == ["apt-get", "sleep", "apt-get", "apt-get"]
    assert "-o DPkg::Lock::Timeout=" in calls[-1]
    assert " install python3 " in calls[-1]


def test_whoever_is_at_work_with_apt_is_not_waited_for_without_end(here: Path) -> None:
    (here / "always").write_text("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n")
    done, calls = provision(here)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith("distrofirst: run this again when it has finished\n")
    assert 10 < calls.count("sleep 5") < 100


def test_what_is_no_lock_is_not_waited_for(here: Path) -> None:
    (here / "always").write_text("E: Failed to fetch http://archive.example/\n")
    done, calls = provision(here)
    assert (done.returncode, len(calls)) == (3, 1)
    assert "Reading package lists...\nE: Failed to fetch http://archive.example/\ndistrofirst: apt could" in done.stderr
