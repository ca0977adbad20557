"""What changed between two wheels, and between two locks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.model.review import Delta, WheelContents
from resolver.review.comparison import compare, gone, served
from tests.unit.venv.samples import lock, os_package, os_project, wheel

OLD = WheelContents(
    files={"demo/__init__.py": "a", "demo/cli.py": "b", "demo/left.py": "c"},
    names=("demo",),
    entry_points=("console_scripts: demo = demo.cli:main",),
    requires=("requests>=2",),
    people=("A. Person <a@b.example>",),
    size=1000,
)
NEW = WheelContents(
    files={"demo/__init__.py": "a", "demo/cli.py": "x", "demo/_speed.so": "d", "demo_tests/x.py": "e"},
    native=("demo/_speed.so",),
    names=("demo", "demo_tests"),
    entry_points=("console_scripts: demo = demo.cli:other",),
    requires=("requests>=2.31", "urllib3"),
    people=("Somebody Else <e@b.example>",),
    size=2000,
)


def test_each_thing_that_changed() -> None:
    found = compare(OLD, NEW)
    assert found.files == Delta(
        added=("demo/_speed.so", "demo_tests/x.py"), removed=("demo/left.py",), changed=("demo/cli.py",)
    )
    assert found.native == Delta(added=("demo/_speed.so",))
    assert found.names == Delta(added=("demo_tests",))
    assert found.entry_points == Delta(
        added=("console_scripts: demo = demo.cli:other",), removed=("console_scripts: demo = demo.cli:main",)
    )
    assert found.requires == Delta(added=("requests>=2.31", "urllib3"), removed=("requests>=2",))
    assert found.people == Delta(added=("Somebody Else <e@b.example>",), removed=("A. Person <a@b.example>",))
    assert found.sizes == (1000, 2000)


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        (("A. Person <a@b.example>",), ("a. person <a@elsewhere.example>",), ()),
        (("A. Person <a@b.example>",), ("A. P. <A@B.example>",), ()),
        (("A. Person",), ("A. Person <a@b.example>",), ()),
        ((), ("A. Person",), ()),
        (("A. Person",), (), ()),
        (("A. Person",), ("A. Person", "b@b.example"), ("b@b.example",)),
        (("Doe, John <j@b.example>",), ("Doe, Jane <jane@b.example>",), ("Doe, Jane <jane@b.example>",)),
    ],
)
def test_who_keeps_a_name_or_an_address_is_no_other(
    before: tuple[str, ...], after: tuple[str, ...], added: tuple[str, ...]
) -> None:
    assert compare(replace(OLD, people=before), replace(OLD, people=after)).people.added == added


def test_a_library_that_auditwheel_named_anew_is_no_new_one() -> None:
    old = replace(OLD, native=("demo.libs/libgomp-a34b3233.so.1.0.0",))
    new = replace(OLD, native=("demo.libs/libgomp-0123abcd.so.1.0.0", "demo.libs/libz-0123abcd.so.1"))
    assert compare(old, new).native == Delta(added=("demo.libs/libz.so.1",))


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy")),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy")),
)
def test_files_are_told_once_each_and_the_way_back_is_the_reverse(old: dict[str, str], new: dict[str, str]) -> None:
    there = compare(replace(OLD, files=old), replace(OLD, files=new)).files
    back = compare(replace(OLD, files=new), replace(OLD, files=old)).files
    assert (there.added, there.removed, there.changed) == (back.removed, back.added, back.changed)
    same = {path for path in old.keys() & new.keys() if old[path] == new[path]}
    told = [*there.added, *there.removed, *there.changed]
    assert sorted(told) == sorted((old.keys() | new.keys()) - same)
    assert bool(there) == (old != new)


def test_projects_that_are_gone_and_those_that_the_distribution_serves_now() -> None:
    former = lock((os_project("six", "1"),), (os_package("python3-six", "1-1"),), (wheel("a"), wheel("b"), wheel("c")))
    latter = lock((os_project("b", "2"),), (os_package("python3-b", "2-1"),), (wheel("c", "3"),))
    assert gone(former, latter) == (("a", "1.0"),)
    assert served(former, latter) == (("b", "python3-b 2-1"),)
    assert gone(former, former) == served(former, former) == ()
