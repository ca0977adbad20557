"""Rule X4 with real package managers: two runs at once, while a third party holds the lock, wait and end well."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.command_line import PROVISION, CommandLine
from tests.system.conftest import RELEASES, RPM_RELEASES
from tests.system.rpms import TOOLS

if TYPE_CHECKING:
    from tests.system.hosts import Host

pytestmark = pytest.mark.in_turn

_LOCK = """
import fcntl, os, sys
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print(os.getpid(), flush=True)
sys.stdin.read()
"""
_DNF4 = """
import dnf.lock, os, sys
with dnf.lock.build_metadata_lock("/var/cache/dnf", True), dnf.lock.build_rpmdb_lock("/var/lib/dnf", True):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
_ZYPPER = """
exec 3<&0
zypper shell <&3 > /dev/null 2>&1 &
until grep . /run/zypp.pid 2> /dev/null; do :; done
wait
"""
HOLDERS = {
    "apt": ["/usr/bin/python3", "-c", _LOCK, "/var/lib/dpkg/lock-frontend"],
    "dnf5": ["/usr/bin/python3", "-c", _LOCK, "/var/lib/dnf/system-repo.lock"],
    "dnf": ["/usr/bin/python3", "-c", _DNF4],
    "zypper": ["sh", "-c", _ZYPPER],
}
"""What holds a package manager's lock until its input ends, and first prints the process that does."""


def started(cli: CommandLine, *arguments: str) -> subprocess.Popen[str]:
    command = cli.host.command(["sh", PROVISION, *arguments], env={"HOME": cli.home}, cwd=cli.folder)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    "release", [*(pytest.param(one, marks=pytest.mark.all_sets) for one in RELEASES), *RPM_RELEASES]
)
def test_X4_two_at_once_wait_for_who_holds_the_lock_and_both_end_well(host: Host, release: str) -> None:
    cli = CommandLine.of(host)
    cli.write("one.txt", "itsdangerous\nsix\n")
    cli.write("two.txt", "jinja2\nsix\n")
    cli("report", "--direct", "one.txt")  # fetches metadata into the tool's own cache
    command = host.command(HOLDERS[TOOLS.get(release, "apt")])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        process = holder.stdout.readline().strip()
        assert process.isdigit()
        runs = [started(cli, "install", f"{name}.txt", "--venv", name, "--yes") for name in ("one", "two")]
        for run in runs:
            assert run.stderr is not None
            # Ends without it where the run does, which does not wait for ever.
            assert any(f"process {process} (" in line for line in run.stderr)
        holder.stdin.close()
        logs = [run.communicate()[1] for run in runs]
    for name, run, log in zip(("one", "two"), runs, logs, strict=True):
        if run.returncode and release == "centos:9":
            # dnf 4 solves before it waits.
            assert "another package manager was faster, and has installed python3.11-six" in log
            cli("install", f"{name}.txt", "--venv", name, "--yes")
        else:
            assert run.returncode == 0, log
        cli("verify", "--venv", name)
