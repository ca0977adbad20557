"""Rule X4: one run at a time, and what a killed one leaves for the next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resolver.errors import CommandError
from resolver.venv.journal import Note, held, note_beside

ROOT = Path(__file__).parents[3]


def test_X4_an_orderly_run_leaves_no_file(tmp_path: Path) -> None:
    with held(tmp_path / "venv", "install") as journal:
        journal.write(Note(building=True, added=("python3-x",)))
        journal.write(Note())
    assert list(tmp_path.iterdir()) == []


def _fail_after(note: Note, venv: Path) -> None:
    with held(venv, "install") as journal:
        journal.write(note)
        raise ZeroDivisionError


def test_X4_a_failed_run_leaves_its_note_for_the_next(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    note = Note(added=("python3-x",))
    with pytest.raises(ZeroDivisionError):
        _fail_after(note, venv)
    assert note_beside(venv) == note
    with held(venv, "install") as journal:
        assert journal.note == note


def _holder(venv: Path) -> subprocess.Popen[str]:
    """Start a process that holds an environment, in the middle of building it, until it is killed."""
    code = (
        "import sys, time; from pathlib import Path; from resolver.venv.journal import *\n"
        "with held(Path(sys.argv[1]), 'install') as j:\n"
        "    j.write(Note(building=True, added=('python3-x',))); print('held', flush=True); time.sleep(30)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(venv)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "."}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_X4_a_second_run_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    with _holder(tmp_path / "venv") as process:
        try:
            with (
                pytest.raises(CommandError, match=rf"\(process {process.pid}: distrofirst install\) is at work"),
                held(tmp_path / "venv", "install"),
            ):
                pytest.fail("two runs held one environment")
        finally:
            process.kill()


def test_X4_a_killed_run_holds_nothing_and_leaves_its_note(tmp_path: Path) -> None:
    with _holder(tmp_path / "venv") as process:
        process.kill()
    assert note_beside(tmp_path / "venv") == Note(building=True, added=("python3-x",))
    started = time.monotonic()
    with held(tmp_path / "venv", "install") as journal:
        assert journal.note.building
    assert time.monotonic() - started < 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a file be somebody else's")
def test_X4_a_note_that_a_stranger_put_there_is_not_gone_by(tmp_path: Path) -> None:
    """It could name any OS package as added, for an undo to remove, or a folder as unfinished work."""
    venv = tmp_path / "shared" / "venv"
    venv.parent.mkdir(mode=0o777)
    note = venv.with_name("venv.distrofirst-journal")
    note.write_text('{"building": true, "added": ["openssh-server"]}')
    os.chown(note, 65534, 65534)
    with pytest.raises(CommandError, match="user 65534 left this note"):
        note_beside(venv)
    with pytest.raises(CommandError, match="user 65534 left this note"), held(venv, "undo"):
        pytest.fail("went by it")
    # In a folder of that user's own it is theirs to say.
    os.chown(venv.parent, 65534, 65534)
    assert note_beside(venv).building
    with held(venv, "undo") as journal:
        assert journal.note.building


def test_environments_side_by_side_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with held(tmp_path / "one", "install"), held(tmp_path / "two", "install"):
        assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"building": true}', "\x00", "[" * 100_000])
def test_a_note_that_makes_no_sense_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "venv.distrofirst-journal").write_text(text)
    assert note_beside(tmp_path / "venv") == Note()


def test_a_note_cut_short_by_a_kill_is_the_newer_one(tmp_path: Path) -> None:
    newer = '{"process": 1, "building": true, "added": []}\n'
    (tmp_path / "venv.distrofirst-journal").write_text(newer + 'ed": ["python3-x"]}\n')
    assert note_beside(tmp_path / "venv") == Note(building=True)


def test_X3_what_is_no_os_packages_name_is_not_handed_to_a_package_manager(tmp_path: Path) -> None:
    (tmp_path / "venv.distrofirst-journal").write_text('{"building": false, "added": ["--pipe=id", "libx:i386", 5]}')
    assert note_beside(tmp_path / "venv") == Note(added=("libx:i386", "5"))


def test_the_folder_above_is_made(tmp_path: Path) -> None:
    with held(tmp_path / "a" / "b" / "venv", "install"):
        assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CommandError, match="cannot be made or removed here"), held(tmp_path / "venv", "install"):
        pytest.fail("wrote to a read-only folder")


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be made or removed here"), held(tmp_path / "file" / "venv", "install"):
        pytest.fail("a file was taken for a folder")
