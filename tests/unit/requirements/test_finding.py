"""Which files below a folder are requirements, by their names alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resolver.errors import InputError
from resolver.requirements.finding import requirements_files


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def found(folder: Path) -> list[str]:
    return [str(Path(name).relative_to(folder)) for name in requirements_files(str(folder))]


def test_files_are_known_by_their_names_and_come_in_a_fixed_order(tmp_path: Path) -> None:
    names = [
        "a/pyproject.toml",
        "a/requirements.txt",
        "b/Requirements-Dev.TXT",
        "b/dev_requirements.in",
        "b/requirements/deep/docs.txt",
        "b/requirements/tests.in",
        "pylock.debian-13.toml",
        "pylock.toml",
    ]
    fill(tmp_path, *reversed(names), "README.txt", "setup.py", "a/notes.in", "b/requirements.md", "mypylock.toml")
    assert found(tmp_path) == sorted(names, key=lambda name: Path(name).parts)


def test_constraints_ask_for_nothing(tmp_path: Path) -> None:
    fill(
        tmp_path, "requirements.txt", "constraints.txt", "requirements/constraints.txt", "requirements-constraints.txt"
    )
    assert found(tmp_path) == ["requirements.txt"]


def test_what_others_installed_or_hid_there_is_left_out(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "app/requirements.txt",
        "venv/pyvenv.cfg",
        "venv/requirements.txt",
        "venv/lib/x/requirements.txt",
        ".tox/requirements.txt",
        "node_modules/x/requirements.txt",
        "app/_vendor/requirements.txt",
    )
    assert found(tmp_path) == ["app/requirements.txt"]


def test_a_folder_that_is_itself_named_requirements(tmp_path: Path) -> None:
    fill(tmp_path, "requirements/base.txt")
    assert found(tmp_path / "requirements") == ["base.txt"]


def test_names_begin_as_the_user_named_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "x/requirements.txt")
    monkeypatch.chdir(tmp_path)
    assert requirements_files("./x") == ("./x/requirements.txt",)
    assert requirements_files(".") == ("./x/requirements.txt",)


def test_a_circle_of_links_is_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, "requirements.txt")
    (tmp_path / "again").symlink_to(tmp_path)
    assert found(tmp_path) == ["requirements.txt"]


def test_nothing_found_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no requirements file") as caught:
        requirements_files(str(tmp_path))
    assert "pyproject.toml" in (caught.value.hint or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root lists everything")
def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "requirements.txt", "closed/requirements.txt")
    (tmp_path / "closed").chmod(0)
    try:
        with pytest.raises(InputError, match="cannot be listed") as caught:
            requirements_files(str(tmp_path))
        assert caught.value.context == str(tmp_path / "closed")
    finally:
        (tmp_path / "closed").chmod(0o700)
