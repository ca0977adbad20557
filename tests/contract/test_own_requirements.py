"""distrofirst is its own first user: Debian 12 and 13 have everything that it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from resolver import cli
from tests.system.hosts import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("target", ["debian:12", "debian:13"])
def test_the_distribution_serves_all_of_our_own_requirements(
    target: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del home  # only so that nobody's configuration counts
    inputs = [str(CHECKOUT / "pyproject.toml"), "--offline", "--target", target]
    assert cli.main(["report", "--format", "json", "--fail-under", "100", *inputs]) == 0
    [report] = json.loads(capsys.readouterr().out)["targets"]
    assert report["summary"]["coverage"] == 1
    assert report["summary"]["requirements"] >= 7
    assert {project["outcome"] for project in report["projects"]} == {"distro"}
