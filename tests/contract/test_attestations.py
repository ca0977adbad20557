"""Attestations that somebody published, verified by pypi-attestations itself: what the stand-in elsewhere stands for.

The library's own sdist carries files with their provenance objects, as its tests' data. They come from the configured
index into the test cache, beside an environment that has what ``pip install distrofirst[attestations]`` brings.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.io.process import ProcessRunner
from resolver.model import HttpAnswer
from resolver.pypi import simple
from resolver.pypi.configuration import read_settings
from tests.cli.commandline import CHECKOUT, TRIXIE, Ran, process
from tests.loopback import Loopback, Reply
from tests.simple_server import page
from tests.system import hosts
from tests.unit.pypi.test_attestations import RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.network

SDIST = "pypi_attestations-0.0.30"
WHEEL = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"
NAME = "circleci-sign-publish-example"
LOCK = "pylock.debian-13.toml"


@pytest.fixture(scope="module")
def python() -> Path:
    """Make, once, an environment of what the project needs with its extra; give its interpreter."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["attestations"]]
    digest = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:16]
    venv = hosts.cache_folder() / "attestations" / digest
    venv.parent.mkdir(parents=True, exist_ok=True)
    made = venv / "made"
    with hosts._lock(venv.with_suffix(".lock")):  # two runs must not make it both
        if not made.exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", venv], check=True)
            command = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", *wanted]
            subprocess.run(command, check=True, capture_output=True)
            made.touch()
    return venv / "bin" / "python"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Give the data of the library's tests, by file name."""
    path = hosts.cache_folder() / "attestations" / f"{SDIST}.tar.gz"
    if not path.exists():
        cache = FileCache(tmp_path_factory.mktemp("cache"), warn=print)
        settings = read_settings(ProcessRunner(), cache)
        options = HttpOptions(ca_bundle=settings.ca_bundle, proxy=settings.proxy, credentials=settings.credentials)
        with HttpClient(cache, options) as http:
            answer = http.get(f"{str(settings.index_url).rstrip('/')}/pypi-attestations/", accept=simple.ACCEPT)
            assert isinstance(answer, HttpAnswer), "the index does not have pypi-attestations"
            found = simple.parse(answer.body, answer.content_type, answer.url)
            (file,) = (file for file in found.files if file.filename == path.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            http.download(simple.absolute(found.base, file.href), path, sha256=str(file.sha256))
    with tarfile.open(path) as archive:
        members = {one.name.rpartition("/")[2]: one for one in archive if one.isfile() and "/test/assets/" in one.name}
        return {name: data.read() for name, one in members.items() if (data := archive.extractfile(one))}


class Index:
    """An index on this machine that has the wheel, and whatever a test says of its attestations."""

    def __init__(self, server: Loopback, wheel: bytes, python: Path, folder: Path) -> None:
        self._server, self._wheel, self._python, self._folder = server, wheel, python, folder

    def lock(self, provenance: object, *, wheel: bytes | None = None) -> Ran:
        content = self._wheel if wheel is None else wheel
        entry = {
            "filename": WHEEL,
            "url": self._server.add(f"/files/{WHEEL}", Reply(body=content, ranges=True)),
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "provenance": self._server.add(f"/integrity/{WHEEL}", Reply(body=json.dumps(provenance).encode())),
        }
        self._server.routes[f"/simple/{NAME}/"] = [page(NAME, [entry])]
        return process(
            "lock", *TRIXIE, "--uploaded-before", "off", "-",
            stdin=f"{NAME}==0.0.1.dev137\n".encode(),
            python=str(self._python),
            cwd=self._folder,
            # A proxy that refuses: nobody but this machine's index is asked, the trust root's server included.
            env={"PIP_INDEX_URL": f"{self._server.url}/simple/", "https_proxy": "http://127.0.0.1:9",
                 "http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"},
        )  # fmt: skip


@pytest.fixture
def index(python: Path, published: dict[str, bytes], home: Path, tmp_path: Path) -> Iterator[Index]:
    assert home.is_dir()
    with Loopback() as server:
        yield Index(server, published[WHEEL], python, tmp_path)


@pytest.fixture
def provenance(published: dict[str, bytes]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(published[f"{WHEEL}.provenance"])
    return document


def test_a_published_attestation_is_verified_and_locked(
    index: Index, provenance: dict[str, Any], python: Path, tmp_path: Path
) -> None:
    ran = index.lock(provenance)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"distrofirst: attestations: 1 verified\ndistrofirst: wrote {LOCK}\n", "the library says nothing"
    (package,) = tomllib.loads((tmp_path / LOCK).read_text())["packages"]
    publisher = {key: value for key, value in provenance["attestation_bundles"][0]["publisher"].items() if value}
    assert package["attestation-identities"] == [publisher]
    known = package["tool"]["distrofirst"]["attestation"]
    assert known["status"] == "verified"
    assert [predicate.rpartition("/attestations/")[2] for predicate in known["predicates"]] == ["publish/v1"]

    validate = (  # PEP 751, by packaging's own reading
        "import sys, tomllib; from packaging.pylock import Pylock;"
        "print(Pylock.from_dict(tomllib.load(open(sys.argv[1], 'rb'))).packages[0].attestation_identities[0]['kind'])"
    )
    done = subprocess.run([python, "-c", validate, tmp_path / LOCK], capture_output=True, text=True, check=True)
    assert done.stdout == "CircleCI\n"


Harm = Callable[[dict[str, Any]], object]


def _bundle(document: dict[str, Any]) -> dict[str, Any]:
    bundle: dict[str, Any] = document["attestation_bundles"][0]
    return bundle


def test_another_file_under_the_attested_name_is_refused(
    index: Index, provenance: dict[str, Any], published: dict[str, bytes], tmp_path: Path
) -> None:
    ran = index.lock(provenance, wheel=published[WHEEL] + b"\0")
    assert ran.code == 5, ran.err
    assert f"{WHEEL}: Verification failed: subject does not match distribution digest" in ran.err
    assert not (tmp_path / LOCK).exists()


def _claim(key: str, value: str) -> Harm:
    return lambda document: _bundle(document)["publisher"].update({key: value})


def _broken_signature(document: dict[str, Any]) -> None:
    envelope = _bundle(document)["attestations"][0]["envelope"]
    signature = bytearray(base64.b64decode(envelope["signature"]))
    signature[-1] ^= 1
    envelope["signature"] = base64.b64encode(signature).decode()


def _other_statement(document: dict[str, Any]) -> None:
    envelope = _bundle(document)["attestations"][0]["envelope"]
    statement = base64.b64decode(envelope["statement"]).replace(b"dev137", b"dev138")
    envelope["statement"] = base64.b64encode(statement).decode()


def _no_log(document: dict[str, Any]) -> None:
    _bundle(document)["attestations"][0]["verification_material"]["transparency_entries"] = []


def _a_strange_log(document: dict[str, Any]) -> None:
    _bundle(document)["attestations"][0]["verification_material"]["transparency_entries"] = [{"logIndex": {}}]


def _no_certificate(document: dict[str, Any]) -> None:
    _bundle(document)["attestations"][0]["verification_material"]["certificate"] = "AAAA"


def _one_too_many(document: dict[str, Any]) -> None:
    _bundle(document)["attestations"].append({})


def _another_version(document: dict[str, Any]) -> None:
    _bundle(document)["attestations"][0]["version"] = 2


def _no_statement(document: dict[str, Any]) -> None:
    deep = b"[" * 100_000
    _bundle(document)["attestations"][0]["envelope"]["statement"] = base64.b64encode(deep).decode()


HARMS: dict[str, Harm] = {
    "another project": _claim("project_id", "0" * 36),
    "another pipeline": _claim("pipeline_definition_id", "0" * 36),
    "another repository": _claim("vcs_origin", "github.com/example/evil"),
    "another kind": lambda document: _bundle(document).update(publisher=RELEASE),
    "a broken signature": _broken_signature,
    "another statement": _other_statement,
    "not in the log": _no_log,
    "a strange log": _a_strange_log,
    "no certificate": _no_certificate,
    "one too many": _one_too_many,
    "no statement": _no_statement,
}

JUDGE = """
import json, sys
from packaging.version import Version
from resolver.model import Wheel
from resolver.pypi.attestations import DoesNotHoldError, Library, read
name, sha256, documents = json.load(sys.stdin)
wheel = Wheel(project="x", version=Version("1"), filename=name, url="", sha256=sha256, size=None, requires_python=None,
              upload_time=None)
library, answers = Library(), {}
for what, document in documents.items():
    try:
        (bundle,) = read(json.dumps(document).encode())
        answers[what] = str(library(wheel, bundle))
    except DoesNotHoldError as error:
        answers[what] = f"refused: {error}"
print(json.dumps(answers))
"""


def test_what_was_tampered_with_is_refused(
    python: Path, published: dict[str, bytes], provenance: dict[str, Any], home: Path
) -> None:
    """In one process: loading the library takes longer than all of them."""
    documents = {"nothing": provenance}
    for what, harm in (HARMS | {"another version": _another_version}).items():
        documents[what] = deepcopy(provenance)
        harm(documents[what])
    question = json.dumps([WHEEL, hashlib.sha256(published[WHEEL]).hexdigest(), documents])
    ran = process(python=str(python), program=("-c", JUDGE), stdin=question.encode(), cwd=home)
    assert (ran.code, ran.err) == (0, "")
    answers = ran.json
    assert answers.pop("nothing").startswith("Attested(publishers=(Publisher(kind='CircleCI'")
    assert answers.pop("another version").startswith("Unchecked(why='pypi-attestations knows none of its kinds")
    assert answers.keys() == HARMS.keys()
    assert [what for what, answer in answers.items() if not answer.startswith("refused: ")] == []


def test_another_files_attestation_is_refused(index: Index, published: dict[str, bytes]) -> None:
    ran = index.lock(json.loads(published["pypi_attestations-0.0.19.tar.gz.provenance"]))
    assert ran.code == 5, ran.err
    assert "subject does not match distribution name" in ran.err


def test_T2_what_the_library_does_not_know_is_not_checked(index: Index, provenance: dict[str, Any]) -> None:
    _bundle(provenance)["publisher"] = {"kind": "Forge\x1b[2J"}
    ran = index.lock(provenance)
    assert ran.code == 0, ran.err
    assert (
        "attestations: 1 not checked: pypi-attestations does not understand its publisher, of kind Forge?[" in ran.err
    )
