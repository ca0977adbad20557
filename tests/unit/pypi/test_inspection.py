"""Rule P4: a table of hostile wheels, each wrong in one way; what must pass; and what no bytes may do to the reader."""

from __future__ import annotations

import io
import stat
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.model import Release, Target, Wheel
from resolver.pypi import archive
from resolver.pypi.faults import REVIEWABLE, Fault, found, in_words, said_of
from resolver.pypi.inspection import Expectation, Inspection, inspect, shadows, shared
from resolver.pypi.placement import RESERVED
from resolver.venv import inside
from tests.wheels import build, filename_of, info_of, metadata_of, record_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = Target(
    release=Release(distribution="debian", version="12"),
    architecture="amd64",
    python="3.11",
    python_full_version="3.11.2",
)
INFO = info_of("demo")
GOOD = {"demo/__init__.py": "x = 1\n" * 50, "demo/data.txt": "some text"}
WHEEL_FILE = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def expectation(name: str = "demo", version: str = "1.0", **more: Any) -> Expectation:  # noqa: ANN401 - its fields
    wheel = Wheel(
        project=canonicalize_name(name),
        version=Version(version),
        filename=filename_of(name, version),
        url="https://files.example/wheel",
        sha256="0" * 64,
        size=None,
        requires_python=None,
        upload_time=None,
    )
    return Expectation(wheel=wheel, target=TARGET, **more)


def look(content: bytes, expected: Expectation | None = None) -> Inspection:
    return inspect(io.BytesIO(content), expected or expectation())


def faults(content: bytes, expected: Expectation | None = None) -> set[Fault]:
    return {finding.fault for finding in look(content, expected).findings}


def entry(name: str, mode: int, *, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = system
    info.external_attr = mode << 16
    return info


def patched(where: bytes, offset: int, change: bytes, *, last: bool = False, content: bytes | None = None) -> bytes:
    """Change bytes of a good wheel, at an offset from the first (or last) place that holds ``where``."""
    data = bytearray(content if content is not None else build(GOOD))
    place = (data.rfind(where) if last else data.find(where)) + offset
    data[place : place + len(change)] = change
    return bytes(data)


CENTRAL, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"


def without_directory_entry() -> bytes:
    """Leave one file out of the directory: who reads from the front still unpacks it."""
    whole = build({"demo/a.py": "", "zz_hidden.py": "import os"})
    start = whole.rfind(CENTRAL, 0, whole.rfind(END))
    place, hidden = whole.find(CENTRAL), whole.rfind(b"zz_hidden.py", whole.find(CENTRAL))
    begin = whole.rfind(CENTRAL, 0, hidden)
    length = 46 + len("zz_hidden.py")
    end = bytearray(whole[whole.rfind(END) :])
    count = struct.unpack_from("<H", end, 10)[0] - 1
    struct.pack_into("<2HL", end, 8, count, count, len(whole[place : whole.rfind(END)]) - length)
    assert start > 0
    return whole[:begin] + whole[begin + length : whole.rfind(END)] + bytes(end)


def data_file(path: str, content: str = "x") -> bytes:
    return build(GOOD | {f"demo-1.0.data/{path}": content})


def scripted(points: str) -> bytes:
    return build(GOOD, info={"entry_points.txt": points})


def described(**info: str | None) -> bytes:
    return build(GOOD, info=info)


def nul_in_a_name() -> bytes:
    return build(GOOD | {"demo/a_b.py": ""}).replace(b"demo/a_b.py", b"demo/a\0b.py")


# Each is wrong in one way. A row: what it is called, the wheel, the fault, and a part of what is said.
HOSTILE: list[tuple[str, Callable[[], bytes], Fault, str]] = [
    ("absolute path", lambda: build(GOOD, more=[("/etc/cron.d/x", "")]), Fault.OUTSIDE, "is absolute"),
    ("path that leads up", lambda: build(GOOD | {"demo/../../x.py": ""}), Fault.OUTSIDE, "leads up"),
    ("path that leads up in data", lambda: data_file("purelib/../../../x.py"), Fault.OUTSIDE, "leads up"),
    ("path with nothing in it", lambda: build(GOOD | {"demo//x.py": ""}), Fault.OUTSIDE, "leads up, or nowhere"),
    ("backslashes", lambda: build(GOOD | {"demo\\..\\x.py": ""}), Fault.OUTSIDE, "backslash"),
    ("drive letter", lambda: build(GOOD | {"C:/x.py": ""}), Fault.OUTSIDE, "is absolute"),
    ("NUL in a name", nul_in_a_name, Fault.OUTSIDE, "cannot be shown"),
    ("escape in a name", lambda: build(GOOD | {"demo/\x1b[2J.py": ""}), Fault.OUTSIDE, "cannot be shown"),
    ("overlong name", lambda: build(GOOD | {f"demo/{'x' * 256}": ""}), Fault.OUTSIDE, "too long"),
    ("overlong path", lambda: build(GOOD | {"demo/" + "x/" * 600 + "x": ""}), Fault.OUTSIDE, "too long"),
    (
        "symlink",
        lambda: build(GOOD, more=[(entry("demo/link", stat.S_IFLNK | 0o777), "/etc/shadow")]),
        Fault.SPECIAL,
        "demo/link (l",
    ),
    (
        "symlink said to be made on DOS",
        lambda: build(GOOD, more=[(entry("demo/link", stat.S_IFLNK | 0o777, system=0), "/etc")]),
        Fault.SPECIAL,
        "demo/link",
    ),
    ("device", lambda: build(GOOD, more=[(entry("demo/dev", stat.S_IFBLK | 0o666), "")]), Fault.SPECIAL, "demo/dev"),
    ("setuid", lambda: build(GOOD, mode=0o104755), Fault.SETUID, "demo/__init__.py"),
    ("the same path twice", lambda: build(GOOD, more=[("demo/data.txt", "other")]), Fault.DUPLICATE, "demo/data.txt"),
    (
        "the same place twice",
        lambda: data_file("purelib/demo/data.txt"),
        Fault.DUPLICATE,
        "demo/data.txt and demo-1.0.data/purelib/demo/data.txt",
    ),
    ("a file that is a folder", lambda: build(GOOD | {"demo/data.txt/x": ""}), Fault.DUPLICATE, "also a folder"),
    ("another case", lambda: build(GOOD | {"demo/DATA.txt": ""}), Fault.LETTER_CASE, "demo/DATA.txt"),
    (".pth", lambda: build(GOOD | {"demo.pth": "import os"}), Fault.PTH, "demo.pth"),
    (".pth through data", lambda: data_file("platlib/demo.pth"), Fault.PTH, "platlib/demo.pth"),
    ("sitecustomize", lambda: build(GOOD | {"sitecustomize.py": ""}), Fault.SITE_HOOK, "sitecustomize.py"),
    ("a package", lambda: build(GOOD | {"usercustomize/__init__.py": ""}), Fault.SITE_HOOK, "usercustomize/"),
    (
        "an extension module",
        lambda: build(GOOD | {"sitecustomize.cpython-311-x86_64-linux-gnu.so": ""}),
        Fault.SITE_HOOK,
        "sitecustomize.cpython",
    ),
    ("our module", lambda: build(GOOD | {"_distrofirst_site.py": ""}), Fault.ENVIRONMENT, "_distrofirst_site.py"),
    ("our .pth", lambda: build(GOOD | {"zz_distrofirst.pth": ""}), Fault.ENVIRONMENT, "zz_distrofirst.pth"),
    ("our record", lambda: data_file("data/distrofirst.json"), Fault.ENVIRONMENT, "distrofirst.json"),
    (
        "our module's bytecode",
        lambda: build(GOOD | {"__pycache__/_distrofirst_site.cpython-311.pyc": ""}),
        Fault.BYTECODE,
        "without _distrofirst_site.py",
    ),
    ("pyvenv.cfg", lambda: data_file("data/pyvenv.cfg"), Fault.ENVIRONMENT, "pyvenv.cfg"),
    ("bin/python", lambda: data_file("data/bin/python3.11"), Fault.ENVIRONMENT, "bin/python3.11"),
    (
        "site-packages from the root",
        lambda: data_file("data/lib/python3.11/site-packages/x.pth"),
        Fault.ENVIRONMENT,
        "lib/python3.11",
    ),
    ("another command from the root", lambda: data_file("data/bin/tool"), Fault.ROOT, "bin/tool"),
    ("a library at the root", lambda: data_file("data/lib/libfoo.so"), Fault.ROOT, "lib/libfoo.so"),
    ("a file at the root", lambda: data_file("data/README"), Fault.ROOT, "README"),
    ("script python", lambda: data_file("scripts/python"), Fault.SCRIPT, "scripts/python"),
    ("script pip3", lambda: data_file("scripts/PIP3"), Fault.SCRIPT, "scripts/PIP3"),
    ("script activate", lambda: data_file("scripts/activate.fish"), Fault.SCRIPT, "activate.fish"),
    ("an unknown scheme", lambda: data_file("stdlib/os.py"), Fault.FOREIGN_METADATA, "where this goes"),
    (
        "entry point python",
        lambda: scripted("[console_scripts]\npython3 = demo:main\n"),
        Fault.SCRIPT,
        "python3 = demo",
    ),
    ("entry point deactivate", lambda: scripted("[gui_scripts]\ndeactivate = demo:m\n"), Fault.SCRIPT, "deactivate"),
    ("entry point with a slash", lambda: scripted("[console_scripts]\n../x = demo:m\n"), Fault.ENTRY_POINT, "../x"),
    (
        "entry point that is code",
        lambda: scripted("[console_scripts]\nx = demo:main(); import os\n"),
        Fault.ENTRY_POINT,
        "import os",
    ),
    ("entry points that are none", lambda: scripted("x = demo:m\n"), Fault.ENTRY_POINT, "cannot be read"),
    ("a module of Python's own", lambda: build(GOOD | {"json.py": ""}), Fault.STDLIB, "json.py"),
    ("a package of Python's own", lambda: build(GOOD | {"ssl/__init__.py": ""}), Fault.STDLIB, "ssl/__init__.py"),
    ("pip itself", lambda: build(GOOD | {"pip/__main__.py": ""}), Fault.STDLIB, "pip/__main__.py"),
    ("another's dist-info", lambda: build(GOOD | {"requests-9.dist-info/METADATA": ""}), Fault.FOREIGN_METADATA, "req"),
    ("an egg-info", lambda: build(GOOD | {"requests.egg-info": ""}), Fault.FOREIGN_METADATA, "requests.egg-info"),
    (
        "dist-info through data",
        lambda: data_file("purelib/requests-9.dist-info/METADATA"),
        Fault.FOREIGN_METADATA,
        "purelib/requests-9",
    ),
    ("another's data", lambda: build(GOOD | {"other-1.data/share/x": ""}), Fault.FOREIGN_METADATA, "other-1.data"),
    ("another project", lambda: build(GOOD, name="other"), Fault.IDENTITY, "0 dist-info folders of demo 1.0"),
    ("another version", lambda: build(GOOD, version="1.1"), Fault.IDENTITY, "0 dist-info"),
    ("no METADATA", lambda: described(METADATA=None), Fault.IDENTITY, "METADATA is missing"),
    ("METADATA of another", lambda: described(METADATA=metadata_of("other")), Fault.IDENTITY, "that of other 1.0"),
    ("METADATA of 2.0", lambda: described(METADATA=metadata_of("demo", "2.0")), Fault.IDENTITY, "that of demo 2.0"),
    (
        "another dependency",
        lambda: described(METADATA=metadata_of("demo", requires=["evil>=1"])),
        Fault.DEPENDENCIES,
        "evil",
    ),
    (
        "a dependency that is none",
        lambda: described(METADATA=metadata_of("demo", requires=["!!"])),
        Fault.DEPENDENCIES,
        "cannot be read",
    ),
    (
        "another Python",
        lambda: described(METADATA=metadata_of("demo") + "Requires-Python: <3\n"),
        Fault.PYTHON,
        "<3",
    ),
    ("no WHEEL", lambda: described(WHEEL=None), Fault.WHEEL_FILE, "missing"),
    ("WHEEL 2", lambda: described(WHEEL=WHEEL_FILE.replace("1.0", "2.0")), Fault.WHEEL_FILE, "Wheel-Version is 2.0"),
    (
        "neither pure nor not",
        lambda: described(WHEEL=WHEEL_FILE.replace("true", "maybe")),
        Fault.WHEEL_FILE,
        "Root-Is-Purelib is maybe",
    ),
    ("other tags", lambda: described(WHEEL=WHEEL_FILE.replace("py3", "cp39")), Fault.TAGS, "cp39-none-any"),
    ("no RECORD", lambda: described(RECORD=None), Fault.NO_RECORD, "RECORD is missing"),
    ("RECORD is no table", lambda: described(RECORD="what,is\n"), Fault.NO_RECORD, "what"),
    (
        "RECORD with a hash of itself",
        lambda: build(GOOD, record=lambda text: text.replace("RECORD,,", "RECORD,sha256=abc,3")),
        Fault.NO_RECORD,
        "nobody can know",
    ),
    (
        "a line twice",
        lambda: build(GOOD, record=lambda text: text + record_line("demo/data.txt", b"x")),
        Fault.NO_RECORD,
        "demo/data.txt",
    ),
    (
        "md5",
        lambda: build(GOOD, record=lambda text: text.replace("data.txt,sha256=", "data.txt,md5=")),
        Fault.UNHASHED,
        "demo/data.txt (md5)",
    ),
    (
        "no hash",
        lambda: build(
            GOOD | {"demo/x": ""}, record=lambda text: text.replace(record_line("demo/x", b""), "demo/x,,\n")
        ),
        Fault.UNHASHED,
        "demo/x",
    ),
    (
        "another content",
        lambda: build(
            GOOD,
            record=lambda text: text.replace(
                record_line("demo/data.txt", b"some text"), record_line("demo/data.txt", b"same text")
            ),
        ),
        Fault.CONTENT,
        "demo/data.txt has sha256=",
    ),
    (
        "another size",
        lambda: build(GOOD, record=lambda text: text.replace(",9\n", ",10\n")),
        Fault.CONTENT,
        "9 bytes, not 10",
    ),
    ("a file not in RECORD", lambda: build(GOOD, more=[("demo/extra.py", "")]), Fault.UNLISTED, "demo/extra.py"),
    (
        "a file only in RECORD",
        lambda: build(GOOD, record=lambda text: f"demo/gone.py,,\n{text}"),
        Fault.NOT_THERE,
        "demo/gone.py",
    ),
    ("a bomb", lambda: build(GOOD | {"demo/zeros": b"\0" * (80 << 20)}), Fault.BOMB, "bytes out of"),
    ("encrypted", lambda: patched(CENTRAL, 8, b"\1"), Fault.ENCRYPTED, "demo/__init__.py"),
    ("bzip2", lambda: build(GOOD, method=zipfile.ZIP_BZIP2), Fault.COMPRESSION, "method 12"),
    ("bytes before it", lambda: b"#!/bin/sh\n" + build(GOOD), Fault.AMBIGUOUS, "directory should end"),
    ("bytes after it", lambda: build(GOOD) + b"tail", Fault.AMBIGUOUS, "4 bytes follow"),
    ("two archives", lambda: build(GOOD) + build(GOOD | {"x.py": ""}), Fault.AMBIGUOUS, "directory should end"),
    (
        "a name that differs at the front",
        lambda: patched(b"demo/data.txt", 0, b"evil"),
        Fault.AMBIGUOUS,
        "another file",
    ),
    ("a size that differs at the front", lambda: patched(LOCAL, 22, b"\7"), Fault.AMBIGUOUS, "another file"),
    ("a method that differs at the front", lambda: patched(LOCAL, 8, b"\0"), Fault.AMBIGUOUS, "another file"),
    ("a file that the directory leaves out", without_directory_entry, Fault.AMBIGUOUS, "leave out"),
    ("a count that is too small", lambda: patched(END, 8, b"\1\0\1\0"), Fault.AMBIGUOUS, "belong to no entry"),
    (
        "a checksum that is wrong",
        lambda: patched(LOCAL, 14, b"abcd", content=patched(CENTRAL, 16, b"abcd")),
        Fault.DAMAGED,
        "demo/",
    ),
    ("no archive", lambda: b"<html>log in</html>" * 9, Fault.UNREADABLE, "no directory"),
    ("nothing", lambda: b"", Fault.UNREADABLE, "0 bytes"),
]


@pytest.mark.parametrize(("make", "fault", "words"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_P4_each_hostile_wheel_is_found_out(make: Callable[[], bytes], fault: Fault, words: str) -> None:
    findings = look(make(), expectation(depends=())).findings
    assert fault in {finding.fault for finding in findings}, findings
    assert any(words in str(finding) for finding in findings if finding.fault is fault), findings
    assert all(str(finding).isprintable() for finding in findings)


def test_every_fault_has_its_hostile_wheel_and_its_own_words() -> None:
    covered = {row[2] for row in HOSTILE} | {Fault.SHARED, Fault.SHADOW}
    assert covered == set(Fault)
    assert len({said_of(fault) for fault in Fault}) == len(Fault)
    assert set(REVIEWABLE) == {fault.value for fault in Fault if fault.can_be_allowed}


@pytest.mark.parametrize(
    ("files", "info"),
    [
        (GOOD, {}),
        ({}, {}),
        (GOOD, {"entry_points.txt": "[console_scripts]\npip-demo = demo:main\n[other]\nx = anything goes\n"}),
        (GOOD, {"entry_points.txt": "[console_scripts]\npythonic = demo.cli:Main.run [extra]\n"}),
        (GOOD, {"licenses/LICENSE": "MIT", "RECORD.jws": "signature"}),
        (GOOD | {"demo-1.0.data/data/share/man/man1/demo.1": ""}, {}),
        (GOOD | {"demo-1.0.data/data/etc/jupyter/demo.json": ""}, {}),
        (GOOD | {"demo-1.0.data/scripts/demo": "#!python\n", "demo-1.0.data/headers/demo.h": ""}, {}),
        (GOOD | {"demo-1.0.data/platlib/demo/fast.so": ""}, {}),
        (GOOD | {"demo/__pycache__/__init__.cpython-311.pyc": ""}, {}),
        (GOOD | {"demo/hook.pth": "", "demo/sitecustomize.py": "", "demo/json.py": ""}, {}),
        (GOOD | {"demo/_vendor/other-2.0.dist-info/METADATA": ""}, {}),
        (GOOD | {"other_name.py": "", "yaml/__init__.py": ""}, {}),
        (GOOD | {"demo/ümlaut.txt": "", "demo/with,comma.txt": ""}, {}),
    ],
)
def test_P4_what_is_in_order_passes(files: dict[str, str], info: dict[str, str]) -> None:
    record: Callable[[str], str] = lambda text: "".join(  # noqa: E731 - a signature is not in RECORD
        line for line in text.splitlines(keepends=True) if ".jws" not in line
    )
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert look(build(files, info=info, record=record, method=method)).findings == ()


def test_P4_folders_and_what_writers_that_cannot_seek_leave_are_in_order() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

    whole, pipe = build(GOOD), Pipe()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as copy:
        copy.mkdir("demo")
        for info in source.infolist():
            with copy.open(info.filename, "w", force_zip64=info.filename.endswith("WHEEL")) as member:
                member.write(source.read(info))
    assert look(pipe.getvalue()).findings == ()


def test_a_backport_may_have_the_name_that_it_is_for() -> None:
    content = build({"dataclasses.py": ""}, name="dataclasses")
    assert faults(content, expectation("dataclasses")) == set()
    assert faults(build({"dataclasses.py": ""})) == {Fault.STDLIB}


def test_pip_may_bring_pip_but_not_python() -> None:
    points = "[console_scripts]\npip = pip:main\npip3.11 = pip:main\n"
    assert (
        faults(build({"pip/__init__.py": ""}, name="pip", info={"entry_points.txt": points}), expectation("pip"))
        == set()
    )
    points = "[console_scripts]\npython = pip:main\n"
    assert faults(build({}, name="pip", info={"entry_points.txt": points}), expectation("pip")) == {Fault.SCRIPT}


def test_what_an_environment_reserves_is_reserved_here_too() -> None:
    for name in ("python", "python3.11", "pip", "pip3", "PIP3.11", "activate", "activate.csh", "Activate.ps1"):
        assert inside._RESERVED.fullmatch(name)
        assert RESERVED.fullmatch(name)
    for name in ("pip-audit", "pythonic", "activated", "python-argcomplete-tcsh"):
        assert not RESERVED.fullmatch(name)


REQUIRES = [
    "a>=1",
    'b; extra == "x"',
    'c; python_version < "3"',
    'demo[x]; extra == "all"',
    'D_d[y] ; os_name == "posix"',
]


@pytest.mark.parametrize(
    ("extras", "depends", "fits"),
    [
        ((), ("a", "d-d"), True),
        (("x",), ("a", "b", "d-d"), True),
        (("all",), ("a", "b", "d-d"), True),
        (("all",), ("a", "d-d"), False),
        ((), ("a", "c", "d-d"), False),
        ((), ("a",), False),
        ((), None, True),
    ],
)
def test_P4_dependencies_are_those_of_the_plan(
    extras: tuple[str, ...], depends: tuple[str, ...] | None, *, fits: bool
) -> None:
    content = build(GOOD, info={"METADATA": metadata_of("demo", requires=REQUIRES)})
    names = None if depends is None else tuple(map(canonicalize_name, depends))
    expected = expectation(extras=extras, depends=names)
    assert faults(content, expected) == (set() if fits else {Fault.DEPENDENCIES})


def test_P4_two_wheels_with_one_file() -> None:
    def placed(name: str, files: dict[str, str], points: str = "") -> Inspection:
        info = {"entry_points.txt": points} if points else {}
        return look(build(files, name=name, info=info), expectation(name))

    a, b, c = map(canonicalize_name, "abc")
    same = {"ns/__init__.py": "# namespace"}
    assert shared({a: placed("a", same), b: placed("b", same)}) == {}
    found_there = shared({a: placed("a", same), b: placed("b", {"ns/__init__.py": "evil"}), c: placed("c", {})})
    assert [(name, [str(one) for one in several]) for name, several in found_there.items()] == [
        ("b", ["two wheels have different files for one place: ns/__init__.py of a as well"])
    ]
    first = placed("a", {}, "[console_scripts]\ntool = a:main\n")
    second = placed("b", {"b-1.0.data/scripts/tool": "#!python\n"})
    assert set(shared({a: first, b: second})) == {"b"}


@pytest.mark.parametrize(
    ("files", "hidden"),
    [
        ({"served/__init__.py": ""}, "served/__init__.py"),
        ({"served/__init__.cpython-311-x86_64-linux-gnu.so": ""}, "served/__init__.cpython-311-x86_64-linux-gnu.so"),
        ({"served.py": ""}, "served.py"),
        ({"two_words.so": ""}, "two_words.so"),
        ({"Demo-1.0.data/platlib/served.pyc": ""}, "served.pyc"),
        ({"served/part.py": ""}, None),
        ({"served.txt": "", "served/data.txt": ""}, None),
        ({"demo/served.py": "", "demo/__init__.py": ""}, None),
        ({"other/__init__.py": ""}, None),
        ({"Demo-1.0.data/scripts/served": ""}, None),
    ],
)
def test_P4_a_module_that_hides_what_an_os_package_has(files: dict[str, str], hidden: str | None) -> None:
    demo = canonicalize_name("demo")
    seen = {demo: look(build(files), expectation(depends=()))}
    assert seen[demo].findings == ()
    served = {*map(canonicalize_name, ("served", "two-words", "demo"))}
    told = [str(one) for several in shadows(seen, served).values() for one in several]
    start = "a module would hide a project that the distribution serves: "
    assert [one.removeprefix(start).partition(",")[0] for one in told] == ([hidden] if hidden else [])


def test_the_words_of_many_findings_are_few_lines() -> None:
    lines = in_words([found(Fault.UNLISTED, f"f{number}") for number in range(9)] + [found(Fault.PTH, "x.pth\x1b")])
    assert len(lines) == 7
    assert lines[-1] == "a file would run whenever Python starts: x.pth\\x1b" or "4 more" in lines[-1]


# No bytes may make it crash, and what it lets pass, zipfile and unzip must read alike.


@given(st.binary(max_size=300))
def test_random_bytes_are_a_finding(data: bytes) -> None:
    assert look(data).findings


BASES = [build(GOOD, method=method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]


def test_a_newer_format_than_pip_can_extract_is_refused() -> None:
    content = bytearray(BASES[0])
    content[content.index(b"PK\1\2") + 6] = 64
    (finding,) = look(bytes(content)).findings
    assert finding.fault is Fault.COMPRESSION


@given(
    base=st.sampled_from(BASES),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.none() | st.integers(0, 2000),
)
def test_a_mutated_wheel_is_found_out_or_is_the_same_to_zipfile(
    base: bytes, changes: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray(base)
    for place, value in changes:
        data[place % len(data)] = value
    content = bytes(data[:cut])
    if look(content).findings:
        return
    with zipfile.ZipFile(io.BytesIO(content)) as got, zipfile.ZipFile(io.BytesIO(base)) as meant:
        assert {one.filename: got.read(one) for one in got.infolist()} == {
            one.filename: meant.read(one) for one in meant.infolist()
        }


@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=30),
        st.binary(max_size=50),
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["METADATA", "WHEEL", "RECORD", "entry_points.txt"]), st.binary(max_size=80), max_size=2
    ),
)
def test_any_content_is_findings_or_none(files: dict[str, bytes], info: dict[str, bytes]) -> None:
    result = look(build(files, info=info), expectation(depends=()))
    assert all(str(finding).isprintable() for finding in result.findings)


@given(st.data())
def test_any_text_in_the_metadata_is_findings_or_none(data: st.DataObject) -> None:
    lines = st.lists(
        st.sampled_from(["Name: demo", "Version: 1.0", "Tag: py3-none-any", "Wheel-Version: 1.0", "Requires-Dist: a"])
        | st.text(max_size=30),
        max_size=6,
    ).map("\n".join)
    info = {name: data.draw(lines) for name in ("METADATA", "WHEEL", "entry_points.txt")}
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in info.items()}
    look(build(GOOD, info=files), expectation(depends=()))


def test_the_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    assert faults(build(GOOD)) == {Fault.BOMB}
    monkeypatch.undo()
    monkeypatch.setattr(archive, "LARGEST", 100)
    assert faults(build(GOOD)) == {Fault.BOMB}


SAMPLE = (
    "requests",
    "numpy",
    "pyyaml",
    "setuptools",
    "pip",
    "ruff",
    "black",
    "django",
    "jupyterlab",
    "cryptography",
    "pandas",
    "types-requests",
)


@pytest.mark.network
def test_popular_wheels_pass_and_setuptools_needs_its_line(tmp_path: Path) -> None:
    """Twelve wheels of different makers: of all that is forbidden, only setuptools' .pth is there."""
    from packaging.utils import parse_wheel_filename  # noqa: PLC0415 - this test alone

    command = ["/usr/bin/python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", tmp_path, *SAMPLE], check=True, capture_output=True)
    found_there = {}
    for path in sorted(tmp_path.glob("*.whl")):
        project, version, *_ = parse_wheel_filename(path.name)
        expected = expectation(project, str(version))
        wheel = replace(expected.wheel, filename=path.name)
        python = "{}.{}".format(*sys.version_info)
        target = replace(TARGET, python=python, python_full_version="{}.{}.{}".format(*sys.version_info))
        with path.open("rb") as stream:
            result = inspect(stream, replace(expected, wheel=wheel, target=target))
        if result.findings:
            found_there[project] = [str(finding) for finding in result.findings]
    assert len(list(tmp_path.glob("*.whl"))) == len(SAMPLE)
    assert found_there == {"setuptools": ["a file would run whenever Python starts: distutils-precedence.pth"]}
