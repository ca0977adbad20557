"""A user with an empty home in a folder of their own, and an index on this machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commandline import PYTHON, Here, process
from tests.loopback import Loopback
from tests.simple_server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNIVERSE: dict[str, dict[str, dict[str, Any]]] = {
    "zz-alpha": {"1.0": {}, "2.0": {"requires": ["requests>=2.31", "zz-beta>=1"], "provides_extra": []}},
    "zz-beta": {"1.5": {}},
    "zz-source": {"3.0": {"sdist_only": True}},
}
"""Projects that no distribution has: zz-alpha asks for one of Debian's and for one of the index."""


@pytest.fixture
def folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, as a user with an empty home."""
    assert home.is_dir()
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Here:
    """Give the command line, called in this process from ``folder``."""
    assert folder.is_dir()
    return Here(capsys)


@pytest.fixture
def index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Configure pip with an index that serves UNIVERSE."""
    assert folder.is_dir()
    with Loopback() as server:
        monkeypatch.setenv("PIP_INDEX_URL", serve(server, UNIVERSE, "metadata"))
        yield server


@pytest.fixture(scope="session")
def host_indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build this machine's index, once, and give the folder that holds it."""
    facts = platform.freedesktop_os_release()
    if facts["ID"] != "debian" or facts.get("VERSION_ID") not in {"12", "13"}:
        pytest.skip(f"this machine runs {facts.get('PRETTY_NAME')}, not Debian 12 or 13")
    ready = "import apt_pkg; apt_pkg.init(); assert 'python3-flask' in apt_pkg.Cache(None)"
    if subprocess.run([PYTHON, "-I", "-c", ready], check=False, capture_output=True).returncode:
        pytest.skip("this machine has no python-apt, or apt has no package lists")
    cache = tmp_path_factory.mktemp("cache")
    built = process("report", "--direct", "-", env={"XDG_CACHE_HOME": str(cache)}, stdin=b"flask", cwd=cache)
    assert built.code == 0, built.err
    return cache / "distrofirst" / "host"


@pytest.fixture
def debian(home: Path, host_indexes: Path) -> str:
    """Ask for a Debian machine that can answer for itself; give its release, and the user its index."""
    shutil.copytree(host_indexes, home / ".cache" / "distrofirst" / "host")
    return f"debian:{platform.freedesktop_os_release()['VERSION_ID']}"
