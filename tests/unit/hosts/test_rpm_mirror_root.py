"""How a host's dnf or zypper is shown a mirror, and what such a folder may not be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from resolver.errors import PolicyError, UnavailableError
from resolver.hosts.dnf_metadata import dnf5_keys
from resolver.hosts.mirror_folder import MANIFEST, SCHEMA
from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
from resolver.hosts.zypp_xml import keys_of
from resolver.model import Completed, Release
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

FEDORA = Release(distribution="fedora", version="43")
KEY = "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-fedora"
PACKAGE = ["python3-a", "1-1", "noarch", "fedora/a.rpm"]


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Give the part of a mirror in a folder with a space and a dollar in its name."""
    part = tmp_path / "a mirror$x" / "fedora-43-x86_64"
    (part / "fedora/repodata").mkdir(parents=True)
    (part / "fedora/repodata/repomd.xml").write_text("x")
    (part / "fedora/a.rpm").touch()
    manifest(part)
    return part


def manifest(part: Path, **content: object) -> None:
    told = {"schema": SCHEMA, "repositories": ["fedora"], "packages": [PACKAGE]} | content
    (part / MANIFEST).write_text(json.dumps(told))


def root(part: Path) -> RpmMirrorRoot:
    return RpmMirrorRoot(
        part.parent,
        part.parent.parent / "ours",
        release=FEDORA,
        architecture="x86_64",
    )


def described(part: Path, *, is_signed: bool = False) -> dict[str, str]:
    one = root(part)
    one.prepare((KEY, "https://keys.example/key"), metadata_is_signed=is_signed)
    header, *lines = (one.repositories / "mirror.repo").read_text().splitlines()
    assert header == "[fedora]"
    return dict(line.split("=", 1) for line in lines if line)


def test_T1_a_mirrors_packages_are_always_verified_and_by_the_hosts_own_keys(part: Path) -> None:
    settings = described(part)
    assert settings["gpgcheck"] == "1"
    assert settings["gpgkey"] == KEY, "a key that would have to be fetched is not at hand, and none is the mirror's"
    assert settings["baseurl"].endswith("/a%20mirror%24x/fedora-43-x86_64/fedora")


def test_T1_the_metadatas_signature_is_verified_where_there_is_one_or_has_to_be(part: Path) -> None:
    assert described(part)["repo_gpgcheck"] == "0"
    assert described(part, is_signed=True)["repo_gpgcheck"] == "1"
    (part / "fedora/repodata/repomd.xml.asc").touch()
    assert described(part)["repo_gpgcheck"] == "1"


def test_the_tools_see_nothing_else(part: Path) -> None:
    one = root(part)
    folder = part.parent.parent / "ours"
    assert one.dnf == (
        f"--setopt=reposdir={folder}/repos.d", f"--setopt=cachedir={folder}/cache",
        f"--setopt=system_cachedir={folder}/cache",
    )  # fmt: skip
    assert one.zypper == ("--reposd-dir", f"{folder}/repos.d", "--cache-dir", f"{folder}/cache")


def test_zypper_has_to_read_what_has_changed(part: Path) -> None:
    one = root(part)
    assert not one.is_read()
    (one.raw / "fedora/repodata").mkdir(parents=True)
    (one.raw / "fedora/repodata/repomd.xml").write_text("x")
    assert one.is_read()
    (part / "fedora/repodata/repomd.xml").write_text("y")
    assert not one.is_read()


def test_what_the_mirror_does_not_have_is_named(part: Path) -> None:
    one = root(part)
    one.check([("python3-a", "1-1", "noarch")])
    with pytest.raises(UnavailableError, match=r"does not have python3-a-2-1\.noarch, python3-b-1-1\.x86_64"):
        one.check([("python3-b", "1-1", "x86_64"), ("python3-a", "2-1", "noarch")])
    (part / "fedora/a.rpm").unlink()
    with pytest.raises(UnavailableError, match=r"does not have python3-a-1-1\.noarch"):
        one.check([("python3-a", "1-1", "noarch")])


@pytest.mark.parametrize(
    "content",
    [
        {"schema": "another/1"},
        {"repositories": []},
        {"repositories": ["../../etc"]},
        {"repositories": ["a/b"]},
        {"repositories": ["a]\ngpgcheck=0\n["]},
        {"repositories": None},
        {"packages": [["python3-a"]]},
        {"packages": 1},
    ],
)
def test_T1_a_manifest_that_is_not_ours_is_refused(part: Path, content: dict[str, object]) -> None:
    manifest(part, **content)
    with pytest.raises(PolicyError, match="is not what distrofirst writes into a mirror"):
        root(part)


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_T1_what_is_no_manifest_at_all_is_refused(part: Path, text: str) -> None:
    (part / MANIFEST).write_text(text)
    with pytest.raises(PolicyError, match="is not what distrofirst writes into a mirror"):
        root(part)


DUMP = """\
======== "fedora" repository configuration: ========
enabled = 1
gpgcheck = 1
gpgkey = file:///etc/pki/rpm-gpg/RPM-GPG-KEY-fedora,file:///etc/pki/rpm-gpg/RPM-GPG-KEY-more
metalink = https://mirrors.example/metalink

======== "off" repository configuration: ========
enabled = 0
gpgcheck = 1
gpgkey = file:///off

======== "open" repository configuration: ========
enabled = 1
gpgcheck = 0
gpgkey = file:///open
"""


def test_T1_dnf5_tells_the_keys_of_what_is_verified() -> None:
    runner = FakeRunner({("dnf5", "--dump-repo-config=*"): Completed(returncode=0, stdout=DUMP, stderr="")})
    assert dnf5_keys(runner) == (KEY, "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-more")


REPOSITORIES = """\
<?xml version='1.0'?>
<stream><repo-list>
<repo alias="oss" enabled="1" gpgcheck="1" repo_gpgcheck="1" pkg_gpgcheck="0" gpgkey="file:/etc/pki/oss"/>
<repo alias="off" enabled="0" gpgcheck="1" repo_gpgcheck="1" pkg_gpgcheck="0" gpgkey="file:/off"/>
<repo alias="open" enabled="1" gpgcheck="0" repo_gpgcheck="0" pkg_gpgcheck="0" gpgkey="file:/open"/>
</repo-list></stream>
"""


def test_T1_zypper_tells_the_keys_of_what_is_verified() -> None:
    assert keys_of(FakeRunner({("zypper",): Completed(returncode=0, stdout=REPOSITORIES, stderr="")})) == (
        "file:/etc/pki/oss",
    )
