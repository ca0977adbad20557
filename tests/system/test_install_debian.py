"""Locks carried out on real Debian hosts: real apt, the real archive, real pip; the remainder's wheels from here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver import lock as locks
from resolver.model import (
    Evidence,
    Lock,
    LockedProject,
    MetadataSource,
    OsPackage,
    Outcome,
    PinsPolicy,
    Release,
    Target,
    Wheel,
)
from tests.loopback import Loopback, Reply
from tests.system.hosts import IN_HOST, Host
from tests.wheels import build

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = {"debian:12": "3.11", "debian:13": "3.13"}
DRIVER = f"{IN_HOST}/tests/system/carry_out.py"
VENV = "/srv/app"
# Where any OS package will do, it is itsdangerous, which needs no other: flask makes apt and dpkg work for 3 s of CPU.

pytestmark = pytest.mark.in_turn


@dataclass(kw_only=True)
class Case:
    """A host, an index and a lock that grows."""

    host: Host
    release: str
    index: Loopback
    packages: list[OsPackage] = field(default_factory=list)
    wheels: list[Wheel] = field(default_factory=list)
    projects: list[LockedProject] = field(default_factory=list)

    def from_distribution(self, project: str, *, version: str | None = None) -> None:
        """Add a project in the version that the host's archive has, unless another is named."""
        name = f"python3-{project}"
        version = version or self.candidate(name)
        upstream = version.rpartition("-")[0]
        self.packages.append(
            OsPackage(name=name, version=version, architecture="all", repository="Debian main", trusted=True)
        )
        self.projects.append(
            LockedProject(
                name=canonicalize_name(project),
                outcome=Outcome.DISTRO,
                version=upstream,
                metadata_version=upstream,
                os_package=name,
                evidence=Evidence.CONTENTS,
            )
        )

    def candidate(self, package: str) -> str:
        policy = self.host.run(["apt-cache", "policy", package]).stdout
        return next(line.split()[1] for line in policy.splitlines() if line.startswith("  Candidate:"))

    def from_index(self, project: str, files: dict[str, str], *, served: bytes | None = None) -> None:
        """Add a wheel of these files; ``served`` is what the index hands out instead."""
        content = build(files, name=project)
        filename = f"{project.replace('-', '_')}-1.0-py3-none-any.whl"
        name = canonicalize_name(project)
        self.wheels.append(
            Wheel(
                project=name,
                version=Version("1.0"),
                filename=filename,
                url=self.index.add(f"/{filename}", Reply(body=content if served is None else served)),
                sha256=hashlib.sha256(content).hexdigest(),
                size=len(content),
                requires_python=None,
                upload_time=None,
            )
        )
        self.projects.append(LockedProject(name=name, outcome=Outcome.PYPI, version="1.0", metadata_version="1.0"))

    def lock(self) -> Lock:
        distribution, _, version = self.release.partition(":")
        architecture = self.host.run(["dpkg", "--print-architecture"]).stdout.strip()
        return Lock(
            target=Target(
                release=Release(distribution=distribution, version=version),
                architecture=architecture,
                python=PYTHON[self.release],
            ),
            metadata=MetadataSource(source="apt", date="2026-11-15T00:00:00Z"),
            pins=PinsPolicy.EXACT,
            os_packages=tuple(sorted(self.packages, key=lambda package: package.name)),
            wheels=tuple(sorted(self.wheels, key=lambda wheel: wheel.project)),
            projects=tuple(sorted(self.projects, key=lambda project: project.name)),
        )

    def carry_out(self, action: str = "install", *, user: str = "root", code: int = 0, venv: str = VENV) -> str:
        """Run the driver in the host, expect its exit code, and give its standard output."""
        self.host.write("/tmp/pylock.toml", locks.dumps(self.lock()))
        self.host.run(["chmod", "644", "/tmp/pylock.toml"])
        command = ["/usr/bin/python3", DRIVER, action, "/tmp/pylock.toml", venv]
        done = self.host.run(command, user=user, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def answer(self, action: str = "install", *, user: str = "root", code: int = 0, venv: str = VENV) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.carry_out(action, user=user, code=code, venv=venv))

    def python(self, code: str, *options: str) -> str:
        """Run code with the environment's interpreter, and give what it prints."""
        return self.host.run([f"{VENV}/bin/python", *options, "-c", code]).stdout.strip()


@pytest.fixture
def case(host: Host, release: str) -> Iterator[Case]:
    """Give a host whose environment has the settings of a careless person: none of them may matter."""
    host.write("/etc/pip.conf", "[global]\nindex-url = http://index.example/simple\nno-binary = :all:\n")
    host.write("/usr/local/lib/stray.pth", "")
    with Loopback() as index:
        yield Case(host=host, release=release, index=index)


def test_X1_a_lock_is_installed_verified_and_left_alone_the_second_time(case: Case) -> None:
    case.from_distribution("flask")
    case.from_distribution("markupsafe")
    case.from_index("demo", {"demo.py": "import flask\ndef main(): print('demo', flask.__name__)\n"})
    before = case.host.packages()
    result = case.answer()
    assert result["changed"]
    assert {"python3-flask", "python3-jinja2"} <= set(result["added"])
    assert set(result["added"]) == case.host.packages().keys() - before.keys(), "the record is what undo will go by"
    assert case.answer("verify") == []
    assert case.answer() == {"changed": False, "added": []}
    assert case.python("import demo; demo.main()") == "demo flask"
    assert f"Python {PYTHON[case.release]}" in case.host.run([f"{VENV}/bin/flask", "--version"]).stdout
    assert case.host.run(["ls", "/srv"]).stdout.split() == ["app"]


def test_X2_neither_user_site_nor_usr_local_are_seen(case: Case) -> None:
    case.from_distribution("itsdangerous")
    case.answer()
    python = f"python{PYTHON[case.release]}"
    home = case.host.run(["sh", "-c", "echo ~"]).stdout.strip()
    for folder in (f"/usr/local/lib/{python}/dist-packages", f"{home}/.local/lib/{python}/site-packages"):
        case.host.write(f"{folder}/itsdangerous.py", "raise ImportError('a leftover')")
    assert case.python("import sys, itsdangerous; print(itsdangerous.__file__, 'local' in str(sys.path))") == (
        "/usr/lib/python3/dist-packages/itsdangerous/__init__.py False"
    )
    assert case.answer("verify") == []


def test_X3_the_lines_of_a_dry_run_pasted_as_root_do_the_same(case: Case) -> None:
    case.from_distribution("itsdangerous")
    case.from_index("demo", {"demo.py": ""})
    before = case.host.packages()
    lines = case.carry_out("dry-run")
    assert case.host.packages() == before
    assert case.host.run(["ls", "/srv"]).stdout == ""
    case.host.run(["sh", "-eu"], input=lines)
    assert case.answer() == {"changed": False, "added": []}


def test_X3_without_root_and_sudo_nothing_is_changed_and_the_command_is_told(case: Case) -> None:
    case.from_distribution("flask")
    before = case.host.packages()
    error = case.answer(user="nobody", code=4, venv="/tmp/app")
    assert "sudo is not installed" in error["message"]
    assert "apt-get install" in error["hint"]
    assert "python3-flask=" in error["hint"]
    assert case.host.packages() == before
    assert case.host.run(["ls", "/tmp"]).stdout.split() == ["pylock.toml"]


def test_X3_where_the_os_packages_are_there_nobody_special_makes_an_environment(case: Case) -> None:
    case.from_distribution("itsdangerous")
    case.from_index("demo", {"demo.py": ""})
    case.answer()
    result = case.answer(user="nobody", venv="/tmp/app")
    assert result == {"changed": True, "added": []}
    assert case.answer("verify", user="nobody", venv="/tmp/app") == []


def test_X3_only_the_os_transaction_goes_through_sudo(case: Case) -> None:
    case.host.run(["apt-get", "install", "-y", "--no-install-recommends", "sudo"])
    case.host.write("/etc/sudoers.d/test", "nobody ALL=(root) NOPASSWD: ALL\n")
    case.from_distribution("itsdangerous")
    case.from_index("demo", {"demo.py": ""})
    assert "python3-itsdangerous" in case.answer(user="nobody", venv="/tmp/app")["added"]
    assert case.host.run(["find", "/tmp/app", "!", "-user", "nobody"]).stdout == ""


def test_X3_a_sudo_that_refuses_changes_nothing(case: Case) -> None:
    case.host.run(["apt-get", "install", "-y", "--no-install-recommends", "sudo"])
    case.from_distribution("flask")
    before = case.host.packages()
    assert "sudo refuses" in case.answer(user="nobody", code=4, venv="/tmp/app")["message"]
    assert case.host.packages() == before


def test_X1_a_wheel_that_is_not_the_locked_one_is_refused(case: Case) -> None:
    case.from_distribution("flask")
    case.from_index("demo", {"demo.py": "good = True"}, served=build({"demo.py": "evil = True"}))
    before = case.host.packages()
    error = case.answer(code=5)
    assert error["error"] == "PolicyError"
    assert "the file's sha256 is " in error["message"]
    assert case.host.packages() == before
    assert case.host.run(["ls", "/srv"]).stdout == ""


def test_P4_a_hostile_wheel_stops_everything_before_apt_runs(case: Case) -> None:
    """It installs without a word under pip, and would run whenever Python starts."""
    case.from_distribution("flask")
    case.from_index("demo", {"demo.py": "", "demo.pth": "import os; os.system('touch /tmp/owned')\n"})
    before, dpkg = case.host.packages(), case.host.read("/var/lib/dpkg/status")
    for action in ("dry-run", "install"):
        error = json.loads(case.carry_out(action, code=5))
        assert error["error"] == "PolicyError"
        assert "demo-1.0-py3-none-any.whl" in error["message"]
        assert "a file would run whenever Python starts: demo.pth" in error["message"]
        assert '[tool.distrofirst.allow] pth = ["demo"]' in error["hint"]
    assert case.host.packages() == before
    assert case.host.read("/var/lib/dpkg/status") == dpkg
    assert case.host.run(["ls", "/srv"]).stdout == ""
    assert "owned" not in case.host.run(["ls", "/tmp"]).stdout


def test_X1_a_wheel_is_checked_although_an_os_package_has_that_version(case: Case) -> None:
    """pip takes an installed project as given, without any hash; ours is told to install it all the same."""
    case.host.run(["apt-get", "install", "-y", "--no-install-recommends", "python3-itsdangerous"])
    case.from_index("demo", {"demo.py": ""})
    case.host.write("/usr/lib/python3/dist-packages/demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n")
    case.host.write("/usr/lib/python3/dist-packages/demo.py", "")
    assert case.answer()["changed"]
    assert VENV in case.python("import demo; print(demo.__file__)")


def test_a_wheel_that_cannot_be_fetched_is_a_missing_network(case: Case) -> None:
    case.from_index("demo", {"demo.py": ""})
    case.index.routes.clear()
    assert case.answer(code=3)["error"] == "GoneError"


def test_a_namespace_spans_os_packages_and_wheels(case: Case) -> None:
    """python3-zope.interface has a ``-nspkg.pth``, the wheel is of the new way (PEP 420)."""
    case.from_distribution("zope.interface")
    case.from_index("zope.demo", {"zope/demo/__init__.py": ""})
    case.answer()
    code = "import zope.interface, zope.demo; print(zope.interface.__file__, zope.demo.__file__)"
    assert case.python(code, "-I") == (
        "/usr/lib/python3/dist-packages/zope/interface/__init__.py "
        f"{VENV}/lib/python{PYTHON[case.release]}/site-packages/zope/demo/__init__.py"
    )


@pytest.mark.parametrize("state", ["gone", "newer", "held"])
def test_X1_what_apt_cannot_or_may_not_do_is_refused_before_anything_is_done(case: Case, state: str) -> None:
    version = case.candidate("python3-itsdangerous")
    case.host.run(["apt-get", "install", "-y", "--no-install-recommends", "python3-itsdangerous"])
    if state == "gone":
        case.from_distribution("itsdangerous", version="0.0.1-1")
        case.host.run(["apt-get", "remove", "-y", "python3-itsdangerous"])
    else:
        # The status file is dpkg's memory: another version is installed for all that apt knows.
        other = "999-1" if state == "newer" else "0.1-1"
        script = f"/^Package: python3-itsdangerous$/,/^$/s/^Version: .*/Version: {other}/"
        case.host.run(["sed", "-i", script, "/var/lib/dpkg/status"])
        case.from_distribution("itsdangerous", version=version)
        if state == "held":
            case.host.run(["apt-mark", "hold", "python3-itsdangerous"])
    before = case.host.packages()
    words = {
        "gone": "no longer has python3-itsdangerous 0.0.1-1",
        "newer": "nothing is ever downgraded",
        "held": "are held",
    }
    assert words[state] in case.answer(code=4)["message"]
    assert case.host.packages() == before
    assert case.host.run(["ls", "/srv"]).stdout == ""


def test_T1_an_unsigned_repository_is_refused(case: Case) -> None:
    control = "Package: python3-zz\nVersion: 1-1\nArchitecture: all\nMaintainer: T <t@tests.example>\nDescription: t\n"
    case.host.write("/srv2/zz/DEBIAN/control", control)
    case.host.run(["dpkg-deb", "--build", "/srv2/zz", "/srv2/zz.deb"])
    size = case.host.run(["stat", "-c", "%s", "/srv2/zz.deb"]).stdout.strip()
    digest = case.host.run(["sha256sum", "/srv2/zz.deb"]).stdout.split()[0]
    case.host.write("/srv2/Packages", f"{control}Filename: ./zz.deb\nSize: {size}\nSHA256: {digest}\n")
    case.host.write("/etc/apt/sources.list.d/zz.list", "deb [allow-insecure=yes] file:/srv2 ./\n")
    case.host.write("/etc/apt/apt.conf.d/99careless", 'APT::Get::AllowUnauthenticated "true";\n')
    case.host.run(["apt-get", "update"])
    case.from_distribution("zz")
    error = case.answer(code=5)
    assert "no signature vouches for these OS packages: python3-zz" in error["message"]
    assert "python3-zz" not in case.host.packages()
