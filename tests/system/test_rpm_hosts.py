"""The stand-ins for the RPM families are what they claim to be: real package managers, one signed repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.system import rpms
from tests.system.conftest import RPM_RELEASES
from tests.system.rpm_build import table_of
from tests.system.rpms import STRANGER, Rpm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.hosts import Host
    from tests.system.rpms import Builder

pytestmark = [pytest.mark.parametrize("release", RPM_RELEASES), pytest.mark.in_turn]


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """What the same thing is called in a family."""

    os_id: str
    version_id: str
    python: str
    install: tuple[str, ...]
    remove: tuple[str, ...]
    flask: str
    """The OS package; the others are of its pattern."""
    evr: str
    provides: frozenset[str]
    """All that it provides, but for itself."""
    requires: frozenset[str]
    """Part of what requests needs."""
    providers: Mapping[str, frozenset[str]]
    """Which packages of the repository provide something."""

    def package(self, project: str) -> str:
        return self.flask.lower().replace("flask", project)


FAMILIES = {
    "fedora:43": Family(
        os_id="fedora",
        version_id="43",
        python="3.14",
        install=("dnf5", "-y", "install"),
        remove=("dnf5", "-y", "remove"),
        flask="python3-flask",
        evr="3.1.2-2.fc43",
        provides=frozenset(
            {
                "python-flask = 3.1.2-2.fc43",
                "python3.14-flask = 3.1.2-2.fc43",
                "python3.14dist(flask) = 3.1.2",
                "python3dist(flask) = 3.1.2",
            }
        ),
        requires=frozenset(
            {
                "python(abi) = 3.14",
                "python3.14dist(certifi) >= 2017.4.17",
                "(python3.14dist(idna) < 4 with python3.14dist(idna) >= 2.5)",
            }
        ),
        providers={
            "python3dist(requests[socks])": frozenset({"python3-requests+socks"}),
            "python3.14dist(zope-interface)": frozenset({"python3-zope-interface"}),
            "python3.14dist(zope.interface)": frozenset(),
        },
    ),
    "centos:9": Family(
        os_id="centos",
        version_id="9",
        python="3.11",
        install=("dnf", "-y", "install"),
        remove=("dnf", "-y", "remove"),
        flask="python3.11-flask",
        evr="2.2.5-3.el9",
        provides=frozenset({"python3.11dist(flask) = 2.2.5"}),
        requires=frozenset(
            {
                "python(abi) = 3.11",
                "python3.11dist(certifi) >= 2017.4.17",
                "(python3.11dist(idna) < 4 with python3.11dist(idna) >= 2.5)",
            }
        ),
        providers={
            "python3dist(requests)": frozenset(),
            "python3.11dist(zope-interface)": frozenset({"python3.11-zope-interface"}),
        },
    ),
    "opensuse:tumbleweed": Family(
        os_id="opensuse-tumbleweed",
        version_id="20260915",
        python="3.13",
        install=("zypper", "-n", "install"),
        remove=("zypper", "-n", "remove", "-u"),
        flask="python313-Flask",
        evr="3.1.2-1.2",
        provides=frozenset(
            {
                "python3-Flask = 3.1.2-1.2",
                "python3.13dist(flask) = 3.1.2",
                "python3dist(flask) = 3.1.2",
            }
        ),
        requires=frozenset({"python(abi) = 3.13", "python313-certifi", "python313-idna"}),
        providers={
            "python3dist(requests)": frozenset({"python311-requests", "python313-requests"}),
            "python3.13dist(requests)": frozenset({"python313-requests"}),
            "python3-requests": frozenset({"python313-requests"}),
            "python3.13dist(zope.interface)": frozenset({"python313-zope.interface"}),
            "python3.13dist(zope-interface)": frozenset(),
        },
    ),
}


@pytest.fixture
def family(release: str) -> Family:
    return FAMILIES[release]


def test_a_stand_in_calls_itself_by_the_familys_name(bare_host: Host, family: Family) -> None:
    facts = dict(line.split("=", 1) for line in bare_host.read("/etc/os-release").splitlines())
    assert (facts["ID"].strip('"'), facts["VERSION_ID"].strip('"')) == (family.os_id, family.version_id)
    version = bare_host.run(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout
    assert version == f"{family.python}\n"
    # The interpreter is Debian's, and rpm knows it all the same.
    abi = bare_host.run(["rpm", "-q", "--whatprovides", "python(abi)"]).stdout
    assert bare_host.run(["rpm", "-q", "--qf", "%{VERSION}", abi.strip()]).stdout == (
        bare_host.run(["python3", "-c", "import platform; print(platform.python_version(), end='')"]).stdout
    )


def test_nothing_of_debians_package_management_is_found(bare_host: Host) -> None:
    for tool in ("apt", "apt-get", "apt-cache", "dpkg", "dpkg-query"):
        assert bare_host.run(["sh", "-c", f"command -v {tool}"], check=False).stdout == ""
    for path in ("/var/lib/dpkg", "/etc/apt", "/etc/debian_version"):
        assert bare_host.run(["test", "-e", path], check=False).returncode == 1
    assert bare_host.run(["python3", "-c", "import apt"], check=False).returncode == 1


def test_the_package_manager_installs_and_removes_for_the_systems_interpreter(bare_host: Host, family: Family) -> None:
    before = bare_host.rpms()
    bare_host.run([*family.install, family.flask], network=False)
    added = {name: evr for name, evr in bare_host.rpms().items() if name not in before}
    assert added[family.flask] == family.evr
    assert {family.package("click"), family.package("itsdangerous")} < added.keys()
    code = "import flask, markupsafe._speedups as c; print(flask.__file__, c.__file__, sep='\\n')"
    module, extension = bare_host.run(["/usr/bin/python3", "-I", "-c", code]).stdout.splitlines()
    assert module == f"/usr/lib/python{family.python}/site-packages/flask/__init__.py"
    assert extension.startswith(f"/usr/lib64/python{family.python}/site-packages/markupsafe/")
    assert bare_host.run(["rpm", "-V", *added]).stdout == ""
    bare_host.run([*family.remove, family.flask], network=False)
    assert bare_host.rpms() == before
    probe = "import importlib.metadata as m; m.distribution('flask')"
    assert "PackageNotFoundError" in bare_host.run(["/usr/bin/python3", "-c", probe], check=False).stderr


def test_its_interpreter_has_the_package_managers_modules(bare_host: Host, family: Family) -> None:
    modules = {"dnf5": "rpm, libdnf5", "dnf": "rpm, dnf", "zypper": "rpm"}[family.install[0]]
    bare_host.run(["/usr/bin/python3", "-I", "-c", f"import {modules}"])


def test_sudo_comes_as_an_os_package(bare_host: Host, family: Family) -> None:
    assert bare_host.run(["sh", "-c", "command -v sudo"], check=False).returncode != 0
    bare_host.run([*family.install, "sudo"])
    bare_host.write("/etc/sudoers.d/nobody", "nobody ALL=(ALL) NOPASSWD: ALL\n")
    assert bare_host.run(["sudo", "id", "-un"], user="nobody").stdout == "root\n"


def test_console_scripts_are_there(bare_host: Host, family: Family) -> None:
    bare_host.run([*family.install, family.package("pip"), family.flask])
    flask, pip = ("flask-3.11", "pip-3.11") if family.os_id == "centos" else ("flask", "pip3")
    assert "Flask " in bare_host.run([flask, "--version"]).stdout
    assert f"python {family.python}" in bare_host.run([pip, "--version"]).stdout


def test_every_package_is_signed_and_provides_what_the_familys_do(bare_host: Host, family: Family) -> None:
    answer = bare_host.run(["sh", "-c", "rpm -K /srv/repo/*.rpm"]).stdout.splitlines()
    assert len(answer) > 40
    assert {line.partition(": ")[2] for line in answer} == {"digests signatures OK"}
    path = f"/srv/repo/{family.flask}-{family.evr}.noarch.rpm"
    own = f"{family.flask} = {family.evr}"
    assert set(bare_host.run(["rpm", "-qp", "--provides", path]).stdout.splitlines()) == family.provides | {own}
    requests = f"/srv/repo/{family.package('requests')}-[0-9]*.rpm"
    required = bare_host.run(["sh", "-c", f"rpm -qp --requires {requests}"]).stdout.splitlines()
    assert family.requires < set(required)


def test_I4_I5_extras_flavours_and_dots_are_the_familys(bare_host: Host, family: Family) -> None:
    query = "rpm -qp --qf '[%{=NAME} %{PROVIDENAME}\\n]' /srv/repo/*.rpm"
    rows = [line.split(" ", 1) for line in bare_host.run(["sh", "-c", query]).stdout.splitlines()]
    for wanted, packages in family.providers.items():
        assert {name for name, provided in rows if provided == wanted} == packages


def test_every_project_of_the_table_can_be_installed(bare_host: Host, release: str, family: Family) -> None:
    """With all that they need: the repository is closed."""
    packages = bare_host.run(["sh", "-c", "rpm -qp --qf '%{NAME}\\n' /srv/repo/*.rpm"]).stdout.split()
    bare_host.run([*family.install, *packages])
    code = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
    seen = {line.lower().replace("_", "-") for line in bare_host.run(["python3", "-c", code]).stdout.splitlines()}
    versions = table_of(release.partition(":")[0])["versions"]
    assert {f"{project}=={version}" for project, version in versions.items()} <= seen


def test_a_users_home_is_enough_to_query(bare_host: Host, family: Family) -> None:
    command = {
        "dnf5": ["dnf5", "-y", "repoquery", "--qf", "%{name}\\n", family.flask],
        "dnf": ["dnf", "-y", "-q", "repoquery", "--qf", "%{name}", family.flask],
        "zypper": ["zypper", "-n", "-q", "search", "--match-exact", family.flask],
    }[family.install[0]]
    bare_host.run(["install", "-d", "-o", "nobody", "/home/nobody"])
    answer = bare_host.run(command, user="nobody", env={"HOME": "/home/nobody"})
    assert family.flask in answer.stdout


def test_a_newer_package_is_an_update(bare_host: Host, builder: Builder, family: Family) -> None:
    bare_host.run([*family.install, family.package("six")])
    builder.build(Rpm(name=family.package("six"), version="99", release="1", files={"/usr/share/six/note": "new\n"}))
    builder.publish(bare_host)
    rpms.refresh(bare_host)
    bare_host.run([family.install[0], family.install[1], "update", family.package("six")])
    assert bare_host.rpms()[family.package("six")] == "99-1"
    assert bare_host.read("/usr/share/six/note") == "new\n"


@pytest.mark.parametrize("key", [None, STRANGER])
def test_T1_what_nobody_or_a_stranger_signed_is_not_installed(
    bare_host: Host, builder: Builder, family: Family, key: str | None
) -> None:
    builder.build(Rpm(name="python3-zz", version="1"), key=key, folder="/srv/extra")
    builder.publish(bare_host, folder="/srv/extra")
    rpms.configure(bare_host, "extra", folder="/srv/extra", pkg_gpgcheck="1")
    rpms.refresh(bare_host)
    answer = bare_host.run([*family.install, "python3-zz"], check=False)
    assert answer.returncode == (8 if "zypper" in family.install else 1), answer.stdout
    assert "python3-zz" not in bare_host.rpms()


def test_T1_metadata_that_a_stranger_signed_is_not_believed(bare_host: Host, builder: Builder, family: Family) -> None:
    builder.build(Rpm(name="python3-zz", version="1"), folder="/srv/extra")
    builder.publish(bare_host, folder="/srv/extra", key=STRANGER)
    rpms.configure(bare_host, "extra", folder="/srv/extra", skip_if_unavailable="0")
    assert rpms.refresh(bare_host, check=False).returncode == (4 if "zypper" in family.install else 1)
    assert bare_host.run([*family.install, "python3-zz"], check=False).returncode != 0
    assert "python3-zz" not in bare_host.rpms()


def test_scripts_of_a_package_run_and_fail(bare_host: Host, builder: Builder, family: Family) -> None:
    builder.build(Rpm(name="good", version="1", post="echo done > /srv/post"))
    builder.build(Rpm(name="bad", version="1", pre="exit 1"))
    builder.publish(bare_host)
    rpms.refresh(bare_host)
    bare_host.run([*family.install, "good"])
    assert bare_host.read("/srv/post") == "done\n"
    assert bare_host.run([*family.install, "bad"], check=False).returncode == (8 if "zypper" in family.install else 1)
    assert "bad" not in bare_host.rpms()
