"""Rule X2 inside a real venv: the distribution's modules come in, behind the venv's own, and nothing else does."""

from __future__ import annotations

import json
import subprocess
import textwrap
from typing import TYPE_CHECKING

import pytest

from resolver.venv.environment import INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NSPKG = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *({parts},));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');"
    "m = sys.modules.setdefault('{name}', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('{name}', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('{name}', types.ModuleType('{name}'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)
"""What setuptools wrote into every ``*-nspkg.pth`` file."""


@pytest.fixture
def dist_packages(tmp_path: Path) -> Path:
    folder = tmp_path / "dist-packages"
    folder.mkdir()
    return folder


@pytest.fixture
def venv(tmp_path: Path, dist_packages: Path) -> Path:
    folder = tmp_path / "venv"
    subprocess.run(["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", folder], check=True)
    subprocess.run([folder / "bin/python", "-I", INSIDE, "prepare", dist_packages, tmp_path / "not-there"], check=True)
    return folder


@pytest.fixture
def run(venv: Path) -> Callable[[str], object]:
    """Give what an expression is in the venv's interpreter, which knows nothing of the folder it runs in."""

    def evaluate(expression: str) -> object:
        code = f"import json, sys, site, importlib as il; json.dump({expression}, sys.stdout)"
        done = subprocess.run([venv / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return json.loads(done.stdout)

    return evaluate


def own(venv: Path) -> Path:
    (folder,) = venv.glob("lib/python3*/site-packages")
    return folder


def put(folder: Path, *modules: str) -> None:
    """Put modules into a folder, ``a/b`` as a package ``b`` in a folder ``a`` without ``__init__.py``."""
    for module in modules:
        path = folder / module
        path.mkdir(parents=True)
        (path / "__init__.py").write_text("")


def put_nspkg(folder: Path, *names: str) -> None:
    for name in names:
        parts = ",".join(repr(part) for part in name.split("."))
        with (folder / "zzz-odd-1.0-nspkg.pth").open("a") as file:
            file.write(NSPKG.format(name=name, parts=parts))


def test_X2_the_path_ends_with_the_venvs_own_and_the_distributions_folder(
    run: Callable[[str], list[str]], venv: Path, dist_packages: Path
) -> None:
    assert run("sys.path")[-2:] == [str(own(venv)), str(dist_packages)]


def test_X2_user_site_and_usr_local_are_out(run: Callable[[str], object]) -> None:
    assert run("site.ENABLE_USER_SITE") is False
    assert run("[entry for entry in sys.path if 'local' in entry]") == []


def test_X2_a_folder_that_is_not_there_is_not_on_the_path(run: Callable[[str], list[str]]) -> None:
    assert not any("not-there" in entry for entry in run("sys.path"))


def test_the_venvs_copy_of_a_module_wins(run: Callable[[str], object], venv: Path, dist_packages: Path) -> None:
    put(own(venv), "demo")
    put(dist_packages, "demo")
    assert run("il.import_module('demo').__file__") == str(own(venv) / "demo/__init__.py")


def test_pth_files_of_os_packages_are_processed(run: Callable[[str], object], dist_packages: Path) -> None:
    put(dist_packages / "hidden", "deep")
    (dist_packages / "deep.pth").write_text("hidden\n")
    assert run("il.import_module('deep').__file__") == str(dist_packages / "hidden/deep/__init__.py")


@pytest.mark.parametrize("regular", [True, False], ids=["an __init__.py", "no __init__.py"])
def test_a_namespace_of_the_old_way_spans_both(
    run: Callable[[str], object], venv: Path, dist_packages: Path, *, regular: bool
) -> None:
    """Debian's python3-zope.interface has an ``__init__.py``, python3-google-auth has none, both a ``-nspkg.pth``."""
    put(dist_packages, "zope/interface")
    put_nspkg(dist_packages, "zope")
    if regular:
        (dist_packages / "zope/__init__.py").write_text("raise ImportError('the old way never runs this')")
    put(own(venv), "zope/event")
    assert run("[il.import_module('zope.' + name).__file__ for name in ('interface', 'event')]") == [
        str(dist_packages / "zope/interface/__init__.py"),
        str(own(venv) / "zope/event/__init__.py"),
    ]


def test_a_demoted_member_of_such_a_namespace_comes_from_the_venv(
    run: Callable[[str], object], venv: Path, dist_packages: Path
) -> None:
    for folder in (own(venv), dist_packages):
        put(folder, "zope/interface")
    put_nspkg(dist_packages, "zope")
    (dist_packages / "zope/__init__.py").write_text("")
    assert run("il.import_module('zope.interface').__file__") == str(own(venv) / "zope/interface/__init__.py")


def test_a_nested_namespace_spans_both(run: Callable[[str], object], venv: Path, dist_packages: Path) -> None:
    put(dist_packages, "google/cloud/core")
    put_nspkg(dist_packages, "google", "google.cloud")
    put(own(venv), "google/cloud/storage", "google/api")
    names = "('google.cloud.core', 'google.cloud.storage', 'google.api')"
    assert run(f"[il.import_module(name).__name__ for name in {names}]") == [
        "google.cloud.core",
        "google.cloud.storage",
        "google.api",
    ]


def test_both_parts_of_a_namespace_may_be_of_the_old_way(
    run: Callable[[str], object], venv: Path, dist_packages: Path
) -> None:
    for folder, name in ((dist_packages, "zope/interface"), (own(venv), "zope/event")):
        put(folder, name)
        put_nspkg(folder, "zope")
    assert run("[il.import_module(name).__name__ for name in ('zope.interface', 'zope.event')]") == [
        "zope.interface",
        "zope.event",
    ]


def test_a_package_that_was_imported_is_left_alone(
    run: Callable[[str], object], venv: Path, dist_packages: Path
) -> None:
    """setuptools' ``distutils-precedence.pth`` imports its package at start: no namespace, though it has a path."""
    put(dist_packages, "real")
    (dist_packages / "real.pth").write_text("import real\n")
    (own(venv) / "real").mkdir()
    assert run("list(sys.modules['real'].__path__)") == [str(dist_packages / "real")]


def test_a_program_sees_namespaces_of_its_own_folder_too(venv: Path, dist_packages: Path, tmp_path: Path) -> None:
    put(dist_packages, "google/auth")
    put_nspkg(dist_packages, "google")
    put(tmp_path / "program", "google/mine")
    main = tmp_path / "program/main.py"
    main.write_text(
        textwrap.dedent("""
        import google.auth, google.mine
        print(google.mine.__name__)
    """)
    )
    done = subprocess.run([venv / "bin/python", main], capture_output=True, text=True, check=True)
    assert done.stdout == "google.mine\n"
