"""Commits of real repositories: what is fetched, how, and what has no say in it (rule R5)."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.io.process import ProcessRunner
from resolver.model import Command, Commit, Completed, Origin, Requirement
from resolver.pypi.fetching import Fetcher, gaps, tree_hash
from resolver.pypi.git import Git
from tests.loopback import Loopback, Reply
from tests.repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
NAME = canonicalize_name("zz-built")


class Watched(ProcessRunner):
    """Runs for real, and remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        return super().run(command)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


def commit(url: str, digits: str, *, below: str = "", tree: str | None = None) -> Commit:
    return Commit(project=NAME, url=url, commit=digits, subdirectory=below, tree=tree)


def unpack(tmp_path: Path, wanted: Commit, runner: ProcessRunner | None = None) -> tuple[Commit, Path]:
    folder = tmp_path / "unpacked"
    folder.mkdir(parents=True)
    source, root = Fetcher(lambda: pytest.fail("no index"), Git(runner or ProcessRunner(), offline=False)).unpack(
        wanted, folder
    )
    assert isinstance(source, Commit)
    return source, root


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_R5_a_commit_is_fetched_alone_and_is_what_it_was(tmp_path: Path, repository: Repository) -> None:
    first = repository.commit({"a.txt": "one\n", "bin/run": "#!/bin/sh\n"})
    repository.commit({"a.txt": "two\n"})
    runner = Watched()
    source, root = unpack(tmp_path, commit(repository.url, first), runner)
    assert files(root) == {"a.txt": b"one\n", "bin/run": b"#!/bin/sh\n"}
    assert source.tree == tree_hash(root)
    (fetch,) = (command.argv for command in runner.commands if "fetch" in command.argv)
    assert fetch[-4:] == ("--depth=1", "--", repository.url, first)
    assert unpack(tmp_path / "again", source) == (source, tmp_path / "again" / "unpacked" / "unpacked" / "source")


def test_R5_files_come_out_as_they_were_committed(tmp_path: Path, repository: Repository) -> None:
    """What a repository's attributes would do to them differs between hosts, or runs a program."""
    mark = tmp_path / "ran"
    attributes = "* text eol=crlf ident export-subst filter=evil working-tree-encoding=UTF-16\nhidden export-ignore\n"
    content = {"a.txt": "$Id$ $Format:%H$\n", "hidden": "here\n", ".gitattributes": attributes}
    repository("config", "filter.evil.clean", "cat")
    for name, text in content.items():
        (repository.folder / name).write_text(text)
        blob = repository("hash-object", "-w", "--no-filters", name)
        repository("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    repository("config", "filter.evil.smudge", f"touch {mark}")
    repository("commit", "--quiet", "--message=one")
    _, root = unpack(tmp_path, commit(repository.url, repository("rev-parse", "HEAD")))
    assert files(root) == {name: text.encode() for name, text in content.items()}
    assert not mark.exists()


def test_R5_nothing_that_is_configured_has_a_say(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository.commit({"a.txt": "one\n"})
    home, mark = tmp_path / "home", tmp_path / "ran"
    hooks = home / "hooks"
    hooks.mkdir(parents=True)
    for hook in ("reference-transaction", "post-checkout", "fsmonitor-watchman", "pre-auto-gc"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / hook).chmod(0o755)
    elsewhere = Repository(tmp_path / "elsewhere")
    elsewhere.commit({"a.txt": "another\n"})
    (home / ".gitconfig").write_text(
        f'[core]\n hooksPath = {hooks}\n fsmonitor = {hooks}/fsmonitor-watchman\n[url "{elsewhere.url}"]\n'
        f" insteadOf = {repository.url}\n[init]\n templateDir = {home}\n[credential]\n helper = !touch {mark}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(elsewhere.folder / ".git"))
    _, root = unpack(tmp_path, commit(repository.url, head), Watched())
    assert files(root) == {"a.txt": b"one\n"}
    assert not mark.exists()


def test_R5_only_the_named_transport_is_open(tmp_path: Path, repository: Repository, server: Loopback) -> None:
    """A server that sends git elsewhere: to a folder of this machine."""
    head = repository.commit({"a.txt": "one\n"})
    server.routes["/x.git/info/refs?service=git-upload-pack"] = [
        Reply(status=302, headers={"Location": f"{repository.url}/.git/info/refs"})
    ]
    with pytest.raises(UnavailableError, match="git cannot fetch it"):
        unpack(tmp_path, commit(f"{server.url}/x.git", head))


def test_R5_a_server_of_plain_files_gives_the_commit_too(
    tmp_path: Path, repository: Repository, server: Loopback
) -> None:
    first = repository.commit({"a.txt": "one\n"})
    repository.commit({"a.txt": "two\n"})
    _, root = unpack(tmp_path, commit(repository.serve(server), first))
    assert files(root) == {"a.txt": b"one\n"}


def test_R5_a_repository_of_sha256(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "origin", object_format="sha256")
    head = repository.commit({"a.txt": "one\n"})
    assert len(head) == 64
    _, root = unpack(tmp_path, commit(repository.url, head))
    assert files(root) == {"a.txt": b"one\n"}


def test_R5_the_trees_hash_is_of_paths_modes_and_contents(tmp_path: Path) -> None:
    def made(name: str, *, content: str = "x", mode: int = 0o644, path: str = "a", link: str | None = None) -> str:
        folder = tmp_path / name
        folder.mkdir()
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        if link is not None:
            file.symlink_to(link)
        else:
            file.write_text(content)
            file.chmod(mode)
        return tree_hash(folder)

    hashes = [
        made("one"),
        made("content", content="y"),
        made("mode", mode=0o755),
        made("path", path="b"),
        made("deeper", path="a/a"),
        made("link", link="x"),
    ]
    assert len(set(hashes)) == len(hashes)
    record = b"100644 " + hashlib.sha256(b"x").hexdigest().encode() + b" a\0"
    assert made("same") == hashes[0] == hashlib.sha256(record).hexdigest()


def test_R5_another_tree_than_the_locks_is_refused(tmp_path: Path, repository: Repository) -> None:
    head = repository.commit({"a.txt": "one\n"})
    with pytest.raises(PolicyError, match="the lock has 00000"):
        unpack(tmp_path, commit(repository.url, head, tree="0" * 64))


def test_R5_a_link_out_of_the_repository_is_refused(tmp_path: Path, repository: Repository) -> None:
    (repository.folder / "out").symlink_to("../../etc/passwd")
    with pytest.raises(PolicyError, match="outside of it"):
        unpack(tmp_path, commit(repository.url, repository.commit()))


def test_R5_a_commit_that_is_not_there(tmp_path: Path, repository: Repository) -> None:
    repository.commit({"a.txt": "one\n"})
    with pytest.raises(PolicyError, match="no branch and no tag of it has this commit"):
        unpack(tmp_path, commit(repository.url, "0" * 40))


def test_R5_a_tags_own_hash_is_no_commit(tmp_path: Path, repository: Repository) -> None:
    head = repository.commit({"a.txt": "one\n"})
    repository("tag", "-a", "v1", "-m", "one")
    with pytest.raises(PolicyError, match="the hash of a tag, not of a commit") as caught:
        unpack(tmp_path, commit(repository.url, repository("rev-parse", "v1")))
    assert f"@{head}" in str(caught.value.hint)


def test_R5_a_repository_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="git cannot fetch it: fatal: "):
        unpack(tmp_path, commit(f"file://{tmp_path}/nothing", "0" * 40))


def test_R5_a_subdirectory_that_is_not_there_or_a_link(tmp_path: Path, repository: Repository) -> None:
    head = repository.commit({"a/b.txt": "one\n"})
    with pytest.raises(CommandError, match="it has no folder c"):
        unpack(tmp_path, commit(repository.url, head, below="c"))


def test_R5_what_a_repository_lacks_is_told(tmp_path: Path) -> None:
    assert gaps(tmp_path) == ()
    (tmp_path / ".gitmodules").write_text('[submodule "x"]\n')
    (tmp_path / ".gitattributes").write_text("*.bin filter=lfs diff=lfs\n")
    assert gaps(tmp_path) == ("its submodules", "its files in Git LFS")


def test_R5_without_git_the_os_package_is_named(tmp_path: Path) -> None:
    class Without(ProcessRunner):
        def run(self, command: Command) -> Completed:
            raise CommandError(f"{command.argv[0]} is not there")

    with pytest.raises(CommandError, match="git is not installed") as caught:
        unpack(tmp_path, commit("https://u.example/x.git", "0" * 40), Without())
    assert "install the OS package git" in str(caught.value.hint)


# Branches and tags ----------------------------------------------------------------------------------------------


def line(url: str, number: int = 3) -> Requirement:
    text = f"zz-built @ {url}"
    origin = Origin(file="app.txt", line=number)
    return Requirement(name=NAME, specifier=SpecifierSet(), url=url, origin=origin, text=text)


def refusal(*requirements: Requirement, offline: bool = False, runner: ProcessRunner | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        Git(runner or ProcessRunner(), offline=offline).refuse_moving(requirements)
    return caught.value


@pytest.mark.parametrize("revision", ["main", "v1", "v2", "", "refs/heads/main", "HEAD", "a/b"])
def test_R5_a_branch_or_a_tag_is_an_error_that_prints_the_commit(repository: Repository, revision: str) -> None:
    first = repository.commit({"a.txt": "one\n"})
    repository("tag", "v1")
    repository("tag", "-a", "v2", "-m", "annotated: its commit counts, not the tag's own hash")
    repository("branch", "a/b")
    repository("branch", "x/main")
    second = repository.commit({"a.txt": "two\n"})
    wanted = second if revision in {"main", "", "refs/heads/main", "HEAD"} else first
    error = refusal(line(f"git+{repository.url}{'@' if revision else ''}{revision}#egg=zz_built"))
    assert error.exit_code == 5
    assert error.context == "app.txt:3"
    assert f"zz-built @ git+{repository.url}@{wanted}#egg=zz_built" in error.message.splitlines()[-1]


def test_R5_an_abbreviated_hash_is_completed_where_a_branch_is_at_it(repository: Repository) -> None:
    head = repository.commit({"a.txt": "one\n"})
    assert f"@{head}" in refusal(line(f"git+{repository.url}@{head[:12]}")).message
    assert "no branch and no tag of this name" in refusal(line(f"git+{repository.url}@nowhere")).message


def test_R5_every_such_line_is_named(repository: Repository) -> None:
    head = repository.commit()
    error = refusal(
        line(f"git+{repository.url}@main", 1), line(f"git+{repository.url}@{head}", 2), line(f"git+{repository.url}", 3)
    )
    assert "2 of the requirements" in error.message
    assert ("app.txt:1: " in error.message, "app.txt:2: " in error.message, "app.txt:3: " in error.message) == (
        True,
        False,
        True,
    )


def test_R5_offline_says_how_to_find_it(repository: Repository) -> None:
    error = refusal(line(f"git+{repository.url}@main"), offline=True, runner=Watched())
    assert "the run is offline" in error.message
    assert f"git ls-remote {repository.url}" in str(error.hint)


def test_R5_a_repository_that_does_not_answer_is_still_the_policys_error(tmp_path: Path) -> None:
    error = refusal(line(f"git+file://{tmp_path}/nothing@main"))
    assert "where it is cannot be asked: fatal: " in error.message
    assert f"git ls-remote file://{tmp_path}/nothing" in str(error.hint)


def test_R5_what_came_from_the_environment_is_not_printed(repository: Repository) -> None:
    head = repository.commit()
    url = f"git+{repository.url}@main"
    hidden = Requirement(
        name=NAME,
        specifier=SpecifierSet(),
        url=url,
        origin=Origin(file="app.txt", line=1),
        text="zz-built @ git+${REPOSITORY}@main",
    )
    error = refusal(hidden)
    assert f"…@{head}" in error.message
    assert repository.url not in error.message


def test_R5_full_commits_are_asked_of_nobody() -> None:
    runner = Watched()
    Git(runner, offline=False).refuse_moving([line(f"git+https://u.example/x@{'a' * 40}")])
    assert runner.commands == []
