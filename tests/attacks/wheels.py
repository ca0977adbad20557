"""Hostile wheels, each in one way of rule P4, on an index that tells no lie about them.

``tests/unit/pypi/test_inspection.py`` has every fault; here are those that do something, and what they do.
"""

from __future__ import annotations

import io
import marshal
import stat
import struct
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from typing import TYPE_CHECKING, Final

from tests.attacks.attack import NAME, OS_PACKAGE, VERSION, Attack, Refused, Stage, honest
from tests.wheels import build, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[Stage], bytes]

DATA: Final = f"{NAME.replace('-', '_')}-{VERSION}.data"
GOOD: Final[dict[str, str | bytes]] = {"zz_demo/__init__.py": ""}
_PYTHON: Final = "python{}.{}".format(*sys.version_info)
PIP: Final = "import subprocess, sys; subprocess.run([sys.prefix + '/bin/pip', '--version'])"
"""Runs the environment's pip, if it has one."""


def _with(place: str, *, script: bool = False) -> Make:
    """Add the payload to a wheel, at a place."""
    return lambda stage: build(
        GOOD | {place: stage.script if script else stage.payload}, name=NAME, mode=0o100755 if script else 0o100644
    )


def _is_there(path: str) -> str:
    """Look for a file. Debian's Python has a sitecustomize of its own, and a venv reads no usercustomize."""
    return f"import os, sysconfig; os.path.exists(sysconfig.get_path('purelib') + '/{path}') and open(MARK, 'a')"


def _link(stage: Stage) -> bytes:
    """A link that leads to the folder of the mark, and a file that goes through it."""
    link = zipfile.ZipInfo("zz_demo/out")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return build(GOOD, name=NAME, more=[(link, str(stage.mark.parent)), (f"zz_demo/out/{stage.mark.name}", "")])


def _absolute(stage: Stage) -> bytes:
    return build(GOOD, name=NAME, more=[(str(stage.mark), "")])


def _upwards(stage: Stage) -> bytes:
    # venv/lib/pythonX.Y/site-packages, and the folder that the victim works in.
    return build(GOOD | {f"../../../../../{stage.mark.name}": ""}, name=NAME)


def _entry_point(line: str) -> Make:
    return lambda stage: build(
        {"zz_demo/__init__.py": f"def main():\n    {stage.payload}"},
        name=NAME,
        info={"entry_points.txt": f"[console_scripts]\n{line}\n"},
    )


def _changed_after_record(stage: Stage) -> bytes:
    whole = build({"zz_demo/__init__.py": "#" * (len(stage.payload) - 1) + "\n"}, name=NAME, method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(whole)) as old:
        files = {one.filename: old.read(one) for one in old.infolist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for path, data in (files | {"zz_demo/__init__.py": stage.payload.encode()}).items():
            new.writestr(path, data)
    return buffer.getvalue()


def _twice(stage: Stage) -> bytes:
    """The file that RECORD and a careful reader see, and one of the same name that is unpacked over it."""
    return build(GOOD, name=NAME, more=[("zz_demo/__init__.py", stage.payload)])


def _one_place(stage: Stage) -> bytes:
    """Two entries that are one file once they are installed."""
    return build(GOOD | {f"{DATA}/purelib/zz_demo/__init__.py": stage.payload}, name=NAME)


def _two_archives(stage: Stage) -> bytes:
    """What a scanner that reads from the front sees is the honest wheel; an installer reads from the end."""
    return honest() + build({"zz_demo/__init__.py": stage.payload}, name=NAME)


def _other_name_in_front(stage: Stage) -> bytes:
    """The entry's own header calls the payload a text file."""
    whole = build({"zz_demo/__init__.py": stage.payload}, name=NAME)
    front = struct.Struct("<H").pack(len("zz_demo/__init__.py")) + b"\0\0" + b"zz_demo/__init__.py"
    assert whole.count(front) == 1
    return whole.replace(front, front.replace(b"__init__.py", b"license.txt"))


def _poisoned(stage: Stage) -> bytes:
    """Code that Python takes for that of zz_other.py without a look at it (PEP 552, unchecked)."""
    stage.offer(build({"zz_other.py": ""}, name="zz-other"), name="zz-other")
    code = MAGIC_NUMBER + struct.pack("<L8x", 1) + marshal.dumps(compile(stage.payload, "zz_other.py", "exec"))
    cached = f"__pycache__/zz_other.{sys.implementation.cache_tag}.pyc"
    return build(GOOD | {cached: code}, name=NAME, info={"METADATA": metadata_of(NAME, requires=["zz-other"])})


_UNPACKED: Final = "import os, zz_demo; os.stat(zz_demo.__path__[0] + '/zeros').st_size > 1e6 and open(MARK, 'a')"
_RIGHTS: Final = "import os, zz_demo; os.stat(zz_demo.__file__).st_mode & 0o6000 and open(MARK, 'a')"
_REQUESTS: Final = "import importlib.metadata as m; m.version('requests') == '99.0' and open(MARK, 'a')"

# What it is called, the wheel, how it is used, and what distrofirst says.
_WAYS: Final[tuple[tuple[str, Make, str, str], ...]] = (
    ("a .pth file", _with("zz.pth"), "", "a file would run whenever Python starts: zz.pth"),
    (
        "a .pth file by way of .data",
        _with(f"{DATA}/platlib/zz.pth"),
        "",
        "a file would run whenever Python starts: zz_demo-1.0.data/platlib/zz.pth",
    ),
    (
        "sitecustomize",
        _with("sitecustomize.py"),
        _is_there("sitecustomize.py"),
        "a module would be imported whenever Python starts",
    ),
    (
        "usercustomize, a package",
        _with("usercustomize/__init__.py"),
        _is_there("usercustomize/__init__.py"),
        "a module would be imported whenever Python starts",
    ),
    ("a path that leads up", _upwards, "", "a path leaves its folder"),
    ("an absolute path", _absolute, "", "a path leaves its folder"),
    ("a link that leads out", _link, "", "an entry is a link or a device"),
    (
        "setuid",
        lambda _: build(GOOD, name=NAME, mode=0o104755),
        _RIGHTS,
        "a file would run with its owner's rights",
    ),
    ("a script pip", _with(f"{DATA}/scripts/pip", script=True), PIP, "a command would hide python, pip or activate"),
    ("an entry point pip", _entry_point("pip = zz_demo:main"), PIP, "a command would hide python, pip or activate"),
    (
        "an entry point that is code",
        lambda stage: build(
            GOOD,
            name=NAME,
            info={"entry_points.txt": f"[console_scripts]\nzz = zz_demo:x or open({str(stage.mark)!r}, 'a')\n"},
        ),
        "import subprocess, sys; subprocess.run([sys.prefix + '/bin/zz'])",
        "an entry point makes no command",
    ),
    (
        "bin/python from the root",
        _with(f"{DATA}/data/bin/python", script=True),
        "",
        "it would replace what the environment is made of",
    ),
    (
        "site-packages from the root",
        lambda stage: build(GOOD | {f"{DATA}/data/lib/{_PYTHON}/site-packages/zz.pth": stage.payload}, name=NAME),
        "",
        "it would replace what the environment is made of",
    ),
    ("pip itself", _with("pip/__main__.py"), "import pip.__main__", "a module has the name of one of Python's own"),
    (
        "another project's metadata",
        lambda stage: build(
            {"zz_demo/__init__.py": stage.payload, "requests-99.0.dist-info/METADATA": metadata_of("requests", "99.0")},
            name=NAME,
        ),
        _REQUESTS,
        "it carries another project's metadata",
    ),
    (
        "a file that RECORD does not list",
        lambda stage: build(GOOD, name=NAME, more=[("zz_hidden.py", stage.payload)]),
        "import zz_hidden",
        "a file is not in RECORD: zz_hidden.py",
    ),
    ("a file changed after RECORD was written", _changed_after_record, "import zz_demo", "is not the one in RECORD"),
    ("two entries of one name", _twice, "import zz_demo", "two entries would be one file"),
    ("two entries for one place", _one_place, "import zz_demo", "two entries would be one file"),
    ("two archives in one file", _two_archives, "import zz_demo", "other programs may see other files"),
    (
        "two names for one entry",
        _other_name_in_front,
        "import zz_demo",
        "other programs may see other files in this archive",
    ),
    ("compiled code for another project's file", _poisoned, "import zz_other", "compiled code would be taken for"),
    (
        "a bomb",
        lambda _: build(GOOD | {"zz_demo/zeros": b"\0" * (80 << 20)}, name=NAME),
        _UNPACKED,
        "it unpacks to far more than it should",
    ),
)


def _staged(make: Make) -> Callable[[Stage], None]:
    def stage_it(stage: Stage) -> None:
        stage.offer(make(stage))
        stage.require(NAME)

    return stage_it


def _of_another_project(stage: Stage) -> None:
    """What the index says beside it is what was asked for; the wheel brings another project."""
    content = build({"zz_demo/__init__.py": stage.payload}, name="zz-other")
    stage.offer(content, metadata=metadata_of(NAME).encode())
    stage.require(NAME)


def _module_of_another(stage: Stage) -> None:
    """Of a project that the victim's system has, and means to use from there."""
    stage.offer(build(GOOD | {f"{OS_PACKAGE}/__init__.py": stage.payload}, name=NAME))
    stage.offer(build({f"{OS_PACKAGE}/__init__.py": ""}, name=OS_PACKAGE), name=OS_PACKAGE)
    stage.require(NAME, OS_PACKAGE)


ATTACKS: Final = (
    *(
        Attack(name=f"wheel: {name}", stage=_staged(make), use=use, expected=Refused(words=words))
        for name, make, use, words in _WAYS
    ),
    Attack(
        name="wheel: another project by that name",
        stage=_of_another_project,
        expected=Refused(words="it is not the wheel that the lock names"),
    ),
    Attack(
        name="wheel: another project's module",
        stage=_module_of_another,
        use=f"import {OS_PACKAGE}",
        expected=Refused(words="a module would hide a project that the distribution serves"),
        sees_system=True,
    ),
)
