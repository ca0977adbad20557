"""P2: ``--allow-sdist`` from the requirement to the environment, on this host."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resolver import lock as locks
from tests.cli.commandline import CHECKOUT, Here
from tests.cli.test_audit import advisory, database
from tests.loopback import Loopback
from tests.sdists import entry, no_sandbox, sdist_bytes, serve_sdist
from tests.simple_server import page, serve

pytestmark = pytest.mark.skipif(no_sandbox() is not None, reason=str(no_sandbox()))
ALLOW = ("--allow-sdist", "zz_built")


def offer(index: Loopback, data: bytes) -> None:
    index.routes["/simple/zz-built/"] = [page("zz-built", [entry(serve_sdist(index, data))])]


@pytest.fixture
def source(folder: Path, index: Loopback, debian: str) -> Path:
    """Require one project that the index has as an sdist only."""
    assert debian
    offer(index, sdist_bytes(metadata="Requires-Dist: zz-beta\n"))
    (folder / "requirements.txt").write_text("zz-built\n")
    return folder


def test_P2_nothing_is_built_unasked(run: Here, source: Path) -> None:
    assert source.is_dir()
    ran = run("report", "--format", "json")
    assert ran.code == 1
    assert (ran.projects["zz-built"]["outcome"], ran.projects["zz-built"]["reason"]) == ("unmet", "no-wheel")
    ran = run("lock")
    assert ran.code == 1
    assert "--allow-sdist zz-built builds it from its sdist, in a sandbox" in ran.err
    assert "--allow-sdist zz-built" in run("report").out


def test_P2_a_plan_with_a_build(run: Here, source: Path) -> None:
    ran = run("report", *ALLOW)
    assert ran.code == 0, ran.err
    assert "PyPI 1.0, built from its sdist" in ran.out
    assert "building zz_built-1.0.tar.gz in a sandbox" in ran.err
    assert "is built in a sandbox" in run("explain", "zz-built", *ALLOW).out
    ran = run("lock", *ALLOW, "-o", "lock.toml")
    assert ran.code == 0, ran.err
    text = (source / "lock.toml").read_text()
    lock = locks.loads(text, context="lock.toml")
    assert locks.dumps(lock) == text
    document = tomllib.loads(text)
    beta, built = document["packages"]
    assert ("wheels" in beta, "sdist" in built, "wheels" in built) == (True, True, False)
    assert built["sdist"]["name"] == "zz_built-1.0.tar.gz"
    (build,) = document["tool"]["distrofirst"]["builds"]
    assert (build["name"], build["wheel"]) == ("zz-built", "zz_built-1.0-py3-none-any.whl")
    assert str(source.parent) not in text  # nothing of the machine
    assert lock.wheels[1].built is not None


def test_P2_the_configuration_may_allow_it(run: Here, source: Path) -> None:
    (source / "distrofirst.toml").write_text('allow-sdist = ["Zz.Built"]\n')
    assert run("report", "--format", "json").outcomes == {"zz-built": "pypi", "zz-beta": "pypi"}


def test_P2_another_release_is_no_place_to_build_for(run: Here, source: Path, debian: str) -> None:
    other = "debian:12" if debian == "debian:13" else "debian:13"
    ran = run("report", "--target", other, *ALLOW)
    assert source.is_dir()
    assert ran.code == 1
    assert "building" not in ran.err
    assert f"host of {other} only" in run("explain", "--target", other, "zz-built", *ALLOW).out


def test_P2_from_a_lock_to_an_environment(run: Here, source: Path, home: Path) -> None:
    assert run("lock", *ALLOW, "-o", "lock.toml").code == 0
    shutil.rmtree(home / ".cache" / "distrofirst" / "wheels")
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert ran.code == 0, ran.err
    assert "building zz_built-1.0.tar.gz in a sandbox" in ran.err
    python = source / "env" / "bin" / "python"
    said = subprocess.run([python, "-c", "import zz_built; print(zz_built.answer)"], check=True, capture_output=True)
    assert said.stdout == b"42\n"
    assert run("verify", "--venv", "env").code == 0
    again = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert "nothing to do" in again.err


def test_P2_a_dry_run_names_a_file_that_is_there(run: Here, source: Path) -> None:
    assert source.is_dir()
    ran = run("install", *ALLOW, "--dry-run")
    assert ran.code == 0, ran.err
    (pip,) = (words for words in map(shlex.split, ran.out.splitlines()) if "pip" in words)
    (place,) = (word for word in pip if word.startswith("zz-built @ file://"))
    assert Path(place.partition("file://")[2].partition("#")[0]).is_file()


def test_P2_a_lock_of_another_build_is_refused(run: Here, source: Path) -> None:
    assert run("lock", *ALLOW, "-o", "lock.toml").code == 0
    lock = source / "lock.toml"
    document = tomllib.loads(lock.read_text())
    (build,) = document["tool"]["distrofirst"]["builds"]
    lock.write_text(lock.read_text().replace(build["hashes"]["sha256"], "0" * 64))
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert ran.code == 5
    assert build["hashes"]["sha256"] in ran.err
    assert "0" * 64 in ran.err
    assert not (source / "env").exists()


def test_P2_a_hostile_build_is_refused_and_leaves_nothing(
    run: Here, source: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    offer(index, sdist_bytes(code="open('/root/.ssh/id_rsa').read()"))
    for command in (("lock", *ALLOW), ("install", *ALLOW, "--yes")):
        ran = run(*command)
        assert (ran.code, ran.out) == (5, "")
        assert "looked into a home folder: /root/.ssh/id_rsa" in ran.err
        assert {path.name for path in source.iterdir()} == {"requirements.txt"}
    assert set(tmp_path.iterdir()) == before


def test_P2_a_build_requirement_without_a_wheel_is_refused(run: Here, source: Path, index: Loopback) -> None:
    offer(index, sdist_bytes(requires=["zz-source"]))
    ran = run("lock", *ALLOW)
    assert source.is_dir()
    assert ran.code == 5
    assert "it is built with wheels of the index only, and there is none for zz-source" in ran.err


def test_P2_pip_would_build_without_a_sandbox(run: Here, source: Path) -> None:
    assert source.is_dir()
    ran = run("lock", *ALLOW, "--format", "requirements")
    assert (ran.code, ran.out) == (5, "")
    assert "zz-built would be built by pip, without a sandbox" in ran.err


# What holds for the remainder holds for what builds it ------------------------------------------------------------


def test_P3_the_cooldown_holds_for_what_builds(run: Here, source: Path, index: Loopback) -> None:
    young = (datetime.now(UTC) - timedelta(hours=12)).isoformat()
    serve(index, {"zz-tool": {"1.0": {}, "1.1": {"uploaded": young}}}, "metadata")
    offer(index, sdist_bytes(requires=["zz-tool"]))
    ran = run("lock", *ALLOW, "-o", "lock.toml")
    assert ran.code == 0, ran.err
    assert "warning: zz-tool 1.1 was passed over for 1.0: uploaded " in ran.err
    assert "(to build zz-built)" in ran.err
    (wheel,) = locks.loads((source / "lock.toml").read_text(), context="lock.toml").wheels
    assert wheel.built is not None
    assert [str(one.version) for one in wheel.built.requires] == ["1.0"]


def test_P3_a_young_sdist_is_not_built(run: Here, source: Path, index: Loopback) -> None:
    young = serve_sdist(index, sdist_bytes())
    young = replace(young, upload_time=(datetime.now(UTC) - timedelta(hours=12)).isoformat())
    index.routes["/simple/zz-built/"] = [page("zz-built", [entry(young)])]
    ran = run("lock", *ALLOW)
    assert source.is_dir()
    assert ran.code == 5
    assert 'uploaded-before-for.zz-built = "off" in the configuration' in ran.err
    assert "building" not in ran.err
    assert run("lock").code == 1  # without leave to build, its age is not what is in the way


def test_P1_what_builds_comes_from_the_index_that_it_is_assigned_to(run: Here, source: Path, index: Loopback) -> None:
    serve(index, {"our-tool": {"99.0": {}}}, "metadata")
    offer(index, sdist_bytes(requires=["our-tool"]))
    with Loopback() as ours:
        url = serve(ours, {"our-tool": {"1.0": {}}}, "metadata")
        (source / "distrofirst.toml").write_text(f'[[index]]\nurl = "{url}"\nprojects = ["our-*"]\n')
        ran = run("lock", *ALLOW, "-o", "lock.toml")
        assert ran.code == 0, ran.err
        text = (source / "lock.toml").read_text()
        assert f"{ours.url}/files/our_tool-1.0-py3-none-any.whl" in text
        assert "our_tool-99.0" not in text
    assert not any("our-tool" in request.path for request in index.requests)


def test_what_builds_may_not_look_like_something_else(run: Here, source: Path, index: Loopback) -> None:
    serve(index, {"setuptoools": {"99.0": {}}}, "metadata")
    offer(index, sdist_bytes(requires=["setuptoools"]))
    refused = run("lock", *ALLOW, "--strict")
    assert refused.code == 5
    assert "--strict: 1 reason not to go ahead:" in refused.err
    assert 'reviewed = ["setuptoools"]' in refused.err
    assert "building" not in refused.err
    warned = run("lock", *ALLOW, "-o", "lock.toml")
    assert warned.code == 0, warned.err
    assert "warning: setuptoools looks like setuptools" in warned.err
    theirs = run("install", "--lock", "lock.toml", "--strict", "--yes", "--venv", "env")
    assert theirs.code == 5
    assert "setuptoools looks like setuptools" in theirs.err
    assert not (source / "env").exists()


def test_P2_what_was_built_once_is_installed_offline(run: Here, source: Path, index: Loopback, home: Path) -> None:
    assert run("lock", *ALLOW, "-o", "lock.toml").code == 0
    shutil.rmtree(home / ".cache" / "distrofirst" / "wheels")
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env", "--offline")
    assert ran.code == 3
    assert "zz_built-1.0-py3-none-any.whl" in ran.err
    assert run("install", "--lock", "lock.toml", "--dry-run").code == 0
    before = len(index.requests)
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env", "--offline")
    assert ran.code == 0, ran.err
    assert run("lock", *ALLOW, "-o", "again.toml", "--offline").code == 0
    assert (source / "again.toml").read_text() == (source / "lock.toml").read_text()
    assert len(index.requests) == before


def test_P2_a_review_tells_what_was_built_and_builds_nothing(run: Here, source: Path, home: Path) -> None:
    assert run("lock", *ALLOW, "-o", "lock.toml").code == 0
    ran = run("review", "lock.toml")
    assert "its wheel was built here, and its source's own code ran for it" in " ".join(ran.out.split()), ran.err
    shutil.rmtree(home / ".cache" / "distrofirst" / "wheels")
    ran = run("review", "lock.toml")
    assert source.is_dir()
    assert ran.code == 3
    assert "zz_built-1.0-py3-none-any.whl: it was built, and is not in the cache" in ran.err
    assert "building" not in ran.err


def test_P2_what_was_built_is_audited_like_the_rest(run: Here, source: Path) -> None:
    assert run("lock", *ALLOW, "-o", "lock.toml").code == 0
    ran = run("audit", "--lock", "lock.toml", *database(source, advisory("zz-built", fixed="1.1")))
    assert ran.code == 1
    assert "vulnerable   zz-built 1.0: GHSA-1" in ran.out


def test_P2_a_lock_is_decided(run: Here, folder: Path) -> None:
    assert folder.is_dir()
    assert "--allow-sdist does not go with --lock" in run("install", "--lock", "l.toml", *ALLOW).err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_P2_as_nobody(source: Path, index: Loopback, debian: str, home: Path) -> None:
    """The same build without any rights to begin with."""
    assert debian
    with tempfile.TemporaryDirectory(prefix="distrofirst-nobody-") as place:
        theirs = Path(place)
        shutil.copytree(CHECKOUT / "resolver", theirs / "code" / "resolver")
        shutil.copytree(CHECKOUT / "mappings", theirs / "code" / "mappings")
        shutil.copytree(home / ".cache", theirs / "home" / ".cache")
        shutil.copy(source / "requirements.txt", theirs / "home")
        subprocess.run(["chown", "-R", "65534:65534", place], check=True)
        environment = {
            "HOME": str(theirs / "home"),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(theirs / "code"),
            "PIP_INDEX_URL": f"{index.url}/simple/",
            "no_proxy": "127.0.0.1",
        }
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        program = ["/usr/bin/python3", "-m", "resolver", "install", *ALLOW, "--yes", "--venv", "env"]
        done = subprocess.run(
            [*as_nobody, *program],
            check=False,
            capture_output=True,
            text=True,
            cwd=theirs / "home",
            env=environment,
        )
        if "No module named" in done.stderr:
            pytest.skip(f"the system's Python cannot run distrofirst: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        assert "building zz_built-1.0.tar.gz in a sandbox" in done.stderr
        offer(index, sdist_bytes(code="import socket\nsocket.create_connection(('192.0.2.7', 443), 3)"))
        shutil.rmtree(theirs / "home" / ".cache" / "distrofirst" / "entries")
        done = subprocess.run(
            [*as_nobody, *program], check=False, capture_output=True, text=True, cwd=theirs / "home", env=environment
        )
        assert done.returncode == 5, done.stderr
        assert "tried to reach the network: 192.0.2.7, 192.0.2.7:443" in done.stderr


@pytest.mark.network
def test_P2_a_real_sdist_with_real_setuptools(run: Here, folder: Path, debian: str) -> None:
    """docopt 0.6.2 has no wheel, and a setup.py of 2014."""
    assert debian
    (folder / "distrofirst.toml").write_text('exclude = ["docopt"]\n')
    (folder / "requirements.txt").write_text("docopt==0.6.2\n")
    ran = run("lock", "--allow-sdist", "docopt", "-o", "lock.toml")
    assert ran.code == 0, ran.err
    (wheel,) = locks.loads((folder / "lock.toml").read_text(), context="lock.toml").wheels
    assert wheel.built is not None
    assert "setuptools" in {one.project for one in wheel.built.requires}
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert ran.code == 0, ran.err
    done = subprocess.run([folder / "env" / "bin" / "python", "-c", "import docopt"], check=False)
    assert done.returncode == 0
