"""What a machine of vagrant/Vagrantfile is provisioned by, on such hosts: as a user with sudo, the project shared.

From nothing on, with ``--all-sets``; CI's hosts have what distrofirst runs from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.system import test_ansible
from tests.system.agreement import contents
from tests.system.command_line import difference, snapshot
from tests.system.conftest import RELEASES, RPM_RELEASES
from tests.system.hosts import CHECKOUT, IN_HOST, Host
from tests.system.rpms import INSTALL, TOOLS, refresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "vagrant"
HOME = f"/home/{USER}"
FOLDER = f"{HOME}/distrofirst-example"
SHARED = "/vagrant"
REPORTS = f"{SHARED}/vagrant/reports"

pytestmark = [pytest.mark.in_turn, pytest.mark.system]


@pytest.fixture(params=[pytest.param("", id="bare", marks=pytest.mark.all_sets), pytest.param("+ready", id="ready")])
def guest(request: pytest.FixtureRequest, release: str) -> Iterator[Host]:
    """Give a host with the user that boxes have, and the project where Vagrant puts it, somebody else's, as by NFS."""
    with Host.fresh(f"{release}{request.param}") as host:
        # A bootstrapped system has no useradd.
        for file, line in (
            ("passwd", "x:1234:1234::/home/vagrant:/bin/sh"),
            ("group", "x:1234:"),
            ("shadow", "*:1::::::"),
        ):
            host.run(["sh", "-euc", f'echo "$1:$2" >> /etc/{file}', "sh", USER, line])
        host.run(["install", "-d", "-o", USER, "-g", USER, HOME])
        if release in RELEASES:
            if not request.param:
                host.run(["apt-get", "update"])
            host.run(["apt-get", "install", "-y", "--no-install-recommends", "sudo"])
        else:
            refresh(host)
            host.run([*INSTALL[TOOLS[release]], "install", "sudo"])
        host.write("/etc/sudoers.d/vagrant", f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        parts = " ".join(f"{IN_HOST}/{part}" for part in ("resolver", "mappings", "vagrant"))
        host.run(["sh", "-euc", f"mkdir {SHARED}; cp -r {parts} {SHARED}; rm -rf {REPORTS}"])
        host.run(["sh", "-euc", f"chown -R nobody {SHARED}; chmod -R a+rwX {SHARED}"])
        yield host


def provision(host: Host) -> tuple[str, str]:
    """Run what the Vagrantfile runs; give what it prints."""
    done = host.run(["sh", f"{SHARED}/vagrant/guest.sh"], user=USER, env={"HOME": HOME}, cwd=HOME)
    return done.stdout, done.stderr


@pytest.mark.parametrize("release", [*RELEASES, *RPM_RELEASES])
def test_X3_a_guest_ends_with_the_example_at_work_and_its_report_in_the_shared_folder(
    guest: Host, release: str
) -> None:
    told, log = provision(guest)
    assert [line for line in log.splitlines() if line.startswith("distrofirst: sudo ")] != []
    listed = (line.removeprefix("  <li>").split() for line in told.splitlines() if line.startswith("  <li>"))
    served = {part: place for part, _, _, place in listed}
    assert {part: place.startswith(FOLDER) for part, place in served.items()} == {
        "flask": False,
        "jinja2": False,
        "flask-htmx": True,
    }
    stem = f"{REPORTS}/coverage-{release.replace(':', '-')}"
    assert guest.run(["ls", REPORTS]).stdout.split() == [
        f"{stem.rpartition('/')[2]}.{form}" for form in ("html", "json")
    ]
    (target,) = json.loads(guest.read(f"{stem}.json"))["targets"]
    assert (target["target"], target["summary"]["unmet"]) == (release, 0)
    assert 0.5 < target["summary"]["coverage"] < 1
    assert release in guest.read(f"{stem}.html")
    assert guest.run(["find", FOLDER, "!", "-user", USER]).stdout == ""

    left, before = contents(guest, f"{FOLDER}/venv"), snapshot(guest)
    again, log = provision(guest)
    assert "sudo" not in log
    assert "nothing to do" in log
    assert again.partition("== the application works")[2] == told.partition("== the application works")[2]
    assert contents(guest, f"{FOLDER}/venv") == left
    assert [path for path in difference(before, snapshot(guest)) if not path.startswith(REPORTS)] == []


@pytest.mark.all_sets
@pytest.mark.parametrize("release", ["debian:13", "opensuse:tumbleweed"])
def test_ansible_ends_where_the_shell_does(guest: Host, release: str, tmp_path: Path) -> None:
    """With the collection that lies beside the playbook, and none that was installed."""
    if release in RELEASES:
        guest.run(["apt-get", "install", "-y", "--no-install-recommends", "python3"])
    fleet = test_ansible.Fleet(hosts={"guest": guest}, index={}, folder=tmp_path, user=USER, home=HOME)
    for expected in (True, False):
        told = fleet.play(str(CHECKOUT / "vagrant/playbook.yml"))["guest"]
        changed = {task for task, one in told.items() if one["result"].get("changed")}
        assert (test_ansible.APPLIED in changed) is expected
        assert expected or not changed
        assert any("flask-htmx" in line for line in told["Show what it said"]["result"]["msg"])
    assert f"coverage-{release.replace(':', '-')}.html" in guest.run(["ls", REPORTS]).stdout
