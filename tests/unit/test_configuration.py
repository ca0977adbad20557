"""``[tool.distrofirst]`` and ``distrofirst.toml``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.configuration import Configuration, moment, read
from resolver.errors import InputError
from resolver.model import PinsPolicy, Preference

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
pins = "compatible"
prefer = "newest"
only-distro = true
exclude = ["SetupTools", "zope.interface"]
uploaded-before = 2026-11-01
targets = ["host", "debian:13"]
venv = "env"

[{}pins-for]
Django = "exact"
"ruamel.yaml" = "prefer"
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
    uploaded_before=datetime(2026, 11, 1, tzinfo=UTC),
    targets=("host", "debian:13"),
    venv="env",
)


def test_every_key_of_distrofirst_toml(tmp_path: Path) -> None:
    (tmp_path / "distrofirst.toml").write_text(WHOLE.format(""))
    assert read(None, tmp_path) == CHOICES


def test_every_key_of_pyproject_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "x"\n[tool.other]\nx = 1\n[tool.distrofirst]\n{WHOLE.format("tool.distrofirst.")}'
    )
    assert read(None, tmp_path) == CHOICES


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
        ("uploaded-before = 2026", "uploaded-before has to be a date, not 2026", None),
        ("uploaded-before = 10:00:00", "uploaded-before has to be a date", None),
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
    assert moment(text, context="--uploaded-before") == expected
    for spelled in (text, repr(text)):
        if spelled.endswith("12:30"):
            continue  # TOML wants seconds
        (tmp_path / "distrofirst.toml").write_text(f"uploaded-before = {spelled}\n")
        assert read(None, tmp_path).uploaded_before == expected
