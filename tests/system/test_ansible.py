"""The Ansible collection on several hosts at once: Debian 12 and 13, stand-ins for Fedora and Tumbleweed.

Real apt, dnf5, zypper and pip. The collection is the one that ``ansible-galaxy`` builds and installs. CI has one of the
hosts, with the newest Python that a module meets, for Ansible itself costs a second a task.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import simple_server
from tests.loopback import Loopback
from tests.system.command_line import CommandLine, difference, snapshot
from tests.system.hosts import CHECKOUT, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAYBOOKS = Path(__file__).with_name("playbooks")
FOUR = ("debian:12", "debian:13", "fedora:43", "opensuse:tumbleweed")
TWO = ("debian:13", "fedora:43")
ONE = ("fedora:43",)
VENV = "/srv/app/venv"
APPLIED = "Make or take away the environment"
"""The role's last task."""

Told = dict[str, dict[str, Any]]

pytestmark = pytest.mark.system


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Hosts by the names that the inventory gives them, and the controller, which is this machine."""

    hosts: dict[str, Host]
    index: dict[str, str]
    folder: Path
    user: str = "root"
    home: str = "/root"

    def play(self, playbook: str, *options: str, code: int = 0, **variables: object) -> Told:
        """Run a playbook; give what each host's tasks said, the last one of a name: ``{host: {task: {…}}}``."""
        inventory = {
            "all": {
                "vars": {"ansible_connection": "inside", "ansible_user": self.user},
                "hosts": {
                    name: {
                        "inside_command": host.command(
                            [], user=self.user, cwd=self.home, env={"HOME": self.home, **self.index}
                        ),
                        "ansible_python_interpreter": "/usr/bin/python3",
                    }
                    for name, host in self.hosts.items()
                },
            }
        }
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.folder / "inventory.json")]
        command += ["--extra-vars", json.dumps({"distrofirst_source": str(CHECKOUT), **variables})]
        done = subprocess.run(
            [*command, *options, str(PLAYBOOKS / playbook)],
            capture_output=True,
            text=True,
            check=False,
            env=settings(self.folder),
            cwd=self.folder,
        )
        assert done.returncode == code, done.stdout[-4000:] + done.stderr[-4000:]
        told: Told = {name: {} for name in self.hosts}
        for line in map(json.loads, filter(None, done.stdout.splitlines())):
            told[line["host"]][line["task"].rpartition(" : ")[2]] = line
        return told


def settings(folder: Path) -> dict[str, str]:
    """Give the environment that Ansible reads its settings from; nothing of the user's counts."""
    ours = {
        "ANSIBLE_HOME": folder / "home",
        "ANSIBLE_COLLECTIONS_PATH": folder,
        "ANSIBLE_CONNECTION_PLUGINS": PLAYBOOKS / "connection",
        "ANSIBLE_CALLBACK_PLUGINS": PLAYBOOKS / "callback",
        "ANSIBLE_STDOUT_CALLBACK": "told",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": len(FOUR),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return inherited | {name: str(value) for name, value in ours.items()} | {"LC_ALL": "C.UTF-8"}


def galaxy(folder: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings(folder), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def collections(tmp_path: Path) -> Path:
    """Build the collection, and install what was built."""
    galaxy(tmp_path, "build", str(CHECKOUT / "vagrant/ansible"), "--output-path", str(tmp_path))
    (archive,) = tmp_path.glob("*.tar.gz")
    galaxy(tmp_path, "install", str(archive), "--collections-path", str(tmp_path))
    return tmp_path


@contextmanager
def started(folder: Path, *recipes: str) -> Iterator[Fleet]:
    """Start hosts, and an index that has ``demo``; ask for it and for flask."""
    (folder / "requirements.txt").write_text("flask\ndemo==1.0\n")
    with ExitStack() as stack:
        url = simple_server.serve(stack.enter_context(Loopback()), {"demo": {"1.0": {}}}, "metadata")
        hosts = {
            recipe.partition("+")[0].replace(":", "-"): stack.enter_context(Host.fresh(recipe)) for recipe in recipes
        }
        yield Fleet(hosts=hosts, index={"PIP_INDEX_URL": url, "no_proxy": "127.0.0.1"}, folder=folder)


@pytest.fixture(params=[pytest.param(FOUR, marks=pytest.mark.all_sets)], ids=["four"])
def fleet(collections: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Give hosts that have the OS packages which distrofirst runs from."""
    with started(collections, *(f"{release}+ready" for release in request.param)) as fleet:
        yield fleet


def listings(fleet: Fleet) -> dict[str, str]:
    """Give what the package managers' own tools list, byte for byte."""
    return {
        name: host.run(["dpkg", "-l"] if host.has("dpkg-query") else ["rpm", "-qa"]).stdout
        for name, host in fleet.hosts.items()
    }


def results(told: Told, task: str = "Environment") -> dict[str, dict[str, Any]]:
    """Give each host's result of one task, without what says how it was asked for."""
    return {
        host: {key: value for key, value in tasks[task]["result"].items() if key not in {"invocation", "warnings"}}
        for host, tasks in told.items()
    }


def changed(told: Told) -> dict[str, set[str]]:
    """Give the tasks that changed something on each host."""
    return {host: {name for name, one in tasks.items() if one["result"].get("changed")} for host, tasks in told.items()}


@pytest.mark.parametrize(
    "fleet", [ONE, pytest.param(FOUR, marks=pytest.mark.all_sets)], ids=["one", "four"], indirect=True
)
def test_X4_check_mode_tells_what_the_run_does_and_a_second_run_does_nothing(fleet: Fleet) -> None:
    asked: dict[str, Any] = {"requirements": str(fleet.folder / "requirements.txt")}
    before = listings(fleet)
    put = fleet.play("role.yml")
    assert all(tasks == {"Unpack it on the host", "Write the launcher"} for tasks in changed(put).values())

    checked = results(fleet.play("environment.yml", "--check", "--diff", **asked))
    assert listings(fleet) == before
    done = results(fleet.play("environment.yml", "--diff", **asked))
    assert done == checked
    for host, one in done.items():
        assert one["changed"]
        came = {package["name"]: package["after"] for package in one["os_packages"] if package["before"] is None}
        packages = fleet.hosts[host].packages()
        assert came.items() <= packages.items()
        from_where = {project["name"]: project["os_package"] for project in one["projects"]}
        assert from_where["demo"] is None
        assert from_where["flask"] in came
        assert one["summary"]["distro"] == one["summary"]["projects"] - 1
        shown, earlier = (one["diff"][when].splitlines() for when in ("after", "before"))
        assert shown[0] == f"environment for {one['target']} {one['architecture']} python{one['python']}"
        assert shown[-1].startswith("from PyPI demo 1.0 sha256:")
        assert set(shown) - set(earlier) == {
            *(shown[0], shown[-1]),
            *(f"OS package {name} {version}" for name, version in came.items()),
        }

    role: dict[str, Any] = {"distrofirst_requirements": asked["requirements"], "distrofirst_venv": VENV}
    again = fleet.play("role.yml", **role)
    assert not any(changed(again).values())
    assert all(one["before"] == one["after"] == done[host]["after"] for host, one in results(again, APPLIED).items())


def test_X4_absent_restores_what_the_package_managers_list(fleet: Fleet) -> None:
    asked: dict[str, Any] = {"requirements": str(fleet.folder / "requirements.txt")}
    fleet.play("role.yml")
    before = listings(fleet)
    made = results(fleet.play("environment.yml", **asked))
    assert all(listing != before[name] for name, listing in listings(fleet).items())
    files = {name: snapshot(host) for name, host in fleet.hosts.items()}
    assert not any(changed(fleet.play("environment.yml", "--check", **asked)).values())
    checked = results(fleet.play("environment.yml", "--check", "--diff", state="absent"))
    assert not any(difference(files[name], snapshot(host)) for name, host in fleet.hosts.items())
    done = results(fleet.play("environment.yml", "--diff", state="absent"))
    assert done == checked
    assert listings(fleet) == before
    for host, one in done.items():
        assert one["changed"]
        gone = {package["name"]: package["before"] for package in one["os_packages"]}
        assert gone == {package["name"]: package["after"] for package in made[host]["os_packages"]}
        assert one["diff"]["before"] == made[host]["diff"]["after"]
        assert one["diff"]["after"] == ""
    for options in (["--check"], []):
        assert not any(changed(fleet.play("environment.yml", *options, state="absent")).values())


def test_X1_one_lock_for_many_hosts_is_refused_where_it_does_not_fit(fleet: Fleet) -> None:
    without = fleet.play("role.yml", code=2, distrofirst_source="/srv/nothing")
    assert "set distrofirst_source to a checkout" in str(without)
    fleet.play("role.yml")
    before = listings(fleet)
    here = CommandLine.of(fleet.hosts["debian-13"])
    lock = fleet.folder / "lock.toml"
    lock.write_text(here("lock", "-", "-o", "-", input="flask\ndemo==1.0\n", env=fleet.index).stdout)
    told = fleet.play("environment.yml", code=2, lock=str(lock))
    assert told["debian-13"]["Environment"]["result"]["changed"]
    for release in set(FOUR) - {"debian:13"}:
        answer = told[release.replace(":", "-")]["Environment"]
        refused = answer["result"]
        assert (answer["outcome"], refused["rc"]) == ("failed", 2)
        assert ": the lock is for release debian:13 and " in refused["msg"]
        assert f", and this host has {release} and " in refused["msg"]
        assert refused["hint"].startswith(f"make one for this kind of host: distrofirst lock --target {release} --")
    after = listings(fleet)
    assert [host for host in before if before[host] != after[host]] == ["debian-13"]

    asked: dict[str, Any] = {"requirements": str(fleet.folder / "requirements.txt"), "fail_under": 99}
    refusals = results(fleet.play("environment.yml", code=2, **asked))
    assert all(one["rc"] == 1 and one["msg"].startswith("--fail-under 99: ") for one in refusals.values())
    assert listings(fleet) == after


def test_the_coverage_of_a_fleet_is_gathered(fleet: Fleet) -> None:
    reports = fleet.folder / "reports"
    asked: dict[str, Any] = {
        "coverage_requirements": str(fleet.folder / "requirements.txt"),
        "coverage_folder": str(reports),
    }
    fleet.play("role.yml")
    assert all(changed(fleet.play("coverage.yml", **asked)).values())
    assert {file.stem for file in reports.iterdir()} == fleet.hosts.keys()
    for name, host in fleet.hosts.items():
        there = CommandLine.of(host)
        said = there("report", "--format", "json", "-", input="flask\ndemo==1.0\n", env=fleet.index).stdout
        assert json.loads((reports / f"{name}.json").read_text()) == json.loads(said)
    together = subprocess.run(
        ["sh", str(CHECKOUT / "vagrant/provision.sh"), "report", "reports"],
        capture_output=True,
        text=True,
        check=False,
        cwd=fleet.folder,
    )
    assert (together.returncode, together.stderr) == (0, "distrofirst: 4 hosts reported\n")
    rows = [line.split()[-2:] for line in together.stdout.splitlines()]
    assert all([release, f"reports/{release.replace(':', '-')}"] in rows for release in FOUR), together.stdout
    assert not any(changed(fleet.play("coverage.yml", **asked)).values())


@pytest.mark.all_sets
def test_X3_on_bare_hosts_a_user_needs_sudo_for_the_os_transaction_alone(collections: Path) -> None:
    """The role installs what distrofirst runs from, and the environment is the connecting user's."""
    with started(collections, *TWO) as fleet:
        for host in fleet.hosts.values():
            apt = "apt-get -q update && apt-get -q -y install sudo python3"
            host.run(["sh", "-euc", apt if host.has("apt-get") else "dnf5 -y install sudo"])
            # The stand-ins have no useradd.
            host.run(["sh", "-c", "echo 'deploy:*:1000:1000::/home/deploy:/bin/sh' >> /etc/passwd"])
            host.run(["install", "-d", "-o", "1000", "-g", "1000", "/home/deploy"])
            host.write("/etc/sudoers.d/test", "deploy ALL=(root) NOPASSWD: ALL\n")
        asked: dict[str, Any] = {
            "distrofirst_requirements": str(fleet.folder / "requirements.txt"),
            "distrofirst_venv": "/home/deploy/venv",
        }
        deploy = replace(fleet, user="deploy", home="/home/deploy")
        foreseen = changed(deploy.play("role.yml", "--check", **asked))
        assert all("Write the launcher" in tasks for tasks in foreseen.values())
        done = changed(deploy.play("role.yml", **asked))
        assert all({"Install the OS packages that it runs from", APPLIED} <= tasks for tasks in done.values())
        for host in fleet.hosts.values():
            assert host.run(["find", "/home/deploy", "!", "-user", "deploy"]).stdout == ""
            assert host.run(["/home/deploy/venv/bin/python", "-c", "import flask, demo"], user="deploy").stdout == ""
        for options in (["--check"], []):
            assert not any(changed(deploy.play("role.yml", *options, **asked)).values())
