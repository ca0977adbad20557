"""Reading the inputs: what is opened, in which order, under which name, and what is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from resolver.errors import InputError
from resolver.model import FileOption, Origin, RequirementSet
from resolver.requirements import read_inputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, **files: str) -> None:
    """Write files; ``__`` in a name is a folder's slash, and ``.txt`` is added."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


def read(
    cwd: Path, *inputs: str, stdin: bytes = b"", extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()
) -> RequirementSet:
    environ = {"TOKEN": "secret", "FILE": "base"}
    return read_inputs(inputs, extras=extras, groups=groups, stdin=lambda: stdin, environ=environ, cwd=cwd)


def places(found: RequirementSet) -> list[str]:
    return [f"{r.origin} {r.text}" for r in found.requirements]


def test_order_names_and_lines(cwd: Path) -> None:
    write(cwd, reqs__main="\n-r base.txt\none\n-c ../limits.txt\n", reqs__base="-r ./more.txt\ntwo \\\n >1\n")
    write(cwd, reqs__more="three", limits="two<2\n")
    found = read(cwd, "./reqs/main.txt", "-", stdin=b"four\r\n-r reqs/more.txt\n-r limits.txt")
    assert places(found) == [
        "reqs/more.txt:1 three",
        "reqs/base.txt:2 two  >1",
        "./reqs/main.txt:3 one",
        "<stdin>:1 four",
        "limits.txt:1 two<2",
    ]
    assert [str(r.origin) for r in found.constraints] == ["limits.txt:1"]
    assert found.inputs == ("./reqs/main.txt", "-")


def test_duplicates_are_kept_as_pip_keeps_them(cwd: Path) -> None:
    write(cwd, r="foo\nfoo\n")
    assert places(read(cwd, "r.txt")) == ["r.txt:1 foo", "r.txt:2 foo"]


def test_a_file_that_two_others_include_is_read_once(cwd: Path) -> None:
    write(cwd, top="-r left.txt\n-r right.txt\n", left="-r base.txt", right="-r ./base.txt\nr", base="b")
    assert places(read(cwd, "top.txt", "base.txt")) == ["base.txt:1 b", "right.txt:2 r"]


@pytest.mark.parametrize(
    ("files", "circle", "place"),
    [
        ({"a": "\n-r a.txt"}, "a.txt → a.txt", "a.txt:2"),
        ({"a": "-r b.txt", "b": "x\n-c a.txt"}, "a.txt → b.txt → a.txt", "b.txt:2"),
        ({"a": "-r b.txt", "b": "-r c.txt", "c": "-r ./b.txt"}, "b.txt → c.txt → b.txt", "c.txt:1"),
    ],
)
def test_files_that_include_each_other_are_refused(cwd: Path, files: dict[str, str], circle: str, place: str) -> None:
    write(cwd, **files)
    with pytest.raises(InputError) as caught:
        read(cwd, "a.txt")
    assert circle in caught.value.message
    assert caught.value.context == place


def test_r_inside_c_asks_and_c_inside_r_limits(cwd: Path) -> None:
    write(cwd, main="-c limits.txt\n", limits="one<2\n-r more.txt\n-c less.txt\n", more="two", less="three<3")
    found = read(cwd, "main.txt")
    assert places(found) == ["more.txt:1 two"]
    assert [(r.name, r.constraint) for r in found.constraints] == [("one", True), ("three", True)]


def test_hashes_belong_to_their_requirement_and_options_to_the_set(cwd: Path) -> None:
    write(cwd, r="--index-url https://${TOKEN}@u.example --pre\nfoo==1 --hash=sha256:b --hash=sha256:a\n-f links")
    found = read(cwd, "r.txt")
    assert found.requirements[0].hashes == ("sha256:a", "sha256:b")
    assert found.options == (
        FileOption(name="--index-url", value="https://secret@u.example", origin=Origin(file="r.txt", line=1)),
        FileOption(name="--pre", value=None, origin=Origin(file="r.txt", line=1)),
        FileOption(name="--find-links", value="links", origin=Origin(file="r.txt", line=3)),
    )


def test_the_environment_fills_in_paths_and_urls_but_is_not_shown(cwd: Path) -> None:
    write(cwd, main="-r ${FILE}.txt\n-e git+https://${TOKEN}@u.example/x#egg=foo\n", base="b")
    found = read(cwd, "main.txt")
    assert places(found) == ["base.txt:1 b", "main.txt:2 git+https://${TOKEN}@u.example/x#egg=foo"]
    assert found.requirements[1].url == "git+https://secret@u.example/x#egg=foo"


def test_paths_start_from_the_current_folder_as_in_pip(cwd: Path) -> None:
    (cwd / "proj").mkdir()
    (cwd / "proj" / "setup.py").touch()
    write(cwd, reqs__main="-e proj\n./proj\n")
    assert {r.url for r in read(cwd, "reqs/main.txt").requirements} == {(cwd / "proj").as_uri()}


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("foo --hash=sha256:a bar", "ignored, as pip ignores it: bar"),
        ("foo -r base.txt", "beside the rest of the line: --requirement base.txt"),
        ("-r base.txt -r base.txt", "beside the rest of the line: --requirement base.txt"),
        ("-r base.txt --pre", "beside the rest of the line: --pre"),
        ("--hash=sha256:a", "beside the rest of the line: --hash sha256:a"),
        ("foo --global-option=x", "--global-option has no effect"),
        ("foo --config-settings=a=b", "--config-settings has no effect"),
        ("--pre -e https://u.example ${TOKEN}", None),
        ("foo --pre ${TOKEN}", "ignored, as pip ignores it: ${TOKEN}"),
    ],
)
def test_what_pip_drops_in_silence_is_warned_of(cwd: Path, line: str, warning: str | None) -> None:
    write(cwd, r=line, base="b")
    if warning is None:
        with pytest.raises(InputError, match="cannot be editable"):
            read(cwd, "r.txt")
        return
    assert any(message.startswith("r.txt:1: ") and warning in message for message in read(cwd, "r.txt").warnings)


def test_a_plain_file_has_no_warnings(cwd: Path) -> None:
    write(cwd, r="foo --hash=sha256:a\n-r base.txt\n-i https://u.example --pre\n", base="b")
    assert read(cwd, "r.txt").warnings == ()


def test_without_an_input_requirements_txt_comes_first(cwd: Path) -> None:
    with pytest.raises(InputError, match=r"neither requirements\.txt nor pyproject\.toml") as caught:
        read(cwd)
    assert "name a requirements file" in str(caught.value.hint)
    (cwd / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["a"]\n')
    assert places(read(cwd)) == ["pyproject.toml:3 a"]
    write(cwd, requirements="b")
    assert read(cwd).inputs == ("requirements.txt",)


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.debian-13.toml", "other.toml"])
def test_a_lock_is_known_by_its_name_or_its_content(cwd: Path, name: str) -> None:
    (cwd / name).write_text('lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\nwheels = []\n')
    assert places(read(cwd, name)) == [f"{name}:3 a==1"]


def test_extras_and_groups_must_exist_in_some_input(cwd: Path) -> None:
    write(cwd, requirements="b")
    for name, extra in (("one", "x"), ("two", "y")):
        (cwd / f"{name}.toml").write_text(
            f'[project]\nname = "{name}"\n[project.optional-dependencies]\n{extra} = ["{extra}1"]\n'
        )
    assert places(read(cwd, "one.toml", "two.toml", "one.toml", extras=("x", "y"))) == [
        "one.toml:4 x1",
        "two.toml:4 y1",
    ]
    with pytest.raises(InputError, match="no input has the extra 'z'") as caught:
        read(cwd, "one.toml", "two.toml", extras=("z",))
    assert caught.value.hint == "they have: x, y"
    with pytest.raises(InputError, match="no input has the group 'g'") as caught:
        read(cwd, "one.toml", groups=("g",))
    assert caught.value.hint == "they have no groups"
    with pytest.raises(InputError, match=r"only a pyproject\.toml or pylock\.toml has; found requirements\.txt"):
        read(cwd, extras=("x",))


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("-r none.txt", "'none.txt' does not exist", "beside the file that includes it"),
        ("-r reqs", "'reqs' is a folder; expected a file", "reqs/pyproject.toml"),
        ("-r https://u.example/r.txt", "'https://u.example/r.txt' is on another machine", "download it first"),
        ("-c HTTP://${TOKEN}@u.example/r.txt", "${TOKEN}@u.example/r.txt' is on another machine", "download"),
        ("-r pyproject.toml", "is TOML, which a requirements file cannot include", "an input of its own"),
        ("-r m.txt/x", "cannot be read: Not a directory", ""),
        ("-r file:///nowhere/x%20y.txt", "'/nowhere/x y.txt' does not exist", ""),
    ],
)
def test_an_include_that_cannot_be_read_names_the_line_that_asked(
    cwd: Path, line: str, message: str, hint: str
) -> None:
    (cwd / "reqs").mkdir()
    (cwd / "reqs" / "pyproject.toml").touch()
    write(cwd, m=f"\n{line}\n")
    with pytest.raises(InputError) as caught:
        read(cwd, "m.txt")
    assert message in caught.value.message
    assert caught.value.context == "m.txt:2"
    assert hint in (caught.value.hint or "")


def test_a_file_url_may_be_included(cwd: Path) -> None:
    write(cwd, main=f"-r {(cwd / 'base.txt').as_uri()}", base="b")
    assert places(read(cwd, "main.txt")) == [f"{cwd}/base.txt:1 b"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("none.txt", "'none.txt' does not exist", ""),
        ("none.toml", "'none.toml' does not exist", ""),
        (".", "'.' is a folder; expected a file", "./requirements.txt"),
        ("https://u.example/r.txt", "is on another machine", "download it first"),
        ("a\0b", "is not a file's name", ""),
        ("Pipfile", "is not a format that distrofirst reads", "pipenv requirements"),
        ("sub/poetry.lock", "is not a format that distrofirst reads", "poetry export"),
        ("uv.lock", "is not a format that distrofirst reads", "uv export"),
        ("environment.yml", "is not a format that distrofirst reads", "pip list"),
        ("setup.py", "is not a format that distrofirst reads", "pyproject.toml"),
    ],
)
def test_an_input_that_cannot_be_read_is_refused(cwd: Path, name: str, message: str, hint: str) -> None:
    write(cwd, requirements="x")
    with pytest.raises(InputError) as caught:
        read(cwd, name)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_refused(cwd: Path) -> None:
    write(cwd, r="x")
    (cwd / "r.txt").chmod(0)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read(cwd, "r.txt")


def test_an_error_deep_in_an_include_names_that_file(cwd: Path) -> None:
    write(cwd, main="-r base.txt", base="ok\nfoo=1\n")
    with pytest.raises(InputError) as caught:
        read(cwd, "main.txt")
    assert caught.value.context == "base.txt:2"
    assert caught.value.exit_code == 2
