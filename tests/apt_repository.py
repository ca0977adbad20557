"""A signed apt archive on disk, of packages that are nothing but their names; for apt itself to read."""

from __future__ import annotations

import contextlib
import lzma
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOOLS = ("apt-ftparchive", "dpkg-deb", "gpg", "gpg-agent", "apt-get")
WITHOUT_TOOLS = f"this needs {', '.join(_TOOLS)}"


def has_tools() -> bool:
    return all(map(shutil.which, _TOOLS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What signs an archive."""

    public: Path
    """What others verify it by."""
    home: Path

    @classmethod
    @contextlib.contextmanager
    def new(cls, public: Path) -> Iterator[Key]:
        """Make a key, which is gone at the end; its public part, in this file, stays."""
        # A short path: gpg's agent has its socket there.
        with tempfile.TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as home:
            key = cls(public=public, home=Path(home))
            try:
                key("--passphrase", "", "--quick-generate-key", "tests", "ed25519", "sign", "never")
                key("--output", str(public), "--export")
                yield key
            finally:
                subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)

    def __call__(self, *argv: str, text: str | None = None) -> str:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", *argv]
        return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def write(
    folder: Path,
    suite: str,
    packages: Mapping[str, tuple[str, str]],
    key: Key,
    files: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Make an archive of packages by their name: version, and what they depend on; some have ``files``."""
    pool = folder / "pool" / "main"
    pool.mkdir(parents=True)
    for name, (version, depends) in packages.items():
        tree = folder / "build" / name
        (tree / "DEBIAN").mkdir(parents=True)
        fields = {"Package": name, "Version": version, "Architecture": "all", "Maintainer": "t <t@mail.example>"}
        fields |= {"Depends": depends} if depends else {}
        control = [f"{field}: {value}" for field, value in {**fields, "Description": "nothing"}.items()]
        (tree / "DEBIAN" / "control").write_text("\n".join(control) + "\n")
        for path, text in (files or {}).get(name, {}).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        subprocess.run(
            ["dpkg-deb", "-Znone", "--root-owner-group", "--build", str(tree), str(pool)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    shutil.rmtree(folder / "build")
    binary = folder / "dists" / suite / "main" / "binary-amd64"
    binary.mkdir(parents=True)
    packages_file = _run(folder, "packages", "pool")
    (binary / "Packages").write_text(packages_file)
    (binary / "Packages.xz").write_bytes(lzma.compress(packages_file.encode()))
    sign(folder, suite, key)


def sign(folder: Path, suite: str, key: Key, **more: str) -> None:
    """Write InRelease anew, with ``more`` fields: ``Valid_Until``."""
    place = folder / "dists" / suite
    (place / "InRelease").unlink(missing_ok=True)
    fields = {"Origin": "Tests", "Codename": suite, "Suite": suite, "Architectures": "amd64", "Components": "main"}
    options = [f"-oAPT::FTPArchive::Release::{name}={value}" for name, value in fields.items()]
    release = _run(place, *options, "release", ".")
    release = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in more.items()) + release
    (place / "InRelease").write_text(key("--clearsign", "--output", "-", text=release))


def _run(cwd: Path, *argv: str) -> str:
    return subprocess.run(["apt-ftparchive", *argv], cwd=cwd, check=True, capture_output=True, text=True).stdout
