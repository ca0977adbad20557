"""Rule X1's last step: each project's version and place, judged from what was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from resolver.errors import CommandError, InputError
from resolver.model import Completed, Drift, Evidence
from resolver.venv.record import contract_of
from resolver.venv.verify import judge, verify
from tests.fakes import FakePackageManager, FakeRunner
from tests.unit.venv.samples import HOST, SHA, lock, os_package, os_project, wheel

if TYPE_CHECKING:
    from pathlib import Path

DIST = "/usr/lib/python3/dist-packages"
VENV = f"/opt/v/lib/python{HOST.python}/site-packages"
CONTRACT = contract_of(
    lock((os_project("flask", "2.2.2"),), (os_package("python3-flask", "2.2.2-3"),), (wheel("demo"),))
)
INSTALLED = {"python3-flask": "2.2.2-3"}


def project(name: str, version: str, directory: str, *, sha256: str | None = None) -> dict[str, Any]:
    metadata = f"{name}-{version}.egg-info"
    return {"name": name, "version": version, "directory": directory, "metadata": metadata, "sha256": sha256}


FLASK = project("flask", "2.2.2", DIST)
DEMO = project("demo", "1.0", VENV, sha256=SHA)


def seen(*projects: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "python": HOST.python,
        "prefix": "/opt/v",
        "base_prefix": "/usr",
        "site_packages": [VENV],
        "path": [f"/usr/lib/python{HOST.python}", VENV, DIST],
        "user_site": False,
        "projects": list(projects),
        "altered": [],
        "unowned": [],
        "scripts": [],
        "made_in": None,
        **changes,
    }


def findings(what: dict[str, Any], contract: Any = CONTRACT, installed: Any = INSTALLED) -> list[tuple[str, Drift]]:  # noqa: ANN401 - short tests
    return [(found.project, found.kind) for found in judge(contract, what, installed, (DIST,))]


def test_X1_an_environment_as_locked_is_clean() -> None:
    assert findings(seen(DEMO, FLASK)) == []


def test_what_the_system_has_beside_is_none_of_the_locks_business() -> None:
    assert findings(seen(DEMO, FLASK, project("six", "1.16.0", DIST))) == []


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (seen(FLASK), ("demo", Drift.MISSING)),
        (seen(DEMO), ("flask", Drift.MISSING)),
        (seen(DEMO, project("flask", "2.2.3", DIST)), ("flask", Drift.VERSION)),
        (seen(project("demo", "1.1", VENV, sha256=SHA), FLASK), ("demo", Drift.VERSION)),
        (seen(project("demo", "1.0", VENV, sha256="b" * 64), FLASK), ("demo", Drift.ORIGIN)),
        (seen(project("demo", "1.0", VENV), FLASK), ("demo", Drift.ORIGIN)),
        (
            seen(DEMO, FLASK, altered=[{"project": "demo", "path": f"{VENV}/demo.py", "found": "changed", "since": ""}]),
            ("demo", Drift.FILE),
        ),
        (
            seen(DEMO, FLASK, scripts=[{"project": "flask", "path": "/opt/v/bin/flask", "found": "gone", "since": ""}]),
            ("flask", Drift.FILE),
        ),
        (seen(DEMO, FLASK, made_in="/opt/w"), ("environment", Drift.MOVED)),
        (seen(DEMO, FLASK, path=["/srv/patches", VENV, DIST]), ("/srv/patches", Drift.LEAK)),
        (seen(DEMO, FLASK, path=[f"{DIST}/gi/overrides", "/opt/vendor", VENV]), ("/opt/vendor", Drift.LEAK)),
        (seen(DEMO, FLASK, unowned=[f"{VENV}/flask.py"]), ("flask.py", Drift.EXTRA)),
        (seen(DEMO, FLASK, unowned=[f"{VENV}/dev.pth"]), ("dev.pth", Drift.STARTUP)),
        (seen(DEMO, FLASK, unowned=[f"{VENV}/sitecustomize.py"]), ("sitecustomize.py", Drift.STARTUP)),
        (seen(DEMO, project("flask", "2.2.2", VENV), FLASK), ("flask", Drift.PLACE)),
        (seen(DEMO, project("flask", "2.2.2", "/usr/local/lib/python3/dist-packages"), FLASK), ("flask", Drift.PLACE)),
        (seen(project("demo", "1.0", DIST), FLASK), ("demo", Drift.PLACE)),
        (seen(DEMO, project("stray", "1.0", VENV), FLASK), ("stray", Drift.EXTRA)),
        (seen(python="3.99"), ("python", Drift.INTERPRETER)),
        (seen(DEMO, FLASK, user_site=True), ("user site", Drift.LEAK)),
        (seen(DEMO, FLASK, path=["/usr/local/lib/x"]), ("/usr/local/lib/x", Drift.LEAK)),
        (
            seen(DEMO, FLASK, path=["/home/me/.local/lib/python3.11/site-packages"]),
            ("/home/me/.local/lib/python3.11/site-packages", Drift.LEAK),
        ),
    ],
)
def test_X1_each_kind_of_drift_is_found(what: dict[str, Any], expected: tuple[str, Drift]) -> None:
    assert findings(what) == [expected]


@pytest.mark.parametrize("prefix", ["/usr/local/venvs/v", "/home/me/.local/lib/python-venvs/v"])
def test_X2_an_environment_may_itself_be_in_usr_local_or_in_a_home(prefix: str) -> None:
    own = f"{prefix}/lib/python3/site-packages"
    what = seen({**DEMO, "directory": own}, FLASK, prefix=prefix, site_packages=[own], path=[own, DIST])
    assert findings(what) == []


@pytest.mark.parametrize("installed", [{}, {"python3-flask": "2.2.2-4"}])
def test_X1_an_os_package_that_is_gone_or_updated_is_found(installed: dict[str, str]) -> None:
    (found,) = judge(CONTRACT, seen(DEMO, FLASK), installed, (DIST,))
    kind = Drift.OS_PACKAGE if installed else Drift.OS_MISSING
    assert (found.project, found.kind, found.expected) == ("python3-flask", kind, "2.2.2-3")
    assert str(found) == f"python3-flask: found {installed.get('python3-flask', 'not installed')}, expected 2.2.2-3"


@pytest.mark.parametrize(
    ("locked", "inside", "folder"),
    [
        # As written, though it is no version at all (rule V1).
        ("None", "None", "flask-None.egg-info"),
        # Spelled differently, of the same meaning.
        ("1.0.dev0", "1.0-dev", "flask-1.0.dev0.egg-info"),
        ("2.0+dfsg1", "2.0+DFSG1", "flask.egg-info"),
        # The lock's comes from the name of the folder, as Contents has it.
        ("1.1_odd", "1.1-odd", "flask-1.1_odd.egg-info"),
        ("1.1_odd", "1.1-odd", "flask-1.1_odd-py3.11.egg-info"),
    ],
)
def test_V1_the_version_is_what_the_metadata_says_in_whatever_spelling(locked: str, inside: str, folder: str) -> None:
    contract = contract_of(lock((os_project("flask", locked),)))
    what = seen({**FLASK, "version": inside, "metadata": folder})
    assert findings(what, contract, {}) == []


def test_V1_a_project_without_metadata_is_judged_by_its_os_package_alone() -> None:
    contract = contract_of(lock((os_project("opencv", None),), (os_package("python3-opencv", "4.6.0-1"),)))
    assert findings(seen(), contract, {"python3-opencv": "4.6.0-1"}) == []
    assert findings(seen(), contract, {}) == [("python3-opencv", Drift.OS_MISSING)]


def test_I7_an_equivalent_may_bear_another_name_but_not_be_shadowed() -> None:
    contract = contract_of(lock((os_project("psycopg2-binary", "2.9.5", evidence=Evidence.OVERRIDE),)))
    assert findings(seen(), contract, {}) == []
    shadow = project("psycopg2-binary", "2.9.5", VENV)
    assert findings(seen(shadow), contract, {}) == [("psycopg2-binary", Drift.PLACE)]


def test_the_first_copy_on_the_path_is_the_one_that_counts() -> None:
    assert findings(seen(DEMO, FLASK, project("demo", "0.1", DIST))) == []


@pytest.fixture
def packages() -> FakePackageManager:
    return FakePackageManager(archive={}, installed=INSTALLED, site_directories=(DIST,))


def test_no_environment_is_bad_input(tmp_path: Path, packages: FakePackageManager) -> None:
    with pytest.raises(InputError, match="no environment here"):
        verify(CONTRACT, tmp_path, FakeRunner({}), packages)


def test_an_interpreter_that_went_with_a_release_upgrade_is_a_finding(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/usr/bin/python3.0")
    (found,) = verify(CONTRACT, tmp_path, FakeRunner({}), packages)
    assert (found.kind, found.found) == (Drift.INTERPRETER, "a link to /usr/bin/python3.0, which leads nowhere")


def test_T2_an_interpreter_that_fails_is_an_error_and_not_a_clean_answer(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    failing = FakeRunner({(): Completed(returncode=1, stdout="", stderr="Traceback\nImportError: no encodings\n")})
    with pytest.raises(CommandError, match="ImportError: no encodings"):
        verify(CONTRACT, tmp_path, failing, packages)


def printing(tmp_path: Path, stdout: str) -> FakeRunner:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    return FakeRunner({(): Completed(returncode=0, stdout=stdout, stderr="")})


def test_X1_what_prints_as_the_interpreter_starts_is_found_all_the_same(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    noisy = "hello\n" + json.dumps(seen(DEMO, FLASK, unowned=[f"{VENV}/dev.pth"]))
    (found,) = verify(CONTRACT, tmp_path, printing(tmp_path, noisy), packages)
    assert (found.project, found.kind) == ("dev.pth", Drift.STARTUP)


@pytest.mark.parametrize("stdout", ["", "hello{}", "{}\n5"])
def test_T2_an_interpreter_that_does_not_answer_is_an_error(
    tmp_path: Path, packages: FakePackageManager, stdout: str
) -> None:
    with pytest.raises(CommandError, match="prints by itself"):
        verify(CONTRACT, tmp_path, printing(tmp_path, stdout), packages)
