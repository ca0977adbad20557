from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts import apt_root
from resolver.hosts.apt_root import AptRoot
from resolver.hosts.apt_sources import Source
from resolver.model import Completed
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = Source(
    uris=("http://mirror.example/debian",), suites=("trixie",), components=("main",), signed_by=None, insecure=False
)


def done(returncode: int = 0, stdout: str = "", stderr: str = "") -> Completed:
    return Completed(returncode=returncode, stdout=stdout, stderr=stderr)


UNSIGNED = """\
W: GPG error: http://m.example trixie InRelease: The following signatures couldn't be verified because the public key\
 is not available: NO_PUBKEY 6ED0E7B82643E131
E: The repository 'http://m.example trixie InRelease' is not signed.
"""
BAD_SIGNATURE = """\
W: GPG error: http://m.example trixie InRelease: The following signatures were invalid: BADSIG 6ED0
E: The repository is not signed.
"""
EXPIRED = "E: Release file for http://m.example/dists/sid/InRelease is expired (invalid since 16d 3h 34min 40s)."
UNKNOWN_HOST = "E: Failed to fetch http://m.example/InRelease  Temporary failure resolving 'm.example'"
REFUSED = "E: Failed to fetch http://m.example/x  Could not connect to m.example:80 (127.0.0.1). Connection refused"

TORN = (
    "E: Failed to fetch http://m.example/debian/dists/trixie/main/Contents-amd64.gz  File has unexpected size"
    " (12698511 != 12699567). Mirror sync in progress? [IP: 127.0.0.1 80]\n   Hashes of expected file:\n"
    "E: Some index files failed to download. They have been ignored, or old ones used instead.\n"
)


@pytest.mark.parametrize(
    ("stderr", "kind", "words"),
    [
        (UNSIGNED, PolicyError, "is not signed"),
        (BAD_SIGNATURE, PolicyError, "signature"),
        (EXPIRED, UnavailableError, "out of date"),
        (UNKNOWN_HOST, UnavailableError, "cannot be reached"),
        (REFUSED, UnavailableError, "cannot be reached"),
        ("E: Failed to fetch x  404  Not Found [IP: 127.0.0.1 80]", UnavailableError, "404"),
        (TORN, PolicyError, "Contents-amd64.gz is not the file that the signed Release file names"),
        ("", UnavailableError, "no message"),
    ],
)
def test_why_an_update_failed(stderr: str, kind: type[DistrofirstError], words: str) -> None:
    error = apt_root.explain_update_failure(stderr, "trixie")
    assert type(error) is kind
    assert words in str(error)


def root(folder: Path, runner: FakeRunner, sources: tuple[Source, ...] = (SOURCE,)) -> AptRoot:
    return AptRoot(folder / "root", codename="trixie", architecture="amd64", sources=sources, runner=runner)


def test_an_update_takes_over_the_way_to_the_archive_and_no_hooks(tmp_path: Path) -> None:
    dump = (
        'Acquire "";\nAcquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Valid-Until "false";\n'
        'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";\nAcquire::Languages "de";\n'
    )
    runner = FakeRunner({("apt-config",): done(stdout=dump), ("apt-get",): done()})
    place = root(tmp_path, runner)
    place.update()
    text = place.config.read_text()
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in text
    assert 'Acquire::Check-Valid-Until "false";' in text
    assert "DEP-11" not in text
    assert 'Languages "de"' not in text
    assert f'Dir::State::status "{tmp_path}/root/status";' in text
    update = runner.commands[-1]
    assert dict(update.environment)["APT_CONFIG"] == str(place.config)
    assert not update.privileged


def test_I6_no_mirror_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no mirror for trixie"):
        root(tmp_path, FakeRunner({}), sources=()).update()


def test_I6_no_contents_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no Contents"):
        root(tmp_path, FakeRunner({})).contents()


def test_I6_an_update_that_failed_halfway_leaves_nothing_to_ask(tmp_path: Path) -> None:
    """A torn mirror: the lists of the small suites are there, and the release's own are not."""
    place = root(tmp_path, FakeRunner({}))
    lists = place.config.parent / "lists"
    lists.mkdir(parents=True)
    (lists / "m.example_debian_dists_trixie-updates_main_binary-amd64_Packages.lz4").touch()
    assert not place.is_ready
    (lists / "m.example_debian_dists_trixie_main_binary-amd64_Packages.lz4").touch()
    assert place.is_ready


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (done(1, stderr="ModuleNotFoundError: No module named 'apt_pkg'\n"), "cannot import python-apt"),
        (done(1, stderr="apt_pkg.Error: E:The list of sources could not be read.\n"), "cannot be read"),
        (done(stdout=json.dumps({"repositories": 0, "packages": {}})), "no package lists"),
    ],
)
def test_I6_apt_without_an_answer_is_an_error(answer: Completed, words: str) -> None:
    with pytest.raises(UnavailableError, match=words):
        apt_root.dump(FakeRunner({("/usr/bin/python3",): answer}), [])


def test_the_newest_date_of_the_release_files(tmp_path: Path) -> None:
    (tmp_path / "a_InRelease").write_text("Origin: x\nDate: Sat, 15 Nov 2026 08:00:00 UTC\n")
    (tmp_path / "b_Release").write_text("Date: Sun, 16 Nov 2026 09:30:00 +0100\n")
    assert apt_root.newest_date(tmp_path) == "2026-11-16T08:30:00Z"
    assert apt_root.newest_date(tmp_path / "none") == "1970-01-01T00:00:00Z"


def test_R4_metadata_of_a_package_that_is_not_installed(tmp_path: Path) -> None:
    from resolver.model import OsPackage  # noqa: PLC0415 - used here alone

    wanted = OsPackage(name="python3-x", version="1.0-1", architecture="all", repository="r")
    printed = "'http://m.example/x.deb' x.deb 100 SHA256:ab12\n"
    cases: list[tuple[dict[tuple[str, ...], Completed], type[DistrofirstError], str]] = [
        (
            {("apt-get",): done(100, stderr="E: Version '1.0-1' for 'python3-x' was not found")},
            UnavailableError,
            "not found",
        ),
        (
            {
                ("apt-get",): done(stdout=printed),
                ("/usr/lib/apt/apt-helper",): done(100, stderr="E: Hash Sum mismatch"),
            },
            UnavailableError,
            "Hash Sum mismatch",
        ),
        (
            {
                ("apt-get",): done(stdout=printed),
                ("/usr/lib/apt/apt-helper",): done(),
                ("dpkg-deb",): done(2, stderr="dpkg-deb: error: not a Debian format archive"),
            },
            CommandError,
            "not a Debian",
        ),
    ]
    for answers, kind, words in cases:
        with pytest.raises(kind, match=words):
            apt_root.read_package_metadata(FakeRunner(answers), wanted, "x-1.0", tmp_path, environment={})
        assert list(tmp_path.iterdir()) == []
