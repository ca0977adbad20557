"""pyproject.toml: dependencies, extras and groups, each requirement with its line."""

from __future__ import annotations

import pytest

from resolver.errors import InputError
from resolver.requirements.pyproject import Declared, pyproject_requirements
from resolver.requirements.toml import parse_toml

CONTENT = """\
[project]
name = "Me"
dependencies = [
  "one>=1",
  "two @ https://u.example/two.zip ; os_name == 'posix'",
]
[project.optional-dependencies]
Test_Tools = ["three", "me[docs]"]
docs = ["four ; python_version < '3.9'"]
all = [
  "me[test-tools,docs] ; sys_platform == 'linux'",
  "me",
]
round = ["me[about]"]
about = ["me[round] ; os_name == 'nt'", "five"]
[dependency-groups]
lint = ["ruff"]
"Dev.Group" = ["me[docs]", {include-group = "LINT"}, {include-group = "types"}]
types = ["mypy", {include-group = "lint"}]
"""


def read(content: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Declared:
    return pyproject_requirements(parse_toml(content, "sub/pyproject.toml"), extras=extras, groups=groups)


def listed(declared: Declared) -> list[tuple[str, int, str | None]]:
    return [(r.text, r.origin.line, str(r.marker) if r.marker else None) for r in declared.requirements]


def test_dependencies_with_their_lines() -> None:
    found = read(CONTENT)
    assert [str(r.origin) for r in found.requirements] == ["sub/pyproject.toml:4", "sub/pyproject.toml:5"]
    assert found.requirements[1].url == "https://u.example/two.zip"
    assert found.extras == {"test-tools", "docs", "all", "round", "about"}
    assert found.groups == {"lint", "dev-group", "types"}


def test_an_extra_adds_to_the_dependencies_whatever_its_spelling() -> None:
    assert listed(read(CONTENT, extras=("TEST.tools",)))[2:] == [
        ("three", 8, None),
        ("four ; python_version < '3.9'", 9, 'python_version < "3.9"'),
    ]


def test_a_requirement_of_the_project_itself_stands_for_its_extras_and_hands_on_its_marker() -> None:
    narrowed = '(python_version < "3.9") and (sys_platform == "linux")'
    found = listed(read(CONTENT, extras=("all",)))[2:]
    assert [(text, line) for text, line, _ in found] == [("four ; python_version < '3.9'", 9), ("three", 8)]
    assert found[1][2] == 'sys_platform == "linux"'
    assert str(found[0][2]).replace("(", "").replace(")", "") == narrowed.replace("(", "").replace(")", "")


def test_extras_that_lead_back_to_themselves_end() -> None:
    assert [text for text, _, _ in listed(read(CONTENT, extras=("round",)))[2:]] == ["five"]


def test_groups_include_each_other_once_and_may_name_the_project() -> None:
    assert [text for text, _, _ in listed(read(CONTENT, groups=("dev_group",)))[2:]] == [
        "four ; python_version < '3.9'",
        "ruff",
        "mypy",
    ]


def test_groups_need_no_project() -> None:
    assert listed(read('[dependency-groups]\ndev = ["a"]\n', groups=("dev",))) == [("a", 2, None)]


def test_an_asked_name_that_is_not_here_is_left_to_the_caller() -> None:
    assert len(read(CONTENT, extras=("nothing",), groups=("nothing",)).requirements) == 2


def test_a_project_without_dependencies_needs_nothing() -> None:
    assert read('[project]\nname = "x"\n').requirements == ()


@pytest.mark.parametrize(
    ("content", "message", "context", "hint"),
    [
        (
            '[project]\nname = "x"\ndynamic = ["version", "dependencies"]\n',
            "dependencies are dynamic",
            "sub/pyproject.toml:3",
            "export them",
        ),
        (
            '[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = ["r.in"]}\n',
            "dependencies are dynamic",
            "sub/pyproject.toml:2",
            "setuptools reads them from r.in: give that file instead",
        ),
        (
            '[project]\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies.file = "r.in"\n',
            "dependencies are dynamic",
            "sub/pyproject.toml:2",
            "from r.in:",
        ),
        ("[build-system]\n", "there is no [project] table", "sub/pyproject.toml", "add [project]"),
        ("[tool.poetry.dependencies]\n", "there is no [project] table", "sub/pyproject.toml", "poetry export"),
        (
            "[dependency-groups]\ndev = []\n",
            "there is no [project] table",
            "sub/pyproject.toml",
            "dev; ask with --group",
        ),
        ("[project]\ndependencies = 'x'\n", "to be an array of requirements, found str", "sub/pyproject.toml:2", ""),
        ("[project]\ndependencies = [1]\n", "expected a requirement (a string), found 1", "sub/pyproject.toml:2", ""),
        ("[project]\ndependencies = [\n'./x']\n", "'./x' is not a requirement", "sub/pyproject.toml:3", ""),
        ("[project]\noptional-dependencies = []\n", "to be a table, found list", "sub/pyproject.toml:2", ""),
        (
            "[dependency-groups]\na-b = []\nA_B = []\n",
            "'a-b' and 'A_B', which are the same",
            "sub/pyproject.toml:3",
            "rename",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_line(content: str, message: str, context: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read(content)
    assert message in caught.value.message
    assert caught.value.context == context
    assert hint in (caught.value.hint or "")


def test_dynamic_extras_are_refused_when_one_is_asked_for() -> None:
    content = '[project]\nname = "me"\ndynamic = ["optional-dependencies"]\n[dependency-groups]\ng = ["me[x]"]\n'
    assert read(content).requirements == ()
    for asked in ({"extras": ("x",)}, {"groups": ("g",)}):
        with pytest.raises(InputError, match="optional-dependencies are dynamic") as caught:
            read(content, **asked)
        assert caught.value.context == "sub/pyproject.toml:3"


@pytest.mark.parametrize(
    ("groups", "message", "line"),
    [
        ('a = [{include-group = "a"}]', "include each other in a circle: a → a", 2),
        ('a = [{include-group = "b"}]\nb = [{include-group = "A"}]', "in a circle: a → b → a", 2),
        ('a = [{include-group = "b"}]', "group 'a' includes 'b', which does not exist", 2),
        ('a = [\n{include-group = "b", x = 1}]\nb = []', "expected a requirement or {include-group", 3),
        ("a = [\n\n1]", "expected a requirement or {include-group", 4),
        ("a = 1", "to be an array of requirements, found int", 2),
    ],
)
def test_groups_that_cannot_be_used_are_refused(groups: str, message: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        read(f"[dependency-groups]\n{groups}\n", groups=("a",))
    assert message in caught.value.message
    assert caught.value.context == f"sub/pyproject.toml:{line}"


def test_an_extra_of_itself_that_does_not_exist_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match="the project has no extra 'y'") as caught:
        read('[project]\nname = "me"\n[project.optional-dependencies]\nx = ["me[y]"]\n', extras=("x",))
    assert caught.value.context == "sub/pyproject.toml:4"
    assert caught.value.hint == "it has these extras: x"
