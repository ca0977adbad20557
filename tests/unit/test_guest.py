"""vagrant/guest.sh where the project's folder cannot be written to; tests/system/test_guest.py has it on real hosts."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.recipes import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PROVISION = """
case $1 in
install)
    mkdir -p "$4/bin"
    printf '#!/bin/sh\\n' > "$4/bin/python"
    chmod +x "$4/bin/python"
    ;;
report) printf '  "target": "debian:13",\\n' > "$6" ;;
esac
"""
"""Stands in for provision.sh: `install FILE --venv DIR …` and `report --quiet --format FORM -o FILE …`."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(CHECKOUT / "vagrant/guest.sh", folder)
    (folder / "provision.sh").write_text(PROVISION)
    return folder


def guest(project: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(project / "guest.sh"), str(project.parent / "guest")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})


REPORTS = ["coverage-debian-13.html", "coverage-debian-13.json"]


def test_the_report_is_in_the_project(project: Path) -> None:
    done = guest(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (project / "reports").iterdir()) == REPORTS


def test_where_the_project_cannot_be_written_to_the_report_stays_in_the_guest(project: Path) -> None:
    """A folder that is shared read-only, or somebody else's. Root may write anywhere, but not below a file."""
    (project / "reports").write_text("")
    done = guest(project)
    assert (done.returncode, done.stderr) == (0, "")
    reports = project.parent / "guest/reports"
    assert f"{project}/reports cannot be written to: the report is in {reports}\n" in done.stdout
    assert sorted(path.name for path in reports.iterdir()) == REPORTS
