"""The main job on stand-ins for Fedora, CentOS Stream and openSUSE: real dnf5, dnf 4 and zypper, signed repositories.

The remainder's wheels come from an index on this machine. What is refused is told with its own message and exit code,
and no OS package is installed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system import rpms
from tests.system.agreement import agrees, contents, imports
from tests.system.command_line import NOTHING_TO_DO, CommandLine, difference, projects, snapshot
from tests.system.conftest import RPM_RELEASES
from tests.system.hosts import Host
from tests.system.rpms import INSTALL, KEY, OWN, STRANGER, TOOLS, Rpm, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.rpms import Builder

ADMINISTRATORS = "nobody ALL=(root) NOPASSWD: ALL\n"

pytestmark = pytest.mark.in_turn

CENTOS = pytest.mark.parametrize("release", ["centos:9"])
SUSE = pytest.mark.parametrize("release", ["opensuse:tumbleweed"])
DNF5_AND_ZYPPER = pytest.mark.parametrize(
    "release", ["fedora:43", pytest.param("centos:9", marks=pytest.mark.all_sets), "opensuse:tumbleweed"]
)
"""For what takes long, and is with dnf 4 as with dnf5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """What is a family's own."""

    release: str
    python: str
    flask: str
    """An exact pin that fits."""
    extra_package: str | None = None

    @property
    def tool(self) -> str:
        return TOOLS[self.release]

    @property
    def own(self) -> str:
        """The id of the one repository."""
        return OWN[self.tool]

    @property
    def install(self) -> tuple[str, ...]:
        """How the host's own tool installs something."""
        return (*INSTALL[self.tool], "install")

    def package(self, project: str) -> str:
        return name_of(self.release, project)


FAMILIES = {
    one.release: one
    for one in (
        Family(release="fedora:43", python="3.14", flask="3.1.2", extra_package="python3-requests+socks"),
        Family(release="centos:9", python="3.11", flask="2.2.5"),
        Family(release="opensuse:tumbleweed", python="3.13", flask="3.1.2"),
    )
}


@pytest.fixture(params=RPM_RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def family(release: str) -> Family:
    return FAMILIES[release]


@pytest.fixture
def cli(host: Host, family: Family) -> CommandLine:
    """Give root's command line, and requirements of which all but one are the distribution's."""
    cli = CommandLine.of(host)
    covered = [
        f"flask=={family.flask}",
        "requests[socks]>=2.20",
        "zope.interface",
        "PyYAML",
        "python-dateutil",
        'six; python_version >= "3"',
        'tomli; python_version < "3"',
    ]
    cli.write("requirements.txt", "\n".join([*covered, "demo==1.0", ""]))
    cli.write("distro.txt", "six\n")
    return cli


@pytest.fixture
def index() -> Iterator[dict[str, str]]:
    """Serve ``demo`` 1.0, and give the environment that makes it the one index."""
    with Loopback() as server:
        url = simple_server.serve(server, {"demo": {"1.0": {}}}, "metadata")
        yield {"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}


def test_X1_planned_installed_imported_verified_and_left_alone(
    cli: CommandLine, family: Family, index: dict[str, str]
) -> None:
    planned = cli.report(env=index)
    served = projects(planned, "distro")
    assert (planned["python"], planned["metadata"]["source"]) == (family.python, "rpm-md")
    assert planned["summary"]["unmet"] == 0
    assert planned["summary"]["inapplicable"] == 1
    assert set(projects(planned, "pypi")) == {"demo"}
    for project in ("flask", "zope-interface", "pyyaml", "python-dateutil", "six", "requests", "pysocks"):
        assert served[project]["os_package"] == family.package(project)
        assert served[project]["evidence"] == "provides"
    assert {"jinja2", "werkzeug", "urllib3"} <= served.keys(), "transitive dependencies too"

    cli("lock", "-o", "plan.toml", env=index)
    lock = tomllib.loads(cli.host.read(f"{cli.folder}/plan.toml"))["tool"]["distrofirst"]
    wanted = {one["name"]: one["version"] for one in lock["os-packages"]}
    assert wanted.keys() - {one["os_package"] for one in served.values()} == (
        {family.extra_package} if family.extra_package else set()
    ), "an extra may be an OS package of its own (rule I5)"

    before = cli.host.rpms()
    cli("install", "--yes", env=index)
    assert cli.report(env=index) == planned, "what is installed changes no decision (rule R7)"
    assert cli.host.rpms() == before | wanted, "nothing but the plan, recommendations least of all"

    seen = imports(cli, planned)
    assert (seen["failed"], seen["absent"], seen["empty"]) == ({}, {}, [])
    assert {"flask", "socks", "demo", "yaml", "dateutil", "six"} <= set(seen["imported"])
    agrees(planned, seen["versions"], before, cli.host)
    assert cli.run("venv/bin/flask", "--version").startswith(f"Python {family.python}")

    assert cli("verify").stdout == ""
    left = snapshot(cli.host)
    again = cli("install", "--yes", env=index)
    assert (again.stdout, again.stderr.splitlines(keepends=True)[-1]) == ("", NOTHING_TO_DO)
    assert difference(left, snapshot(cli.host)) == []


@DNF5_AND_ZYPPER
def test_R2_what_stands_on_a_displaced_project_is_demoted(cli: CommandLine, family: Family) -> None:
    cli.write("requirements.txt", "fastapi\npydantic>=2\n")
    universe: dict[str, Any] = {
        "fastapi": {"0.200": {"requires": ["starlette", "pydantic>=2"]}},
        "pydantic": {"2.99": {"requires": ["typing-extensions"]}},
    }
    with Loopback() as server:
        env = {"PIP_INDEX_URL": simple_server.serve(server, universe, "metadata"), "no_proxy": "127.0.0.1"}
        planned = cli.report(env=env)
        before = cli.host.rpms()
        cli("install", "--yes", env=env)
    found = projects(planned)
    assert found["pydantic"]["reason"] == "version-too-old"
    assert (found["fastapi"]["outcome"], found["fastapi"]["reason"]) == ("pypi", "demoted")
    assert f"{family.package('fastapi')} → {family.package('pydantic')}" in found["fastapi"]["detail"]
    assert found["starlette"]["outcome"] == "distro"
    assert not {family.package("fastapi"), family.package("pydantic")} & cli.host.rpms().keys()
    seen = imports(cli, planned)
    assert seen["failed"] == {}
    agrees(planned, seen["versions"], before, cli.host)


@DNF5_AND_ZYPPER
def test_X3_a_dry_run_changes_nothing_and_its_lines_pasted_do_the_same(
    cli: CommandLine, release: str, index: dict[str, str]
) -> None:
    cli.report(env=index)  # fetches metadata into the tool's own cache
    before = snapshot(cli.host)
    lines = cli("install", "--dry-run", env=index).stdout
    assert difference(before, snapshot(cli.host)) == []
    cli.host.run(["sh", "-eu"], input=lines, cwd=cli.folder, env=index)
    with Host.fresh(f"{release}+ready") as other:
        there = CommandLine.of(other)
        there.write("requirements.txt", cli.host.read(f"{cli.folder}/requirements.txt"))
        there("install", "--yes", env=index)
        assert contents(cli.host) == contents(other)
    assert cli("install", "--yes", env=index).stderr.splitlines(keepends=True)[-1] == NOTHING_TO_DO
    cli("verify")


@pytest.fixture
def nobody(cli: CommandLine) -> CommandLine:
    """Give the command line of somebody without any rights, who wants one OS package and one wheel."""
    # dnf5 makes the folder of its log for everybody, whatever it is asked.
    cli.host.run(["install", "-d", "-o", "nobody", "/home/nobody", "/home/nobody/.local", "/home/nobody/.local/state"])
    nobody = CommandLine.of(cli.host, "nobody", home="/home/nobody")
    nobody.write("requirements.txt", "six\ndemo==1.0\n")
    return nobody


@pytest.mark.all_sets
def test_X3_without_rights_everything_is_planned_and_an_administrator_installs(
    nobody: CommandLine, family: Family, index: dict[str, str]
) -> None:
    host, six = nobody.host, family.package("six")
    before = snapshot(host)
    if family.tool != "zypper":
        # dnf keeps a cache for each user, which is empty so far, and --direct fetches nothing.
        error = nobody("report", "--direct", code=3).stderr
        assert f"the metadata of the repository {family.own} was never fetched" in error
        assert "distrofirst update" in error
    planned = nobody.report(env=index)
    assert projects(planned, "distro")["six"]["os_package"] == six
    assert projects(nobody.report("--direct", network=False), "distro")["six"]["os_package"] == six
    told = nobody("install", "--yes", code=4, env=index).stderr
    assert "OS packages, and sudo is not installed" in told
    refused = nobody("install", "--user-only", "--yes", code=1, env=index)
    assert f"not at the planned versions: {six}\n" in refused.stderr
    assert difference(before, snapshot(host)) == []
    command = told.split("let an administrator run: ")[1].splitlines()[0]
    assert refused.stdout == f"{command}\n"
    host.run(["sh", "-euc", refused.stdout])
    assert six in host.rpms()
    nobody("install", "--user-only", "--yes", env=index)
    nobody("verify")


@pytest.mark.all_sets
def test_X3_with_sudo_only_what_needs_root_is_privileged(
    nobody: CommandLine, family: Family, index: dict[str, str]
) -> None:
    host = nobody.host
    host.run([*family.install, "sudo"])
    before = host.rpms()
    assert "sudo refuses" in nobody("install", "--yes", code=4, env=index).stderr
    assert host.rpms() == before
    # A sudo that keeps a list of what it was asked for.
    host.write("/usr/local/src/sudo", '#!/bin/sh\necho "$*" >> /srv/asked\nexec /opt/debian/usr/bin/sudo "$@"\n')
    host.run(["install", "-m", "755", "/usr/local/src/sudo", "/usr/bin/sudo.tests"])
    host.run(["sh", "-c", "mv /usr/bin/sudo.tests /usr/bin/sudo; install -m 666 /dev/null /srv/asked"])
    host.write("/etc/sudoers.d/test", ADMINISTRATORS)
    shown = nobody("install", "--yes", env=index).stderr
    (line,) = (line for line in shown.splitlines() if line.startswith("distrofirst: sudo "))
    assert family.package("six") in line
    asked = host.read("/srv/asked").splitlines()
    # zypper solves for root alone (README, Root).
    assert all("--dry-run" in one for one in asked[:-1])
    assert "--dry-run" not in asked[-1]
    assert (len(asked) == 1) is (family.tool != "zypper")
    assert all(family.package("six") in one for one in asked)
    assert host.rpms().keys() - before.keys() == {family.package("six")}
    assert host.run(["find", nobody.folder, "!", "-user", "nobody"]).stdout == ""
    nobody("verify")


@CENTOS
def test_I4_the_main_python_gives_way_to_the_stack_that_has_packages_and_that_is_said(cli: CommandLine) -> None:
    for _ in ("at first", "from what is remembered"):
        told = cli("report", "--direct", "distro.txt")
        assert "Python 3.11" in told.stdout
        assert "the main Python of centos:9 is 3.9" in told.stderr
    chosen = cli("report", "--direct", "distro.txt", "--python", "3.11")
    assert (chosen.stdout, chosen.stderr) == (told.stdout, "")
    refused = cli("report", "--direct", "distro.txt", "--python", "3.9", code=2).stderr
    assert "no packages for Python 3.9" in refused
    assert "it has: 3.11" in refused
    cli("lock", "distro.txt", "--python", "3.11", "-o", "stack.toml")
    done = cli("install", "--yes", "--lock", "stack.toml")
    assert "distrofirst: /usr/bin/python3.11 -I -m venv " in done.stderr
    assert "warning" not in done.stderr, "the lock says which Python, and nothing had to be chosen"
    assert cli.run("venv/bin/python", "--version").startswith("Python 3.11")
    assert cli.run("realpath", "venv/bin/python") == "/usr/bin/python3.11\n"


@SUSE
def test_I4_a_flavour_is_never_taken_for_another(cli: CommandLine) -> None:
    cli.write("distro.txt", "six\nrequests\nflask\n")
    default = projects(cli.report("--direct", "distro.txt"))
    assert [default[name]["os_package"] for name in ("six", "requests")] == ["python313-six", "python313-requests"]
    other = projects(cli.report("--direct", "distro.txt", "--python", "3.11"))
    assert [other[name]["os_package"] for name in ("six", "requests")] == ["python311-six", "python311-requests"]
    assert (other["flask"]["outcome"], other["flask"]["reason"]) == ("unresolved", "other-python")
    cli("lock", "--only-distro", "--python", "3.11", "-o", "flavour.toml", "-", input="requests\n")
    lines = cli("install", "--dry-run", "--lock", "flavour.toml").stdout.splitlines()
    assert "python311-requests.noarch=" in lines[0]
    assert "python313-" not in lines[0]
    assert lines[1].startswith("/usr/bin/python3.11 -I -m venv ")


@CENTOS
def test_X1_the_transaction_goes_into_an_installroot(cli: CommandLine) -> None:
    """What dnf 4 is told fills a root of its own; the host stays as it is."""
    (line, *_) = cli("install", "--dry-run", "distro.txt").stdout.splitlines()
    before = cli.host.rpms()
    root = "--installroot=/srv/root --releasever=9"
    cli.host.run(["sh", "-euc", line.replace("dnf install", f"dnf {root} install", 1)])
    there = cli.host.run(["rpm", "--root", "/srv/root", "-qa"]).stdout
    assert "python3.11-six-" in there
    assert cli.host.rpms() == before


# --- refusals ---


def refused(cli: CommandLine, *arguments: str, code: int, network: bool = True) -> str:
    """Run what must be refused without an OS package changing; give the error as one text."""
    before = cli.host.rpms()
    done = cli(*arguments, code=code, network=network)
    assert cli.host.rpms() == before
    assert "distrofirst: error: " in done.stderr
    return done.stderr


def newer_six(family: Family, *, version: str = "99", release: str = "1", **fields: Any) -> Rpm:  # noqa: ANN401 - an Rpm's
    """Give a package that stands where the repository's six stands, and provides it."""
    site = f"/usr/lib/python{family.python}/site-packages"
    return Rpm(
        name=family.package("six"),
        version=version,
        release=release,
        provides=(f"python{family.python}dist(six) = {version}",),
        files={
            f"{site}/six.py": "",
            f"{site}/six-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: six\nVersion: {version}\n",
        },
        **fields,
    )


@pytest.mark.parametrize("key", [None, STRANGER])
def test_T1_a_package_that_nobody_or_a_stranger_signed(
    cli: CommandLine, family: Family, builder: Builder, key: str | None
) -> None:
    builder.build(newer_six(family), key=key, folder="/srv/extra")
    builder.publish(cli.host, folder="/srv/extra", key=KEY)
    rpms.configure(cli.host, "extra", folder="/srv/extra", pkg_gpgcheck="1")
    rpms.refresh(cli.host)
    assert projects(cli.report("distro.txt"))["six"]["version"] == "99"
    error = refused(cli, "install", "--yes", "distro.txt", code=5)
    assert "sign" in error


def test_T1_a_repository_without_signature_checks_does_not_count(
    cli: CommandLine, family: Family, builder: Builder
) -> None:
    provided = f"python{family.python}dist(zz-alpha) = 1"
    unsigned = Rpm(name=family.package("zz-alpha"), version="1", provides=(provided,))
    builder.build(unsigned, key=None, folder="/srv/extra")
    builder.publish(cli.host, folder="/srv/extra", key=None)
    rpms.configure(cli.host, "extra", folder="/srv/extra", gpgcheck="0", repo_gpgcheck="0", pkg_gpgcheck="0")
    rpms.refresh(cli.host)
    cli.write("distro.txt", "zz-alpha\n")
    found = projects(cli.report("distro.txt", "--only-distro", code=1))["zz-alpha"]
    assert (found["outcome"], found["reason"]) == ("unmet", "untrusted-repository")
    refused(cli, "install", "--yes", "--only-distro", "distro.txt", code=5)


def test_T1_a_lock_does_not_make_the_only_repository_trusted(cli: CommandLine, family: Family) -> None:
    cli("lock", "distro.txt", "-o", "before.toml")
    rpms.configure(cli.host, family.own, folder="/srv/repo", gpgcheck="0", repo_gpgcheck="0", pkg_gpgcheck="0")
    rpms.refresh(cli.host)
    found = projects(cli.report("--direct", "distro.txt"))["six"]
    assert (found["outcome"], found["reason"]) == ("unresolved", "untrusted-repository")
    error = refused(cli, "install", "--yes", "--lock", "before.toml", code=5)
    assert f"{family.package('six')} would come from {family.own}" in error


def test_T1_metadata_that_is_not_what_was_signed(cli: CommandLine, release: str) -> None:
    """Tampered with on the mirror; or, for zypper, which is not asked to fetch, in what it has fetched."""
    folder = "/var/cache/zypp/raw/repo-oss" if "opensuse" in release else "/srv/repo"
    cli.host.run(["rm", "-rf", "/var/cache/libdnf5", "/var/cache/dnf"])
    cli.host.run(["sh", "-euc", f"for file in {folder}/repodata/*primary*; do echo >> $file; done"])
    error = refused(cli, "install", "--yes", "distro.txt", code=5)
    assert "primary" in error or "checksum" in error


def test_T1_a_cache_that_was_tampered_with_is_no_metadata(cli: CommandLine, family: Family) -> None:
    """The dnfs notice, and fetch anew where they may; zypper does not."""
    cli.report("--only-distro", "distro.txt")
    cli.host.run(["rm", "-rf", f"{cli.home}/.cache/distrofirst"])
    tamper = "find /var/cache -path '*/repodata/*primary*' -type f | while read -r file; do echo >> $file; done"
    cli.host.run(["sh", "-c", tamper])
    is_zypper = family.tool == "zypper"
    told = refused(cli, "report", "--direct", "distro.txt", code=5 if is_zypper else 3)
    assert ("primary" if is_zypper else "was never fetched") in told
    if not is_zypper:
        assert projects(cli.report("--only-distro", "distro.txt"), "distro")["six"]


def test_T1_a_repomd_that_the_key_does_not_vouch_for(cli: CommandLine) -> None:
    cli.host.run(["sh", "-c", "sed -i 's/<revision>/<revision>9/' /srv/repo/repodata/repomd.xml"])
    error = refused(cli, "update", code=5)
    assert "sign" in error.lower()


def test_I6_one_unreachable_repository_of_two(cli: CommandLine, release: str) -> None:
    # The discard port: nobody listens there.
    rpms.configure(cli.host, "lost", folder="/srv/none", baseurl="http://127.0.0.1:9/", skip_if_unavailable="0")
    error = refused(cli, "install", "--yes", "distro.txt", code=3)
    assert "lost" in error or "127.0.0.1:9" in error
    # One that may be skipped leaves what it has unknown all the same.
    if "opensuse" not in release:
        rpms.configure(cli.host, "lost", folder="/srv/none", baseurl="http://127.0.0.1:9/", skip_if_unavailable="1")
        assert "lost" in refused(cli, "install", "--yes", "distro.txt", code=3)


def test_I6_without_a_network_there_is_no_metadata(cli: CommandLine, family: Family) -> None:
    rpms.configure(cli.host, family.own, folder="/srv/repo", baseurl="http://mirror.example/")
    cli.host.run(
        ["sh", "-c", "rm -rf /var/cache/libdnf5/* /var/cache/dnf/* /var/cache/zypp/raw/* /var/cache/zypp/solv/*"]
    )
    error = refused(cli, "report", "--direct", "distro.txt", code=3)
    assert family.own in error or "mirror.example" in error
    refused(cli, "install", "--yes", "distro.txt", code=3, network=False)


def test_X1_a_lock_of_another_kind_of_host(cli: CommandLine, family: Family, release: str) -> None:
    cli("lock", "distro.txt", "-o", "right.toml")
    right = cli.host.read(f"{cli.folder}/right.toml")
    for ours, theirs, told in (
        (f'release = "{release}"', 'release = "fedora:41"', "fedora:41"),
        ('architecture = "x86_64"', 'architecture = "aarch64"', "aarch64"),
        (f'\npython = "{family.python}"', '\npython = "3.12"', f"for Python 3.12, and this host has {family.python}"),
    ):
        assert ours in right
        cli.write("wrong.toml", right.replace(ours, theirs))
        assert told in refused(cli, "install", "--yes", "--lock", "wrong.toml", code=2)
    cli("lock", "distro.txt", "--target", "debian:12", "-o", "debian.toml")
    error = refused(cli, "install", "--yes", "--lock", "debian.toml", code=2)
    assert "debian.toml: the lock is for release debian:12 and " in error
    assert f", and this host has {release} and " in error
    assert f"distrofirst lock --target {release} --arch x86_64" in error


def test_V3_priorities_come_before_versions(cli: CommandLine, family: Family, builder: Builder) -> None:
    builder.build(newer_six(family), folder="/srv/extra")
    builder.publish(cli.host, folder="/srv/extra")
    six = family.package("six")
    for priority, is_newest in (("120", False), ("99", True), ("10", True)):
        rpms.configure(cli.host, "extra", folder="/srv/extra", priority=priority)
        rpms.refresh(cli.host)
        found = projects(cli.report("--direct", "distro.txt"))["six"]
        assert (found["version"] == "99") is is_newest, priority
        if priority != "10":
            cli.host.run([*family.install, six])
            assert cli.host.rpms()[six] == found["os_version"], "the tool itself takes what is planned"
    cli("install", "--yes", "distro.txt")
    cli("verify")


def test_what_the_host_excludes_is_not_offered(cli: CommandLine, family: Family) -> None:
    package = family.package("itsdangerous")
    if family.tool == "zypper":
        cli.host.run(["zypper", "--non-interactive", "addlock", package])
    else:
        rpms.configure(cli.host, family.own, folder="/srv/repo", excludepkgs=package)
    cli.write("distro.txt", "itsdangerous\n")
    found = projects(cli.report("--direct", "distro.txt"))["itsdangerous"]
    assert (found["outcome"], found["reason"]) == ("unresolved", "not-packaged")
    refused(cli, "install", "--yes", "--only-distro", "distro.txt", code=1)


def test_what_another_package_obsoletes_is_not_offered(cli: CommandLine, family: Family, builder: Builder) -> None:
    builder.build(Rpm(name="next", version="1", obsoletes=(f"{family.package('itsdangerous')} < 50",)))
    builder.publish(cli.host)
    rpms.refresh(cli.host)
    cli.write("distro.txt", "itsdangerous\n")
    found = projects(cli.report("--direct", "distro.txt"))["itsdangerous"]
    assert (found["outcome"], found["reason"]) == ("unresolved", "not-packaged")
    refused(cli, "install", "--yes", "--only-distro", "distro.txt", code=1)
