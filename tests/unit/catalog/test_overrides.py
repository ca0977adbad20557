"""Overrides: what an entry may say, and that every mistake is named with its place (rules I1, I3, I7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.catalog import overrides
from resolver.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from resolver.catalog.overrides import Override


def load(folder: Path, text: str, release: str = "debian:13") -> dict[str, Override]:
    path = folder / "mappings" / "debian.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return {str(name): override for name, override in overrides.load(path, release).items()}


def test_I7_an_entry_of_each_kind(tmp_path: Path) -> None:
    text = """
[[override]]
project = "Psycopg2_Binary"
serves = "PsycoPG2"
reason = "the same module"

[[override]]
project = "simpy"
package = "python3-simpy3"
releases = ["debian:12", "debian:13"]
reason = "the current interface"

[[override]]
project = "nftables"
version = "package"
reason = "never counted up"
"""
    found = load(tmp_path, text)
    assert {(one.reason, one.where) for one in found.values()} == {
        ("the same module", "mappings/debian.toml"),
        ("the current interface", "mappings/debian.toml"),
        ("never counted up", "mappings/debian.toml"),
    }
    assert {name: (one.package, one.serves, one.distrust_version, one.releases) for name, one in found.items()} == {
        "psycopg2-binary": (None, "psycopg2", False, ()),
        "simpy": ("python3-simpy3", None, False, ("debian:12", "debian:13")),
        "nftables": (None, None, True, ()),
    }


def test_I3_an_entry_holds_for_its_releases_only(tmp_path: Path) -> None:
    text = """
[[override]]
project = "simpy"
package = "python3-simpy3"
releases = ["debian:12"]
reason = "x"

[[override]]
project = "simpy"
package = "python3-simpy4"
releases = ["debian:13"]
reason = "x"
"""
    assert load(tmp_path, text)["simpy"].package == "python3-simpy4"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n") == {}


ENTRY = '[[override]]\nproject = "a"\nreason = "x"\n'


@pytest.mark.parametrize(
    ("text", "message", "context"),
    [
        (ENTRY, "expected a project, a reason and one of package, serves, version", "override[0]"),
        ('[[override]]\nreason = "x"\npackage = "p"', "expected a project", "override[0]"),
        ('[[override]]\nproject = "a"\npackage = "p"', "a reason", "override[0]"),
        ('[[override]]\nproject = "a"\npackage = "p"\nreason = ""', "a reason", "override[0]"),
        ('[[override]]\nproject = 7\npackage = "p"\nreason = "x"', "expected a project", "override[0]"),
        (f'{ENTRY}pakage = "p"', "unknown: pakage", "override[0]"),
        (f'{ENTRY}package = ""', "one of package, serves, version", "override[0]"),
        (f'{ENTRY}version = "metadata"', 'expected version = "package"', "override[0]"),
        (f'{ENTRY}version = "1.0"', 'expected version = "package"', "override[0]"),
        (f'{ENTRY}serves = "b"\npackage = "p"', "serves says it all", "override[0]"),
        (f'{ENTRY}package = "p"\nreleases = "debian:13"', "releases as a list of strings", "override[0]"),
        (f'{ENTRY}package = "p"\nreleases = [13]', "releases as a list of strings", "override[0]"),
        (f'{ENTRY}package = "p"\n{ENTRY}package = "q"', "a stands twice for debian:13", "override[1]"),
        (
            f'{ENTRY}serves = "b"\n[[override]]\nproject = "b"\nreason = "x"\nserves = "c"',
            "a is served by b, which is itself served by c",
            "debian.toml",
        ),
        (f'{ENTRY}serves = "a"', "a is served by a, which is itself served by a", "debian.toml"),
        ('[[overrides]]\nproject = "a"', "expected [[override]] tables and nothing else", "debian.toml"),
        ('override = "a"', "expected [[override]] tables and nothing else", "debian.toml"),
        ('override = ["a"]', "expected [[override]] tables and nothing else", "debian.toml"),
        ("[[override]", "cannot read the overrides", "debian.toml"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, message: str, context: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert message in caught.value.message
    assert str(caught.value.context).endswith(context)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the overrides"):
        overrides.load(tmp_path / "absent.toml", "debian:13")


@pytest.mark.parametrize(
    ("package", "prefix", "named"),
    [
        ("{prefix}sip6-devel", "python313-", "python313-sip6-devel"),
        ("{prefix}opencv", "python3-", "python3-opencv"),
        ("kapidox6", "python3-", "kapidox6"),
    ],
)
def test_I4_a_package_may_be_another_one_for_each_python(tmp_path: Path, package: str, prefix: str, named: str) -> None:
    [override] = load(tmp_path, f'[[override]]\nproject = "p"\npackage = "{package}"\nreason = "r"\n').values()
    assert override.package_of(prefix) == named


def test_what_names_no_package_has_none(tmp_path: Path) -> None:
    [override] = load(tmp_path, '[[override]]\nproject = "p"\nserves = "q"\nreason = "r"\n').values()
    assert override.package_of("python3-") is None
