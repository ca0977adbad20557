"""Rule X4 with real package managers: an installation is killed, with all that it started, and the next run ends alike.

The points are found by tracing: strace on this machine tells every program that is started and every file that is
moved, removed or written through, and is stopped in its tracks at one of them, and with it all that it watches; then
the host's processes are killed. So a point is the same in every run, as far as the programs do the same.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system.agreement import contents
from tests.system.command_line import PROVISION, CommandLine, snapshot
from tests.system.hosts import Host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

POINTS = 25
IN_CI = (8,)
"""In the middle of the OS transaction."""
EVENTS = "execve,rename,renameat,renameat2,unlink,unlinkat,mkdir,symlink,link,fsync,fdatasync"

pytestmark = [
    pytest.mark.in_turn,
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace on this machine"),
]


@pytest.fixture(scope="module")
def index() -> Iterator[dict[str, str]]:
    with Loopback() as server:
        url = simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata")
        yield {"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}


def prepared(host: Host, index: Mapping[str, str]) -> CommandLine:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\ndemo==1.0\n")
    cli("report", env=index)  # fetches metadata into the tool's own cache
    return cli


def traced(cli: CommandLine, index: Mapping[str, str], *arguments: str, kill_at: int | None = None) -> int:
    """Run a command under strace, kill it at an event; give the number of events."""
    command = cli.host.command(["sh", PROVISION, *arguments], env={"HOME": cli.home, **index}, cwd=cli.folder)
    end, other_end = os.pipe()
    options = ["-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e", f"trace={EVENTS}", "-o", f"/dev/fd/{other_end}"]
    with subprocess.Popen(
        ["strace", *options, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[other_end]
    ) as strace:
        os.close(other_end)
        number = 0
        with os.fdopen(end, errors="replace") as events:
            for number, _ in enumerate(events, 1):
                if number == kill_at:
                    strace.send_signal(signal.SIGSTOP)
                    # The host's own first process is excepted, and so is this one.
                    cli.host.run(["sh", "-c", "kill -9 -1"], check=False)
                    strace.send_signal(signal.SIGCONT)
    assert (strace.returncode == 0) is (kill_at is None)
    return number


def state(host: Host) -> tuple[object, ...]:
    """Give what has to be the same: what is installed, as the tool lists it; the environment; every file's place."""
    debian = host.has("dpkg-query")
    listing = host.run(["dpkg", "-l"] if debian else ["rpm", "-qa"]).stdout
    marks = host.run(["apt-mark", "showauto"] if debian else ["true"]).stdout
    files = {path: facts.rpartition(" ")[0] for path, facts in snapshot(host).items() if not path.startswith(CHANGING)}
    return contents(host), sorted(listing.splitlines()), sorted(marks.splitlines()), files


CHANGING = (
    "/etc/ld.so.cache",
    "/usr/lib/sysimage/libdnf5/",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/var/lib/apt/extended_states",
    "/var/lib/dpkg/diversions-old",
    "/var/lib/dpkg/lock",
    "/var/lib/dpkg/status",
)
"""Databases, in which the same is written in another order, and the copies that dpkg keeps of them.

dnf5's own notes of why it installed something, and from where, are lost for what was in place when it was killed: it
writes them last. That then counts as installed by somebody, and is never autoremoved.
"""


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, tuple[int, tuple[object, ...]]]:
    return {}


def killed_and_repeated(
    release: str, point: int, index: Mapping[str, str], undisturbed: dict[str, tuple[int, tuple[object, ...]]]
) -> None:
    if release not in undisturbed:
        with Host.fresh(f"{release}+ready") as host:
            cli = prepared(host, index)
            events = traced(cli, index, "install", "--yes")
            undisturbed[release] = events, state(host)
    events, expected = undisturbed[release]
    with Host.fresh(f"{release}+ready") as host:
        cli = prepared(host, index)
        traced(cli, index, "install", "--yes", kill_at=1 + point * events // (POINTS + 1))
        cli("install", "--yes", env=index)
        found = state(host)
        assert found[:3] == expected[:3]
        (files, wanted) = (dict(one[3]) for one in (found, expected))  # type: ignore[call-overload]  # a tuple of objects
        differing = sorted(path for path in files.keys() | wanted.keys() if files.get(path) != wanted.get(path))
        assert differing == []
        cli("verify")
        assert "nothing to do" in cli("install", "--yes", env=index).stderr


@pytest.mark.parametrize("release", ["debian:12", "fedora:43"])
@pytest.mark.parametrize(
    "point",
    [pytest.param(point, marks=() if point in IN_CI else pytest.mark.all_sets) for point in range(1, POINTS + 1)],
)
def test_X4_killed_at_any_point_the_next_run_ends_alike(
    release: str, point: int, index: dict[str, str], undisturbed: dict[str, tuple[int, tuple[object, ...]]]
) -> None:
    killed_and_repeated(release, point, index, undisturbed)


@pytest.mark.all_sets
@pytest.mark.parametrize("release", ["debian:12"])
def test_X4_what_dpkg_was_killed_in_is_installed_again(release: str, index: dict[str, str]) -> None:
    """Not each kill hits the moment: here dpkg's own note says that it did."""
    with Host.fresh(f"{release}+ready") as host:
        cli = prepared(host, index)
        name = "python3-markupsafe"
        host.run(["sh", "-euc", f"cd /tmp && apt-get -q download {name} && dpkg --unpack {name}_*.deb"])
        status = host.run(["cat", "/var/lib/dpkg/status"]).stdout
        package, found, rest = status.partition(f"Package: {name}\nStatus: install ok unpacked\n")
        assert found
        half = f"Package: {name}\nStatus: install reinstreq half-installed\n"
        host.write("/var/lib/dpkg/status", f"{package}{half}{rest}")
        cli("install", "--yes", env=index)
        assert host.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", name]).stdout == "ii "
        cli("verify")
