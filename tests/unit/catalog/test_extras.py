"""Extras out of an OS package's own metadata (rule R4): METADATA, PKG-INFO and setuptools' requires.txt."""

from __future__ import annotations

import pytest

from resolver.catalog import extras
from resolver.model import Release, Target

ENVIRONMENT = Target(
    release=Release(distribution="debian", version="13"), architecture="amd64", python="3.13"
).environment()


def of_metadata(*lines: str) -> dict[str, tuple[str, ...]]:
    text = "Metadata-Version: 2.1\nName: x\n" + "".join(f"{line}\n" for line in lines)
    found = extras.parse({"METADATA": text}, ENVIRONMENT)
    assert extras.parse({"PKG-INFO": text}, ENVIRONMENT) == found
    return found


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ('a ; extra == "full"', {"full": ("a",)}),
        ("a ; extra == 'full'", {"full": ("a",)}),
        ('a ; "full" == extra', {"full": ("a",)}),
        ('a>=1,<2 ; extra == "full"', {"full": ("a<2,>=1",)}),
        ('a[b]>=1 ; extra == "full"', {"full": ("a[b]>=1",)}),
        ('a ; extra == "full" or extra == "test"', {"full": ("a",), "test": ("a",)}),
        # The empty string, which stands for no extra, is in every string: so it holds always.
        ('a ; extra in "full test"', {"full": ()}),
        ('a ; extra in "full test" and extra', {"full": ()}),
        ('a ; python_version < "3" and extra == "full"', {"full": ()}),
        ('a ; python_version > "3" and extra == "full"', {"full": ("a",)}),
        ('a ; extra == "full" and sys_platform == "linux"', {"full": ("a",)}),
        ('a ; extra == "full" and platform_machine == "x86_64"', {"full": ("a",)}),
        ('a ; extra == "full" and platform_machine == "aarch64"', {"full": ()}),
        ('a ; extra == "Full_Set"', {"full": (), "full-set": ("a",)}),
        ("a", {"full": ()}),
        ('a ; sys_platform == "linux"', {"full": ()}),
        ('a ; sys_platform == "linux" or extra == "full"', {"full": ()}),
        ('a ; extra != "full"', {"full": ()}),
        ('a @ https://files.example/a.whl ; extra == "full"', {"full": ("a@ https://files.example/a.whl",)}),
        ("a>1.* ; extra == 'full'", {"full": ()}),
        ("not a requirement at all", {"full": ()}),
        ('a ; extra == "full" and platform_release > "4"', {"full": ()}),
    ],
)
def test_R4_requires_dist(requires: str, expected: dict[str, tuple[str, ...]]) -> None:
    found = of_metadata("Provides-Extra: full", f"Requires-Dist: {requires}")
    assert {name: tuple(line.replace("a @", "a@") for line in lines) for name, lines in found.items()} == expected


def test_R4_an_extra_that_asks_for_nothing_is_known() -> None:
    assert of_metadata("Provides-Extra: Full.Set", "Provides-Extra: test") == {"full-set": (), "test": ()}


def test_R4_several_requirements_are_sorted_and_stand_once() -> None:
    lines = ['Requires-Dist: b ; extra == "x"', 'Requires-Dist: a ; extra == "x"', 'Requires-Dist: a ; "x" == extra']
    assert of_metadata(*lines) == {"x": ("a", "b")}


def test_what_looks_like_a_field_in_the_description_is_none() -> None:
    assert of_metadata("Description: about", "", "Provides-Extra: fake", 'Requires-Dist: a ; extra == "fake"') == {}
    assert of_metadata("Description: about", "        Provides-Extra: fake") == {}


def test_fields_are_found_in_any_case() -> None:
    assert of_metadata("provides-extra: full", "REQUIRES-DIST: a; extra=='full'") == {"full": ("a",)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[full]\na\nb>=1\n", {"full": ("a", "b>=1")}),
        ("always\n\n[full]\na\n", {"full": ("a",)}),
        ("[full]\n\n[test]\nb\n", {"full": (), "test": ("b",)}),
        ("[Full_Set]\na\n", {"full-set": ("a",)}),
        ("[full:python_version > '3']\na\n", {"full": ("a",)}),
        ('[full:python_version < "3"]\na\n', {"full": ()}),
        ('[full:(python_version < "3" or sys_platform == "linux") and os_name == "posix"]\na\n', {"full": ("a",)}),
        ("[full]\na\n\n[full:python_version < '3']\nb\n\n[full:python_version > '3']\nc\n", {"full": ("a", "c")}),
        ("[:python_version > '3']\nalways\n", {}),
        ("[full:nonsense]\na\n", {"full": ()}),
        ("[full:platform_release > '4']\na\n", {"full": ()}),
        ("[full]\na>1.*\nb\n", {"full": ("b",)}),
        ("[full]\r\na\r\n", {"full": ("a",)}),
        ("  [full]  \n  a  \n", {"full": ("a",)}),
        ("always\n", {}),
        ("", {}),
    ],
)
def test_R4_requires_txt(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert extras.parse({"requires.txt": text}, ENVIRONMENT) == expected


def test_R4_egg_info_from_which_dh_python3_took_what_it_translated() -> None:
    """Debian 12: the section is empty but for what has no OS package; PKG-INFO still names the extras."""
    files = {
        "PKG-INFO": "Name: requests\nProvides-Extra: security\nProvides-Extra: socks\n\nProvides-Extra: fake\n",
        "requires.txt": "\n[security]\n\n[socks]\nPySocks!=1.5.7,>=1.5.6\n",
    }
    assert extras.parse(files, ENVIRONMENT) == {"security": (), "socks": ("PySocks!=1.5.7,>=1.5.6",)}


def test_R4_no_metadata_has_no_extras() -> None:
    assert extras.parse({}, ENVIRONMENT) == {}
