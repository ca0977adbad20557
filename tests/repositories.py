"""Real git repositories on disk, and on this machine's loopback."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.loopback import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.loopback import Loopback, Request

_AS = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@mail.example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@mail.example",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repository:
    """A repository with a work tree, ``main`` checked out."""

    def __init__(self, folder: Path, *, object_format: str = "sha1") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")

    def __call__(self, *argv: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **_AS}
        done = subprocess.run(
            ["git", *argv], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        """Write files, commit all that is there, and give the commit."""
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self("add", "--all", "--force")
        self("commit", "--quiet", "--allow-empty", "--message=one")
        return self("rev-parse", "HEAD")

    def serve(self, server: Loopback, path: str = "/x.git") -> str:
        """Serve it as plain files (git's "dumb" protocol); give its URL."""
        self("update-server-info")

        def answer(request: Request) -> Reply:
            name = request.path.partition("?")[0].removeprefix(f"{path}/")
            file = self.folder / ".git" / name
            return Reply(body=file.read_bytes()) if file.is_file() else Reply(status=404)

        names = [str(file.relative_to(self.folder / ".git")) for file in (self.folder / ".git").rglob("*")]
        missing = ["objects/info/alternates", "objects/info/http-alternates"]
        for name in (*names, *missing, "info/refs?service=git-upload-pack"):
            server.routes[f"{path}/{name}"] = answer
        return server.url + path
