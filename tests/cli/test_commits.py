"""R5: commits of git repositories, from the requirement to the environment, on this host."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from resolver import lock as locks
from resolver.model import Commit
from tests.repositories import Repository
from tests.sdists import no_sandbox, project_files
from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commandline import Here
    from tests.loopback import Loopback

pytestmark = [
    pytest.mark.skipif(no_sandbox() is not None, reason=str(no_sandbox())),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
LOCK = ("lock", "-o", "lock.toml")


@pytest.fixture
def repository(folder: Path, index: Loopback, debian: str) -> Repository:
    """Give a repository whose only commit requires zz-beta of the index."""
    assert debian
    assert index
    repository = Repository(folder.parent / "origin")
    repository.commit(project_files(metadata="Requires-Dist: zz-beta\n"))
    return repository


def require(folder: Path, repository: Repository, revision: str | None = None, *, more: str = "") -> str:
    """Require what the repository is at, or another revision of it; give the commit that it is at."""
    head = repository("rev-parse", "HEAD")
    wanted = f"@{revision}" if revision else f"@{head}" if revision is None else ""
    (folder / "requirements.txt").write_text(f"# ours\ngit+{repository.url}{wanted}#egg=zz_built{more}\n")
    return head


def test_R5_a_plan_with_a_commit(run: Here, folder: Path, repository: Repository) -> None:
    head = require(folder, repository)
    ran = run("report")
    assert ran.code == 0, ran.err
    assert "a repository, 1.0, built from its commit" in ran.out
    project = run("report", "--format", "json").projects["zz-built"]
    assert (project["outcome"], project["version"], project["reason"]) == ("pypi", "1.0", "direct-url")
    told = run("explain", f"git+{repository.url}@{head}#egg=zz_built").out
    assert f"@{head}isbuiltinasandbox" in "".join(told.replace("│", "").split())
    ran = run(*LOCK)
    assert ran.code == 0, ran.err
    text = (folder / "lock.toml").read_text()
    lock = locks.loads(text, context="lock.toml")
    assert locks.dumps(lock) == text
    document = tomllib.loads(text)
    beta, built = document["packages"]
    assert beta["name"] == "zz-beta"
    assert built.pop("tool")["distrofirst"]["attestation"]["status"] == "not-checked", "nobody published what was built"
    assert built == {"name": "zz-built", "vcs": {"type": "git", "url": repository.url, "commit-id": head}}
    (build,) = document["tool"]["distrofirst"]["builds"]
    assert (build["version"], build["wheel"]) == ("1.0", "zz_built-1.0-py3-none-any.whl")
    source = lock.wheels[1].built.source if lock.wheels[1].built else None
    assert isinstance(source, Commit)
    assert source.tree == build["tree"]["sha256"]


def test_R5_from_a_lock_to_an_environment(run: Here, folder: Path, repository: Repository, home: Path) -> None:
    require(folder, repository)
    assert run(*LOCK).code == 0
    shutil.rmtree(home / ".cache" / "distrofirst" / "wheels")
    shutil.rmtree(home / ".cache" / "distrofirst" / "entries")
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert ran.code == 0, ran.err
    assert "building git+file://" in ran.err
    python = folder / "env" / "bin" / "python"
    said = subprocess.run([python, "-c", "import zz_built; print(zz_built.answer)"], check=True, capture_output=True)
    assert said.stdout == b"42\n"
    assert run("verify", "--venv", "env").code == 0
    assert run(*LOCK).code == 0
    shutil.rmtree(repository.folder)  # nobody is asked again
    assert "nothing to do" in run("install", "--lock", "lock.toml", "--yes", "--venv", "env", "--offline").err
    assert run("install", "--yes", "--venv", "other", "--offline").code == 0


@pytest.mark.parametrize("revision", ["main", "v1", ""])
def test_R5_a_branch_or_a_tag_is_refused_with_the_commit_to_pin(
    run: Here, folder: Path, repository: Repository, revision: str
) -> None:
    repository("tag", "-a", "v1", "-m", "one")
    head = require(folder, repository, revision)
    for command in (("report",), LOCK, ("install", "--yes")):
        ran = run(*command)
        assert (ran.code, ran.out) == (5, "")
        assert "requirements.txt:2" in ran.err
        assert f"git+{repository.url}@{head}#egg=zz_built" in ran.err
        assert "building" not in ran.err
    ran = run(*LOCK, "--offline")
    assert ran.code == 5
    assert f"git ls-remote {repository.url}" in ran.err
    # What is printed is what works.
    require(folder, repository, head)
    assert run(*LOCK).code == 0


def test_R5_a_tree_that_is_not_the_locks_is_refused(
    run: Here, folder: Path, repository: Repository, home: Path
) -> None:
    require(folder, repository)
    assert run(*LOCK).code == 0
    shutil.rmtree(home / ".cache" / "distrofirst" / "wheels")
    text = (folder / "lock.toml").read_text()
    (build,) = tomllib.loads(text)["tool"]["distrofirst"]["builds"]
    (folder / "lock.toml").write_text(text.replace(build["tree"]["sha256"], "0" * 64))
    ran = run("install", "--lock", "lock.toml", "--yes", "--venv", "env")
    assert ran.code == 5
    assert f"the sha256 of its files is {build['tree']['sha256']}, the lock has {'0' * 64}" in ran.err
    assert "building" not in ran.err
    assert not (folder / "env").exists()


def test_R5_attack_by_a_commit_that_reads_the_home_folder(run: Here, folder: Path, repository: Repository) -> None:
    repository.commit(project_files(code="open('/root/.ssh/id_rsa').read()"))
    require(folder, repository)
    ran = run("install", "--yes", "--venv", "env")
    assert (ran.code, ran.out) == (5, "")
    assert "looked into a home folder: /root/.ssh/id_rsa" in ran.err
    assert not (folder / "env").exists()


def test_R5_a_subdirectory(run: Here, folder: Path, repository: Repository) -> None:
    """The whole tree is there, and the project's folder is where the backend runs."""
    files = {f"sub/pro ject/{name}": text for name, text in project_files(code="open('../../shared').read()").items()}
    repository.commit(
        {**files, "shared": "x", "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'no'\n"}
    )
    require(folder, repository, more="&subdirectory=sub/pro%20ject")
    ran = run(*LOCK)
    assert ran.code == 0, ran.err
    text = (folder / "lock.toml").read_text()
    assert 'subdirectory = "sub/pro ject"' in text
    assert locks.dumps(locks.loads(text, context="lock.toml")) == text


def test_R5_submodules_are_not_fetched_and_that_is_told(run: Here, folder: Path, repository: Repository) -> None:
    other = Repository(folder.parent / "other")
    other.commit({"secret": "x"})
    repository("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.url, "sub")
    repository.commit({"own.py": project_files(code="assert os.listdir('sub') == []")["own.py"]})
    require(folder, repository)
    ran = run(*LOCK)
    assert ran.code == 0, ran.err
    assert "is taken without its submodules" in ran.err
    assert [one["worry"] for one in run("report", "--format", "json").projects["zz-built"]["concerns"]] == [
        "incomplete"
    ]


def test_R5_what_a_wheel_names_is_not_fetched(run: Here, folder: Path, repository: Repository, index: Loopback) -> None:
    head = require(folder, repository)
    serve(
        index,
        {"zz-carrier": {"1.0": {"requires": [f"zz-built @ git+file://localhost{repository.folder}@{head}"]}}},
        "metadata",
    )
    (folder / "requirements.txt").write_text("zz-carrier\n")
    ran = run(*LOCK)
    assert ran.code == 1
    assert "only the inputs may name a place" in ran.err
    assert "building" not in ran.err


def test_R5_another_projects_commit_is_refused(run: Here, folder: Path, repository: Repository) -> None:
    repository.commit(project_files("requests", "99.0"))
    require(folder, repository)
    ran = run(*LOCK)
    assert ran.code == 5
    assert "its build gave requests-99.0-py3-none-any.whl, expected a wheel of zz-built" in ran.err


def test_R5_another_release_is_no_place_to_build_for(
    run: Here, folder: Path, repository: Repository, debian: str
) -> None:
    require(folder, repository)
    other = "debian:12" if debian == "debian:13" else "debian:13"
    ran = run(*LOCK, "--target", other)
    assert ran.code == 1
    assert "building" not in ran.err
    ran = run("report", "--direct", "--format", "json")
    assert ran.outcomes["zz-built"] == "unresolved"


def test_R5_what_cannot_be_pinned_by_hash_is_not_exported(run: Here, folder: Path, repository: Repository) -> None:
    require(folder, repository)
    ran = run("lock", "--format", "requirements")
    assert (ran.code, ran.out) == (5, "")
    assert "zz-built would be built by pip, without a sandbox" in ran.err


def test_R5_the_commit_of_a_pylock_file_is_an_input_like_any_other(
    run: Here, folder: Path, repository: Repository
) -> None:
    vcs = f'{{type = "git", url = "{repository.url}", commit-id = "{repository("rev-parse", "HEAD")}"}}'
    head = 'lock-version = "1.0"\ncreated-by = "another"\n'
    (folder / "pylock.toml").write_text(f'{head}[[packages]]\nname = "zz-built"\nvcs = {vcs}\n')
    ran = run("report", "pylock.toml", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.outcomes["zz-built"] == "pypi"
