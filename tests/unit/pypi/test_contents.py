"""What is in a wheel, as a review compares it."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from resolver.model import Release, Target
from resolver.pypi.contents import read_contents
from tests.wheels import build, metadata_of

if TYPE_CHECKING:
    from resolver.model.review import WheelContents

TARGET = Target(release=Release(distribution="debian", version="12"), architecture="amd64", python="3.11")
ELF = b"\x7fELF\2\1\1"


def read(content: bytes, *extras: str) -> WheelContents | None:
    return read_contents(io.BytesIO(content), canonicalize_name("demo"), TARGET.environment(), extras)


def good(content: bytes, *extras: str) -> WheelContents:
    found = read(content, *extras)
    assert found is not None
    return found


def test_files_stand_by_where_they_go_without_what_describes_them() -> None:
    files = {
        "demo/__init__.py": "x = 1",
        "demo-1.0.data/purelib/demo/more.py": "",
        "demo-1.0.data/scripts/demo": "#!python",
        "demo-1.0.data/data/share/demo.1": "",
        "demo-1.0.data/nowhere/x": "",
        "other-1.0.dist-info/METADATA": "",
    }
    found = good(build(files, info={"licenses/LICENSE": "MIT", "entry_points.txt": ""}))
    assert sorted(found.files) == [
        "data:share/demo.1",
        "demo-1.0.data/nowhere/x",
        "demo/__init__.py",
        "demo/more.py",
        "dist-info/licenses/LICENSE",
        "other-1.0.dist-info/METADATA",
        "scripts:demo",
    ]
    assert found.files["demo/__init__.py"] == hashlib.sha256(b"x = 1").hexdigest()
    assert found.names == ("demo",), "and nothing that no installer puts anywhere"
    assert found.size == len(build(files, info={"licenses/LICENSE": "MIT", "entry_points.txt": ""}))


def test_compiled_code_is_known_by_its_content() -> None:
    files: dict[str, str | bytes] = {
        "demo/_speed.cpython-311-x86_64-linux-gnu.so": ELF,
        "demo/fake.so": "no such thing",
        "demo-1.0.data/scripts/demo": ELF,
        "_top.abi3.so": ELF,
        "demo.libs/libz-0123abcd.so.1": ELF,
        "one.py": "",
    }
    found = good(build(files))
    assert found.native == (
        "_top.abi3.so",
        "demo.libs/libz-0123abcd.so.1",
        "demo/_speed.cpython-311-x86_64-linux-gnu.so",
        "scripts:demo",
    )
    assert found.names == ("_top", "demo", "one")


def test_entry_points_of_every_group() -> None:
    text = "[console_scripts]\ndemo = demo.cli:main\n[demo.plugins]\nA = demo:a [x]\n"
    assert good(build(info={"entry_points.txt": text})).entry_points == (
        "console_scripts: demo = demo.cli:main",
        "demo.plugins: A = demo:a [x]",
    )
    assert good(build(info={"entry_points.txt": "no section = 1"})).entry_points == ("entry_points.txt cannot be read",)


def test_R4_dependencies_are_those_of_the_target() -> None:
    lines = [
        "six",
        'tomli>=2; python_version < "3.11"',
        'exceptiongroup ; python_version < "3.12"',
        'pytest; extra == "test"',
        "what is this",
        'odd; python_version < "x" or nothing == "1"',
    ]
    wheel = build(info={"METADATA": metadata_of("demo", requires=lines)})
    always = ("exceptiongroup", lines[5], "six", "what is this")
    assert good(wheel).requires == always
    assert good(wheel, "test").requires == tuple(sorted((*always, "pytest")))


@pytest.mark.parametrize(
    ("fields", "people"),
    [
        ("Author: A. Person\nAuthor-email: a@b.example\n", ("A. Person <a@b.example>",)),
        (
            "Author-email: A. Person <a@b.example>, c@d.example\nMaintainer: Zoë\n",
            ("A. Person <a@b.example>", "Zoë", "c@d.example"),
        ),
        (
            'Author-email: "Doe, J." <j@b.example>\nMaintainer-email: j@b.example\n',
            ("Doe, J. <j@b.example>", "j@b.example"),
        ),
        ("Author: \nAuthor-email: \n", ()),
    ],
)
def test_people(fields: str, people: tuple[str, ...]) -> None:
    assert good(build(info={"METADATA": metadata_of("demo") + fields})).people == people


def test_P4_what_cannot_be_read_safely_is_not_read() -> None:
    content = build({"demo/__init__.py": "x"})
    assert read(content[:-10]) is None
    assert read(content + b"more") is None
    assert read(build({"demo/zeros": b"\0" * (65 << 20)})) is None
    start = content.index(b"demo/__init__.py") + len(b"demo/__init__.py")
    assert read(content[:start] + b"\xff\xff" + content[start + 2 :]) is None


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_metadata_breaks_the_reader(metadata: bytes, entry_points: bytes) -> None:
    head = metadata_of("demo").encode()
    for start in (head, head + b"Author-email: ", head + b"Requires-Dist: ", b""):
        found = read(build(info={"METADATA": start + metadata, "entry_points.txt": b"[a]\n" + entry_points}))
        assert found is not None
        assert found.files == {}
