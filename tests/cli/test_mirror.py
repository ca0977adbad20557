"""``distrofirst mirror``, and ``install --mirror`` as far as nothing is changed: a real apt, a small signed archive."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from resolver import lock as locks
from resolver.errors import RightsError
from resolver.hosts import apt_mirror_root, apt_root, mirror_folder, releases
from resolver.hosts.apt_sources import Source
from resolver.io.process import ProcessRunner
from resolver.model import Release
from resolver.targets import debian as debian_targets
from tests import apt_repository
from tests.apt_repository import Key
from tests.cli.commandline import process
from tests.loopback import Loopback, Reply
from tests.unit.venv import samples
from tests.wheels import build, filename_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from resolver.model import Command, Completed
    from tests.cli.commandline import Here

pytestmark = pytest.mark.skipif(not apt_repository.has_tools(), reason=apt_repository.WITHOUT_TOOLS)

PYTHONS = {"debian:12": "3.11", "debian:13": "3.13"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """One archive for all tests; none of them changes it."""

    folder: Path
    suite: str
    key: Key
    stranger: Key

    @property
    def options(self) -> tuple[str, ...]:
        return "--repo", f"file://{self.folder}", "--repo-key", str(self.key.public)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    here = releases.of_host()
    if str(here) not in PYTHONS:
        pytest.skip(f"this machine runs {here}, not Debian 12 or 13")
    folder = tmp_path_factory.mktemp("archive")
    packages = {
        # Older than any that is installed.
        "python3": (f"{PYTHONS[str(here)]}.0-0", ""),
        "python3-pip": ("0-0", "python3"),
        "python3-zz": ("1:1.0-1", "python3, zz-data"),
        "zz-data": ("2~rc1+dfsg-1", ""),
        "zz-data-more": ("3", ""),
    }
    with Key.new(folder / "key.gpg") as key, Key.new(folder / "stranger.gpg") as stranger:
        apt_repository.write(folder / "debian", here.codename or "", packages, key)
        yield Archive(folder=folder / "debian", suite=here.codename or "", key=key, stranger=stranger)


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture(scope="module")
def made(archive: Archive, server: Loopback, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that has locks/, and mirror/ as it was made of them; no test changes it."""
    content = build(name="a")
    wheel = samples.wheel(
        "a",
        url=server.add(f"/{filename_of('a')}", Reply(body=content)),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    here = replace(samples.HOST, release=releases.of_host(), python=PYTHONS[str(releases.of_host())])
    package = replace(samples.os_package("zz", "1:1.0-1"), name="python3-zz")
    lock = replace(samples.lock((samples.os_project("zz", "1.0"),), (package,), (wheel,)), target=here)
    folder = tmp_path_factory.mktemp("made")
    (folder / "locks").mkdir()
    (folder / "locks" / locks.default_name(here)).write_text(locks.dumps(lock))
    # The same folder for all: a second test finds what apt has read for the first.
    ran = process(*MAKE, *archive.options, env={"XDG_CACHE_HOME": str(folder / "cache"), "no_proxy": "*"}, cwd=folder)
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert ran.err.splitlines()[-2:] == [
        "distrofirst: fetching 5 of 5 files, 0.1 MB",
        "distrofirst: mirror has what is needed",
    ]
    return folder


@pytest.fixture
def fleet(folder: Path, debian: str, archive: Archive, made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of that, on a host that trusts the archive's key for its suite."""
    assert debian
    for name in ("locks", "mirror"):
        shutil.copytree(made / name, folder / name)
    trust(monkeypatch, archive, archive.key)
    return folder


def trust(
    monkeypatch: pytest.MonkeyPatch, archive: Archive, key: Key, uri: str = "http://archive.example/debian"
) -> None:
    source = Source(
        uris=(uri,),
        suites=(archive.suite,),
        components=("main",),
        signed_by=str(key.public),
        insecure=False,
    )
    monkeypatch.setattr(apt_root, "host_sources", lambda: (source,))
    # Whether this machine minds the age of a Release file is not the question.
    monkeypatch.setattr(apt_mirror_root, "acquire_settings", lambda _: [])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def part(folder: Path) -> Path:
    (found,) = folder.glob("mirror/debian-*-amd64")
    return found


MAKE = ("mirror", "--lock", "locks", "-o", "mirror")
INSTALL = ("install", "--lock", "locks", "--mirror", "mirror", "--dry-run")


def test_T1_a_mirror_has_the_archives_own_signature_and_what_the_locks_need(fleet: Path, archive: Archive) -> None:
    made = files(fleet / "mirror")
    name = part(fleet).name
    dists, pool = f"{name}/debian/dists/{archive.suite}", f"{name}/debian/pool/main"
    (sha256,) = (path.name for path in (fleet / "mirror/wheels").iterdir())
    assert set(made) == {
        ".lock",
        f"{name}/mirror.json",
        f"{dists}/InRelease",
        f"{dists}/main/binary-amd64/Packages.xz",
        *(f"{pool}/{deb.name}" for deb in (archive.folder / "pool/main").iterdir() if "more" not in deb.name),
        f"wheels/{sha256}/{filename_of('a')}",
    }
    assert made[f"{dists}/InRelease"] == (archive.folder / "dists" / archive.suite / "InRelease").read_bytes()
    assert all(path.stat().st_mode & 0o004 for path in (fleet / "mirror").rglob("*")), "a fleet has to read it"


def test_X4_R7_a_run_that_was_killed_goes_on_and_fetches_what_is_not_there(
    run: Here, fleet: Path, archive: Archive, server: Loopback
) -> None:
    before, place = files(fleet / "mirror"), part(fleet)
    (data,) = place.glob("debian/pool/main/zz-data*")
    (pip,) = place.glob("debian/pool/main/python3-pip*")
    (place / "mirror.json").unlink()
    (place / ".unfinished").mkdir()
    (place / ".unfinished" / hashlib.sha256(data.read_bytes()).hexdigest()).write_bytes(data.read_bytes()[:9])
    data.unlink()
    pip.write_bytes(pip.read_bytes()[:-1])
    ran = run(*INSTALL)
    assert (ran.code, "the mirror has no OS packages for debian:" in ran.err) == (3, True)
    asked = len(server.requests)
    ran = run(*MAKE, *archive.options)
    assert ran.code == 0, ran.err
    assert "distrofirst: fetching 2 of 5 files" in ran.err
    assert files(fleet / "mirror") == before
    assert len(server.requests) == asked, "the wheel was there"


def test_T1_what_this_host_takes_from_elsewhere_is_mirrored_too(
    run: Here, fleet: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that is not the distribution's comes along where a lock has something of it, and no other does."""
    (path,) = (fleet / "locks").iterdir()
    path.write_text(path.read_text().replace("Debian bookworm/main", "Ours bookworm/main"))
    shutil.rmtree(part(fleet))
    trust(monkeypatch, archive, archive.key, archive.folder.as_uri())
    assert run(*MAKE).code == 0
    assert part(fleet).is_dir()
    assert run(*INSTALL).code == 0


def test_X1_an_installation_has_the_mirror_and_nothing_else(
    run: Here, fleet: Path, server: Loopback, home: Path
) -> None:
    asked = len(server.requests)
    ran = run(*INSTALL)
    assert ran.code == 0, ran.err
    apt, *rest = ran.out.splitlines()
    words = shlex.split(apt)
    assert words[:2] == ["env", f"APT_CONFIG={home}/.cache/distrofirst/apt/mirror/apt.conf"]
    assert words[-1] == "python3-zz=1:1.0-1"
    assert any("pip" in line for line in rest)
    assert len(server.requests) == asked
    assert fleet.is_dir()


def test_X3_an_administrator_is_told_to_run_distrofirst_not_settings_that_somebody_else_wrote(
    run: Here, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """apt would run whatever an APT_CONFIG in a user's cache names, as root."""
    line = f"distrofirst install --lock {fleet}/locks --mirror {fleet}/mirror"
    ran = run(*INSTALL, "--user-only")
    assert (ran.code, ran.out) == (1, f"{line}\n"), ran.err

    def refuse(command: Command) -> Completed:
        raise RightsError("root is needed", hint=f"let an administrator run: {command.shell_line()}")

    monkeypatch.setattr(ProcessRunner, "stream", lambda _, command: refuse(command))
    ran = run(*INSTALL[:-1], "--yes")
    assert (ran.code, f"hint: let an administrator run: {line}\n" in ran.err) == (4, True), ran.err


def test_T1_apt_itself_refuses_a_package_that_is_not_the_signed_one(run: Here, fleet: Path, tmp_path: Path) -> None:
    """What ``install --yes`` runs, but for what needs root: the file is changed after we have looked at it."""
    words = shlex.split(run(*INSTALL).out.splitlines()[0])
    (data,) = part(fleet).glob("debian/pool/main/zz-data*")
    right = data.read_bytes()
    data.write_bytes(right.replace(b"nothing", b"NOTHING"))
    (tmp_path / "archives/partial").mkdir(parents=True)
    words += ["--download-only", "-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={tmp_path}/archives"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert (done.returncode, "Failed to fetch copy:" in done.stderr) == (100, True)
    assert not list((tmp_path / "archives").glob("zz-data*.deb"))
    data.write_bytes(right)
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "archives").glob("*.deb"))) == 2


def test_X1_what_needs_no_os_package_is_installed_without_a_network(
    run: Here, fleet: Path, made: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration names the folder as well, and then ``verify`` uses it too.

    No index of the release is at hand: Ubuntu has no embedded one, nor have other architectures.
    """
    monkeypatch.setattr(debian_targets.DebianTargets, "_release_files", lambda *_: [])
    (fleet / "mirror").rename(fleet / "a mirror+1")
    (path,) = (fleet / "locks").iterdir()
    lock = locks.loads(path.read_text(), context="")
    projects = tuple(project for project in lock.projects if project.os_package is None)
    path.write_text(locks.dumps(replace(lock, os_packages=(), projects=projects)))
    (fleet / "distrofirst.toml").write_text('mirror = "a mirror+1"\n')
    asked = len(server.requests)
    assert run("install", "--lock", "locks", "--yes").code == 0
    assert run("verify").code == 0
    (fleet / "distrofirst.toml").unlink()
    assert run("verify").code == 3
    assert run("verify", "--mirror", "a mirror+1").code == 0
    assert len(server.requests) == asked
    assert made.is_dir()


def other_wheel(folder: Path, archive: Archive) -> None:
    del archive
    (path,) = folder.glob("mirror/wheels/*/*.whl")
    path.write_bytes(path.read_bytes() + b" ")


def no_wheel(folder: Path, archive: Archive) -> None:
    del archive
    shutil.rmtree(folder / "mirror/wheels")


def other_deb(folder: Path, archive: Archive) -> None:
    """Of the same size."""
    del archive
    (data,) = part(folder).glob("debian/pool/main/zz-data*")
    data.write_bytes(data.read_bytes().replace(b"nothing", b"NOTHING"))


def no_deb(folder: Path, archive: Archive) -> None:
    del archive
    for deb in part(folder).glob("debian/pool/main/zz-data*"):
        deb.unlink()


def other_inrelease(folder: Path, archive: Archive) -> None:
    path = part(folder) / "debian/dists" / archive.suite / "InRelease"
    path.write_text(path.read_text().replace("Origin: Tests", "Origin: Debian"))


def other_packages(folder: Path, archive: Archive) -> None:
    path = part(folder) / "debian/dists" / archive.suite / "main/binary-amd64/Packages.xz"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")


def signed_by_a_stranger(folder: Path, archive: Archive) -> None:
    apt_repository.sign(part(folder) / "debian", archive.suite, archive.stranger)


def unsigned(folder: Path, archive: Archive) -> None:
    path = part(folder) / "debian/dists" / archive.suite / "InRelease"
    path.rename(path.with_name("Release"))


def expired(folder: Path, archive: Archive) -> None:
    apt_repository.sign(
        part(folder) / "debian", archive.suite, archive.key, Valid_Until=formatdate(time.time() - 3600, usegmt=True)
    )


def manifest(folder: Path, text: str) -> None:
    (part(folder) / "mirror.json").write_text(text)


def no_manifest(folder: Path, archive: Archive) -> None:
    del archive
    manifest(folder, "{")


def deep_manifest(folder: Path, archive: Archive) -> None:
    del archive
    manifest(folder, "[" * 100_000)


def manifest_with_words_of_its_own(folder: Path, archive: Archive) -> None:
    indexes = [["debian", f"{archive.suite}\nTrusted: yes", "main"]]
    manifest(folder, json.dumps({"schema": mirror_folder.SCHEMA, "indexes": indexes}))


def manifest_that_leads_out(folder: Path, archive: Archive) -> None:
    indexes = [["../../debian", archive.suite, "main"]]
    manifest(folder, json.dumps({"schema": mirror_folder.SCHEMA, "indexes": indexes}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_wheel, (5, "a-1.0-py3-none-any.whl: its sha256 is not ")),
        (no_wheel, (3, "1 of 1 wheels are not in the cache, nor in mirror/wheels: a-1.0-py3-none-any.whl")),
        (other_deb, (5, "zz-data_2~rc1+dfsg-1_all.deb: is not the file that the signed lists name")),
        (no_deb, (3, "the mirror does not have zz-data_2~rc1+dfsg-1_all.deb")),
        (other_inrelease, (5, "signature for debian:")),
        (other_packages, (5, "is not the file that the signed Release file names")),
        (signed_by_a_stranger, (5, "signature for debian:")),
        (unsigned, (5, "signature for debian:")),
        (expired, (3, "the mirror's Release file for debian:")),
        (no_manifest, (5, "this is not what distrofirst writes into a mirror")),
        (deep_manifest, (5, "this is not what distrofirst writes into a mirror")),
        (manifest_with_words_of_its_own, (5, "this is not what distrofirst writes into a mirror")),
        (manifest_that_leads_out, (5, "this is not what distrofirst writes into a mirror")),
    ],
)
def test_T1_what_a_mirror_may_not_be(
    run: Here, fleet: Path, archive: Archive, change: Callable[[Path, Archive], None], told: tuple[int, str]
) -> None:
    change(fleet, archive)
    ran = run(*INSTALL)
    assert (ran.code, ran.out) == (told[0], ""), ran.err
    assert told[1] in ran.err
    assert "distrofirst: hint: " in ran.err


def test_T1_the_folder_does_not_say_whose_key_counts(
    run: Here, fleet: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the host's own for that suite; without one it is the distribution's."""
    assert fleet.is_dir()
    trust(monkeypatch, archive, archive.stranger)
    assert run(*INSTALL).code == 5
    monkeypatch.setattr(apt_root, "host_sources", tuple)
    ran = run(*INSTALL)
    assert (ran.code, "signature for debian:" in ran.err) == (5, True)
    monkeypatch.setattr(apt_mirror_root, "keyrings_of", lambda _: ())
    ran = run(*INSTALL)
    assert (ran.code, f"no source of this host's names {archive.suite}" in ran.err) == (5, True)


def test_a_lock_that_the_archive_no_longer_has(run: Here, fleet: Path, archive: Archive) -> None:
    (path,) = (fleet / "locks").iterdir()
    path.write_text(path.read_text().replace("1:1.0-1", "1:0.9-1"))
    ran = run(*MAKE, *archive.options)
    assert (ran.code, ran.out) == (4, "")
    assert "the archive no longer has python3-zz 1:0.9-1, which the lock asks for" in ran.err
    ran = run(*MAKE, "--offline")
    assert (ran.code, "mirror fetches what locks name" in ran.err) == (3, True)


def test_of_an_rpm_release_the_wheels_are_mirrored_and_one_failure_holds_nothing_up(
    run: Here, fleet: Path, server: Loopback
) -> None:
    (path,) = (fleet / "locks").iterdir()
    lock = locks.loads(path.read_text(), context="")
    ubuntu = Release(distribution="ubuntu", version="24.04", codename="noble")
    fedora = Release(distribution="fedora", version="43")
    for release in (ubuntu, fedora):
        target = replace(lock.target, release=release)
        (fleet / "locks" / locks.default_name(target)).write_text(locks.dumps(replace(lock, target=target)))
    path.unlink()
    shutil.rmtree(fleet / "mirror")
    ran = run(*MAKE)
    assert (ran.code, ran.out) == (3, "")
    assert "warning: fedora:43: the OS packages are not mirrored, for this host does not know its" in ran.err
    assert "1 of 2 releases are not mirrored:\n  ubuntu:24.04: " in ran.err
    assert "the host's apt sources name no mirror for noble" in ran.err
    assert [path.name for path in fleet.glob("mirror/wheels/*/*")] == [filename_of("a")]
    assert server.asked(f"/{filename_of('a')}")


def test_a_mirror_needs_a_lock(run: Here, folder: Path, debian: str) -> None:
    assert debian
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("install", "--mirror", "mirror", "--dry-run")
    assert (ran.code, "--mirror: a mirror has what a lock names, and none is given" in ran.err) == (2, True)
    (folder / "distrofirst.toml").write_text('mirror = "mirror"\n')
    ran = run("install", "--dry-run", "--only-distro")
    assert (ran.code, ran.err) == (0, ""), "a configured one is for locks, and this plan is made anew"
    (folder / "empty").mkdir()
    ran = run("mirror", "--lock", "empty", "-o", "mirror")
    assert (ran.code, "empty: it has no locks: expected pylock.*.toml" in ran.err) == (2, True)
