"""The main job on stand-ins for Fedora, CentOS Stream and openSUSE: real dnf5, dnf 4 and zypper, signed repositories.

The remainder's wheels come from an index on this machine. What is refused is told with its own message and exit code,
and no OS package is installed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from tests import simple_server
from tests.loopback import Loopback
from tests.system import rpms
from tests.system.command_line import NOTHING_TO_DO, CommandLine, difference, projects, snapshot
from tests.system.conftest import RPM_RELEASES
from tests.system.hosts import IN_HOST, Host
from tests.system.rpms import KEY, STRANGER, Builder, Rpm

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORT_EVERYTHING = f"{IN_HOST}/tests/system/import_everything.py"
ADMINISTRATORS = "nobody ALL=(root) NOPASSWD: ALL\n"

FEDORA = pytest.mark.parametrize("release", ["fedora:43"])
CENTOS = pytest.mark.parametrize("release", ["centos:9"])
SUSE = pytest.mark.parametrize("release", ["opensuse:tumbleweed"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """What is a family's own."""

    python: str
    prefix: str
    flask: str
    """An exact pin that fits."""
    spelled: dict[str, str]
    """How its packages spell projects."""
    extra_package: str | None

    def package(self, project: str) -> str:
        return self.prefix + self.spelled.get(project, project)


DASHED = {"python-dateutil": "dateutil"}
SUSE_SPELLS = {"flask": "Flask", "pyyaml": "PyYAML", "zope-interface": "zope.interface", "pysocks": "PySocks"}
FAMILIES = {
    "fedora:43": Family(
        python="3.14", prefix="python3-", flask="3.1.2", spelled=DASHED, extra_package="python3-requests+socks"
    ),
    "centos:9": Family(python="3.11", prefix="python3.11-", flask="2.2.5", spelled=DASHED, extra_package=None),
    "opensuse:tumbleweed": Family(
        python="3.13", prefix="python313-", flask="3.1.2", spelled=SUSE_SPELLS, extra_package=None
    ),
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

    before = cli.host.rpms()
    cli("install", "--yes", env=index)
    after = cli.host.rpms()
    assert cli.report(env=index) == planned, "what is installed changes no decision (rule R7)"
    wanted = {one["os_package"]: one["os_version"] for one in served.values()}
    wanted |= {family.extra_package: after[family.extra_package]} if family.extra_package else {}
    assert {name: after.get(name) for name in wanted} == wanted
    assert after.keys() - before.keys() <= wanted.keys(), "nothing but the plan, recommendations least of all"
    assert {name: after[name] for name in before} == before

    seen = imports(cli, planned)
    assert (seen["failed"], seen["absent"], seen["empty"]) == ({}, {}, [])
    assert {"flask", "socks", "demo", "yaml", "dateutil", "six"} <= set(seen["imported"])
    for name, one in projects(planned, "distro", "pypi").items():
        version, folder = seen["versions"][name]
        assert Version(version) == Version(one["version"]), name
        assert ("/venv/lib" in folder) is (one["outcome"] == "pypi"), f"{name} is in {folder}"
    assert cli.run("venv/bin/flask", "--version").startswith(f"Python {family.python}")

    assert cli("verify").stdout == ""
    left = snapshot(cli.host)
    again = cli("install", "--yes", env=index)
    assert (again.stdout, again.stderr.splitlines(keepends=True)[-1]) == ("", NOTHING_TO_DO)
    assert difference(left, snapshot(cli.host)) == []


def imports(cli: CommandLine, target: dict[str, Any]) -> dict[str, Any]:
    """Import every top-level module of every project in the environment."""
    cli.write("report.json", json.dumps({"targets": [target]}))
    return dict(json.loads(cli.run("venv/bin/python", "-I", IMPORT_EVERYTHING, "report.json")))


def test_R2_what_stands_on_a_displaced_project_is_demoted(cli: CommandLine, family: Family) -> None:
    cli.write("requirements.txt", "fastapi\npydantic>=2\n")
    universe: dict[str, Any] = {
        "fastapi": {"0.200": {"requires": ["starlette", "pydantic>=2"]}},
        "pydantic": {"2.99": {"requires": ["typing-extensions"]}},
    }
    with Loopback() as server:
        url = simple_server.serve(server, universe, "metadata")
        planned = cli.report(env={"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"})
    found = projects(planned)
    assert found["pydantic"]["reason"] == "version-too-old"
    assert (found["fastapi"]["outcome"], found["fastapi"]["reason"]) == ("pypi", "demoted")
    assert f"{family.package('fastapi')} → {family.package('pydantic')}" in found["fastapi"]["detail"]
    assert found["starlette"]["outcome"] == "distro"


def test_X3_a_dry_run_changes_nothing_and_its_lines_pasted_do_the_same(cli: CommandLine, index: dict[str, str]) -> None:
    cli.report(env=index)  # fetches metadata into the tool's own cache
    before = snapshot(cli.host)
    lines = cli("install", "--dry-run", env=index).stdout
    assert difference(before, snapshot(cli.host)) == []
    cli.host.run(["sh", "-eu"], input=lines, cwd=cli.folder, env=index)
    assert cli("install", "--yes", env=index).stderr.splitlines(keepends=True)[-1] == NOTHING_TO_DO
    cli("verify")


def test_X3_without_rights_everything_is_planned_and_nothing_installed(
    cli: CommandLine, family: Family, index: dict[str, str]
) -> None:
    nobody = CommandLine.of(cli.host, "nobody", home="/home/nobody")
    nobody.write("requirements.txt", "six\ndemo==1.0\n")
    installed = cli.host.rpms()
    planned = nobody.report(env=index)
    assert projects(planned, "distro")["six"]["os_package"] == family.package("six")
    refused = nobody("install", "--yes", code=4, env=index).stderr
    assert "sudo is not installed" in refused
    assert cli.host.rpms() == installed
    cli.host.run([*install_command(cli.host), "sudo"])
    cli.host.write("/etc/sudoers.d/test", ADMINISTRATORS)
    shown = nobody("install", "--yes", env=index).stderr
    assert any(line.startswith("distrofirst: sudo ") and "six" in line for line in shown.splitlines())
    assert cli.host.run(["find", nobody.folder, "!", "-user", "nobody"]).stdout == ""
    nobody("verify")


def install_command(host: Host) -> list[str]:
    """Give how the host's own tool installs something."""
    if host.run(["sh", "-c", "command -v zypper"], check=False).returncode == 0:
        return ["zypper", "--non-interactive", "install"]
    return ["dnf", "-y", "install"]


@CENTOS
def test_I4_the_main_python_gives_way_to_the_stack_that_has_packages_and_that_is_said(cli: CommandLine) -> None:
    told = cli("report", "--direct", "distro.txt")
    assert "Python 3.11" in told.stdout
    assert "the main Python of centos:9 is 3.9" in told.stderr
    refused = cli("report", "--direct", "distro.txt", "--python", "3.9", code=2).stderr
    assert "no packages for Python 3.9" in refused
    assert "it has: 3.11" in refused
    cli("lock", "distro.txt", "--python", "3.11", "-o", "stack.toml")
    cli("install", "--yes", "--lock", "stack.toml")
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


@pytest.fixture
def builder(release: str) -> Iterator[Builder]:
    with Builder.fresh(release) as builder:
        yield builder


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
    refused(cli, "install", "--yes", "--only-distro", "distro.txt", code=1)


def test_T1_metadata_that_is_not_what_was_signed(cli: CommandLine, release: str) -> None:
    """Tampered with on the mirror; or, for zypper, which is not asked to fetch, in what it has fetched."""
    folder = "/var/cache/zypp/raw/repo-oss" if "opensuse" in release else "/srv/repo"
    cli.host.run(["rm", "-rf", "/var/cache/libdnf5", "/var/cache/dnf"])
    cli.host.run(["sh", "-euc", f"for file in {folder}/repodata/*primary*; do echo >> $file; done"])
    error = refused(cli, "install", "--yes", "distro.txt", code=5)
    assert "primary" in error or "checksum" in error


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


def test_I6_without_a_network_there_is_no_metadata(cli: CommandLine, release: str) -> None:
    name = {"fedora:43": "fedora", "centos:9": "appstream"}.get(release, "repo-oss")
    rpms.configure(cli.host, name, folder="/srv/repo", baseurl="http://mirror.example/")
    cli.host.run(
        ["sh", "-c", "rm -rf /var/cache/libdnf5/* /var/cache/dnf/* /var/cache/zypp/raw/* /var/cache/zypp/solv/*"]
    )
    error = refused(cli, "report", "--direct", "distro.txt", code=3)
    assert name in error
    refused(cli, "install", "--yes", "distro.txt", code=3, network=False)


def test_X1_a_lock_of_another_kind_of_host(cli: CommandLine, release: str) -> None:
    cli("lock", "distro.txt", "-o", "right.toml")
    right = cli.host.read(f"{cli.folder}/right.toml")
    for ours, theirs, told in (
        (f'release = "{release}"', 'release = "fedora:41"', "fedora:41"),
        ('architecture = "x86_64"', 'architecture = "aarch64"', "aarch64"),
    ):
        assert ours in right
        cli.write("wrong.toml", right.replace(ours, theirs))
        assert told in refused(cli, "install", "--yes", "--lock", "wrong.toml", code=2)


def test_V3_priorities_come_before_versions(cli: CommandLine, family: Family, builder: Builder) -> None:
    builder.build(newer_six(family), folder="/srv/extra")
    builder.publish(cli.host, folder="/srv/extra")
    for priority, version in (("120", "old"), ("99", "99"), ("10", "99")):
        rpms.configure(cli.host, "extra", folder="/srv/extra", priority=priority)
        rpms.refresh(cli.host)
        found = projects(cli.report("--direct", "distro.txt"))["six"]
        assert (found["version"] == "99") is (version == "99"), priority
    cli("install", "--yes", "distro.txt")
    assert cli.host.rpms()[family.package("six")] == "99-1"
    cli("verify")


def test_what_the_host_excludes_is_not_offered(cli: CommandLine, family: Family, release: str) -> None:
    six = family.package("six")
    if "opensuse" in release:
        cli.host.run(["zypper", "--non-interactive", "addlock", six])
    else:
        name = {"fedora:43": "fedora", "centos:9": "appstream"}[release]
        rpms.configure(cli.host, name, folder="/srv/repo", excludepkgs=six)
    found = projects(cli.report("--direct", "distro.txt"))["six"]
    assert (found["outcome"], found["reason"]) == ("unresolved", "not-packaged")


def test_what_another_package_obsoletes_is_not_offered(cli: CommandLine, family: Family, builder: Builder) -> None:
    builder.build(Rpm(name="six-next", version="1", obsoletes=(f"{family.package('six')} < 50",)))
    builder.publish(cli.host)
    rpms.refresh(cli.host)
    found = projects(cli.report("--direct", "distro.txt"))["six"]
    assert (found["outcome"], found["reason"]) == ("unresolved", "not-packaged")
