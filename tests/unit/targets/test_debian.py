"""From a target's name to its catalog: which index answers, and what is done where none does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from resolver.catalog import store
from resolver.errors import InputError, UnavailableError
from resolver.hosts import apt_root, releases
from resolver.io.cache import FileCache
from resolver.model import Absence, Completed, OsCandidate, Release
from resolver.targets import HOST, Setting, Targets, common, debian
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

TRIXIE = Release(distribution="debian", version="13", codename="trixie")
FLASK = canonicalize_name("flask")
MARK = "python3-flask"


def header(date: str, **changes: str) -> store.Header:
    return store.Header(
        **{
            "distribution": "debian",
            "version": "13",
            "codename": "trixie",
            "architecture": "amd64",
            "python": "3.13",
            "python_full_version": "3.13.5",
            "glibc": "2.41",
            "source": "embedded",
            "date": date,
            **changes,
        },
        repositories=("Debian trixie/main",),
    )


def index(path: Path, flask: str, date: str, **changes: str) -> None:
    """Write an index in which Debian has flask in one version."""
    claim = store.Claim(
        project="flask", package=MARK, kind="contents", metadata_name=f"flask-{flask}", os_version=f"{flask}-1"
    )
    package = store.PackageRecord(
        name=MARK,
        version=f"{flask}-1",
        architecture="all",
        repository="Debian trixie/main",
        trusted=True,
        installed=False,
        depends=(),
        projects=("flask",),
        others=(),
    )
    store.write(path, store.dump(header(date, **changes), [claim], [package]))


def apt_says(version: str) -> dict[tuple[str, ...], Completed]:
    """Give the runner's answer when apt is asked for this host's packages."""
    state: dict[str, Any] = {
        "architecture": "amd64",
        "python": "3.13.5-1",
        "libc": "2.41-12",
        "repositories": 1,
        "owners": {},
        "packages": {
            MARK: {
                "version": f"{version}-1",
                "architecture": "all",
                "repository": "Debian trixie/main",
                "trusted": True,
                "installed": None,
                "depends": [],
                "others": [],
            }
        },
    }
    return {(apt_root.SYSTEM_PYTHON,): Completed(returncode=0, stdout=json.dumps(state), stderr="")}


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an embedded trixie of 1 November, on a machine that runs trixie on amd64."""
    folder = tmp_path / "mappings"
    index(folder / "debian-13.idx", "3.1.0", "2026-11-01T00:00:00Z")
    (folder / "debian.toml").touch()
    for module in (common, debian):
        monkeypatch.setattr(module, "mappings_folder", lambda: folder)
    monkeypatch.setattr(releases, "of_host", lambda: TRIXIE)
    monkeypatch.setattr(debian, "_architecture", lambda wanted: wanted or "amd64")
    return folder


class World:
    """A cache folder and a host whose apt can be asked."""

    def __init__(self, folder: Path, *, offline: bool = True) -> None:
        self.folder = folder
        self.offline = offline
        self.warnings: list[str] = []
        self.runner = FakeRunner(apt_says("3.1.2"))

    def open(self, name: str, *, architecture: str | None = None) -> str:
        """Give flask's version there."""
        found = self.targets.open(name, architecture=architecture).lookup(FLASK)
        assert isinstance(found, OsCandidate)
        return str(found.version)

    @property
    def targets(self) -> Targets:
        return Targets(
            Setting(
                runner=self.runner,
                cache=FileCache(None, warn=pytest.fail),
                cache_folder=self.folder,
                warn=self.warnings.append,
                offline=self.offline,
            )
        )


@pytest.fixture
def world(mappings: Path, tmp_path: Path) -> World:
    assert mappings.is_dir()
    return World(tmp_path / "cache")


@pytest.mark.parametrize(("date", "version"), [("2026-10-31", "3.1.0"), ("2026-11-02", "3.1.1")])
def test_the_newer_of_embedded_and_fetched_answers(world: World, date: str, version: str) -> None:
    index(world.folder / "index" / "debian-13-amd64.idx", "3.1.1", f"{date}T00:00:00Z", source="apt")
    assert world.open("debian:13") == version
    assert [(str(release), known.date[:10]) for release, known in world.targets.known()] == [
        ("debian:13", max(date, "2026-11-01"))
    ]


def test_what_answers_at_once_and_what_does_not_are_all_that_is_known(world: World) -> None:
    known = [str(release) for release, _ in world.targets.known()]
    assert known == ["debian:13"]
    assert sorted([*known, *world.targets.unknown()]) == sorted(map(str, releases.known_releases()))


@pytest.mark.parametrize(("name", "architecture"), [("debian:12", None), ("debian:13", "arm64")])
def test_I6_without_metadata_there_is_no_answer(world: World, name: str, architecture: str | None) -> None:
    with pytest.raises(UnavailableError) as caught:
        world.open(name, architecture=architecture)
    assert f"{name} for {architecture or 'amd64'}" in caught.value.message
    assert f"--target {name} --arch {architecture or 'amd64'}" in str(caught.value.hint)
    assert world.runner.commands == []


def test_an_embedded_release_asks_nothing_of_this_host(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Release:
        raise InputError("this host runs Arch Linux")

    monkeypatch.setattr(releases, "of_host", fail)
    assert world.open("debian:13") == "3.1.0"
    assert world.runner.commands == []


def test_the_host_is_asked_once_and_remembered(world: World) -> None:
    assert [world.open(HOST), world.open(HOST)] == ["3.1.2", "3.1.2"]
    assert len(world.runner.commands) == 1
    assert world.targets.open(HOST).target.is_host


def test_the_host_is_asked_again_when_the_evidence_changes(world: World, mappings: Path) -> None:
    world.open(HOST)
    (mappings / "debian.toml").write_text("# changed\n")
    world.open(HOST)
    assert len(world.runner.commands) == 2
    assert len(list((world.folder / "host").iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"distrofirst-index 1\n{", b"distrofirst-index 0\n{}\n~end\n"])
def test_a_damaged_index_of_the_host_is_built_again(world: World, damage: bytes) -> None:
    world.open(HOST)
    (path,) = (world.folder / "host").iterdir()
    path.write_bytes(damage)
    assert world.open(HOST) == "3.1.2"
    assert len(world.runner.commands) == 2


def test_a_cache_that_cannot_be_written_costs_time_and_a_warning(world: World) -> None:
    world.folder.write_text("a file where the folder would be")
    assert [world.open(HOST), world.open(HOST)] == ["3.1.2", "3.1.2"]
    assert len(world.runner.commands) == 2
    assert len(world.warnings) == 2
    assert all(warning.startswith("going on without a cache: ") for warning in world.warnings)


def test_the_host_has_one_architecture(world: World) -> None:
    assert world.open(HOST, architecture="amd64") == "3.1.2"
    with pytest.raises(InputError, match="this host is amd64, not arm64") as caught:
        world.open(HOST, architecture="arm64")
    assert "--target debian:13" in str(caught.value.hint)


def test_the_other_releases_follow_in_the_order_of_interest(world: World, mappings: Path) -> None:
    for version, flask in (("12", "2.2.2"), ("sid", "3.1.3")):
        index(mappings / f"debian-{version}.idx", flask, "2026-11-01T00:00:00Z", version=version)
    siblings = world.targets.siblings(world.targets.open("debian:13").target)
    assert [str(other.target) for other in siblings] == ["debian:sid", "debian:12"]
    assert not any(isinstance(other.lookup(FLASK), Absence) for other in siblings)


@pytest.mark.parametrize(("wanted", "hint"), [("x86_64", "did you mean amd64?"), ("vax", "one of: amd64, arm64")])
def test_an_architecture_has_debians_name(wanted: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        debian._architecture(wanted)
    assert hint in str(caught.value.hint)
    assert debian._architecture("riscv64") == "riscv64"
    assert debian._architecture(None)
