"""Hosts without a network that install from one folder of locks and one mirror."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from resolver import lock as locks
from resolver.hosts import releases
from tests import apt_repository
from tests.apt_repository import Key
from tests.benchmarks import fleet
from tests.system.command_line import NOTHING_TO_DO, CommandLine
from tests.system.conftest import RPM_RELEASES
from tests.system.hosts import Host
from tests.system.rpms import REPOSITORY, STRANGER, name_of
from tests.unit.venv import samples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.rpms import Builder

ZZ = "usr/lib/python3/dist-packages/zz"
FILES = {
    "python3-zz": {
        f"{ZZ}/__init__.py": "",
        f"{ZZ}-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: zz\nVersion: 1.0\n",
    }
}


@pytest.mark.all_sets
def test_T1_a_host_without_a_network_takes_what_its_own_key_signs(host: Host, release: str, tmp_path: Path) -> None:
    """The archive is a small one, whose key the host knows from one of its sources; ``tests/cli`` has more refusals."""
    here = releases.parse(release)
    python = host.run(["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).stdout.strip()
    packages = {
        "python3": (f"{python}.0-0", ""),  # older than the one that is there
        "python3-zz": ("1.0-1", "python3, zz-data"),
        "zz-data": ("2-1", ""),
    }
    with Key.new(tmp_path / "key.gpg") as key:
        apt_repository.write(tmp_path / "archive", str(here.codename), packages, key, FILES)
    package = replace(samples.os_package("zz", "1.0-1"), name="python3-zz")
    lock = samples.lock((samples.os_project("zz", "1.0"),), (package,))
    lock = replace(lock, target=replace(lock.target, release=here, python=python))
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / locks.default_name(lock.target)).write_text(locks.dumps(lock))
    made = fleet.Fleet(folder=tmp_path, requirements="zz\n")
    made.command(
        "mirror", "--lock", "locks", "-o", "mirror",
        "--repo", f"file://{tmp_path}/archive", "--repo-key", str(key.public),
    )  # fmt: skip
    cli = CommandLine.of(host)
    install = ("install", "--lock", "/srv/locks", "--mirror", "/srv/mirror", "--yes")
    for name in ("locks", "mirror"):
        host.bind(tmp_path / name, f"/srv/{name}")
    # The distribution's key is what the host has for this suite.
    assert "signature for" in cli(*install, code=5, network=False).stderr
    shutil.copy(key.public, f"/proc/{host.pid}/root/usr/share/keyrings/tests.gpg")
    source = f"deb [signed-by=/usr/share/keyrings/tests.gpg] http://archive.example/ {here.codename} main\n"
    host.run(["sh", "-c", "rm -f /etc/apt/sources.list.d/*"])
    host.write("/etc/apt/sources.list", source)
    (deb,) = tmp_path.glob("mirror/*/archive/pool/main/zz-data*.deb")
    right, before = deb.read_bytes(), host.packages()
    deb.write_bytes(right.replace(b"nothing", b"NOTHING"))
    assert "is not the file that the signed lists name" in cli(*install, code=5, network=False).stderr
    assert host.packages() == before
    deb.write_bytes(right)
    cli(*install, network=False)
    assert host.packages() == before | {"python3-zz": "1.0-1", "zz-data": "2-1"}
    # apt has no lists of its own here, so that verify asks the mirror's as well.
    cli.write("distrofirst.toml", 'mirror = "/srv/mirror"\n')
    cli("verify", network=False)
    assert cli(*install, network=False).stderr == NOTHING_TO_DO
    # What the host's own apt knows is as it was.
    assert "archive.example" not in host.run(["apt-cache", "policy", "zz-data"]).stdout


@pytest.mark.in_turn
@pytest.mark.parametrize("release", RPM_RELEASES)
def test_T1_an_rpm_host_without_a_network_takes_what_its_own_key_signs(
    host: Host, builder: Builder, release: str, tmp_path: Path
) -> None:
    """The repository that it is configured with is gone; its key is what it still knows."""
    made = fleet.Fleet(folder=tmp_path, requirements="flask\n")
    made.prepare([release])
    cli = CommandLine.of(host)
    install = ("install", "--lock", "/srv/locks", "--mirror", "/srv/mirror", "--yes")
    for name in ("locks", "mirror"):
        host.bind(tmp_path / name, f"/srv/{name}")
    host.run(["rm", "-rf", REPOSITORY])
    (repository,) = tmp_path.glob("mirror/*/repo-0")
    (flask,) = (path for path in repository.glob("*.rpm") if "-flask-" in path.name.lower())
    right, before, kept = flask.read_bytes(), host.packages(), cached(host)
    flask.write_bytes(right[:-9] + b"something")
    refused = cli(*install, code=5, network=False).stderr
    assert flask.name.removesuffix(".rpm").rpartition("-")[0] in refused
    flask.write_bytes(right)
    (repository / "repodata").rename(tmp_path / "right")
    builder.index(key=STRANGER)
    shutil.copytree(f"/proc/{builder.host.pid}/root{REPOSITORY}/repodata", repository / "repodata")
    assert "key" in cli(*install, code=5, network=False).stderr
    shutil.rmtree(repository / "repodata")
    (tmp_path / "right").rename(repository / "repodata")
    assert host.packages() == before
    cli(*install, network=False)
    assert {name.lower() for name in host.packages().keys() - before.keys()} >= {name_of(release, "flask").lower()}
    assert cli(*install, network=False).stderr == NOTHING_TO_DO
    assert cached(host) == kept, "what the host's own package manager knows is as it was"


@pytest.mark.all_sets
@pytest.mark.parametrize("release", ["centos:9", "opensuse:tumbleweed"])
def test_a_mirror_of_what_an_rpm_host_is_configured_with(host: Host, release: str, tmp_path: Path) -> None:
    """The host's package manager fetches, and what it has fetched serves a host of the same kind.

    python3-solv, which the stand-in's repository does not have, is that of the Debian whose userland the stand-in has.
    """
    with Host.fresh({"centos:9": "debian:12", "opensuse:tumbleweed": "debian:13"}[release]) as debian:
        fetch = "apt-get -q update; cd /tmp; apt-get -q download python3-solv libsolv1* libsolvext1*"
        debian.run(["sh", "-euc", fetch + "; for one in *.deb; do dpkg -x $one /tmp/solv; done"])
        shutil.copytree(f"/proc/{debian.pid}/root/tmp/solv", tmp_path / "solv", symlinks=True)
    subprocess.run(["cp", "-rT", tmp_path / "solv/usr", f"/proc/{host.pid}/root/usr"], check=True)
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\n")
    cli("lock", "-o", "locks/")
    cli("mirror", "--lock", "locks", "-o", "mirror")
    told = cli("mirror", "--lock", "locks", "-o", "mirror").stderr
    assert "fetching" not in told, "all of it is there"
    host.run(["rm", "-rf", REPOSITORY])
    before = host.packages()
    cli("install", "--lock", "locks", "--mirror", "mirror", "--yes", network=False)
    assert name_of(release, "flask") in host.packages().keys() - before.keys()
    assert cli("verify", network=False).returncode == 0


def cached(host: Host) -> str:
    """List what the package managers' own caches hold of repositories."""
    list_all = "ls -d /var/cache/libdnf5/* /var/cache/dnf/* /var/cache/zypp/raw/* 2>/dev/null || :"
    return host.run(["sh", "-c", list_all]).stdout


@pytest.mark.all_sets
def test_one_of_each_kind_from_the_real_archives(tmp_path: Path) -> None:
    assert fleet.main(["--hosts", "4", "--keep", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("reports/*.json"))) == 4
