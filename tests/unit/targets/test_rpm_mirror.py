"""What a mirror has for RPM hosts: real libsolv, small repositories; ``tests/system`` installs from one."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from resolver.catalog.rpm_md import Checksum
from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.hosts import rpm_database
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import Completed, NamedRepository, OsPackage, Release, Target
from resolver.targets import Setting, Targets
from tests.fakes import FakeRunner
from tests.loopback import Loopback, Reply
from tests.rpm_repository import dist, rpm, write
from tests.unit.venv import samples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from resolver.catalog.rpm_md import RpmPackage
    from resolver.model import Lock
    from resolver.ports import Runner

FEDORA = Target(release=Release(distribution="fedora", version="43"), architecture="x86_64", python="3.14")


@functools.cache
def has_solver() -> bool:
    argv = [rpm_database.SYSTEM_PYTHON, "-c", "import solv"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_solver(), reason=f"{rpm_database.SYSTEM_PYTHON} cannot import solv")


def repository(folder: Path, packages: Iterable[RpmPackage]) -> Path:
    """Write a repository whose packages are files, too."""
    whole = []
    for one in packages:
        content = f"the file of {one.name}".encode()
        path = folder / one.location
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        whole.append(replace(one, checksum=Checksum(algorithm="sha256", digest=hashlib.sha256(content).hexdigest())))
    write(folder, whole)
    (folder / "repodata/repomd.xml.asc").write_text("a signature")
    return folder


def serve(folder: Path, server: Loopback) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            server.add(f"/repo/{path.relative_to(folder)}", Reply(body=path.read_bytes()))


PYTHON = rpm(
    "python3", "3.14.2-1", arch="x86_64", provides=("python(abi) = 3.14", "/usr/bin/python3.14"), requires=("glibc",)
)
BASE = (PYTHON, rpm("glibc", "2.42-4", arch="x86_64"), rpm("python3-pip", "25-1", provides=dist("pip", "25")))
FLASK = rpm(
    "python3-flask",
    "3.1-1",
    provides=dist("flask", "3.1"),
    requires=("(python3.14dist(click) >= 8 with python3.14dist(click) < 9)", "python(abi)"),
)
CLICK = rpm("python3-click", "8.1-1", provides=dist("click", "8.1"))
UNNEEDED = rpm("python3-other", "1-1", provides=dist("other", "1"))


def lock(*packages: RpmPackage, wheels: bool = False) -> Lock:
    builds = tuple(OsPackage(name=one.name, version=one.evr, architecture=one.arch, repository="x") for one in packages)
    made = samples.lock(packages=builds, wheels=(samples.wheel("a"),) if wheels else ())
    return replace(made, target=FEDORA)


class World:
    def __init__(self, folder: Path, runner: Runner) -> None:
        self.folder, self.runner = folder, runner
        self.told: list[str] = []

    def mirror(self, locks: Iterable[Lock], *urls: str) -> Path:
        targets = Targets(
            Setting(
                runner=self.runner,
                cache=FileCache(None, warn=pytest.fail),
                cache_folder=self.folder / "cache",
                warn=pytest.fail,
                repositories=tuple(NamedRepository(url=url) for url in urls),
            )
        )
        assert targets.mirror(list(locks), self.folder / "mirror", self.told.append)
        return self.folder / "mirror/fedora-43-x86_64"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, ProcessRunner())


def names(part: Path) -> set[str]:
    return {path.name for path in part.rglob("*.rpm")}


def test_what_a_bare_host_needs_is_there_as_the_repository_has_it(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, FLASK, CLICK, UNNEEDED))
    part = world.mirror([lock(FLASK)], there.as_uri())
    assert names(part) == {f"{name}.rpm" for name in (
        "python3-3.14.2-1.x86_64", "glibc-2.42-4.x86_64", "python3-flask-3.1-1.noarch", "python3-click-8.1-1.noarch"
    )}  # fmt: skip
    for path in part.glob("repo-0/**/*"):
        assert path.is_dir() or path.read_bytes() == (there / path.relative_to(part / "repo-0")).read_bytes()
        assert path.stat().st_mode & 0o004, "a fleet has to read it"
    assert {path.name for path in part.iterdir()} == {"mirror.json", "repo-0"}
    assert {path.name.rpartition("-")[2] for path in (part / "repo-0/repodata").iterdir()} == {
        "repomd.xml", "repomd.xml.asc", "primary.xml.gz"
    }  # fmt: skip
    told = json.loads((part / "mirror.json").read_text())
    assert told["repositories"] == ["repo-0"]
    assert ["python3-click", "8.1-1", "noarch", "repo-0/Packages/python3-click-8.1-1.noarch.rpm"] in told["packages"]


def test_pip_comes_along_where_there_are_wheels(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, CLICK))
    assert "python3-pip-25-1.noarch.rpm" in names(world.mirror([lock(wheels=True)], there.as_uri()))


def test_several_locks_and_repositories_make_one_part(world: World, tmp_path: Path) -> None:
    base = repository(tmp_path / "base", BASE)
    other = repository(tmp_path / "other", (FLASK, CLICK))
    repository(tmp_path / "unneeded", (UNNEEDED,))
    urls = [folder.as_uri() for folder in (base, tmp_path / "unneeded", other)]
    part = world.mirror([lock(FLASK), lock(CLICK, wheels=True)], *urls)
    assert {path.parent.parent.name for path in part.rglob("*.rpm")} == {"repo-0", "repo-2"}
    assert json.loads((part / "mirror.json").read_text())["repositories"] == ["repo-0", "repo-2"]


def test_X4_a_run_that_was_killed_goes_on_and_fetches_what_is_not_there(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, FLASK, CLICK))
    with Loopback() as server:
        serve(there, server)
        part = world.mirror([lock(FLASK)], f"{server.url}/repo")
        assert world.told == ["fetching 4 of 4 OS packages, 0.0 MB"]
        (click,) = part.rglob("*click*")
        click.write_bytes(b"half")
        (part / "mirror.json").unlink()
        (part / ".unfinished").mkdir()
        for left in ("file", "repo-0-primary.xml"):
            (part / ".unfinished" / left).write_bytes(b"half")
        before = [one for one in server.requests if one.path.endswith(".rpm")]
        assert world.mirror([lock(FLASK)], f"{server.url}/repo") == part
        after = [one.path for one in server.requests if one.path.endswith(".rpm")]
    assert world.told[1:] == ["fetching 1 of 4 OS packages, 0.0 MB"]
    assert after[len(before) :] == ["/repo/Packages/python3-click-8.1-1.noarch.rpm"]
    assert click.read_bytes() == b"the file of python3-click"
    assert (part / "mirror.json").exists()
    assert not (part / ".unfinished").exists()


def test_a_signature_that_the_repository_no_longer_has_goes(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, CLICK))
    part = world.mirror([lock(CLICK)], there.as_uri())
    (there / "repodata/repomd.xml.asc").unlink()
    world.mirror([lock(CLICK)], there.as_uri())
    assert not (part / "repo-0/repodata/repomd.xml.asc").exists()


def test_a_repository_in_the_network_without_a_signature_has_none_in_the_mirror(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, CLICK))
    (there / "repodata/repomd.xml.asc").unlink()
    with Loopback() as server:
        serve(there, server)
        part = world.mirror([lock(CLICK)], f"{server.url}/repo")
    assert not (part / "repo-0/repodata/repomd.xml.asc").exists()


def test_what_only_the_list_of_all_files_tells_is_found_there(world: World, tmp_path: Path) -> None:
    """primary has the files in bin and etc alone (rpm-metadata)."""
    wants = rpm("python3-a", "1-1", requires=("/usr/share/b/data",))
    has = rpm("b", "1-1")
    there = repository(tmp_path / "repo", (*BASE, wants, has))
    with pytest.raises(CommandError, match="nothing provides /usr/share/b/data needed by python3-a-1-1"):
        world.mirror([lock(wants)], there.as_uri())
    digest = hashlib.sha256(f"the file of {has.name}".encode()).hexdigest()
    filelists = gzip.compress(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="1">
<package pkgid="{digest}" name="b" arch="noarch">
<version epoch="0" ver="1" rel="1"/><file>/usr/share/b/data</file>
</package>
</filelists>""".encode(),
        mtime=0,
    )
    (there / "repodata/filelists.xml.gz").write_bytes(filelists)
    repomd = there / "repodata/repomd.xml"
    record = f"""<data type="filelists">
    <checksum type="sha256">{hashlib.sha256(filelists).hexdigest()}</checksum>
    <location href="repodata/filelists.xml.gz"/>
  </data>
</repomd>"""
    repomd.write_text(repomd.read_text().replace("</repomd>", record))
    part = world.mirror([lock(wants)], there.as_uri())
    assert "b-1-1.noarch.rpm" in names(part)
    assert (part / "repo-0/repodata/filelists.xml.gz").exists()


def test_what_the_repositories_do_not_have_is_named(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE[1:], FLASK))
    with pytest.raises(CommandError) as caught:
        world.mirror([lock(FLASK, CLICK)], there.as_uri())
    assert "no repository has python3-click 8.1-1 noarch" in caught.value.message
    assert "no OS package of any repository provides /usr/bin/python3.14" in caught.value.message
    assert "--repo" in (caught.value.hint or "")
    assert not (tmp_path / "mirror/fedora-43-x86_64/mirror.json").exists()


def test_T1_a_package_that_is_another_one_is_refused(world: World, tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, CLICK))
    (click,) = there.rglob("*click*")
    click.write_bytes(b"something else")
    with pytest.raises(PolicyError, match="is not the one that the metadata names"):
        world.mirror([lock(CLICK)], there.as_uri())
    assert not (tmp_path / "mirror/fedora-43-x86_64/mirror.json").exists()


def test_T1_a_package_outside_of_its_repository_is_refused(world: World, tmp_path: Path) -> None:
    outside = rpm("python3-a", "1-1", location="../../outside.rpm")
    there = repository(tmp_path / "a/b/repo", (*BASE, outside))
    with pytest.raises(PolicyError, match="outside of the repository"):
        world.mirror([lock(outside)], there.as_uri())


def test_libsolv_that_is_not_there_is_told_with_the_next_step(tmp_path: Path) -> None:
    there = repository(tmp_path / "repo", (*BASE, CLICK))
    missing = subprocess.run(["python3", "-c", "import no_such_solv"], capture_output=True, text=True, check=False)
    answer = missing.stderr.replace("no_such_solv", "solv")
    runner = FakeRunner({(rpm_database.SYSTEM_PYTHON,): Completed(returncode=1, stdout="", stderr=answer)})
    with pytest.raises(UnavailableError) as caught:
        World(tmp_path, runner).mirror([lock(CLICK)], there.as_uri())
    assert "python3-solv" in (caught.value.hint or "")


def test_a_repository_that_is_not_named_is_not_mirrored(tmp_path: Path) -> None:
    """Another release's hosts take theirs from what they are configured with, as ``mirror`` tells."""
    setting = Setting(
        runner=ProcessRunner(),
        cache=FileCache(None, warn=pytest.fail),
        cache_folder=tmp_path / "cache",
        warn=pytest.fail,
    )
    assert not Targets(setting).mirror([lock(CLICK)], tmp_path / "mirror", pytest.fail)
    assert not (tmp_path / "mirror").exists()
