"""``audit`` on real hosts: debsecan, apt's changelogs and comparison; updateinfo as dnf5, dnf4 and zypper keep it."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.command_line import CommandLine, projects
from tests.system.conftest import RPM_RELEASES
from tests.system.rpms import KEY, REPOSITORY, Builder, refresh

if TYPE_CHECKING:
    from tests.system.hosts import Host

pytestmark = pytest.mark.system

FIXED = "CVE-2025-50181"
"""What urllib3's upstream fixed in 2.5.0, and Debian 12 in its 1.26.12."""
UPDATEINFO = """\
<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="updates@example" status="stable" type="security" version="2.0">
<id>TEST-2026-0001</id><title>flask</title><severity>Important</severity><issued date="2026-10-01 00:00:00"/>
<references><reference href="https://example" id="CVE-2026-0001" title="flask" type="cve"/></references>
<pkglist><collection short="T"><name>T</name>
<package name="NAME" version="99" release="1" epoch="0" arch="noarch"><filename>x.rpm</filename></package>
</collection></pkglist></update></updates>
"""


def osv(cli: CommandLine, *found: tuple[str, str, str, str]) -> tuple[str, str]:
    """Write a database: ecosystem, name, fixed version and CVE of each advisory."""
    for number, (ecosystem, name, fixed, cve) in enumerate(found):
        events = [{"introduced": "0"}, {"fixed": fixed}]
        affected = {
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }
        cli.write(f"osv/{number}.json", json.dumps({"id": f"OSV-{number}", "aliases": [cve], "affected": [affected]}))
    return "--advisories", "osv"


def audit(cli: CommandLine, *arguments: str, code: int) -> dict[str, dict[str, Any]]:
    done = cli("audit", "--lock", "lock.toml", "--format", "json", *arguments, code=code)
    return {item["name"]: item for item in json.loads(done.stdout)["items"]}


def verdicts(items: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: item["verdict"] for name, item in items.items()}


@pytest.mark.parametrize("release", ["debian:12"])
def test_T2_debian_with_and_without_debsecan(host: Host) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "urllib3\nsix\nidna\n")
    cli("lock", "--only-distro", "-o", "lock.toml")
    upstream = osv(cli, ("PyPI", "urllib3", "2.5.0", FIXED), ("PyPI", "six", "99", "CVE-2026-0001"))

    items = audit(cli, *upstream, code=0)
    assert set(verdicts(items).values()) == {"not-checked"}
    assert "debsecan is not installed" in items["python3-idna"]["detail"]
    assert "OSV-1 affects upstream six 1." in items["python3-six"]["detail"]
    (fix,) = items["python3-urllib3"]["evidence"]
    assert (fix["cve"], fix["source"]) == (FIXED, "changelog")
    assert fix["version"].startswith("1.26.12-1+deb12u")

    # The distribution's advisories in the same database: apt compares the versions of the source packages.
    both = osv(
        cli,
        ("PyPI", "urllib3", "2.5.0", FIXED),
        ("Debian:12", "python-urllib3", "1.26.12-1~", FIXED),
        ("Debian:12", "python-idna", "99:1", "CVE-2026-0002"),
        ("PyPI", "six", "99", "CVE-2026-0001"),
    )
    assert verdicts(audit(cli, *both, code=1)) == {
        "python3-idna": "vulnerable",
        "python3-six": "not-checked",
        "python3-urllib3": "clean",
    }

    host.run(["apt-get", "install", "-y", "--no-install-recommends", "debsecan"])
    assert set(verdicts(audit(cli, code=0)).values()) == {"not-checked"}, "its data cannot be fetched"
    known = "VERSION 1\nCVE-2026-0003,,bad\n\nsix,0, MR ,,\n\nsix,python3-six\n\n"
    host.run(
        ["python3", "-c", "import sys; open('/srv/bookworm', 'wb').write(bytes.fromhex(sys.stdin.read()))"],
        input=zlib.compress(known.encode()).hex(),
    )
    host.write("/etc/default/debsecan", "SUITE=GENERIC\nSOURCE=file:///srv/\n")
    items = audit(cli, code=1)
    assert verdicts(items) == {
        "python3-idna": "clean",
        "python3-six": "vulnerable",
        "python3-urllib3": "clean",
    }
    assert items["python3-six"]["advisories"][0]["id"] == "CVE-2026-0003"


@pytest.mark.in_turn
@pytest.mark.parametrize("release", RPM_RELEASES)
def test_T2_rpm_hosts_by_their_repositories_updateinfo(host: Host, release: str) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "flask\n")
    cli("lock", "--only-distro", "-o", "lock.toml")
    before = audit(cli, "--offline", code=0)
    assert set(verdicts(before).values()) == {"not-checked"}
    assert all("no repository here publishes advisories" in item["detail"] for item in before.values())

    (flask,) = (name for name in before if name.lower().endswith("-flask"))
    with Builder.fresh(release) as builder:
        builder.host.write("/tmp/updateinfo.xml", UPDATEINFO.replace("NAME", flask))
        folder = f"{REPOSITORY}/repodata"
        builder.host.run(["modifyrepo_c", "/tmp/updateinfo.xml", folder])
        sign = ["gpg", "--batch", "--yes", "--local-user", KEY, "--detach-sign", "--armor", f"{folder}/repomd.xml"]
        builder.host.run(sign)
        builder.copy(REPOSITORY, host)
    refresh(host)
    after = audit(cli, "--offline", code=1)
    assert verdicts(after).pop(flask) == "vulnerable"
    assert after[flask]["advisories"] == [
        {"id": "TEST-2026-0001", "aliases": ["CVE-2026-0001"], "fixed": ["99-1"], "note": "important"}
    ]
    assert {item["verdict"] for name, item in after.items() if name != flask} == {"clean"}


@pytest.mark.parametrize("release", ["debian:12"])
def test_T2_what_debian_supports_is_asked_of_its_own_lists(host: Host) -> None:
    cli = CommandLine.of(host)
    cli.write("requirements.txt", "itsdangerous\ncython\n")

    def supported() -> dict[str, dict[str, Any]]:
        return {name: one["security_support"] for name, one in projects(cli.report("--only-distro"), "distro").items()}

    why = supported()["itsdangerous"]
    assert why["status"] == "not-checked"
    assert "debian-security-support is not installed" in why["detail"]
    host.run(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "debian-security-support", "distro-info-data"]
    )
    answers = supported()
    # Debian 12 is its security team's until July 2026, then the LTS team's.
    assert answers["itsdangerous"]["status"] in {"supported", "limited"}
    assert answers["cython"] == {
        "status": "limited",
        "detail": "Only included for building packages, not running them, #975058",
    }
    assert "Security support: 1 limited (Only included for building" in cli("report", "--only-distro").stdout
