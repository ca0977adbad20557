"""``[tool.distrofirst]`` and ``distrofirst.toml``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.configuration import Configuration, read
from resolver.cooldown import OFF, Limit
from resolver.errors import InputError
from resolver.model import AssignedIndex, PinsPolicy, Preference, assigned_to

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
pins = "compatible"
prefer = "newest"
only-distro = true
exclude = ["SetupTools", "zope.interface"]
uploaded-before = 2026-11-01
strict = true
targets = ["host", "debian:13"]
venv = "env"
mirror = "all/of it"

[{0}allow]
pth = ["SetupTools"]
unlisted = ["a", "b"]

[{0}pins-for]
Django = "exact"
"ruamel.yaml" = "prefer"

[{0}uploaded-before-for]
Urgent = "off"
slow = "2 weeks"

[{0}names]
popular = "lists/popular.txt"
reviewed = ["ZZ.alpha"]

[[{0}index]]
url = "https://packages.example/simple"
projects = ["Our_App", "our-lib-*"]
"""
CHOICES = Configuration(
    pins=PinsPolicy.COMPATIBLE,
    pins_for=(
        (canonicalize_name("django"), PinsPolicy.EXACT),
        (canonicalize_name("ruamel-yaml"), PinsPolicy.PREFER),
    ),
    prefer=Preference.NEWEST,
    only_distro=True,
    exclude=frozenset({canonicalize_name("setuptools"), canonicalize_name("zope-interface")}),
    uploaded_before=Limit(moment=datetime(2026, 11, 1, tzinfo=UTC)),
    uploaded_before_for=(
        (canonicalize_name("slow"), Limit(age=timedelta(weeks=2))),
        (canonicalize_name("urgent"), OFF),
    ),
    strict=True,
    reviewed=frozenset({canonicalize_name("zz-alpha")}),
    targets=("host", "debian:13"),
    venv="env",
    allow=frozenset(
        {
            ("pth", canonicalize_name("setuptools")),
            ("unlisted", canonicalize_name("a")),
            ("unlisted", canonicalize_name("b")),
        }
    ),
)


def choices(path: Path) -> Configuration:
    """What WHOLE says in that file."""
    index = AssignedIndex(
        url="https://packages.example/simple", projects=("our-app", "our-lib-*"), where=f"{path}: index[0]"
    )
    here = path.parent
    return replace(CHOICES, popular=here / "lists" / "popular.txt", mirror=here / "all" / "of it", indexes=(index,))


def test_every_key_of_distrofirst_toml(tmp_path: Path) -> None:
    path = tmp_path / "distrofirst.toml"
    path.write_text(WHOLE.format(""))
    assert read(None, tmp_path) == choices(path)


def test_every_key_of_pyproject_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "x"\n[tool.other]\nx = 1\n[tool.distrofirst]\n{WHOLE.format("tool.distrofirst.")}'
    )
    assert read(None, tmp_path) == choices(tmp_path / "pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[tool]\ndistrofirst = { pins = 'minimum' }\n",
        "tool.distrofirst.pins = 'minimum'\n",
        "['tool' . distrofirst]\npins = 'minimum'",
    ],
)
def test_the_table_in_each_of_tomls_spellings(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read(None, tmp_path) == Configuration(pins=PinsPolicy.MINIMUM)


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'x'\n", "this is = not TOML [", "tool = 'distrofirst'", "# distrofirst"]
)
def test_a_pyproject_toml_without_our_table_says_nothing(tmp_path: Path, text: str) -> None:
    """Whether the rest of it can be read matters only to those who read it as an input."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert read(None, tmp_path) == Configuration()


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read(None, tmp_path) == Configuration()


def test_our_own_file_comes_before_pyproject_toml_and_config_before_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.distrofirst]\npins = 'minimum'\n")
    assert read(None, tmp_path).pins is PinsPolicy.MINIMUM
    (tmp_path / "distrofirst.toml").write_text("pins = 'prefer'\n")
    assert read(None, tmp_path).pins is PinsPolicy.PREFER
    other = tmp_path / "other.toml"
    other.write_text("pins = 'compatible'\n")
    assert read(other, tmp_path).pins is PinsPolicy.COMPATIBLE
    assert read(tmp_path / "pyproject.toml", tmp_path).pins is PinsPolicy.MINIMUM


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("pin = 'exact'", "unknown key 'pin'", "pins-for"),
        ("pins = 'some'", "pins = 'some' is not known", "exact, minimum, compatible, prefer"),
        ("pins = 1", "pins has to be a string, not 1", None),
        ("prefer = 'oldest'", "prefer = 'oldest' is not known", "fewest, newest"),
        ("only-distro = 'yes'", "only-distro has to be true or false, not 'yes'", None),
        ("only-distro = 1", "only-distro has to be true or false, not 1", None),
        ("exclude = 'flask'", "exclude has to be a list of strings, not 'flask'", None),
        ("targets = [12]", "targets has to be a list of strings, not [12]", None),
        ("pins-for = ['django']", "pins-for has to be a table", None),
        ("[pins-for]\ndjango = 'some'", "pins-for.django = 'some' is not known", "exact"),
        ("[pins-for]\ndjango = 3", "pins-for.django = 3 is not known", "exact"),
        ("uploaded-before = 'soon'", "'soon' is no date", "2026-11-01"),
        ("uploaded-before = 2026", "uploaded-before has to be a date or an age, not 2026", None),
        ("uploaded-before = 10:00:00", "uploaded-before has to be a date", None),
        ("uploaded-before = false", "uploaded-before has to be a date", None),
        ("uploaded-before-for = 'off'", "uploaded-before-for has to be a table", None),
        ("[uploaded-before-for]\na = 1", "uploaded-before-for.a has to be a date or an age, not 1", None),
        ("[uploaded-before-for]\na = 'soon'", "'soon' is no date", "off"),
        ("strict = 'yes'", "strict has to be true or false", None),
        ("names = ['a']", "names has to be a table", None),
        ("[names]\nreviewd = ['a']", "unknown key 'names.reviewd'", "popular, reviewed"),
        ("[names]\nreviewed = 'a'", "names.reviewed has to be a list of strings", None),
        ("[names]\npopular = ['a']", "names.popular has to be a string", None),
        ("index = 'https://a.example'", "index has to be", None),
        ("index = ['https://a.example']", "expected a table [[index]]", None),
        ("[[index]]\nurl = 'https://a.example'", "expected a url, and projects", "projects ="),
        ("[[index]]\nprojects = ['a']", "expected a url, and projects", "projects ="),
        ("[[index]]\nurl = 1\nprojects = ['a']", "index[0].url has to be a string", None),
        ("[[index]]\nurl = 'https://a.example'\nprojects = 'a'", "index[0].projects has to be a list", None),
        ("[[index]]\nname = 'a'", "unknown key 'index[0].name'", "projects, url"),
        ("[[index]]\nurl = 'https://a.example'\nprojects = ['*']", "'*' is no project's name", None),
        ("[[index]]\nurl = 'https://a.example'\nprojects = ['a*b']", "'a*b' is no project's name", None),
        ("[[index]]\nurl = 'https://a.example'\nprojects = ['a-']", "'a-' is no project's name", None),
        ("venv = ['a']", "venv has to be a string", None),
        ("pins = ", "is not TOML", None),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str, hint: str | None) -> None:
    path = tmp_path / "distrofirst.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(None, tmp_path)
    assert message in caught.value.message
    assert str(path) in str(caught.value.context)
    assert hint is None or hint in str(caught.value.hint)


def test_a_table_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\ndistrofirst = 'minimum'\n")
    with pytest.raises(InputError, match="distrofirst has to be a table"):
        read(None, tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "distrofirst.toml").write_bytes(b"venv = '\xff'")
    with pytest.raises(InputError, match="not TOML"):
        read(None, tmp_path)


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read") as caught:
        read(tmp_path / name, tmp_path)
    assert "--config" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:30:00Z", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        ("2026-11-01 12:30", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        ("2026-11-01T12:30:00+02:00", datetime(2026, 11, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_P3_a_time_is_in_utc_unless_it_says_otherwise(tmp_path: Path, text: str, expected: datetime) -> None:
    for spelled in (text, repr(text)):
        if spelled.endswith("12:30"):
            continue  # TOML wants seconds
        (tmp_path / "distrofirst.toml").write_text(f"uploaded-before = {spelled}\n")
        assert read(None, tmp_path).uploaded_before == Limit(moment=expected)


# Assigned indexes (rule P1) -----------------------------------------------------------------------------------

TWO = """\
[[index]]
url = "https://one.example/simple"
projects = ["our-*", "tool"]

[[index]]
url = "https://two.example/simple"
projects = [{}]
"""


@pytest.mark.parametrize("pattern", ["tool", "Tool", "our-*", "our-app-*", "o*"])
def test_P1_no_project_is_assigned_to_two_indexes(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "distrofirst.toml").write_text(TWO.format(repr(pattern)))
    with pytest.raises(InputError, match="is assigned to a second index") as caught:
        read(None, tmp_path)
    assert "index[1]" in str(caught.value.context)
    assert "index[0]" in caught.value.message


@pytest.mark.parametrize(
    ("project", "url"),
    [
        ("our-app", "https://two.example/simple"),
        ("our-other", "https://one.example/simple"),
        ("our-app-more", "https://one.example/simple"),
        ("tool", "https://one.example/simple"),
        ("tools", None),
        ("our", None),
        ("ours", None),
    ],
)
def test_P1_a_name_comes_before_the_beginning_of_one(tmp_path: Path, project: str, url: str | None) -> None:
    (tmp_path / "distrofirst.toml").write_text(TWO.format("'our-app'"))
    found = assigned_to(project, read(None, tmp_path).indexes)
    assert (found.url if found else None) == url


# Repositories of releases ---------------------------------------------------------------------------------------


def test_repositories_are_each_of_one_release(tmp_path: Path) -> None:
    (tmp_path / "distrofirst.toml").write_text(
        '[[repository]]\ntarget = "debian:trixie"\nurl = "https://a.example/debian"\n'
        '[[repository]]\ntarget = "centos:9"\nurl = "file:/srv/appstream"\nkey = "centos.asc"\n'
    )
    one, other = read(None, tmp_path).repositories
    assert (str(one.release), one.url, one.key) == ("debian:13", "https://a.example/debian", None)
    assert (str(other.release), other.url, other.key) == ("centos:9", "file:/srv/appstream", tmp_path / "centos.asc")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('target = "debian:99"\nurl = "https://a.example"', "debian 99 is no release"),
        ('target = "host"\nurl = "https://a.example"', "'host' is no release"),
        ('target = "centos:9"', "expected a target, and the url"),
        ('url = "https://a.example"', "expected a target, and the url"),
        ('target = "centos:9"\nurl = 3', "repository[0].url has to be a string"),
        ('target = "centos:9"\nurl = "x"\nsigned-by = "y"', "unknown key 'repository[0].signed-by'"),
    ],
)
def test_a_repository_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "distrofirst.toml").write_text(f"[[repository]]\n{text}\n")
    with pytest.raises(InputError) as caught:
        read(None, tmp_path)
    assert message in str(caught.value)
    assert "distrofirst.toml" in str(caught.value.context)
