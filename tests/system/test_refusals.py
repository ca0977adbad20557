"""What cannot be done is refused: each cause with its own message and exit code, and nothing half-done.

Each test leaves the host's files as they were, but for what it says; the index of these tests is one of our own.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system.command_line import CommandLine, difference, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.hosts import Host

ON_12 = pytest.mark.parametrize("release", ["debian:12"])
ON_13 = pytest.mark.parametrize("release", ["debian:13"])
"""One of them, where nothing is the release's own: what apt prints is told apart in the unit tests."""

pytestmark = pytest.mark.in_turn

HOLD_THE_LOCK = """
import fcntl, select, sys
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("locked", flush=True)
select.select([sys.stdin], [], [], float(sys.argv[1]))
"""

ADMINISTRATORS = "nobody ALL=(root) NOPASSWD: ALL\n"


@pytest.fixture
def cli(host: Host) -> CommandLine:
    """Give root's command line, one OS package and one wheel in ``requirements.txt``."""
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "itsdangerous\ndemo==1.0\n")
    cli.write("distro.txt", "itsdangerous\n")
    return cli


@pytest.fixture
def index() -> Iterator[dict[str, str]]:
    """Serve ``demo`` 1.0, and give the environment that makes it the one index."""
    with Loopback() as server:
        url = simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata")
        yield {"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}


def refused(
    cli: CommandLine, *arguments: str, code: int, env: dict[str, str] | None = None, network: bool = True
) -> str:
    """Run what must be refused without a change to any file of the host; give the error as one text."""
    before = snapshot(cli.host)
    done = cli(*arguments, code=code, env=env, network=network)
    assert difference(before, snapshot(cli.host)) == []
    lines = done.stderr.splitlines()
    assert any(line.startswith("distrofirst: error: ") for line in lines), done.stderr
    return done.stderr


def test_I6_without_package_lists_nothing_is_known(cli: CommandLine) -> None:
    cli.host.run(["sh", "-c", "rm -rf /var/lib/apt/lists/*"])
    for command in (("report",), ("report", "--direct"), ("lock",), ("install", "--yes")):
        error = refused(cli, *command, "distro.txt", code=3)
        assert "apt has no package lists" in error
        assert "apt-get update" in error


@ON_12
def test_an_index_that_cannot_be_reached(cli: CommandLine) -> None:
    error = refused(cli, "install", "--yes", code=3, network=False)
    assert "demo" in error
    assert "cover" not in error, "unknown is not absent (rule I6)"


@pytest.mark.all_sets
@ON_13
def test_an_archive_that_cannot_be_reached(cli: CommandLine) -> None:
    error = refused(cli, "install", "--yes", "distro.txt", code=3, network=False)
    assert "cannot download" in error
    assert "check the network" in error


@ON_12
def test_another_package_manager_at_work_is_waited_for(cli: CommandLine) -> None:
    with lock_held(cli.host, 6):
        cli("install", "--yes", "distro.txt")
    assert "python3-itsdangerous" in cli.host.packages()


@ON_13
@pytest.mark.all_sets
def test_another_package_manager_that_does_not_finish(cli: CommandLine) -> None:
    """The minute that apt is told to wait passes."""
    with lock_held(cli.host, 600):
        error = refused(cli, "install", "--yes", "distro.txt", code=4)
    assert "another package manager is at work" in error
    assert "/var/lib/dpkg/lock-frontend" in error


@contextlib.contextmanager
def lock_held(host: Host, seconds: float) -> Iterator[None]:
    """Hold dpkg's lock as another package manager does: to the end of the block, or for some seconds."""
    command = host.command(["/usr/bin/python3", "-c", HOLD_THE_LOCK, str(seconds)])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate()


@ON_12
def test_a_full_disk_where_apt_downloads_to(cli: CommandLine) -> None:
    cli.host.disk("/var/cache/apt/archives", size="4k")
    cli.host.run(["mkdir", "/var/cache/apt/archives/partial"])
    error = refused(cli, "install", "--yes", "distro.txt", code=4)
    assert "are free for /var/cache/apt/archives" in error
    assert "free some space" in error


@pytest.mark.all_sets
@ON_13
def test_a_full_disk_where_the_environment_goes(cli: CommandLine, index: dict[str, str]) -> None:
    """The OS package is there by then, and stays: it is whole. Of the environment nothing is left."""
    cli.host.disk("/srv/small", size="32k")
    done = cli("install", "--yes", "--venv", "/srv/small/venv", code=4, env=index)
    assert "the disk is full" in done.stderr
    assert cli.host.run(["find", "/srv/small", "-name", "venv*"]).stdout.split() in (
        [],
        ["/srv/small/venv.distrofirst-journal"],
    )
    cli.host.disk("/srv/small", size="100m", again=True)
    cli("install", "--yes", "--venv", "/srv/small/venv", env=index)
    cli("verify", "--venv", "/srv/small/venv")
    assert cli.host.run(["find", "/srv/small", "-maxdepth", "1", "-name", "venv*"]).stdout == "/srv/small/venv\n"


@ON_12
def test_a_full_disk_where_the_cache_is(cli: CommandLine) -> None:
    """Nothing depends on the cache: it is done without, which takes longer each time, and said."""
    cli.host.disk("/root/.cache", size="16k")
    told = cli("install", "--yes", "distro.txt").stderr
    assert "distrofirst: warning: going on without a cache: /root/.cache/distrofirst" in told
    assert "No space left on device" in told
    cli("verify")


@pytest.mark.all_sets
@ON_13
def test_X3_without_sudo_an_administrator_gets_the_command(cli: CommandLine, index: dict[str, str]) -> None:
    nobody = CommandLine.of(cli.host, "nobody", home="/home/nobody")
    nobody.write("requirements.txt", "itsdangerous\ndemo==1.0\n")
    error = refused(nobody, "install", "--yes", code=4, env=index)
    assert "root is needed to install OS packages, and sudo is not installed" in error
    before = snapshot(cli.host)
    left = nobody("install", "--user-only", "--yes", code=1, env=index)
    assert "planned versions: python3-itsdangerous\n" in left.stderr
    assert difference(before, snapshot(cli.host)) == []
    command = error.split("let an administrator run: ")[1].splitlines()[0]
    assert left.stdout == f"{command}\n"
    cli.host.run(["sh", "-euc", left.stdout])
    nobody("install", "--user-only", "--yes", env=index)
    nobody("verify")
    assert cli.host.run(["find", nobody.folder, "!", "-user", "nobody"]).stdout == ""


@pytest.mark.all_sets
@ON_12
def test_X3_with_sudo_only_the_transaction_is_privileged_and_its_command_shown(
    cli: CommandLine, index: dict[str, str]
) -> None:
    cli.host.run(["apt-get", "install", "-y", "--no-install-recommends", "sudo"])
    nobody = CommandLine.of(cli.host, "nobody", home="/home/nobody")
    nobody.write("requirements.txt", "itsdangerous\ndemo==1.0\n")
    assert "sudo refuses" in refused(nobody, "install", "--yes", code=4, env=index)
    cli.host.write("/etc/sudoers.d/test", ADMINISTRATORS)
    shown = nobody("install", "--yes", env=index).stderr
    (line,) = (line for line in shown.splitlines() if line.startswith("distrofirst: sudo "))
    assert "apt-get install" in line
    assert "python3-itsdangerous=" in line
    assert cli.host.run(["find", nobody.folder, "!", "-user", "nobody"]).stdout == ""
    nobody("verify")


@ON_12
def test_a_held_package_stays_at_its_version(cli: CommandLine) -> None:
    cli.host.run(["apt-get", "install", "-y", "--no-install-recommends", "python3-itsdangerous"])
    # dpkg's memory is its status file: an older version is installed for all that apt knows.
    older = "/^Package: python3-itsdangerous$/,/^$/s/^Version: .*/Version: 0.1-1/"
    cli.host.run(["sed", "-i", older, "/var/lib/dpkg/status"])
    cli.host.run(["apt-mark", "hold", "python3-itsdangerous"])
    error = refused(cli, "install", "--yes", "distro.txt", code=4)
    assert "held at another version" in error
    assert "apt-mark unhold" in error


@ON_12
def test_a_system_with_broken_dependencies(cli: CommandLine) -> None:
    control = "Package: broken\nVersion: 1\nArchitecture: all\nMaintainer: T <t@tests.example>\nDescription: t\n"
    cli.host.write("/srv/broken/DEBIAN/control", control + "Depends: no-such-package\n")
    cli.host.run(["dpkg-deb", "--build", "/srv/broken", "/srv/broken.deb"])
    cli.host.run(["dpkg", "--force-depends", "-i", "/srv/broken.deb"])
    error = refused(cli, "install", "--yes", "distro.txt", code=4)
    assert "do not fit what is installed" in error
    assert "apt-get --fix-broken install" in error


@ON_13
def test_an_interrupted_dpkg(cli: CommandLine) -> None:
    cli.host.write("/var/lib/dpkg/updates/0001", "")
    error = refused(cli, "install", "--yes", "distro.txt", code=4)
    assert "an earlier installation of OS packages was interrupted" in error
    assert "dpkg --configure -a" in error


def test_X1_a_lock_of_another_release(cli: CommandLine, release: str) -> None:
    other = "debian:12" if release == "debian:13" else "debian:13"
    cli("lock", "distro.txt", "--target", other, "-o", "other.toml")
    error = refused(cli, "install", "--yes", "--lock", "other.toml", code=2)
    assert f"other.toml: the lock is for release {other} and Python " in error
    assert f", and this host has {release} and " in error
    assert f"distrofirst lock --target {release} --python " in error


@ON_12
def test_X1_a_wheel_that_is_not_the_locked_one(cli: CommandLine, index: dict[str, str]) -> None:
    cli("lock", "-o", "right.toml", env=index)
    right = cli.host.read(f"{cli.folder}/right.toml")
    digest = right.partition('sha256 = "')[2].partition('"')[0]
    assert len(digest) == 64
    cli.write("wrong.toml", right.replace(digest, "0" * 64))
    cli("install", "--yes", "distro.txt", "--venv", "/srv/other")
    before = snapshot(cli.host)
    done = cli("install", "--yes", "--lock", "wrong.toml", code=5, env=index)
    assert "demo-1.0-py3-none-any.whl: the file's sha256 is" in done.stderr
    assert difference(before, snapshot(cli.host)) == []


@ON_12
def test_T1_a_rogue_archive_that_calls_itself_debian(cli: CommandLine) -> None:
    """It is newer, says that it is Debian's, and its source says that no signature is needed: apt would take it."""
    cli("lock", "distro.txt", "-o", "before.toml")
    put_up_a_rogue_archive(cli.host, "python3-itsdangerous")
    plain = cli.run("apt-get", "--simulate", "install", "python3-itsdangerous")
    assert "Inst python3-itsdangerous (99-1 Debian:stable" in plain
    error = refused(cli, "install", "--yes", "--lock", "before.toml", code=5)
    assert (
        "python3-itsdangerous would come from local files bookworm/, whose signature the system does not verify"
        in error
    )
    error = refused(cli, "install", "--yes", "--only-distro", "distro.txt", code=5)
    assert "untrusted-repository: python3-itsdangerous 99-1 is offered only by local files bookworm/" in error


def put_up_a_rogue_archive(host: Host, package: str) -> None:
    """Offer the newest of all versions of an OS package, and let apt's sources name the archive."""
    control = f"Package: {package}\nVersion: 99-1\nArchitecture: all\nMaintainer: Debian <t@tests.example>\n"
    host.write("/srv/rogue/deb/DEBIAN/control", f"{control}Description: t\n")
    host.run(["dpkg-deb", "--build", "/srv/rogue/deb", "/srv/rogue/evil.deb"])
    size = host.run(["stat", "-c", "%s", "/srv/rogue/evil.deb"]).stdout.strip()
    digest = host.run(["sha256sum", "/srv/rogue/evil.deb"]).stdout.split()[0]
    packages = f"{control}Description: t\nFilename: ./evil.deb\nSize: {size}\nSHA256: {digest}\n"
    listed = f"{hashlib.sha256(packages.encode()).hexdigest()} {len(packages)} Packages"
    host.write("/srv/rogue/Packages", packages)
    host.write(
        "/srv/rogue/Release",
        "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: bookworm\n"
        f"Date: Tue, 24 Nov 2026 00:00:00 UTC\nSHA256:\n {listed}\n",
    )
    host.write("/etc/apt/sources.list.d/rogue.list", "deb [trusted=yes] file:/srv/rogue ./\n")
    host.run(["apt-get", "update"])


@ON_12
def test_a_folder_that_is_somebody_elses(cli: CommandLine) -> None:
    cli.host.run(["/usr/bin/python3", "-m", "venv", "--without-pip", "/srv/theirs"])
    for folder in ("/srv/theirs", "/etc", "/srv/work/requirements.txt", "/"):
        error = refused(cli, "install", "--yes", "distro.txt", "--venv", folder, code=2)
        assert folder in error
        assert "--venv" in error or "name a folder below it" in error


@ON_12
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("flask\nrequests>>2\n", "bad.txt:2"),
        *(
            pytest.param(text, told, marks=pytest.mark.all_sets)
            for text, told in (
                ("flask\n\n-r missing.txt\n", "bad.txt:3"),
                ("flask ; python_version is '3'\n", "bad.txt:1"),
                ("flask\n--no-such-option\n", "bad.txt:2"),
                ("-r bad.txt\n", "bad.txt:1"),
            )
        ),
    ],
)
def test_requirements_that_cannot_be_read(cli: CommandLine, text: str, told: str) -> None:
    cli.write("bad.txt", text)
    assert told in refused(cli, "install", "--yes", "bad.txt", code=2)


@ON_12
def test_a_project_that_nobody_has(cli: CommandLine, index: dict[str, str]) -> None:
    cli.write("unknown.txt", "itsdangerous\nno-such-project==1\n")
    error = refused(cli, "install", "--yes", "unknown.txt", code=1, env=index)
    assert "no-such-project" in error
    (project,) = (one for one in cli.report("unknown.txt", code=1, env=index)["projects"] if one["outcome"] == "unmet")
    assert (project["name"], project["reason"]) == ("no-such-project", "not-on-index")
