"""The index file: every record is found and no other; the same bytes each time; nothing half-written is read."""

from __future__ import annotations

import os
import resource
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.catalog import store
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = store.Header(
    distribution="debian",
    version="13",
    codename="trixie",
    architecture="amd64",
    python="3.13",
    python_full_version="3.13.5",
    glibc="2.41",
    source="apt",
    date="2026-11-01T00:00:00Z",
    repositories=("Debian Backports trixie-backports/main", "Debian trixie/main"),
)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,6}", fullmatch=True)


def claim(project: str, package: str) -> store.Claim:
    return store.Claim(
        project=project, package=package, kind="contents", metadata_name=f"{project}-1.0", os_version="1.0-1"
    )


def package(name: str, **changes: object) -> store.PackageRecord:
    record = store.PackageRecord(
        name=name,
        version="1:1.0-1",
        architecture="all",
        repository="Debian trixie/main",
        trusted=True,
        installed=False,
        depends=(),
        projects=(),
        others=(),
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # the tests name real fields


def written(path: Path, claims: list[store.Claim], packages: list[store.PackageRecord]) -> store.IndexFile:
    store.write(path, store.dump(HEADER, claims, packages))
    return store.IndexFile(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.tuples(NAMES, NAMES), max_size=30), st.sets(NAMES, max_size=30), NAMES)
def test_bisection_finds_every_record_and_only_those(
    tmp_path: Path, pairs: set[tuple[str, str]], packages: set[str], other: str
) -> None:
    index = written(tmp_path / "x.idx", [claim(*pair) for pair in pairs], [package(name) for name in packages])
    for project in {name for name, _ in pairs} | {other}:
        assert index.claims(project) == tuple(sorted(claim(*pair) for pair in pairs if pair[0] == project))
    for name in packages | {other}:
        assert index.package(name) == (package(name) if name in packages else None)
    assert set(index.all_claims()) == {claim(*pair) for pair in pairs}
    assert {record.name for record in index.all_packages()} == packages


def test_a_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    record = package(
        "python3-foo",
        trusted=False,
        installed=True,
        depends=("python3-a", "python3-b"),
        projects=("bar", "foo"),
        others=(("2.0-1~bpo13+1", "Debian Backports trixie-backports/main"),),
    )
    index = written(tmp_path / "x.idx", [], [record])
    assert index.package("python3-foo") == record
    assert index.header == HEADER


def test_R7_the_same_records_give_the_same_bytes_in_any_order() -> None:
    claims, packages = [claim("a", "x"), claim("b", "y")], [package("x"), package("y")]
    assert store.dump(HEADER, claims, packages) == store.dump(HEADER, claims[::-1], packages[::-1])


def test_an_empty_index_answers(tmp_path: Path) -> None:
    index = written(tmp_path / "x.idx", [], [])
    assert index.claims("anything") == ()
    assert index.package("anything") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"distrofirst-index 1\n", b"distrofirst-index 2\n{}\n~end\n", b"something else entirely"],
)
def test_I6_what_is_no_index_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.idx").write_bytes(content)
    with pytest.raises(UnavailableError):
        store.IndexFile(tmp_path / "x.idx")


def test_I6_an_index_that_was_cut_short_is_an_error_at_any_length(tmp_path: Path) -> None:
    whole = store.dump(HEADER, [claim("a", "x")], [package("x")])
    for length in range(len(whole)):
        (tmp_path / "x.idx").write_bytes(whole[:length])
        with pytest.raises(UnavailableError):
            store.IndexFile(tmp_path / "x.idx")


def test_a_missing_index_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        store.IndexFile(tmp_path / "none.idx")
    assert "distrofirst update" in (caught.value.hint or "")


def test_an_opened_index_outlives_its_replacement(tmp_path: Path) -> None:
    old = written(tmp_path / "x.idx", [claim("a", "x")], [])
    written(tmp_path / "x.idx", [claim("b", "y")], [])
    assert old.claims("a")
    assert not old.claims("b")


def test_a_killed_writer_leaves_the_old_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.idx"
    written(path, [claim("old", "x")], [])
    child = os.fork()
    if child == 0:
        # The moment before the new file takes the old one's place; in the child alone.
        monkeypatch.setattr(type(path), "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        store.write(path, store.dump(HEADER, [claim("new", "y")], []))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert store.IndexFile(path).claims("old")
    assert not store.IndexFile(path).claims("new")


def test_two_writers_at_once_leave_one_whole_index(tmp_path: Path) -> None:
    path = tmp_path / "x.idx"
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for _ in range(50):
                store.write(path, store.dump(HEADER, [claim(f"p{number}", "x")] * 1, [package("x")]))
            os._exit(0)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
    assert len(list(store.IndexFile(path).all_claims())) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.idx"]


def test_a_full_disk_is_an_error_and_leaves_the_old_index(tmp_path: Path) -> None:
    path = tmp_path / "x.idx"
    written(path, [claim("old", "x")], [])
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            store.write(path, store.dump(HEADER, [claim(f"p{number}", "x") for number in range(99)], []))
        except UnavailableError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert store.IndexFile(path).claims("old")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.idx"]


@pytest.mark.parametrize(
    "header",
    [b"not json", b"[]", b"7", b'{"repositories":[]}', b'{"distribution":"debian"}', b"{}"],
)
def test_I6_a_header_of_another_shape_is_an_error(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "x.idx").write_bytes(store.MAGIC + header + b"\n" + store.END)
    with pytest.raises(UnavailableError, match="damaged or of another format") as caught:
        store.IndexFile(tmp_path / "x.idx")
    assert caught.value.context == str(tmp_path / "x.idx")
    assert caught.value.hint == "run: distrofirst update"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"p\ta\tx\tcontents\t", b"p\ta\tcontents\t"),
        (b"o\tx\t1:1.0-1\tall\t", b"o\tx\tall\t"),
        (b"\tall\t1\t", b"\tall\t7\t"),
        (b"\tall\t1\t", b"\tall\tone\t"),
    ],
)
def test_I6_a_record_of_another_shape_is_an_error(tmp_path: Path, good: bytes, bad: bytes) -> None:
    whole = store.dump(HEADER, [claim("a", "x")], [package("x")])
    assert good in whole
    (tmp_path / "x.idx").write_bytes(whole.replace(good, bad))
    index = store.IndexFile(tmp_path / "x.idx")
    with pytest.raises(UnavailableError, match="damaged"):
        assert not [*index.all_claims(), *index.all_packages()]


def test_R7_repeats_and_the_order_of_dependencies_do_not_show() -> None:
    one, other = package("x", depends=("a", "b")), package("x", depends=("b", "a"))
    assert store.dump(HEADER, [claim("a", "x")] * 2, [one]) == store.dump(HEADER, [claim("a", "x")], [other])


def test_an_index_is_sorted_lines_of_text() -> None:
    names = ["b", "a.b", "a-b", "a", "a+", "ab"]
    lines = store.dump(HEADER, [claim(name, "x") for name in names], map(package, names)).decode().splitlines()
    assert (lines[0], lines[-1]) == ("distrofirst-index 1", "~end")
    assert lines[2:] == sorted(lines[2:])
    assert len(lines) == 15


def test_a_writer_killed_in_the_middle_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.idx"
    written(path, [claim("old", "x")], [])
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "fsync", lambda _: os._exit(9))
        store.write(path, b"half of an index" * 10_000)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(list(tmp_path.iterdir())) == 2, "the temporary file stays"
    assert list(tmp_path.glob("*.idx")) == [path], "but nobody takes it for an index"
    assert store.IndexFile(path).claims("old")
    assert written(path, [claim("new", "x")], []).claims("new")


def test_folders_are_made_as_needed(tmp_path: Path) -> None:
    assert written(tmp_path / "deep" / "er" / "x.idx", [claim("a", "x")], []).claims("a")
    assert list((tmp_path / "deep" / "er").iterdir()) == [tmp_path / "deep" / "er" / "x.idx"]


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UnavailableError, match="cannot write the index") as caught:
        store.write(tmp_path / "cache" / "x.idx", b"")
    assert caught.value.context == str(tmp_path / "cache" / "x.idx")
    assert "XDG_CACHE_HOME" in str(caught.value.hint)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("root writes everywhere")
    with pytest.raises(UnavailableError, match="Permission denied"):
        store.write(folder / "x.idx", b"")
