"""pylock.toml as an input: exact pins with hashes, URLs for the rest, markers decided by what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.errors import InputError
from resolver.model import Origin
from resolver.requirements.lockmarker import decide
from resolver.requirements.pylock import pylock_requirements
from resolver.requirements.toml import parse_toml

if TYPE_CHECKING:
    from resolver.requirements.pyproject import Declared

HERE = Origin(file="pylock.toml", line=1)
HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
CONTENT = f"""\
{HEAD}extras = ["Gui_Tools"]
dependency-groups = ["dev", "docs"]
default-groups = ["docs"]

[[packages]]
name = "One"
version = "1.0"
marker = "python_version >= '3.9'"
wheels = [
  {{name = "one-1.0-py3-none-any.whl", url = "https://u.example/1", hashes = {{sha256 = "bb", sha512 = "cc"}}}},
  {{url = "https://u.example/one-1.0-cp311-cp311-linux_x86_64.whl", hashes = {{sha256 = "aa"}}}},
]
sdist = {{name = "one-1.0.tar.gz", url = "https://u.example/3", hashes = {{sha256 = "dd"}}}}

[[packages]]
name = "unversioned"
[[packages.wheels]]
url = "https://u.example/unversioned-2.0%2Blocal-py3-none-any.whl"
hashes = {{sha256 = "aa"}}

[[packages]]
name = "gui"
marker = "'gui-tools' in extras"
sdist = {{path = "sdists/gui-3.0.tar.gz", hashes = {{sha256 = "aa"}}}}

[[packages]]
name = "dev"
version = "4"
marker = "'dev' in dependency_groups and os_name == 'posix'"
wheels = []

[[packages]]
name = "docs"
version = "5"
marker = "'docs' in dependency_groups"
wheels = []

[[packages]]
name = "vcs"
vcs = {{type = "git", url = "https://u.example/x.git", commit-id = "abc", subdirectory = "sub"}}

[[packages]]
name = "folder"
directory = {{path = "../my folder", editable = true}}

[[packages]]
name = "archive"
archive = {{url = "https://u.example/x.zip", hashes = {{sha256 = "ee"}}}}
"""


def read(content: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Declared:
    return pylock_requirements(parse_toml(content, "pylock.toml"), "/srv/app", extras=extras, groups=groups)


def names(declared: Declared) -> list[str | None]:
    return [requirement.name for requirement in declared.requirements]


def test_files_of_an_index_become_an_exact_pin_with_all_hashes() -> None:
    one = read(CONTENT).requirements[0]
    assert (one.name, str(one.specifier), str(one.marker)) == ("one", "==1.0", 'python_version >= "3.9"')
    assert one.hashes == ("sha256:aa", "sha256:bb", "sha256:dd", "sha512:cc")
    assert str(one.origin) == "pylock.toml:8"
    assert one.text == "One==1.0"


def test_a_missing_version_comes_from_the_first_file() -> None:
    found = {str(r.name): str(r.specifier) for r in read(CONTENT, extras=("gui_tools",)).requirements}
    assert found["unversioned"] == "==2.0+local"
    assert found["gui"] == "==3.0"


def test_other_sources_become_urls_that_start_in_the_locks_folder() -> None:
    found = {str(r.name): r for r in read(CONTENT).requirements}
    assert found["vcs"].url == "git+https://u.example/x.git@abc#subdirectory=sub"
    assert found["folder"].url == "file:///srv/my%20folder"
    assert (found["folder"].editable, found["vcs"].editable) == (True, False)
    assert (found["archive"].url, found["archive"].hashes) == ("https://u.example/x.zip", ("sha256:ee",))


def test_the_default_groups_hold_unless_a_group_is_named() -> None:
    assert names(read(CONTENT)) == ["one", "unversioned", "docs", "vcs", "folder", "archive"]
    dev = read(CONTENT, groups=("DEV",), extras=("gui-tools",))
    assert names(dev) == ["one", "unversioned", "gui", "dev", "vcs", "folder", "archive"]
    assert str(dev.requirements[3].marker) == 'os_name == "posix"'
    assert dev.requirements[2].marker is None
    assert dev.extras == {"gui-tools"}
    assert dev.groups == {"dev", "docs"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("packages = []\n", "expected lock-version"),
        ('lock-version = "2.0"\npackages = []\n', "lock-version is '2.0'; expected 1.x"),
        (HEAD, "expected [[packages]]"),
        (f"{HEAD}packages = [1]\n", "expected a table of a package, found 1"),
        (f'{HEAD}packages = []\nextras = "x"\n', "expected extras to be an array of names"),
        (f"{HEAD}packages = []\n[tool.distrofirst]\n", "this is a lock that distrofirst wrote"),
        (f"{HEAD}packages = []\ntool = 1\n", "expected tool to be a table"),
        (f"{HEAD}[[packages]]\nversion = '1'\nwheels = []\n", "expected name to be a string, found None"),
        (f"{HEAD}[[packages]]\nname = 'a'\n", "a: expected exactly one of vcs, directory, archive"),
        (f"{HEAD}[[packages]]\nname = 'a'\nvcs = {{}}\nwheels = []\n", "a: expected exactly one of"),
        (f"{HEAD}[[packages]]\nname = 'a'\nwheels = []\n", "neither a version nor a file tells the version"),
        (f"{HEAD}[[packages]]\nname = 'a'\nwheels = 1\n", "expected tables in wheels and sdist, found 1"),
        (f"{HEAD}[[packages]]\nname = 'a'\nversion = 'x'\nwheels = []\n", "a: Invalid version: 'x'"),
        (f"{HEAD}[[packages]]\nname = 'a'\nwheels = [{{name = 'x.whl'}}]\n", "a: Invalid wheel filename"),
        (f"{HEAD}[[packages]]\nname = 'a'\nversion = '1'\nwheels = [{{}}]\n", "a: a file has no hashes"),
        (f"{HEAD}[[packages]]\nname = 'a'\nvcs = {{type = 'git', url = 'x'}}\n", "expected a: commit-id to be"),
        (f"{HEAD}[[packages]]\nname = 'a'\nvcs = 1\n", "expected vcs to be a table"),
        (f"{HEAD}[[packages]]\nname = 'a'\narchive = {{url = 'x'}}\n", "a: a file has no hashes"),
        (f"{HEAD}[[packages]]\nname = 'a'\nmarker = 1\nwheels = []\n", "expected marker to be a string, found 1"),
        (f"{HEAD}[[packages]]\nname = 'a'\nmarker = 'x'\nwheels = []\n", "has a marker that cannot be read"),
    ],
)
def test_malformed_locks_are_refused(content: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert message in caught.value.message
    assert str(caught.value.context).startswith("pylock.toml")


@pytest.mark.parametrize(
    ("marker", "verdict"),
    [
        ("os_name == 'nt'", "os_name == 'nt'"),
        ("'a' in extras", True),
        ("'A' in extras", True),
        ("'b' in extras", False),
        ("'b' not in extras", True),
        ("'a' not in extras", False),
        ("'g' in dependency_groups", True),
        ("'a' in extras and os_name == 'nt'", "os_name == 'nt'"),
        ("'b' in extras and os_name == 'nt'", False),
        ("'a' in extras or os_name == 'nt'", True),
        ("'b' in extras or os_name == 'nt'", "os_name == 'nt'"),
        ("('b' in extras or 'g' in dependency_groups) and (os_name == 'nt')", "(os_name == 'nt')"),
        (
            "(os_name == 'nt' or 'b' in extras) and (python_version < '3' or sys_platform == \"x\")",
            "(os_name == 'nt') and (python_version < '3' or sys_platform == \"x\")",
        ),
        ("'a' in extras and 'linux' not in sys_platform", "'linux' not in sys_platform"),
        ("'b' in extras or 'b' in extras and os_name == 'nt'", False),
    ],
)
def test_extras_and_groups_in_a_marker_are_decided(marker: str, verdict: bool | str) -> None:  # noqa: FBT001 - a table's column
    assert decide(marker, {"extras": {"a"}, "dependency_groups": {"g"}}, HERE) == verdict


@pytest.mark.parametrize(
    "marker",
    [
        "extras",
        "'a' in extras and",
        "'a' in extras 'b'",
        "('a' in extras",
        "'a' in extras)",
        "('a' in extras 'b')",
        "'a' == extras",
        "a in extras",
        "'a' in extras & x",
        "'a' not extras",
        "(" * 5000 + "'a' in extras" + ")" * 5000,
    ],
)
def test_a_marker_that_is_none_is_refused(marker: str) -> None:
    with pytest.raises(InputError, match="is not a marker"):
        decide(marker, {"extras": set(), "dependency_groups": set()}, HERE)
