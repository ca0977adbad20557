"""Which package manager a host has."""

from __future__ import annotations

import pytest

from resolver.hosts.rpm_tools import RpmTool, manager_of_host
from resolver.model import Completed
from tests.fakes import FakeRunner

FEDORA = {"ID": "fedora", "VERSION_ID": "43"}
CENTOS = {"ID": "centos", "ID_LIKE": "rhel fedora"}
TUMBLEWEED = {"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}
SLES = {"ID": "sles", "ID_LIKE": "suse"}
DNF5_VERSION = "dnf5 version 5.4.6.0\ndnf5 plugin API version 2.0\n"


@pytest.mark.parametrize(
    ("os_release", "programs", "version", "tool"),
    [
        (FEDORA, {"dnf5", "dnf", "zypper"}, DNF5_VERSION, RpmTool.DNF5),
        (FEDORA, {"dnf"}, DNF5_VERSION, RpmTool.DNF5),
        (CENTOS, {"dnf"}, "4.14.0\n", RpmTool.DNF4),
        (TUMBLEWEED, {"zypper", "dnf5", "dnf"}, DNF5_VERSION, RpmTool.ZYPPER),
        (SLES, {"zypper"}, "", RpmTool.ZYPPER),
        (TUMBLEWEED, {"dnf"}, "4.14.0\n", RpmTool.DNF4),
        ({"ID": "strange"}, {"zypper"}, "", RpmTool.ZYPPER),
        ({}, set(), "", None),
    ],
)
def test_the_distributions_own_tool_comes_first(
    os_release: dict[str, str], programs: set[str], version: str, tool: RpmTool | None
) -> None:
    runner = FakeRunner({("dnf", "--version"): Completed(returncode=0, stdout=version, stderr="")})
    found = manager_of_host(runner, os_release, which=lambda name: f"/usr/bin/{name}" if name in programs else None)
    assert found is tool
