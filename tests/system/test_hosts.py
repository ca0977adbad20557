"""The test hosts are what they claim to be, and vagrant/provision.sh sets them up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from resolver.errors import CommandError
from tests.system import machine
from tests.system.hosts import IN_HOST, Host

PROVISION = f"{IN_HOST}/vagrant/provision.sh"
PYTHON = {"debian:12": "3.11", "debian:13": "3.13"}

pytestmark = pytest.mark.in_turn


def test_index_targets_are_read_with_their_keyring_in_both_formats(tmp_path: Path) -> None:
    one_line = tmp_path / "a.list"
    one_line.write_text("deb [arch=amd64 signed-by=/keys/one.gpg] http://archive.example/debian bookworm main\n")
    deb822 = tmp_path / "b.sources"
    deb822.write_text("Types: deb\nURIs: http://archive.example/debian\nSigned-By: /keys/two.gpg\n")
    text = (
        f"http://archive.example/debian/|bookworm|main|{one_line}:1\n"
        f"http://archive.example/debian/|bookworm-security|main|{deb822}:1\n"
        f"http://archive.example/debian/|bookworm-updates|main|{tmp_path / 'gone'}:1\n"
    )
    found = machine.parse_index_targets(text)
    assert [(source.suite, source.signed_by) for source in found] == [
        ("bookworm", Path("/keys/one.gpg")),
        ("bookworm-security", Path("/keys/two.gpg")),
        ("bookworm-updates", None),
    ]
    assert machine.render(found[:1]) == (
        "Types: deb\nURIs: http://archive.example/debian/\nSuites: bookworm\nComponents: main\n"
        "Signed-By: /keys/one.gpg\n"
    )


def test_a_bare_host_is_the_release_and_nothing_more(bare_host: Host, release: str) -> None:
    facts = dict(line.split("=", 1) for line in bare_host.read("/etc/os-release").splitlines())
    assert f"{facts['ID']}:{facts['VERSION_ID'].strip(chr(34))}" == release
    packages = bare_host.packages()
    assert "apt" in packages
    assert not {"python3", "python3-minimal", "ca-certificates", "sudo"} & packages.keys()
    assert bare_host.run(["apt-get", "check"]).returncode == 0


@pytest.mark.parametrize("release", ["debian:12"])
def test_a_bare_host_verifies_the_archive(bare_host: Host) -> None:
    bare_host.run(["apt-get", "-o", "APT::Update::Error-Mode=any", "update"])
    listing = bare_host.run(["apt-cache", "policy"]).stdout
    assert "o=Debian" in listing
    bare_host.run(["sh", "-c", "rm -rf /var/lib/apt/lists/* /usr/share/keyrings/* /etc/apt/trusted.gpg.d/*"])
    answer = bare_host.run(["apt-get", "-o", "APT::Update::Error-Mode=any", "update"], check=False)
    assert answer.returncode != 0, "without the archive's keys nothing may be believed"


def test_a_ready_host_has_what_distrofirst_runs_from(host: Host, release: str) -> None:
    code = "import apt_pkg, packaging, platformdirs, requests, resolvelib, rich, sh, sys, tomli_w; print(sys.version)"
    assert host.run(["/usr/bin/python3", "-c", code]).stdout.startswith(PYTHON[release] + ".")
    assert host.run(["sh", PROVISION], network=False).stderr == "", "nothing to do, and so no word and no network"


def test_a_host_trusts_the_authorities_that_the_machine_trusts(host: Host) -> None:
    bundle = host.read("/etc/ssl/certs/ca-certificates.crt")
    assert "BEGIN CERTIFICATE" in bundle
    assert all(pem in bundle for pem in machine.local_authorities())


def test_a_host_forgets_and_does_not_reach_the_checkout(host: Host, release: str) -> None:
    host.write("/opt/new/note", "kept nowhere\n")
    assert host.read("/opt/new/note") == "kept nowhere\n"
    with pytest.raises(CommandError, match="Read-only file system"):
        host.run(["touch", f"{IN_HOST}/README.md"])
    with Host.fresh(f"{release}+ready") as other:
        assert other.run(["test", "-e", "/opt/new/note"], check=False).returncode == 1


def test_commands_run_as_another_user_with_a_clean_environment(bare_host: Host) -> None:
    answer = bare_host.run(["sh", "-c", "id -un; id -gn; env | sort"], user="nobody", env={"ASKED": "1"})
    user, group, *variables = answer.stdout.splitlines()
    assert (user, group) == ("nobody", "nogroup")
    own = {"ASKED", "DEBIAN_FRONTEND", "HOME", "LC_ALL", "LOGNAME", "PATH", "PWD", "USER"}
    assert {line.split("=")[0] for line in variables} <= own | machine.environment().keys()
    assert bare_host.run(["touch", "/etc/x"], user="nobody", check=False).returncode == 1


def test_a_host_without_network_has_none(bare_host: Host) -> None:
    interfaces = bare_host.run(["cat", "/proc/net/dev"], network=False).stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    # Else apt waits seven seconds in all before it gives up.
    bare_host.write("/etc/apt/apt.conf.d/80retries", 'Acquire::Retries "0";\n')
    answer = bare_host.run(["sh", PROVISION], network=False, check=False)
    assert answer.returncode == 3
    assert "distrofirst: apt could not fetch its package lists" in answer.stderr
    assert "python3" not in bare_host.packages()


def test_provisioning_without_rights_says_so(bare_host: Host) -> None:
    answer = bare_host.run(["sh", PROVISION], user="nobody", check=False)
    assert answer.returncode == 4
    assert "root rights are needed" in answer.stderr


def test_provisioning_another_system_says_so(bare_host: Host) -> None:
    bare_host.run(["rm", "/usr/bin/dpkg-query"])
    answer = bare_host.run(["sh", PROVISION], check=False)
    assert answer.returncode == 2
    assert "Debian GNU/Linux" in answer.stderr


def test_provisioning_a_package_that_the_archive_lacks_says_so(host: Host) -> None:
    answer = host.run(["sh", PROVISION], env={"DISTROFIRST_ALSO": "python3-no-such-thing"}, check=False)
    assert answer.returncode == 4
    assert "this system's archive has no package python3-no-such-thing" in answer.stderr


@pytest.mark.system
@pytest.mark.parametrize("release", ["debian:12"])
def test_a_host_leaves_no_process_and_no_mount(release: str) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    with Host.fresh(release) as host:
        process = subprocess.Popen(host.command(["sleep", "600"]))
        assert Path(f"/proc/{host.pid}").exists()
    assert process.wait(timeout=10) != 0
    assert Path("/proc/self/mounts").read_text() == mounts
