"""What test hosts inherit from the machine that they are built on: archive, proxies, certificate authorities, index.

Nothing here is written down in the repository: a host uses the mirror, the keyring and the index that the machine uses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resolver.errors import DistrofirstError

ARCHIVE_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PUBLIC_CAS = Path("/usr/share/ca-certificates")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)
_SIGNED_BY = re.compile(r"signed-by\s*[:=]\s*(/[^\s\]]+)", re.IGNORECASE)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class MachineError(DistrofirstError):
    """This machine cannot say where a release's archive is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One suite of an apt repository."""

    uri: str
    suite: str
    """``bookworm``, ``bookworm-updates``, ``bookworm-security``."""
    component: str
    signed_by: Path | None
    """The keyring that the machine verifies it with; None where apt's global keys are used."""


def parse_index_targets(text: str) -> tuple[Source, ...]:
    """Parse ``REPO_URI|RELEASE|COMPONENT|SOURCESENTRY`` lines, one for each Packages index of the machine.

    The keyring is not among what ``apt-get indextargets`` tells, so it is read from the file that the entry stands in,
    in deb822 (``Signed-By: FILE``) or one-line format (``[signed-by=FILE]``).
    """
    sources: dict[Source, None] = {}
    for line in text.splitlines():
        uri, suite, component, entry = line.split("|")
        file = Path(entry.rsplit(":", 1)[0])
        match = _SIGNED_BY.search(file.read_text()) if file.is_file() else None
        sources[Source(uri=uri, suite=suite, component=component, signed_by=Path(match[1]) if match else None)] = None
    return tuple(sources)


@cache
def _own_sources() -> tuple[Source, ...]:
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SOURCESENTRY)"
    command = ["apt-get", "indextargets", "--format", form, "Identifier: Packages"]
    return parse_index_targets(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@cache
def _own_codename() -> str:
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if release.get("ID", "").strip('"') != "debian":
        raise MachineError(f"hosts are bootstrapped on Debian, and this machine is {release.get('ID', 'unknown')}")
    return release.get("VERSION_CODENAME", "").strip('"')


def sources(suite: str) -> tuple[Source, ...]:
    """Give the machine's own Debian sources (main alone), with its codename replaced by ``suite``.

    Raises MachineError where the machine has no source for its own release.
    """
    own = _own_codename()
    pockets = (own, f"{own}-updates", f"{own}-security")
    found = tuple(
        Source(
            uri=source.uri,
            suite=source.suite.replace(own, suite, 1),
            component=source.component,
            signed_by=source.signed_by or (ARCHIVE_KEYRING if ARCHIVE_KEYRING.is_file() else None),
        )
        for source in _own_sources()
        if source.suite in pockets and source.component == "main"
    )
    if not any(source.suite == suite for source in found):
        raise MachineError(f"this machine's apt sources name no archive for its own release, {own or 'unknown'}")
    # Unstable has neither of the two other pockets.
    return tuple(source for source in found if suite != "sid" or source.suite == suite)


def render(sources: tuple[Source, ...]) -> str:
    """Write sources in deb822 format."""
    stanzas = []
    for source in sources:
        lines = ["Types: deb", f"URIs: {source.uri}", f"Suites: {source.suite}", f"Components: {source.component}"]
        if source.signed_by:
            lines.append(f"Signed-By: {source.signed_by}")
        stanzas.append("\n".join(lines) + "\n")
    return "\n".join(stanzas)


@cache
def apt_proxies() -> tuple[str, ...]:
    """Give the machine's apt proxy settings as lines of apt.conf."""
    if not shutil.which("apt-config"):
        return ()
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return tuple(line for line in dump.splitlines() if re.match(r"Acquire::https?::Proxy[\s:]", line))


@cache
def environment() -> dict[str, str]:
    """Give the variables that a command in a host needs to reach what the machine reaches: proxies, one index."""
    passed = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    index = os.environ.get("PIP_INDEX_URL") or _configured_index()
    return passed | ({"PIP_INDEX_URL": index} if index else {})


def _configured_index() -> str | None:
    command = ["/usr/bin/python3", "-m", "pip", "config", "get", "global.index-url"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


@cache
def local_authorities() -> tuple[str, ...]:
    """Give the certificates (PEM) that the machine trusts beyond the public ones of the package ca-certificates.

    Installing ca-certificates in a host writes its bundle anew: only what lies in /usr/local/share/ca-certificates
    stays trusted.
    """
    if not CA_BUNDLE.is_file():
        return ()
    public = {pem for file in _PUBLIC_CAS.rglob("*.crt") for pem in _CERTIFICATE.findall(file.read_text())}
    return tuple(pem for pem in _CERTIFICATE.findall(CA_BUNDLE.read_text()) if pem not in public)
