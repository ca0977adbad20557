"""From the name of an rpm release to its catalog: repositories that the user names, and which Python is planned for."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.catalog.rpm_md import Checksum
from resolver.errors import InputError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import Absence, NamedRepository, OsCandidate, Release
from resolver.targets import Setting, Targets, rpm
from tests.loopback import Loopback, Reply
from tests.rpm_repository import WITHOUT_BINDINGS, FakeBindings, dist, has_bindings, write
from tests.rpm_repository import rpm as package
from tests.system import rpm_build

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.catalog.rpm_md import RpmPackage
    from resolver.ports import Runner

FLASK = canonicalize_name("flask")
FLASK_METADATA = """\
Metadata-Version: 2.1
Name: Flask
Provides-Extra: async
Provides-Extra: dotenv
Requires-Dist: asgiref>=3.2; extra == "async"
Requires-Dist: python-dotenv; extra == "dotenv"
"""


def flask(version: str, *, python: str = "3.14", name: str = "python3-flask") -> RpmPackage:
    return package(name, f"{version}-1", provides=dist("flask", version, python=python))


def interpreter(version: str, name: str = "python3", *also: str) -> RpmPackage:
    python = ".".join(version.split(".")[:2])
    return package(name, f"{version}-1", arch="x86_64", provides=(f"python(abi) = {python}", *also))


GLIBC = package("glibc", "2.42-4", arch="x86_64")
FEDORA = (interpreter("3.14.2"), GLIBC, flask("3.1.2"), flask("2.3.0", python="3.11", name="python3.11-flask"))


class World:
    """A cache folder of the user's, and rpm's bindings."""

    def __init__(self, folder: Path, runner: Runner | None = None) -> None:
        self.folder = folder
        self.fake = FakeBindings({"flask": {"METADATA": FLASK_METADATA}})
        self.runner = runner or self.fake
        self.warnings: list[str] = []

    def targets(self, *repositories: str, offline: bool = True, key: Path | None = None) -> Targets:
        return Targets(
            Setting(
                runner=self.runner,
                cache=FileCache(self.folder / "documents", warn=pytest.fail),
                cache_folder=self.folder,
                warn=self.warnings.append,
                offline=offline,
                repositories=tuple(NamedRepository(url=url, key=key) for url in repositories),
            )
        )

    def open(self, name: str, *repositories: Path, python: str | None = None) -> IndexedCatalog:
        targets = self.targets(*(folder.as_uri() for folder in repositories))
        return targets.open(name, architecture="x86_64", python=python)

    def indexes(self) -> dict[str, int]:
        """Give the indexes in the cache, each with the moment that it was made."""
        return {path.name: path.stat().st_mtime_ns for path in self.folder.glob("index/*.idx")}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "cache")


def version(catalog: IndexedCatalog) -> str:
    found = catalog.lookup(FLASK)
    assert isinstance(found, OsCandidate)
    return f"{found.package.name} {found.version}"


# Repositories that the user names


def test_a_named_repository_on_disk_answers_without_network_or_root(world: World, tmp_path: Path) -> None:
    catalog = world.open("fedora:43", write(tmp_path / "repo", FEDORA))
    target = catalog.target
    assert (str(target.release), target.architecture, target.is_host) == ("fedora:43", "x86_64", False)
    assert (target.python, target.python_full_version, target.glibc) == ("3.14", "3.14.2", "2.42")
    assert (catalog.metadata.source, catalog.metadata.date) == ("rpm-md", "2026-11-01T00:00:00Z")
    found = catalog.lookup(FLASK)
    assert isinstance(found, OsCandidate)
    assert found.package.repository == (tmp_path / "repo").as_uri()
    assert found.package.trusted, "by naming it the user allows it"
    assert found.evidence_detail == "Provides: flask-3.1.2 in python3-flask"
    assert not any(command.privileged for command in world.fake.commands)


def test_T1_that_nobody_vouches_for_a_repository_is_said(world: World, tmp_path: Path) -> None:
    """Every time: an index that was made from it before is no better."""
    repository = write(tmp_path / "repo", FEDORA)
    for _ in range(2):
        world.open("fedora:43", repository)
    assert world.warnings == ["without --repo-key nothing vouches for what the repositories of fedora:43 say"] * 2


def test_T1_with_a_key_an_unsigned_repository_is_refused(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    targets = world.targets(repository.as_uri(), key=tmp_path / "key")
    with pytest.raises(PolicyError, match="is not signed"):
        targets.open("fedora:43", architecture="x86_64")
    assert world.warnings == []


def test_several_repositories_are_one_catalog_with_the_newest_builds(world: World, tmp_path: Path) -> None:
    release = write(tmp_path / "release", FEDORA, made=1_760_000_000)
    updates = write(tmp_path / "updates", [flask("3.1.10"), interpreter("3.14.11")])
    catalog = world.open("fedora:43", release, updates)
    assert version(catalog) == "python3-flask 3.1.10"
    assert catalog.target.python_full_version == "3.14.11"
    assert catalog.metadata.date == "2026-11-01T00:00:00Z"
    assert [str(other) for other, _ in catalog.other_versions(FLASK)] == ["3.1.2"]


def test_an_index_answers_until_its_repository_changes(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    made = []
    for newest in ("3.1.2", "3.1.3"):
        write(repository, [*FEDORA, flask(newest)])
        for _ in range(2):
            assert version(world.open("fedora:43", repository)) == f"python3-flask {newest}"
            made.append(world.indexes())
    assert made[0] == made[1]
    assert made[2] == made[3]
    assert made[0].keys().isdisjoint(made[2]), "the index of the earlier state is removed"


def test_a_repository_with_the_times_of_its_mirror_has_changed_all_the_same(world: World, tmp_path: Path) -> None:
    """rsync keeps times: what came today may be older than the index that was made yesterday."""
    repository = write(tmp_path / "repo", FEDORA)
    world.open("fedora:43", repository)
    write(repository, [*FEDORA, flask("3.1.3")])
    os.utime(repository / "repodata/repomd.xml", (1, 1))
    assert version(world.open("fedora:43", repository)) == "python3-flask 3.1.3"


def test_I6_a_repository_that_is_gone_is_an_error_although_its_index_is_there(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    world.open("fedora:43", repository)
    shutil.rmtree(repository)
    with pytest.raises(UnavailableError, match="there is no rpm-md repository"):
        world.open("fedora:43", repository)


def test_what_one_repository_says_is_not_taken_for_anothers(world: World, tmp_path: Path) -> None:
    one = write(tmp_path / "one", FEDORA)
    other = write(tmp_path / "other", [*FEDORA, flask("3.1.3")])
    found = [version(world.open("fedora:43", repository)) for repository in (one, other, one)]
    assert found == ["python3-flask 3.1.2", "python3-flask 3.1.3", "python3-flask 3.1.2"]
    assert len(world.indexes()) == 2


def test_a_mirror_is_fetched_once_and_again_by_update(world: World, tmp_path: Path) -> None:
    with Loopback() as mirror:

        def publish(folder: Path) -> None:
            for path in (folder / "repodata").iterdir():
                mirror.add(f"/repo/repodata/{path.name}", Reply(body=path.read_bytes()))

        url = f"{mirror.url}/repo"
        publish(write(tmp_path / "one", FEDORA))
        for _ in range(2):
            assert version(world.targets(url, offline=False).open("fedora:43", architecture="x86_64")) == (
                "python3-flask 3.1.2"
            )
        assert mirror.asked("/repo/repodata/repomd.xml") == 1
        publish(write(tmp_path / "two", [*FEDORA, flask("3.1.3")]))
        world.targets(url, offline=False).update("fedora:43", architecture="x86_64")
    # And offline, with the mirror gone.
    assert version(world.targets(url).open("fedora:43", architecture="x86_64")) == "python3-flask 3.1.3"


def test_offline_a_mirror_that_was_never_fetched_is_an_error(world: World) -> None:
    with pytest.raises(UnavailableError):
        world.targets("http://mirror.example/repo").open("fedora:43", architecture="x86_64")


def test_I6_one_of_two_repositories_without_metadata_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnavailableError, match="there is no rpm-md repository") as caught:
        world.open("fedora:43", write(tmp_path / "repo", FEDORA), tmp_path / "empty")
    assert caught.value.context == (tmp_path / "empty").as_uri()


def test_I6_damaged_metadata_is_an_error_and_no_index(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    (primary,) = (repository / "repodata").glob("*-primary.xml.gz")
    primary.write_bytes(primary.read_bytes()[:-9])
    with pytest.raises(PolicyError, match="sha256"):
        world.open("fedora:43", repository)
    assert not list(world.folder.glob("index/*.idx"))


def test_I6_a_repository_without_pythons_provides_is_an_error(world: World, tmp_path: Path) -> None:
    nothing = [interpreter("3.14.2"), package("python3-flask", provides=("python3dist(flask) = 3",))]
    with pytest.raises(UnavailableError, match=r"no package provides pythonX\.Ydist\(name\)") as caught:
        world.open("fedora:43", write(tmp_path / "repo", nothing))
    assert caught.value.hint


def test_I6_a_release_that_nothing_is_known_of_says_what_to_name(world: World) -> None:
    for name in ("fedora:44", "opensuse:tumbleweed"):
        with pytest.raises(UnavailableError, match=f"no metadata of {name} at hand") as caught:
            world.open(name)
        assert f"--target {name} --repo URL --repo-key FILE" in str(caught.value.hint)


def test_the_hosts_own_catalog_has_the_hosts_own_repositories(world: World) -> None:
    with pytest.raises(InputError, match="the host's own configuration") as caught:
        world.targets("file:///srv/repo").open("host")
    assert caught.value.context == "--repo"


def test_an_embedded_index_is_for_debian_alone(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Debian's releases alone"):
        world.targets("file:///srv/repo").update("fedora:43", architecture="x86_64", output=tmp_path)


def test_what_is_known_of_a_release_depends_on_the_repositories_of_a_question(world: World, tmp_path: Path) -> None:
    """So it is not listed as something that answers at once, and is no other release's sibling."""
    targets = world.targets(write(tmp_path / "repo", FEDORA).as_uri())
    target = targets.open("fedora:43").target
    assert [release for release, _ in targets.known() if release == target.release] == []
    assert "fedora:43" in targets.unknown()
    assert targets.siblings(target) == []


# Architectures


def test_an_architecture_has_the_kernels_name(world: World, tmp_path: Path) -> None:
    url = write(tmp_path / "repo", FEDORA).as_uri()
    with pytest.raises(InputError, match="Debian's name") as caught:
        world.targets(url).open("fedora:43", architecture="amd64")
    assert (caught.value.context, caught.value.hint) == ("--arch", "did you mean x86_64?")
    assert rpm._architecture("s390x") == "s390x"
    assert rpm._architecture(None) == os.uname().machine


def test_each_architecture_has_its_own_index(world: World, tmp_path: Path) -> None:
    native = [package("python3-x", arch=arch, provides=dist("x", "1")) for arch in ("x86_64",)]
    targets = world.targets(write(tmp_path / "repo", [*FEDORA, *native]).as_uri())
    x = canonicalize_name("x")
    assert isinstance(targets.open("fedora:43", architecture="x86_64").lookup(x), OsCandidate)
    assert isinstance(targets.open("fedora:43", architecture="aarch64").lookup(x), Absence)


# Which Python


def test_I4_a_side_by_side_python_has_its_own_index_and_prefix(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    main, other = (world.open("fedora:43", repository, python=python) for python in (None, "3.11"))
    assert (main.target.python, version(main)) == ("3.14", "python3-flask 3.1.2")
    assert (other.target.python, version(other)) == ("3.11", "python3.11-flask 2.3.0")
    assert [catalog._index.header.prefix for catalog in (main, other)] == ["python3-", "python3.11-"]
    assert world.open("fedora:43", repository, python="3.14").target.python == "3.14"


def test_I4_a_python_that_is_not_there_is_bad_input_that_lists_what_is(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", [*FEDORA, flask("1", python="3.9", name="python3.9-flask")])
    with pytest.raises(InputError, match=r"fedora:43 has no packages for Python 3\.12") as caught:
        world.open("fedora:43", repository, python="3.12")
    assert (caught.value.context, caught.value.hint) == ("--python", "it has: 3.9, 3.11, 3.14")


SUSE = (
    interpreter("3.13.7", "python313-base"),
    package("python313", "3.13.7-1", arch="x86_64", provides=("python3 = 3.13.7",)),
    interpreter("3.11.14", "python311-base"),
    flask("3.1.2", python="3.13", name="python313-Flask"),
    flask("3.1.2", python="3.11", name="python311-Flask"),
)


@pytest.mark.parametrize(
    ("python", "full", "found", "prefix"),
    [
        (None, "3.13.7", "python313-Flask 3.1.2", "python313-"),
        ("3.11", "3.11.14", "python311-Flask 3.1.2", "python311-"),
    ],
)
def test_I4_suses_flavours_are_told_apart(
    world: World, tmp_path: Path, *, python: str | None, full: str, found: str, prefix: str
) -> None:
    catalog = world.open("opensuse:tumbleweed", write(tmp_path / "repo", SUSE), python=python)
    assert (catalog.target.python_full_version, version(catalog)) == (full, found)
    assert catalog._index.header.prefix == prefix


STACK = [
    flask("2.3.0", python="3.11", name="python311-Flask"),
    package("python311-x", provides=dist("x", "1", python="3.11")),
]
OLD = [flask("1.0", python="3.6", name="python3-Flask")]


@pytest.mark.parametrize(
    ("packages", "python", "chosen", "prefix", "warning"),
    [
        pytest.param(
            [*OLD, *STACK],
            None,
            "3.11",
            "python311-",
            "planned for Python 3.11: the main Python of opensuse:leap-15.6 is 3.6, for which there are 1 packages"
            " here, and 2 for 3.11; --python chooses another",
            id="a newer stack",
        ),
        pytest.param(
            STACK,
            None,
            "3.11",
            "python311-",
            "planned for Python 3.11: the main Python of opensuse:leap-15.6 is 3.6, for which there are 0 packages"
            " here, and 2 for 3.11; --python chooses another",
            id="nothing for the main one",
        ),
        pytest.param([*OLD, *STACK], "3.6", "3.6", "python3-", None, id="as wished"),
        pytest.param(OLD, None, "3.6", "python3-", None, id="nothing newer"),
    ],
)
def test_a_main_python_that_is_too_old_is_passed_over_and_that_is_said(
    world: World,
    tmp_path: Path,
    *,
    packages: Sequence[RpmPackage],
    python: str | None,
    chosen: str,
    prefix: str,
    warning: str | None,
) -> None:
    repository = write(tmp_path / "repo", packages)
    for _ in range(2):  # an index that is there already says it too
        world.warnings.clear()
        catalog = world.open("opensuse:leap-15.6", repository, python=python)
        assert (catalog.target.python, catalog._index.header.prefix) == (chosen, prefix)
        assert world.warnings[1:] == ([warning] if warning else [])
    assert catalog.target.glibc == "2.38", "known without the metadata"


def test_a_main_python_that_nothing_tells_is_chosen_by_what_it_has_and_that_is_said(
    world: World, tmp_path: Path
) -> None:
    few, many = flask("1", python="3.14", name="python3.14-flask"), flask("1", python="3.12")
    more = package("python3-x", provides=dist("x", "1", python="3.12"))
    catalog = world.open("fedora:47", write(tmp_path / "repo", [few, many, more]))
    assert catalog.target.python == "3.12"
    assert world.warnings[1:] == [
        "the metadata does not tell the main Python of fedora:47; planned for 3.12, which has most packages"
    ]
    assert catalog.target.environment()["python_full_version"] == "3.12.0"


def test_python3_of_another_repository_is_known_by_the_release(world: World, tmp_path: Path) -> None:
    packages = [flask("1", python="3.9"), flask("2", python="3.11", name="python3.11-flask")]
    catalog = world.open("centos:9", write(tmp_path / "appstream", packages))
    assert (catalog.target.python, catalog.target.glibc, version(catalog)) == ("3.9", "2.34", "python3-flask 1")
    assert len(world.warnings) == 1


# Extras (rule R4)


def with_content(one: RpmPackage, repository: Path) -> RpmPackage:
    """Put a file where the package says that it lies, and its checksum into the metadata."""
    file = repository / one.location
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(f"the .rpm of {one.name}".encode())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return package(
        one.name,
        one.evr,
        provides=[f"{provide.name} = {provide.evr}" for provide in one.provides],
        location=one.location,
        checksum=Checksum(algorithm="sha256", digest=digest),
    )


def extras(catalog: IndexedCatalog, *wanted: str) -> dict[str, tuple[str, ...]]:
    found = catalog.lookup(FLASK)
    assert isinstance(found, OsCandidate)
    return dict(catalog.extras(found, frozenset(wanted)))


def test_R4_a_named_repositorys_package_is_looked_into_once(world: World, tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    write(repository, [interpreter("3.14.2"), with_content(flask("3.1.2"), repository)])
    targets = world.targets(repository.as_uri(), offline=False)
    for _ in range(2):
        catalog = targets.open("fedora:43", architecture="x86_64")
        assert extras(catalog, "async") == {"async": ("asgiref>=3.2",), "dotenv": ("python-dotenv",)}
    (command,) = world.fake.commands
    assert command.argv[3:] == (str(repository / flask("3.1.2").location), "flask")


def test_R4_what_one_repositorys_package_has_is_not_taken_for_anothers(world: World, tmp_path: Path) -> None:
    for name in ("one", "two"):
        repository = tmp_path / name
        write(repository, [interpreter("3.14.2"), with_content(flask("3.1.2"), repository)])
        targets = world.targets(repository.as_uri(), offline=False)
        assert extras(targets.open("fedora:43", architecture="x86_64"), "async")
    assert len(world.fake.commands) == 2


def test_R4_a_mirrors_package_is_fetched_and_held_against_its_hash(world: World, tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    one = with_content(flask("3.1.2"), repository)
    write(repository, [interpreter("3.14.2"), one])
    with Loopback() as mirror:
        for path in (*(repository / "repodata").iterdir(), repository / one.location):
            mirror.add(f"/{path.relative_to(repository)}", Reply(body=path.read_bytes()))
        good = mirror.routes[f"/{one.location}"]
        mirror.add(f"/{one.location}", Reply(body=b"another .rpm"))
        catalog = world.targets(mirror.url, offline=False).open("fedora:43", architecture="x86_64")
        with pytest.raises(PolicyError, match="its sha256 differs"):
            extras(catalog, "async")
        mirror.routes[f"/{one.location}"] = good
        assert "async" in extras(catalog, "async")
    assert "async" in extras(catalog, "async")


def test_R4_a_package_that_left_its_repository_is_an_error(world: World, tmp_path: Path) -> None:
    repository = write(tmp_path / "repo", FEDORA)
    catalog = world.targets(repository.as_uri(), offline=False).open("fedora:43", architecture="x86_64")
    write(repository, [interpreter("3.14.2"), flask("3.1.3")])
    with pytest.raises(
        UnavailableError, match=r"python3-flask 3\.1\.2-1 is in none of the named repositories"
    ) as caught:
        extras(catalog, "async")
    assert "distrofirst update --target fedora:43" in str(caught.value.hint)


def test_R4_of_a_real_package_rpm_itself_reads_the_metadata(tmp_path: Path) -> None:
    if shutil.which("rpmbuild") is None:
        pytest.skip("needs rpmbuild to build a package")
    if not has_bindings():
        pytest.skip(WITHOUT_BINDINGS)
    repository = tmp_path / "repo"
    built = rpm_build.build(
        rpm_build.Rpm(
            name="python3-flask",
            version="3.1.2",
            files={
                "/usr/lib/python3.14/site-packages/flask-3.1.2.dist-info/METADATA": FLASK_METADATA,
                "/usr/lib/python3.14/site-packages/other-1.dist-info/METADATA": "Provides-Extra: other\n",
            },
        ),
        repository,
        key=None,
    )
    listed = package(
        "python3-flask",
        "3.1.2-1",
        provides=dist("flask", "3.1.2"),
        location=built.name,
        checksum=Checksum(algorithm="sha256", digest=hashlib.sha256(built.read_bytes()).hexdigest()),
    )
    write(repository, [interpreter("3.14.2"), listed])
    world = World(tmp_path / "cache", ProcessRunner())
    catalog = world.targets(repository.as_uri(), offline=False).open("fedora:43", architecture="x86_64")
    assert extras(catalog, "dotenv") == {"async": ("asgiref>=3.2",), "dotenv": ("python-dotenv",)}


# The family


def test_the_host_of_a_release_is_asked_for_only_where_it_is_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Fedora 43 ``update`` lets dnf refresh; elsewhere it needs to be told where Fedora 43 is."""
    monkeypatch.setattr("resolver.hosts.releases.of_host", lambda: Release(distribution="fedora", version="42"))
    with pytest.raises(UnavailableError, match="no metadata of fedora:43"):
        world.targets().update("fedora:43", architecture="x86_64")
