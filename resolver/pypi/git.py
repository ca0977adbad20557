"""Drives git: one commit's files as an archive, and the commit that a branch or a tag is at now.

Nothing that is configured has a say, neither the person's nor the system's files nor what is in the repository: no
hooks, no filters, no attributes, no submodules, no questions. Only the transport that the URL names is open. Logins
come from ~/.netrc and ssh's keys alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.model import Command
from resolver.repositories import Place, is_full, is_git, pinned, place_of, untrusted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from resolver.model import Commit, Completed, Requirement
    from resolver.ports import Runner

_SECONDS: Final = 1800
"""For one command."""
_LARGEST: Final = 4 << 30
"""Bytes of one file that git may write."""
_BOUNDED: Final = (
    *("setpriv", "--pdeathsig", "KILL", "--"),  # if distrofirst is killed, so is git
    *("timeout", "--kill-after=10", str(_SECONDS), "prlimit", f"--fsize={_LARGEST}", "--"),
)
_SETTINGS: Final = {
    "core.attributesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "maintenance.auto": "false",
}
_ENVIRONMENT: Final = {
    "GIT_ASKPASS": "/bin/false",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_TERMINAL_PROMPT": "0",
}
_ATTRIBUTES: Final = "* -text -eol -ident -filter -working-tree-encoding -export-ignore -export-subst\n"
"""Wins over every .gitattributes of the tree: files come out as they were committed."""
_EVERYTHING: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_TIMED_OUT: Final = 124
_SHA1: Final = 40
_SHORT: Final = 7
"""Digits of an abbreviated hash, at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """Where a branch or a tag is now, else why nobody knows."""

    commit: str | None = None
    why: str = ""
    said: str = ""
    """By git; names the repository."""


class Git:
    """The git of this machine."""

    def __init__(self, runner: Runner, *, offline: bool) -> None:
        """Start nothing yet."""
        self._runner = runner
        self._offline = offline
        self._is_here = False

    def export(self, commit: Commit, folder: Path) -> Path:
        """Fetch one commit, and give its files as a tar archive with one folder at its top.

        git itself holds everything to the hash. Raises PolicyError for what is no commit, UnavailableError where it
        cannot be had.
        """
        if self._offline:
            raise UnavailableError(
                "not in the cache, and the run is offline", context=str(commit), hint="run once without --offline"
            )
        repository, archive = folder / "repository.git", folder / "source.tar"
        kind = () if len(commit.commit) == _SHA1 else ("--object-format=sha256",)
        self._must("init", "--quiet", "--bare", "--template=", *kind, str(repository), commit=commit)
        (repository / "info").mkdir(exist_ok=True)
        (repository / "info" / "attributes").write_text(_ATTRIBUTES)
        self._fetch(commit, repository)
        # The tree, not the commit: nothing that is said about it gets into the archive.
        tree = f"{commit.commit}^{{tree}}"
        self._must(
            *_in(repository), "archive", "--format=tar", "--prefix=source/", "-o", str(archive), tree, commit=commit
        )
        return archive

    def _fetch(self, commit: Commit, repository: Path) -> None:
        quietly = (*_in(repository), "fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
        done = self._run(*quietly, "--depth=1", "--", commit.url, commit.commit, url=commit.url)
        if done.returncode != 0:
            # A server that gives only what a branch or a tag is at, or a folder of files that cannot choose.
            done = self._run(*quietly, "--", commit.url, *_EVERYTHING, url=commit.url)
        if done.returncode != 0:
            raise UnavailableError(
                f"git cannot fetch it: {_last(done)}",
                context=str(commit),
                hint="check the address, the network, and the login in ~/.netrc or ssh's keys",
            )
        kind = self._run(*_in(repository), "cat-file", "-t", commit.commit, url=commit.url).stdout.strip()
        if kind == "commit":
            return
        found = self._run(*_in(repository), "rev-parse", f"{commit.commit}^{{commit}}", url=commit.url).stdout.strip()
        raise PolicyError(
            f"this is the hash of a {kind}, not of a commit" if kind else "no branch and no tag of it has this commit",
            context=str(commit),
            hint=f"its commit is {found}: write {pinned(str(commit), found)}"
            if kind == "tag"
            else f"ask the repository: git ls-remote {commit.url}",
        )

    # Branches and tags ------------------------------------------------------------------------------------------

    def refuse_moving(self, requirements: Iterable[Requirement]) -> None:
        """Refuse VCS requirements without a full commit hash: PolicyError that prints the commits to pin (rule R5)."""
        moving = [(one, one.url) for one in requirements if one.url is not None and is_git(one.url)]
        moving = [(one, url) for one, url in moving if not place_of(url).is_full]
        if not moving:
            return
        lines, hints = [], []
        for requirement, url in moving:
            place, written = place_of(url), requirement.text
            lines.append(f"{requirement.origin}: {written}")
            name = f"{place.revision!r}" if place.revision else "the default branch"
            # What came from the environment may be a secret.
            is_shown = place.url in written
            found = self._commit_at(place)
            if found.commit is not None:
                fixed = written.replace(url.partition("#")[0], pinned(url, found.commit).partition("#")[0], 1)
                lines.append(f"  {name} is at {found.commit} now; write:")
                lines.append(f"  {fixed}" if is_shown else f"  …@{found.commit}")
            else:
                lines.append(f"  {name}: {found.why}{f': {found.said}' if found.said and is_shown else ''}")
                hints.append(f"ask the repository: git ls-remote {place.url if is_shown else 'URL'}")
        count = f"{len(moving)} of the requirements name a branch or a tag, which can move, not a full commit:"
        raise PolicyError(
            "\n  ".join((count, *lines)),
            context=str(moving[0][0].origin),
            hint="; ".join(dict.fromkeys(hints)) or "look at these commits, then pin them",
        )

    def _commit_at(self, place: Place) -> _Found:
        """Ask where a branch or a tag is now."""
        if self._offline:
            return _Found(why="where it is cannot be asked, for the run is offline")
        if why := untrusted(place):
            return _Found(why=f"this is {why}")
        done = self._run("ls-remote", "--quiet", "--", place.url, url=place.url)
        if done.returncode != 0:
            return _Found(why="where it is cannot be asked", said=_last(done))
        listed = (line.partition("\t") for line in done.stdout.splitlines())
        refs = {name: commit for commit, _, name in listed if is_full(commit)}
        # An annotated tag has a hash of its own; what counts is the commit that it stands for.
        commits = {name.removesuffix("^{}"): refs.get(f"{name}^{{}}", commit) for name, commit in refs.items()}
        revision = place.revision or "HEAD"
        for name in (f"refs/tags/{revision}", f"refs/heads/{revision}", revision):
            if name in commits:
                return _Found(commit=commits[name])
        begun = {commit for commit in commits.values() if len(revision) >= _SHORT and commit.startswith(revision)}
        if len(begun) == 1:
            return _Found(commit=begun.pop())
        return _Found(why="the repository has no branch and no tag of this name")

    # Running ----------------------------------------------------------------------------------------------------

    def _must(self, *argv: str, commit: Commit) -> None:
        done = self._run(*argv, url=commit.url)
        if done.returncode != 0:
            raise CommandError(f"git failed: {_last(done)}", context=str(commit))

    def _run(self, *argv: str, url: str) -> Completed:
        """Run git with nothing configured but this, for this URL's transport alone."""
        settings = (word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}"))
        environment = {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": place_of(url).transport}
        if agent := os.environ.get("SSH_AUTH_SOCK"):
            environment["SSH_AUTH_SOCK"] = agent
        if not self._is_here:
            self._find()
        return self._runner.run(
            Command(
                argv=(*_BOUNDED, "git", *settings, *argv),
                environment=environment,
                purpose=f"fetch from {url}",
            )
        )

    def _find(self) -> None:
        try:
            self._runner.run(Command(argv=("git", "--version"), purpose="fetch from a repository"))
        except CommandError as error:
            raise CommandError(
                "a requirement names a repository, and git is not installed",
                context="git",
                hint="install the OS package git (openSUSE: git-core), then repeat the command",
            ) from error
        self._is_here = True


def _in(repository: Path) -> tuple[str, ...]:
    return (f"--git-dir={repository}",)


def _last(done: Completed) -> str:
    """Give the end of what git said, fit for a terminal."""
    if done.returncode == _TIMED_OUT:
        return f"it took longer than {_SECONDS} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = next(
        (line for line in lines if line.startswith(("fatal:", "error:", "remote:"))), lines[-1] if lines else ""
    )
    return "".join(letter if letter.isprintable() else "?" for letter in said)[:300] or f"exit code {done.returncode}"
