"""What a mirror takes of an archive, and what it may say of itself; ``tests/cli/test_mirror.py`` has a real apt."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.hosts import apt_mirror
from resolver.hosts.apt_mirror_root import MirrorRoot
from resolver.hosts.apt_root import AptRoot
from resolver.hosts.apt_sources import Source
from resolver.hosts.mirror_folder import MANIFEST, SCHEMA, folder_of
from resolver.model import Command, Completed, Release
from tests.fakes import FakeRunner
from tests.unit.venv.samples import lock, os_package

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

BOOKWORM = Release(distribution="debian", version="12", codename="bookworm")
LOCK = lock(packages=(os_package("python3-zz", "1:1.0-1"),))
BASE, SECURITY = "http://m.example/debian/", "http://m.example/debian-security/"


def done(stdout: str = "", returncode: int = 0) -> Completed:
    return Completed(returncode=returncode, stdout=stdout, stderr="")


class Archive:
    """What apt would say of two archives of one server, and what they serve: a .deb is its own name."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.suites = [(BASE, "bookworm"), (SECURITY, "bookworm-security"), (BASE, "bookworm-updates")]
        self.debs = {f"{BASE}pool/p/python3-zz_1%3a1.0-1_all.deb": ("python3-zz", "1:1.0-1")}
        self.offered = [
            ("python3-zz", "1:1.0-1", BASE, "bookworm"),
            ("python3-zz", "1:1.0-1", BASE, "bookworm-updates"),
        ]
        for _, suite in self.suites:
            listed = f"Date: x\nSHA256:\n {hashlib.sha256(suite.encode()).hexdigest()} {len(suite)} main/Packages.xz\n"
            (tmp_path / f"lists_{suite}_InRelease").write_text(f"{listed}SHA512:\n {'0' * 128} 1 main/Packages.gz\n")

    def gather(self) -> None:
        uris = "".join(
            f"'{uri}' {uri.rpartition('/')[2]} 3 SHA256:{hashlib.sha256(uri.encode()).hexdigest()}\n"
            for uri in self.debs
        )
        indexes = "".join(
            f"{uri}\t{suite}\tmain\tmain/Packages\t{self.folder}/lists_{suite}_main_Packages.lz4\n"
            for uri, suite in self.suites
        )
        rows = "".join(
            f"{name:>10} | {version:>10} | {uri.rstrip('/')} {suite}/main amd64 Packages\n"
            for name, version, uri, suite in self.offered
        )
        runner = Helper(
            {
                ("apt-config",): done(),
                ("apt-get", "-qq"): done(),
                ("apt-get", "install"): done(uris),
                ("apt-get", "indextargets"): done(indexes),
                ("apt-cache", "madison"): done(rows),
                ("/usr/lib/apt/apt-helper",): done(),
            },
            {f"{uri}dists/{suite}/main/Packages.xz": suite for uri, suite in self.suites},
        )
        source = Source(uris=(BASE,), suites=("bookworm",), components=("main",), signed_by=None, insecure=False)
        root = AptRoot(
            self.folder / "root", codename="bookworm", architecture="amd64", sources=(source,), runner=runner
        )
        apt_mirror.gather(root, [LOCK], self.folder / "mirror", lambda _: None)

    @property
    def files(self) -> set[str]:
        found = (path for path in (self.folder / "mirror").rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder / "mirror")) for path in found}


class Helper(FakeRunner):
    """Fetches what it is told to: a document, or else the URI itself."""

    def __init__(self, answers: dict[tuple[str, ...], Completed], documents: dict[str, str]) -> None:
        super().__init__(answers)
        self._documents = documents

    def run(self, command: Command) -> Completed:
        argv = command.argv
        if argv[1] == "download-file":
            for uri, path in zip(argv[2::3], argv[3::3], strict=True):
                Path(path).write_text(self._documents.get(uri, uri))
        return super().run(command)


def test_an_index_that_nothing_is_taken_from_is_left_out(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.gather()
    assert archive.files == {
        "mirror.json",
        "debian/dists/bookworm/InRelease",
        "debian/dists/bookworm/main/Packages.xz",
        "debian/pool/p/python3-zz_1:1.0-1_all.deb",
    }


def test_what_security_has_comes_with_its_index_in_apts_order(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.debs[f"{SECURITY}pool/updates/o/openssl_3_amd64.deb"] = ("openssl", "3")
    archive.offered.append(("openssl", "3", SECURITY, "bookworm-security"))
    archive.gather()
    assert json.loads((tmp_path / "mirror" / MANIFEST).read_text())["indexes"] == [
        ["debian", "bookworm", "main"],
        ["debian-security", "bookworm-security", "main"],
    ]
    assert "debian-security/pool/updates/o/openssl_3_amd64.deb" in archive.files


def test_two_archives_with_one_name_have_folders_of_their_own() -> None:
    names = apt_mirror._archive_names(
        ["http://a.example/debian/", "http://b.example/debian/", "http://c.example/", "x:/~/"]
    )
    assert list(names.values()) == ["debian", "debian-2", "c.example", "archive"]


@pytest.mark.parametrize("path", ["../../etc/x_1_all.deb", "%2e%2e/x_1_all.deb", "/etc/x_1_all.deb"])
def test_T1_no_file_is_written_outside_of_its_archive(tmp_path: Path, path: str) -> None:
    archive = Archive(tmp_path)
    archive.debs = {f"{BASE}{path}": ("x", "1")}
    archive.offered = [("x", "1", BASE, "bookworm")]
    with pytest.raises(PolicyError, match="outside of its archive"):
        archive.gather()


def test_a_file_that_no_index_lists_stops_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.offered = []
    with pytest.raises(CommandError, match=r"no index of apt's lists python3-zz 1:1\.0-1"):
        archive.gather()


def test_an_index_that_nobody_signed_stops_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    (tmp_path / "lists_bookworm_InRelease").write_text("SHA512:\n 00 1 main/Packages.xz\n")
    with pytest.raises(CommandError, match="no signed file lists main/Packages with its SHA256"):
        archive.gather()
    assert archive.files == set()


TRUSTED = Source(uris=("x",), suites=("bookworm",), components=("main",), signed_by="/key", insecure=False)


def mirror_root(folder: Path, sources: tuple[Source, ...] = (TRUSTED,)) -> MirrorRoot:
    return MirrorRoot(
        folder / "mirror",
        folder / "apt",
        release=BOOKWORM,
        architecture="amd64",
        sources=sources,
        keyrings=(folder / "distribution.gpg",),
        runner=FakeRunner({}),
    )


JSON: SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["schema", "indexes"]), inner),
    max_leaves=8,
)
WORD = st.sampled_from(["debian", "bookworm", "main", "..", "/", "a b", "a\nTrusted: yes", "[trusted=yes]", "a/b", ""])


@settings(max_examples=60)
@given(
    document=JSON | st.fixed_dictionaries({"schema": st.just(SCHEMA), "indexes": st.lists(st.tuples(WORD, WORD, WORD))})
)
def test_T1_whatever_a_mirror_says_no_word_of_it_is_more_than_a_name(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    part = folder_of(folder / "mirror", BOOKWORM, "amd64")
    part.mkdir(parents=True, exist_ok=True)
    (folder / "distribution.gpg").touch()
    (part / MANIFEST).write_text(json.dumps(document))
    with suppress(PolicyError):
        for source in mirror_root(folder).sources():
            words = "".join((*source.uris, *source.suites, *source.components))
            assert not set(words) & set(" \n[]=")
            assert ".." not in words
            assert source.signed_by in {"/key", str(folder / "distribution.gpg")}
            assert not source.insecure


def source(uri: str, suite: str, component: str, key: str, *, insecure: bool = False) -> Source:
    return Source(uris=(uri,), suites=(suite,), components=(component,), signed_by=key, insecure=insecure)


def test_T1_a_suite_is_signed_by_the_key_of_the_source_that_is_most_like_it(tmp_path: Path) -> None:
    part = folder_of(tmp_path / "mirror", BOOKWORM, "amd64")
    part.mkdir(parents=True)
    indexes = [["debian", "bookworm", "main"], ["linux", "bookworm", "stable"], ["ours", "bookworm", "main"]]
    (part / MANIFEST).write_text(json.dumps({"schema": SCHEMA, "indexes": indexes}))
    (tmp_path / "distribution.gpg").touch()
    hosts = (
        source("https://a.example/linux", "bookworm", "stable", "/others"),
        source("https://b.example/debian", "bookworm", "main", "/nobody", insecure=True),
        source("https://c.example/ours/", "bookworm", "main", "/ours"),
        source("https://d.example/debian", "bookworm", "main", "/debian"),
    )
    assert [one.signed_by for one in mirror_root(tmp_path, hosts).sources()] == ["/debian", "/others", "/ours"]
    assert {one.signed_by for one in mirror_root(tmp_path, hosts[1:2]).sources()} == {f"{tmp_path}/distribution.gpg"}


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no OS packages for debian:12 on amd64, or is not finished"):
        mirror_root(tmp_path).sources()
