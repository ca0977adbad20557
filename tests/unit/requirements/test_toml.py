"""The line of every value, in each way that TOML can be written."""

from __future__ import annotations

import pytest

from resolver.errors import InputError
from resolver.requirements.toml import parse_toml

CONTENT = '''\
# comment with [brackets] and "quotes"
top = 1.5
when = 1979-05-27 07:32:00  # two tokens
"quoted \\u0041" = 1
a.b."c.d" = [ "x", 'y', # comment ]
  """z
[not.a.table]
""", [1,
2], {k = "v", n.m = true}

]

[project]
dependencies = [
    "one",

    "two; os_name == '#'", 'three',
]
empty = ""
trick = """a\\""" = b"""
last = \'\'\'x\'\'\'\'\'
[project.optional-dependencies]
test = ["four"]
[[packages]]
name = "p"
[packages.sdist]
name = "s"
[[packages.wheels]]
name = "w1"
[[packages.wheels]]
name = "w2"
[[packages]]
wheels = [
  {name = "w3"}]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("when",), 3),
        (("quoted A",), 4),
        (("a", "b", "c.d"), 5),
        (("a", "b", "c.d", 1), 5),
        (("a", "b", "c.d", 2), 6),
        (("a", "b", "c.d", 3), 8),
        (("a", "b", "c.d", 3, 1), 9),
        (("a", "b", "c.d", 4, "k"), 9),
        (("a", "b", "c.d", 4, "n", "m"), 9),
        (("project",), 13),
        (("project", "dependencies", 0), 15),
        (("project", "dependencies", 1), 17),
        (("project", "dependencies", 2), 17),
        (("project", "last"), 21),
        (("project", "optional-dependencies"), 22),
        (("project", "optional-dependencies", "test", 0), 23),
        (("packages",), 24),
        (("packages", 0, "name"), 25),
        (("packages", 0, "sdist", "name"), 27),
        (("packages", 0, "wheels", 0, "name"), 29),
        (("packages", 0, "wheels", 1, "name"), 31),
        (("packages", 1), 32),
        (("packages", 1, "wheels", 0, "name"), 34),
        (("packages", 1, "missing"), 32),
        (("nowhere",), 1),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_value_knows_its_line(path: tuple[str | int, ...], line: int, newline: str) -> None:
    document = parse_toml(CONTENT.replace("\n", newline), "p.toml")
    assert str(document.origin(*path)) == f"p.toml:{line}"


@pytest.mark.parametrize(
    ("content", "message", "context"),
    [
        ("a = 1\nb = ", "not valid TOML: Invalid value", "p.toml"),
        ("a = 1\na = 2\n", "not valid TOML: Cannot overwrite a value", "p.toml:2"),
        ("[", "not valid TOML", "p.toml"),
        ("a = " + "[" * 5000 + "]" * 5000, "cannot be read", "p.toml"),
        ("a = " + "1" * 5000, "cannot be read|not valid TOML", "p.toml"),
    ],
)
def test_what_is_no_toml_is_refused(content: str, message: str, context: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_toml(content, "p.toml")
    assert str(caught.value.context).startswith(context)
