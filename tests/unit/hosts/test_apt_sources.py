from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.hosts import apt_sources
from resolver.hosts.apt_sources import Source

if TYPE_CHECKING:
    from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""\
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

# a comment
Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEYRING}
"""


def source(**changes: object) -> Source:
    values = {
        "uris": ("http://mirror.example/debian",),
        "suites": ("bookworm",),
        "components": ("main",),
        "signed_by": KEYRING,
        "insecure": False,
        **changes,
    }
    return Source(**values)  # type: ignore[arg-type]  # the tests name real fields


@pytest.mark.parametrize(
    ("signed_by", "expected"),
    [
        (None, False),
        ("/usr/share/keyrings/debian-archive-keyring.gpg", False),
        ("/usr/share/keyrings/debian-archive-bookworm-stable.pgp", False),
        ("/usr/share/keyrings/ubuntu-archive-keyring.gpg", False),
        ("/etc/apt/keyrings/debian-archive-keyring.gpg", True),
        ("/usr/share/keyrings/vendor.gpg", True),
        ("/usr/share/keyrings/debian-archive-keyring.gpg /etc/apt/keyrings/vendor.gpg", True),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----", True),
        ("0123456789ABCDEF0123456789ABCDEF01234567", True),
    ],
)
def test_T1_whose_key_vouches_for_a_source(signed_by: str | None, *, expected: bool) -> None:
    assert source(signed_by=signed_by).is_foreign is expected


def test_deb822() -> None:
    first, second = apt_sources.parse_deb822(DEB822)
    assert first == source(suites=("bookworm", "bookworm-updates"), components=("main", "contrib"))
    assert second.suites == ("bookworm-security",)


def test_deb822_with_the_key_inside() -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n"
    (found,) = apt_sources.parse_deb822("Types: deb\nURIs: http://a.example\nSuites: x\nComponents: main\n" + key)
    assert found.signed_by is not None
    assert "BEGIN PGP" in found.signed_by
    again = apt_sources.parse_deb822(apt_sources.render([found], "x"))
    assert again[0].signed_by is not None
    assert again[0].signed_by.split() == found.signed_by.split()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("deb http://a.example/debian trixie main contrib", [(("http://a.example/debian",), None, False)]),
        ("deb [signed-by=/k.gpg arch=amd64] http://a.example trixie main", [(("http://a.example",), "/k.gpg", False)]),
        ("deb [trusted=yes] http://a.example trixie main", [(("http://a.example",), None, True)]),
        ("deb [ allow-insecure=yes ] http://a.example trixie main", [(("http://a.example",), None, True)]),
        ("deb-src http://a.example trixie main", []),
        ("# deb http://a.example trixie main", []),
        ("", []),
        ("deb file:/srv/repo ./", [(("file:/srv/repo",), None, False)]),
    ],
)
def test_one_line_format(line: str, found: list[tuple[tuple[str, ...], str | None, bool]]) -> None:
    assert [(one.uris, one.signed_by, one.insecure) for one in apt_sources.parse_list(line)] == found


@pytest.mark.parametrize("field", ["Trusted: yes", "Allow-Insecure: true"])
def test_T1_a_stanza_without_signature(field: str) -> None:
    (found,) = apt_sources.parse_deb822(f"Types: deb\nURIs: http://a.example\nSuites: x\nComponents: main\n{field}\n")
    assert found.insecure


def test_a_disabled_stanza_is_none() -> None:
    assert apt_sources.parse_deb822("Types: deb\nEnabled: no\nURIs: http://a.example\nSuites: x\n") == ()


def test_files_are_read_in_apts_order_and_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example a main\n")
    (tmp_path / "sources.list.d" / "b.list").write_text("deb http://three.example a main\n")
    (tmp_path / "sources.list.d" / "a.sources").write_text("Types: deb\nURIs: http://two.example\nSuites: a\n")
    (tmp_path / "sources.list.d" / "c.list.save").write_text("deb http://never.example a main\n")
    found = [one.uris[0] for one in apt_sources.read(tmp_path)]
    assert found == ["http://one.example", "http://two.example", "http://three.example"]
    assert apt_sources.read(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("given", "there", "suites"),
    [
        (source(), "trixie", [("trixie", "trixie-backports")]),
        (source(suites=("bookworm-updates",)), "trixie", [("trixie-updates",)]),
        (source(suites=("bookworm-security",)), "trixie", [("trixie-security",)]),
        (source(suites=("stable", "stable-updates")), "trixie", [("trixie", "trixie-backports", "trixie-updates")]),
        (source(suites=("bookworm", "bookworm-updates")), "sid", [("sid",)]),
        (source(suites=("bookworm-security",)), "sid", []),
        (source(suites=("nodistro",)), "trixie", []),
        (source(insecure=True), "trixie", []),
        # A third party that names its suite after the release: its own key, no component main.
        (source(components=("stable",), signed_by="/etc/apt/keyrings/docker.asc"), "trixie", []),
        (source(signed_by="/etc/apt/keyrings/vendor.gpg"), "trixie", []),
        (source(signed_by=None), "trixie", [("trixie", "trixie-backports")]),
    ],
)
def test_the_distributions_own_sources_for_another_release(
    given: Source, there: str, suites: list[tuple[str, ...]]
) -> None:
    assert [one.suites for one in apt_sources.retarget([given], "bookworm", there)] == suites


@pytest.mark.parametrize("suite", ["sid", "unstable", "testing", "forky"])
def test_a_host_of_testing_or_unstable_knows_mirrors_for_releases(suite: str) -> None:
    (found,) = apt_sources.retarget([source(suites=(suite,))], "sid", "trixie")
    assert found.suites == ("trixie", "trixie-backports")


def test_a_host_of_another_distribution_knows_no_mirror() -> None:
    assert apt_sources.retarget([source(suites=("noble", "stable"))], None, "trixie") == ()


def test_only_the_base_suites_contents_are_fetched() -> None:
    text = apt_sources.render([source(suites=("trixie", "trixie-updates"))], "trixie")
    stanzas = text.strip().split("\n\n")
    assert "Targets: Packages Contents-deb" in stanzas[0]
    assert "Targets: Packages\n" in stanzas[1] + "\n"
    assert all(f"Signed-By: {KEYRING}" in stanza for stanza in stanzas)


def test_a_source_named_twice_is_written_once() -> None:
    assert apt_sources.render([source(), source()], "bookworm").count("Types:") == 1
