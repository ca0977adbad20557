from __future__ import annotations

import pytest

from resolver.errors import InputError
from resolver.hosts import releases


@pytest.mark.parametrize(
    ("text", "release", "codename"),
    [
        ("debian:12", "debian:12", "bookworm"),
        ("debian:bookworm", "debian:12", "bookworm"),
        ("Debian:Trixie", "debian:13", "trixie"),
        ("debian:sid", "debian:sid", "sid"),
        ("debian:unstable", "debian:sid", "sid"),
        ("ubuntu:24.04", "ubuntu:24.04", "noble"),
        ("ubuntu:noble", "ubuntu:24.04", "noble"),
        ("fedora:43", "fedora:43", None),
        ("Fedora:rawhide", "fedora:rawhide", None),
        ("centos:9", "centos:9", None),
        ("opensuse:tumbleweed", "opensuse:tumbleweed", None),
        ("opensuse:leap-16.0", "opensuse:leap-16.0", None),
        ("sles:15.7", "sles:15.7", None),
    ],
)
def test_names_of_a_release(text: str, release: str, codename: str | None) -> None:
    found = releases.parse(text)
    assert (str(found), found.codename) == (release, codename)


@pytest.mark.parametrize(
    "text",
    [
        "debian",
        "debian:",
        "debian:99",
        "windows:11",
        "",
        "12",
        "debian:12:1",
        "fedora:x",
        "opensuse:16.0",
        "centos:9.4",
    ],
)
def test_what_is_no_release_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(InputError) as caught:
        releases.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("facts", "release", "codename"),
    [
        ({"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}, "debian:12", "bookworm"),
        ({"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}, "debian:13", "trixie"),
        ({"ID": "debian", "VERSION_CODENAME": "forky"}, "debian:sid", "sid"),
        ({"ID": "debian", "VERSION_CODENAME": "sid"}, "debian:sid", "sid"),
        ({"ID": "debian"}, "debian:sid", "sid"),
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}, "ubuntu:24.04", "noble"),
        ({"ID": "debian", "VERSION_ID": "12"}, "debian:12", "bookworm"),
        ({"ID": "fedora", "VERSION_ID": "43"}, "fedora:43", None),
        ({"ID": "centos", "VERSION_ID": "9"}, "centos:9", None),
        ({"ID": "almalinux", "VERSION_ID": "9.4"}, "almalinux:9", None),
        ({"ID": "opensuse-tumbleweed", "VERSION_ID": "20260915"}, "opensuse:tumbleweed", None),
        ({"ID": "opensuse-leap", "VERSION_ID": "15.6"}, "opensuse:leap-15.6", None),
        ({"ID": "sles", "VERSION_ID": "15.7"}, "sles:15.7", None),
    ],
)
def test_the_hosts_release(facts: dict[str, str], release: str, codename: str | None) -> None:
    found = releases.of_host(facts)
    assert (str(found), found.codename) == (release, codename)


@pytest.mark.parametrize(
    "facts",
    [
        {"ID": "arch", "PRETTY_NAME": "Arch Linux"},
        {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22", "PRETTY_NAME": "Linux Mint 22"},
        {"ID": "raspbian", "ID_LIKE": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Raspbian 12"},
    ],
)
def test_a_host_of_another_distribution_says_so(facts: dict[str, str]) -> None:
    with pytest.raises(InputError, match=facts["PRETTY_NAME"]):
        releases.of_host(facts)


@pytest.mark.parametrize(
    ("text", "family"),
    [("debian:13", "debian"), ("ubuntu:24.04", "debian"), ("rhel:9", "fedora"), ("sles:15.7", "suse")],
)
def test_the_family_decides_who_is_asked(text: str, family: str) -> None:
    assert releases.family_of(releases.parse(text)) == family
