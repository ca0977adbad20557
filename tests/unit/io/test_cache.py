"""FileCache: what is kept is whole or gone, and a cache that cannot work is an empty one."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from resolver.io.cache import FileCache


def silent(message: str) -> None:
    pytest.fail(f"unexpected warning: {message}")


def entry_of(folder: Path) -> Path:
    (found,) = (path for path in folder.rglob("*") if path.is_file())
    return found


def test_what_was_written_is_read_back_by_another_process(tmp_path: Path) -> None:
    FileCache(tmp_path / "new" / "folder", warn=silent).write("kind", "key", b"\0data\n")
    other = FileCache(tmp_path / "new" / "folder", warn=silent)
    assert other.read("kind", "key") == b"\0data\n"
    assert other.read("kind", "other key") is None
    assert other.read("other kind", "key") is None


def test_an_entry_is_replaced_and_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, warn=silent)
    cache.write("kind", "key", b"old")
    cache.write("kind", "key", b"new")
    assert cache.read("kind", "key") == b"new"
    assert entry_of(tmp_path).parent.name == "kind"


def test_the_folder_is_for_the_user_alone(tmp_path: Path) -> None:
    FileCache(tmp_path / "cache", warn=silent).write("kind", "key", b"")
    assert (tmp_path / "cache" / "kind").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["cut", "longer", "empty", "header alone", "other content"])
def test_a_damaged_entry_is_a_miss_and_is_removed(tmp_path: Path, damage: str) -> None:
    cache = FileCache(tmp_path, warn=silent)
    cache.write("kind", "key", b"data")
    path = entry_of(tmp_path)
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-1],
            "longer": content + b"x",
            "empty": b"",
            "header alone": content[:30],
            "other content": content.replace(b"data", b"dada"),
        }[damage]
    )
    assert cache.read("kind", "key") is None
    assert not path.exists()
    cache.write("kind", "key", b"again")
    assert cache.read("kind", "key") == b"again"


def test_age_is_seconds_since_the_entry_was_written(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, warn=silent)
    assert cache.age("kind", "key") is None
    cache.write("kind", "key", b"")
    age = cache.age("kind", "key")
    assert age is not None
    assert -1 < age < 60
    hour_ago = time.time() - 3600
    os.utime(entry_of(tmp_path), (hour_ago, hour_ago))
    aged = cache.age("kind", "key")
    assert aged is not None
    assert 3599 < aged < 3700


def test_json_values_survive_and_what_is_no_json_is_a_miss(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, warn=silent)
    value = {"name": "é", "rows": [1, None, True]}
    cache.write_json("kind", "key", value)
    assert cache.read_json("kind", "key") == value
    assert cache.read_json("kind", "nothing") is None
    cache.write("kind", "text", b"{")
    assert cache.read_json("kind", "text") is None


def test_a_file_in_place_of_the_folder_is_one_warning_and_no_cache(tmp_path: Path) -> None:
    warnings: list[str] = []
    (tmp_path / "cache").write_text("")
    cache = FileCache(tmp_path / "cache", warn=warnings.append)
    cache.write("kind", "key", b"data")
    cache.write("kind", "key", b"data")
    assert cache.read("kind", "key") is None
    assert cache.age("kind", "key") is None
    assert len(warnings) == 1
    assert "without a cache" in warnings[0]
    assert str(tmp_path / "cache") in warnings[0]


def test_an_entry_that_cannot_be_read_is_one_warning(tmp_path: Path) -> None:
    FileCache(tmp_path, warn=silent).write("kind", "key", b"data")
    entry = entry_of(tmp_path)
    entry.unlink()
    entry.mkdir()
    warnings: list[str] = []
    cache = FileCache(tmp_path, warn=warnings.append)
    assert cache.read("kind", "key") is None
    assert cache.read("kind", "key") is None
    assert len(warnings) == 1
    assert str(entry) in warnings[0]


def test_prune_passes_over_what_it_cannot_remove(tmp_path: Path) -> None:
    (tmp_path / "kind" / "folder").mkdir(parents=True)
    os.utime(tmp_path / "kind" / "folder", (0, 0))
    assert FileCache(tmp_path, warn=silent).prune(older_than=86400) == 0


def test_a_full_disk_is_one_warning_and_no_stray_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    cache = FileCache(tmp_path, warn=warnings.append)
    cache.write("kind", "old", b"kept")

    def full(*_args: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    cache.write("kind", "key", b"data")
    cache.write("kind", "key", b"data")
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert [path.suffix for path in (tmp_path / "kind").iterdir()] == [""]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    FileCache(tmp_path, warn=silent).write("kind", "key", b"planted")
    os.chown(tmp_path, 65534, 65534)
    warnings: list[str] = []
    cache = FileCache(tmp_path, warn=warnings.append)
    assert cache.read("kind", "key") is None
    assert "another user" in warnings[0]


def test_without_a_folder_nothing_is_kept() -> None:
    cache = FileCache(None, warn=silent)
    cache.write("kind", "key", b"data")
    assert cache.read("kind", "key") is None
    assert cache.prune(older_than=0) == 0


def test_prune_removes_old_entries_and_what_killed_writers_left(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, warn=silent)
    cache.write("kind", "old", b"old")
    old = entry_of(tmp_path)
    stray = old.with_name(f"{old.name}.1-1.tmp")
    stray.write_bytes(b"half an ent")
    for path in (old, stray):
        os.utime(path, (0, 0))
    cache.write("kind", "young", b"young")
    assert cache.prune(older_than=86400) == 2
    assert cache.read("kind", "old") is None
    assert cache.read("kind", "young") == b"young"


def _write_many(folder: Path, content: bytes) -> None:
    cache = FileCache(folder, warn=silent)
    for _ in range(200):
        cache.write("kind", "key", content)


def test_two_processes_never_show_a_mixture(tmp_path: Path) -> None:
    contents = [bytes([letter]) * 50_000 for letter in b"ab"]
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(tmp_path, content)) for content in contents]
    for writer in writers:
        writer.start()
    reader = FileCache(tmp_path, warn=silent)
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(reader.read("kind", "key"))
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen <= {None, *contents}
    assert reader.read("kind", "key") in contents
    for writer in writers:
        writer.close()
