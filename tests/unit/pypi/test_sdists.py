"""P2: an sdist is unpacked so that nothing gets outside, and its [build-system] is read without running anything."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from resolver.errors import CommandError, DistrofirstError, PolicyError
from resolver.pypi import sdists
from resolver.pypi.sdists import EPOCH, BuildSystem, Limits, unpack
from tests.sdists import add, tar_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "x-1.0.tar.gz"


def unpacked(folder: Path, change: Callable[[tarfile.TarFile], None], limits: Limits | None = None) -> Path:
    archive = folder / NAME
    archive.write_bytes(tar_of({"setup.py": "", "pkg/a.py": "a = 1\n"}, "x-1.0", change))
    (folder / "out").mkdir()
    return unpack(archive, folder / "out", limits)


def test_P2_files_folders_and_inner_links_come_out_alike(tmp_path: Path) -> None:
    def more(tar: tarfile.TarFile) -> None:
        add(tar, "x-1.0/run", b"#!", mode=0o4777)
        add(tar, "x-1.0/pkg/link", type=tarfile.SYMTYPE, linkname="../setup.py")
        add(tar, "x-1.0/hard", type=tarfile.LNKTYPE, linkname="x-1.0/pkg/a.py")
        add(tar, "x-1.0/empty", type=tarfile.DIRTYPE, mode=0)

    root = unpacked(tmp_path, more)
    assert root == tmp_path / "out" / "x-1.0"
    assert stat.S_IMODE((root / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "empty").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "setup.py").stat().st_mode) == 0o644
    assert (root / "pkg" / "link").readlink().as_posix() == "../setup.py"
    assert (root / "hard").read_text() == "a = 1\n"
    assert (root / "hard").stat().st_nlink == 1
    assert {path.lstat().st_mtime for path in root.rglob("*")} == {EPOCH}


ATTACKS: dict[str, tuple[list[tuple[str, dict[str, Any]]], str]] = {
    "absolute path": ([("/etc/evil", {})], "has an absolute path"),
    "parent": ([("x-1.0/../../evil", {})], "has a path with .."),
    "absolute link": ([("x-1.0/l", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})], "outside of it"),
    "link to a parent": ([("x-1.0/l", {"type": tarfile.SYMTYPE, "linkname": "../../e"})], "outside of it"),
    "link beside": ([("x-1.0/l", {"type": tarfile.SYMTYPE, "linkname": "../y"})], "outside of it"),
    "through a link": (
        [("x-1.0/l", {"type": tarfile.SYMTYPE, "linkname": "pkg"}), ("x-1.0/l/b.py", {})],
        "lies below a link",
    ),
    "link through a link": (
        [
            ("x-1.0/pkg/top", {"type": tarfile.SYMTYPE, "linkname": ".."}),
            ("x-1.0/pkg/l", {"type": tarfile.SYMTYPE, "linkname": "top/../../etc"}),
        ],
        "by way of another link",
    ),
    "link through a link, inside by its words": (
        [
            ("x-1.0/pkg/top", {"type": tarfile.SYMTYPE, "linkname": ".."}),
            ("x-1.0/l", {"type": tarfile.SYMTYPE, "linkname": "pkg/top/.."}),
        ],
        "by way of another link",
    ),
    "the top is a link": ([("y", {"type": tarfile.SYMTYPE, "linkname": "/etc"})], "outside of it"),
    "hard link outside": ([("x-1.0/l", {"type": tarfile.LNKTYPE, "linkname": "/etc/shadow"})], "absolute path"),
    "hard link to nothing": ([("x-1.0/l", {"type": tarfile.LNKTYPE, "linkname": "x-1.0/none"})], "is no file before"),
    "hard link to a link": (
        [
            ("x-1.0/s", {"type": tarfile.SYMTYPE, "linkname": "setup.py"}),
            ("x-1.0/l", {"type": tarfile.LNKTYPE, "linkname": "x-1.0/s"}),
        ],
        "is no file before",
    ),
    "device": ([("x-1.0/d", {"type": tarfile.BLKTYPE})], "is a device or a pipe"),
    "pipe": ([("x-1.0/p", {"type": tarfile.FIFOTYPE})], "is a device or a pipe"),
    "a file for a folder": ([("x-1.0/pkg", {})], "takes the place of a folder"),
}


@pytest.mark.parametrize(("members", "message"), ATTACKS.values(), ids=ATTACKS)
def test_P2_attack_by_an_archive(tmp_path: Path, members: list[tuple[str, dict[str, Any]]], message: str) -> None:
    def attack(tar: tarfile.TarFile) -> None:
        for name, about in members:
            add(tar, name, **about)

    with pytest.raises(PolicyError, match=message) as caught:
        unpacked(tmp_path, attack)
    assert caught.value.context == NAME
    assert {path.name for path in tmp_path.iterdir()} == {NAME, "out"}


def test_P2_attack_by_size(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="unpacks to more than 1000000 bytes"):
        unpacked(tmp_path, lambda tar: add(tar, "x-1.0/zeros", bytes(2_000_000)), Limits(size=1_000_000))


def test_P2_attack_by_number(tmp_path: Path) -> None:
    def many(tar: tarfile.TarFile) -> None:
        for number in range(9):
            add(tar, f"x-1.0/{number}")

    with pytest.raises(PolicyError, match="more than 5 files"):
        unpacked(tmp_path, many, Limits(files=5))


def zipped(folder: Path, *members: tuple[str, int, bytes]) -> Path:
    archive = folder / "x-1.0.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, mode, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            opened.writestr(info, data)
    (folder / "out").mkdir()
    return archive


def test_P2_zip_files_too(tmp_path: Path) -> None:
    root = unpack(zipped(tmp_path, ("x-1.0/setup.py", 0, b"x"), ("x-1.0/r", 0o100755, b"")), tmp_path / "out")
    assert (root / "setup.py").read_bytes() == b"x"
    assert stat.S_IMODE((root / "r").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (("../evil", 0, b""), "has a path with .."),
        (("x-1.0/l", stat.S_IFLNK | 0o777, b"/etc"), "is neither a file nor a folder"),
        (("x-1.0/z", 0, bytes(2_000_000)), "unpacks to more than"),
    ],
)
def test_P2_attack_by_a_zip_file(tmp_path: Path, member: tuple[str, int, bytes], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        unpack(zipped(tmp_path, member), tmp_path / "out", Limits(size=1_000_000))


@pytest.mark.parametrize("name", ["x-1.0.tar.gz", "x-1.0.tar.bz2", "x-1.0.tar.xz", "x-1.0.zip"])
def test_P2_what_is_no_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(CommandError, match="cannot be unpacked") as caught:
        unpack(tmp_path / name, tmp_path)
    assert caught.value.context == name


def test_P2_one_folder_at_the_top(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds 2 folders at its top"):
        unpacked(tmp_path, lambda tar: add(tar, "other/file"))


LEGACY = BuildSystem(requires=("setuptools>=40.8.0",), backend="setuptools.build_meta:__legacy__")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", LEGACY),
        ("[project]\nname = 'x'\n", LEGACY),
        (
            "[build-system]\nrequires = ['b', 'a>=1']\n",
            BuildSystem(requires=("a>=1", "b"), backend="setuptools.build_meta:__legacy__"),
        ),
        (
            "[build-system]\nrequires = []\nbuild-backend = 'm.n:o.p'\nbackend-path = ['src', '.']\n",
            BuildSystem(requires=(), backend="m.n:o.p", path=("src", ".")),
        ),
    ],
)
def test_P2_build_system(text: str, expected: BuildSystem) -> None:
    assert sdists.parse_build_system(text, NAME) == expected


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("[build-system", CommandError, "cannot be used"),
        ("build-system = 3", CommandError, "is no table"),
        ("[build-system]\n", CommandError, "requires is no list"),
        ("[build-system]\nrequires = [1]\n", CommandError, "requires is no list"),
        ("[build-system]\nrequires = ['a b']\n", CommandError, "'a b' cannot be read"),
        ("[build-system]\nrequires = []\nbuild-backend = 'os; x'\n", CommandError, "no name of a module"),
        ("[build-system]\nrequires = []\nbackend-path = ['../x']\n", PolicyError, "leads out of the source"),
        ("[build-system]\nrequires = []\nbackend-path = ['/tmp']\n", PolicyError, "leads out of the source"),
        ("[build-system]\nrequires = ['a @ https://e/a.whl']\n", PolicyError, "names a place"),
    ],
)
def test_P2_a_build_system_that_cannot_be_used(text: str, kind: type[DistrofirstError], message: str) -> None:
    with pytest.raises(kind, match=message):
        sdists.parse_build_system(text, NAME)


def test_P2_reading_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("/etc/passwd")
    with pytest.raises(CommandError, match=r"pyproject.toml cannot be read"):
        sdists.read_build_system(tmp_path, NAME)


def test_P2_neither_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"neither pyproject.toml nor setup.py"):
        sdists.read_build_system(tmp_path, NAME)
    (tmp_path / "setup.py").touch()
    assert sdists.read_build_system(tmp_path, NAME) == LEGACY
