"""The remainder's wheels on this machine: by their hashes, from a server, a folder or the cache, and all or none."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.model import Build, Sdist
from resolver.pypi import inspection
from resolver.pypi.wheelhouse import GoneError, Wheelhouse
from tests.loopback import Loopback, Reply
from tests.unit.venv.samples import lock, wheel
from tests.wheels import build, filename_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import Lock, Wheel
    from resolver.ports import Http


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


def refuse() -> Http:
    raise AssertionError("nothing had to be fetched")


def never(what: Wheel) -> None:
    raise AssertionError(f"{what.filename} had to be built")


def serve(server: Loopback, name: str, content: bytes | None = None) -> Wheel:
    content = build(name=name) if content is None else content
    url = server.add(f"/{filename_of(name)}", Reply(body=content))
    return wheel(name, url=url, sha256=hashlib.sha256(content).hexdigest())


def obtain(tmp_path: Path, what: Lock, *, server: bool = True, offline: bool = False) -> Mapping[NormalizedName, Path]:
    cache = FileCache(tmp_path / "entries", warn=pytest.fail)
    with HttpClient(cache) as http:
        client = (lambda: http) if server else refuse
        house = Wheelhouse(
            lambda: tmp_path / "wheels",
            client,
            cache,
            rebuild=never,
            offline=offline,
        )
        return house.obtain(what)


def test_P4_what_was_fetched_and_found_fit_is_neither_fetched_nor_inspected_again(
    tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = lock(wheels=(serve(server, "a"), serve(server, "b")))
    files = obtain(tmp_path, what)
    assert {name: path.name for name, path in files.items()} == {"a": filename_of("a"), "b": filename_of("b")}
    monkeypatch.setattr(inspection, "inspect", lambda *_: pytest.fail("inspected again"))
    assert obtain(tmp_path, what, server=False, offline=True) == files


def test_P4_another_expectation_is_another_inspection(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a"),))
    obtain(tmp_path, what)
    (project,) = what.projects
    changed = replace(what, projects=(replace(project, depends=(canonicalize_name("other"),)),))
    with pytest.raises(PolicyError, match="not other, which the plan was told of"):
        obtain(tmp_path, changed, server=False)


def test_P4_every_wheel_that_is_not_fit_is_told_and_the_fit_ones_are_not(tmp_path: Path, server: Loopback) -> None:
    bad = [build({f"{name}.pth": "import os"}, name=name) for name in "ab"]
    what = lock(wheels=(serve(server, "a", bad[0]), serve(server, "b", bad[1]), serve(server, "c")))
    with pytest.raises(PolicyError) as caught:
        obtain(tmp_path, what)
    assert caught.value.message.startswith("2 of 3 wheels must not be installed:")
    assert filename_of("c") not in caught.value.message
    assert 'pth = ["a", "b"]' in (caught.value.hint or "")


def test_P4_no_line_is_offered_for_what_no_review_settles(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a", build({"a.pth": "", "/x": ""}, name="a")),))
    for _ in range(2):  # found anew each time
        with pytest.raises(PolicyError) as caught:
            obtain(tmp_path, what)
        assert "allow" not in (caught.value.hint or "")


def test_P4_two_wheels_with_one_file(tmp_path: Path, server: Loopback) -> None:
    what = lock(
        wheels=(
            serve(server, "a", build({"tool.py": "good"}, name="a")),
            serve(server, "b", build({"tool.py": "evil"}, name="b")),
        )
    )
    for _ in range(2):  # from the cache as well
        with pytest.raises(PolicyError, match=r"different files for one place: tool\.py of a as well"):
            obtain(tmp_path, what)


def test_offline_names_what_is_missing(tmp_path: Path, server: Loopback) -> None:
    first, second = serve(server, "a"), serve(server, "b")
    obtain(tmp_path, lock(wheels=(first,)))
    with pytest.raises(UnavailableError, match=r"1 of 2 wheels are not in the cache: b-1\.0-py3-none-any\.whl"):
        obtain(tmp_path, lock(wheels=(first, second)), server=False, offline=True)


def test_a_wheel_that_the_server_no_longer_has(tmp_path: Path, server: Loopback) -> None:
    gone = wheel("a", url=f"{server.url}/gone.whl")
    with pytest.raises(UnavailableError, match="the server does not have it"):
        obtain(tmp_path, lock(wheels=(gone,)))


def test_a_wheel_in_a_folder_is_taken_from_there(tmp_path: Path) -> None:
    path = tmp_path / "my wheels" / filename_of("a")
    path.parent.mkdir()
    path.write_bytes(build(name="a"))
    local = wheel("a", url=path.as_uri(), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert obtain(tmp_path, lock(wheels=(local,)), server=False) == {"a": path}
    path.write_bytes(build(name="a", files={"a.py": ""}))
    with pytest.raises(PolicyError, match="its sha256 is not"):
        obtain(tmp_path, lock(wheels=(local,)), server=False)
    path.unlink()
    with pytest.raises(UnavailableError, match="is not there"):
        obtain(tmp_path, lock(wheels=(local,)), server=False)


@pytest.mark.parametrize("name", ["../a-1.0-py3-none-any.whl", "a/b.whl", "-r.whl", "a-1.0.tar.gz", "a\nb.whl", ".whl"])
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    odd = replace(wheel("a"), filename=name)
    with pytest.raises(PolicyError, match="is no file name for a wheel"):
        obtain(tmp_path, lock(wheels=(odd,)), server=False)


def test_a_folder_that_cannot_be_made(tmp_path: Path, server: Loopback) -> None:
    (tmp_path / "wheels").write_text("in the way")
    with pytest.raises(CommandError, match="cannot be made"):
        obtain(tmp_path, lock(wheels=(serve(server, "a"),)))


# For a review ---------------------------------------------------------------------------------------------------


def test_a_look_tells_what_obtain_refuses_and_what_is_gone(tmp_path: Path, server: Loopback) -> None:
    bad = build({"b.pth": "import os", "sitecustomize.py": ""}, name="b")
    what = lock(wheels=(serve(server, "a"), serve(server, "b", bad), serve(server, "c")))
    server.add(f"/{filename_of('c')}", Reply(status=404))
    cache = FileCache(tmp_path / "entries", warn=pytest.fail)
    allow = frozenset({("pth", canonicalize_name("b"))})
    with HttpClient(cache) as http:
        house = Wheelhouse(lambda: tmp_path / "wheels", lambda: http, cache, rebuild=never, allow=allow)
        seen = house.look(what)
        with pytest.raises(UnavailableError, match="the server does not have it"):
            house.obtain(what)
    (a, b, c) = (seen[canonicalize_name(name)] for name in "abc")
    assert a.path is not None
    assert (a.path.name, a.refused, a.allowed) == (filename_of("a"), (), ())
    assert ([one.fault for one in b.refused], [one.fault for one in b.allowed]) == (["site-hook"], ["pth"])
    assert (c.path, c.refused, c.allowed) == (None, (), ())


def test_a_look_takes_a_server_that_does_not_answer_for_no_word_that_a_wheel_is_gone(
    tmp_path: Path, server: Loopback
) -> None:
    what = lock(wheels=(serve(server, "a"),))
    cache = FileCache(tmp_path / "entries", warn=pytest.fail)
    with HttpClient(cache, HttpOptions(offline=True)) as http:
        for offline in (False, True):
            house = Wheelhouse(lambda: tmp_path / "wheels", lambda: http, cache, rebuild=never, offline=offline)
            with pytest.raises(UnavailableError):
                house.look(what)


def test_former_wheels_are_given_or_why_they_cannot_be_had(tmp_path: Path, server: Loopback) -> None:
    bad = build({"b.pth": "import os"}, name="b")
    gone = wheel("c", url=f"{server.url}/none.whl")
    here = wheel("d", url=(tmp_path / filename_of("d")).as_uri())
    wheels = (serve(server, "a"), serve(server, "b", bad), gone, here)
    cache = FileCache(tmp_path / "entries", warn=pytest.fail)
    with HttpClient(cache) as http:
        house = Wheelhouse(lambda: tmp_path / "wheels", lambda: http, cache, rebuild=never)
        found = house.former(wheels)
        assert [type(found[one.project]) for one in wheels[2:]] == [GoneError, UnavailableError]
        assert [found[one.project] for one in wheels[:2]] == [
            tmp_path / "wheels" / one.sha256 / one.filename for one in wheels[:2]
        ]
        with pytest.raises(PolicyError, match="sha256"):
            house.former((replace(serve(server, "e"), sha256="0" * 64),))
        (tmp_path / filename_of("d")).write_bytes(build(name="d"))
        with pytest.raises(PolicyError, match="sha256"):
            house.former((here,))


# From other folders, and into a mirror --------------------------------------------------------------------------


def house_of(folder: Path, *others: Path, http: Http | None = None, offline: bool = False) -> Wheelhouse:
    cache = FileCache(folder / "entries", warn=pytest.fail)
    client = (lambda: http) if http else refuse
    return Wheelhouse(lambda: folder / "wheels", client, cache, rebuild=never, others=others, offline=offline)


def test_a_wheel_of_another_folder_is_copied_and_not_fetched(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a"),))
    (there,) = obtain(tmp_path / "other", what).values()
    here = tmp_path / "here"
    for others in ((tmp_path / "none", tmp_path / "other/wheels"), ()):  # then it is ours
        (path,) = house_of(here, *others, offline=True).obtain(what).values()
        assert path == here / "wheels" / there.relative_to(tmp_path / "other/wheels")
        assert path.read_bytes() == there.read_bytes()
    assert server.asked(f"/{filename_of('a')}") == 1


def test_P2_another_file_in_another_folder_is_refused_or_fetched_instead(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a"),))
    (there,) = obtain(tmp_path / "other", what).values()
    right = there.read_bytes()
    there.write_bytes(right[:-1])
    with pytest.raises(PolicyError, match="its sha256 is not"):
        house_of(tmp_path / "here", tmp_path / "other/wheels", offline=True).obtain(what)
    with HttpClient(FileCache(tmp_path / "entries", warn=pytest.fail)) as http:
        (path,) = house_of(tmp_path / "here", tmp_path / "other/wheels", http=http).obtain(what).values()
    assert path.read_bytes() == right


def test_P2_a_copy_is_held_to_the_hash_and_a_pipe_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """What lies in a mirror may be changed between the look at it and the copy of it."""
    what = wheel("a", sha256=hashlib.sha256(build(name="a")).hexdigest())
    house = house_of(tmp_path / "here", tmp_path / "other", offline=True)
    (tmp_path / "made").write_bytes(b"another file")
    with pytest.raises(PolicyError, match="its sha256 is not"):
        house.keep(what, tmp_path / "made")
    assert house.find(what) is None
    assert [path for path in (tmp_path / "here").rglob("*") if path.is_file()] == []
    (tmp_path / "other" / what.sha256).mkdir(parents=True)
    os.mkfifo(tmp_path / "other" / what.sha256 / what.filename)
    with pytest.raises(PolicyError, match="its sha256 is not"):
        house.obtain(lock(wheels=(what,)))


def test_a_wheel_in_no_folder_is_named(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a"),))
    with pytest.raises(UnavailableError, match=f"nor in {tmp_path}/other: a-1.0-py3-none-any.whl") as caught:
        house_of(tmp_path, tmp_path / "other", offline=True).obtain(what)
    assert "distrofirst mirror" in (caught.value.hint or "")


def test_a_mirror_gathers_also_what_lies_elsewhere_on_this_machine(tmp_path: Path) -> None:
    content = build(name="a")
    place = tmp_path / filename_of("a")
    place.write_bytes(content)
    local = wheel("a", url=place.as_uri(), sha256=hashlib.sha256(content).hexdigest())
    house_of(tmp_path / "mirror").gather(lock(wheels=(local,)), may_build=False)
    place.unlink()
    (path,) = (
        house_of(tmp_path / "host", tmp_path / "mirror/wheels", offline=True).obtain(lock(wheels=(local,))).values()
    )
    assert path.read_bytes() == content


def test_P2_a_mirror_has_what_was_built_and_builds_nothing_for_another_release(tmp_path: Path) -> None:
    content = build(name="a")
    source = Sdist(
        project=canonicalize_name("a"),
        version=Version("1.0"),
        filename="a-1.0.tar.gz",
        url="https://files.example/a-1.0.tar.gz",
        sha256="0" * 64,
        size=None,
        requires_python=None,
        upload_time=None,
    )
    built = wheel("a", url=source.url, sha256=hashlib.sha256(content).hexdigest())
    what = lock(wheels=(replace(built, built=Build(source=source, requires=())),))
    mirror = house_of(tmp_path / "mirror", tmp_path / "cache/wheels")
    with pytest.raises(UnavailableError, match="it was built, and is not in the cache"):
        mirror.gather(what, may_build=False)
    (tmp_path / "made").write_bytes(content)
    house_of(tmp_path / "cache").keep(what.wheels[0], tmp_path / "made")
    mirror.gather(what, may_build=False)
    (path,) = house_of(tmp_path / "host", tmp_path / "mirror/wheels", offline=True).obtain(what).values()
    assert path.read_bytes() == content


def test_P4_a_mirror_does_not_gather_what_must_not_be_installed(tmp_path: Path, server: Loopback) -> None:
    what = lock(wheels=(serve(server, "a", build({"a.pth": "import os"}, name="a")),))
    with HttpClient(FileCache(tmp_path / "entries", warn=pytest.fail)) as http:
        house = house_of(tmp_path, http=http)
        with pytest.raises(PolicyError, match="1 of 1 wheels must not be installed"):
            house.gather(what, may_build=False)
