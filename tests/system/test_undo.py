"""What ``undo`` takes away on real hosts: what came with an environment, and nothing else (rule X4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system.command_line import CommandLine, difference, snapshot
from tests.system.conftest import RELEASES, RPM_RELEASES
from tests.system.rpms import INSTALL, TOOLS, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.hosts import Host

pytestmark = pytest.mark.in_turn

NOTHING = "distrofirst: there is no environment in venv; nothing to undo\n"


@pytest.fixture
def index() -> Iterator[dict[str, str]]:
    with Loopback() as server:
        url = simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata")
        yield {"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}


def listing(host: Host) -> str:
    """Give what the package manager's own tool lists, byte for byte."""
    return host.run(["dpkg", "-l"] if host.has("dpkg-query") else ["rpm", "-qa"]).stdout


def name(release: str, project: str) -> str:
    return f"python3-{project}" if release in RELEASES else name_of(release, project)


def install(host: Host, release: str, package: str) -> None:
    tool = ("apt-get", "install", "-y", "--no-install-recommends")
    host.run([*(tool if release in RELEASES else (*INSTALL[TOOLS[release]], "install")), package])


def everything(host: Host, release: str, index: dict[str, str]) -> None:
    """Take back an installation: the listing is as it was, and so are the files."""
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\ndemo==1.0\n")
    cli("report", env=index)  # fetches metadata into the tool's own cache
    before, files = listing(host), snapshot(host)
    cli("install", "--yes", env=index)
    assert listing(host) != before

    lines = cli("undo", "--dry-run").stdout.splitlines()
    assert len(lines) == 2
    assert name(release, "flask") in lines[0].split()
    assert lines[1] == f"rm -rf -- {cli.folder}/venv"
    assert "nobody is here to confirm" in cli("undo", code=2).stderr
    done = cli("undo", "--yes")
    assert done.stderr.endswith("distrofirst: venv is undone\n")
    assert listing(host) == before
    changed = difference(files, snapshot(host))
    assert [path for path in changed if path.startswith((cli.folder, "/usr/lib/python", "/etc"))] == []
    assert cli("undo", "--yes").stderr == NOTHING


@pytest.mark.parametrize("release", RELEASES)
def test_X4_undo_restores_what_dpkg_lists(host: Host, release: str, index: dict[str, str]) -> None:
    everything(host, release, index)


@pytest.mark.parametrize("release", RPM_RELEASES)
def test_X4_undo_restores_what_rpm_lists(host: Host, release: str, index: dict[str, str]) -> None:
    everything(host, release, index)


@pytest.mark.all_sets
@pytest.mark.parametrize("release", [*RELEASES, *RPM_RELEASES])
def test_X4_what_another_environment_needs_stays_until_that_is_undone(host: Host, release: str) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\n")
    cli.write("other.txt", "jinja2\n")
    before = listing(host)
    cli("install", "--yes")
    cli("install", "other.txt", "--venv", "other", "--yes")
    done = cli("undo", "--yes")
    assert f"{name(release, 'jinja2')} stays: {cli.folder}/other needs it" in done.stderr
    assert f"{name(release, 'markupsafe')} stays: " in done.stderr
    assert name(release, "flask") not in host.packages()
    cli("verify", "--venv", "other")
    cli("undo", "--yes", "--venv", "other")
    assert listing(host) == before, "the last one that needed it has taken it away"


@pytest.mark.all_sets
@pytest.mark.parametrize("release", ["debian:12"])
def test_X4_what_somebody_else_needs_stays_and_a_killed_undo_goes_on(host: Host, release: str) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\nsix\n")
    install(host, release, name(release, "markupsafe"))
    before = host.packages()
    cli("install", "--yes")
    # Depends on python3-jinja2, and is nobody's of ours.
    control = "Package: zz\nVersion: 1\nArchitecture: all\nMaintainer: T <t@tests.example>\nDepends: python3-jinja2\n"
    host.write("/srv/zz/DEBIAN/control", f"{control}Description: t\n")
    host.run(["sh", "-euc", "dpkg-deb --build /srv/zz /srv/zz.deb && dpkg -i /srv/zz.deb"])
    told = cli("undo", "--dry-run")
    assert "python3-jinja2 stays: zz needs it" in told.stderr
    (purge, clear) = told.stdout.splitlines()
    assert "python3-markupsafe" not in purge, "it was there before"
    # A kill between the two commands, and then in the middle of the second.
    host.run(["sh", "-euc", f"{purge}; rm -r {cli.folder}/venv/bin"])
    cli("undo", "--yes")
    assert clear
    assert host.packages().keys() - before.keys() == {"zz", "python3-jinja2"}
    assert cli.run("ls") == "requirements.txt\n"
