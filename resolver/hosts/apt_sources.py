"""apt's sources as the host has them (sources.list(5)), and what follows from them for another release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from resolver.model import NamedRepository, Release

_ALIASES = {"stable", "oldstable", "oldoldstable", "testing", "unstable"}
_NEXT = "forky"
"""The suite that becomes Debian's next release: without backports, and a host of it is looked at as sid."""
_KEYRING = re.compile(r"/usr/share/keyrings/(?:debian|ubuntu)-archive-[a-z0-9.-]+")
_OWN_KEY = re.compile(r"(?:debian-archive|ubuntu-keyring)-.+")
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One repository of binary packages."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None
    """A keyring's path, or the key itself as deb822 allows, continuation lines included."""
    insecure: bool
    """``trusted=yes`` or ``allow-insecure=yes``: apt does not insist on a signature (rule T1)."""

    @property
    def is_foreign(self) -> bool:
        """Whether a key vouches for it that the distribution's own keyring package did not bring."""
        return self.signed_by is not None and not _KEYRING.fullmatch(self.signed_by)


def read(folder: Path) -> tuple[Source, ...]:
    """Read ``sources.list`` and ``sources.list.d`` below an apt configuration folder, in apt's order."""
    found: list[Source] = []
    main = folder / "sources.list"
    parts = sorted((folder / "sources.list.d").glob("*")) if (folder / "sources.list.d").is_dir() else []
    for path in [main, *parts]:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".list":
            found.extend(parse_list(text))
        elif path.suffix == ".sources":
            found.extend(parse_deb822(text))
    return tuple(found)


def shared_keys(folder: Path) -> tuple[str, ...]:
    """Name the keys below an apt configuration folder that vouch for every source without Signed-By (apt-secure(8)).

    Those of the distribution's own keyring package are left out.
    """
    files = [folder / "trusted.gpg", *sorted((folder / "trusted.gpg.d").glob("*"))]
    return tuple(
        str(path)
        for path in files
        if path.suffix in {".gpg", ".asc"}
        and not _OWN_KEY.fullmatch(path.name)
        and path.is_file()
        and path.stat().st_size
    )


def parse_list(text: str) -> tuple[Source, ...]:
    """Parse the one-line format; ``deb-src`` lines and comments are passed over."""
    found = []
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.strip()):
            options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
            found.append(
                Source(
                    uris=(match["uri"],),
                    suites=(match["suite"],),
                    components=tuple(match["components"].split()),
                    signed_by=options.get("signed-by"),
                    insecure=_insecure(options.get("trusted"), options.get("allow-insecure")),
                )
            )
    return tuple(found)


def parse_deb822(text: str) -> tuple[Source, ...]:
    """Parse the deb822 format: stanzas of fields, continued by indented lines."""
    found = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and key:
                fields[key] += "\n" + line.rstrip()
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in {"no", "false"}:
            found.append(
                Source(
                    uris=tuple(fields.get("uris", "").split()),
                    suites=tuple(fields.get("suites", "").split()),
                    components=tuple(fields.get("components", "").split()),
                    signed_by=fields.get("signed-by"),
                    insecure=_insecure(fields.get("trusted"), fields.get("allow-insecure")),
                )
            )
    return tuple(found)


def _insecure(*values: str | None) -> bool:
    return any((value or "").lower() in {"yes", "true", "1"} for value in values)


def retarget(sources: Iterable[Source], here: str | None, there: str) -> tuple[Source, ...]:
    """Give the distribution's own sources for another release: the same mirrors and keys, the suites renamed.

    ``here`` and ``there`` are codenames of one distribution; None: the host runs another one, and knows no mirror. What
    is not the distribution's (other suites), and what apt would take unsigned, is left out. The base suite gets its
    backports as well, which apt never chooses by itself; sid has neither updates nor security.
    """
    found = []
    names = {here, *_ALIASES, *((_NEXT,) if here == "sid" else ())}
    for source in sources if here is not None else ():
        suites: list[str] = []
        for suite in source.suites:
            base, dash, pocket = suite.partition("-")
            if base not in names:
                continue
            if not dash or there != "sid":
                suites.append(f"{there}{dash}{pocket}")
            if not dash and there not in {"sid", _NEXT}:
                suites.append(f"{there}-backports")
        if suites and not source.insecure and _is_distribution(source):
            found.append(
                Source(
                    uris=source.uris,
                    suites=tuple(dict.fromkeys(suites)),
                    components=source.components,
                    signed_by=source.signed_by,
                    insecure=False,
                )
            )
    return tuple(found)


def _is_distribution(source: Source) -> bool:
    """Tell the distribution's archive from third parties that name their suites after it.

    It has a component ``main``, and is signed by its own keyring or by whatever the system trusts throughout. That
    its Release file says so too is checked when the packages are read.
    """
    key = source.signed_by or ""
    return "main" in source.components and (not key or bool(re.search(r"(debian|ubuntu)-archive|BEGIN PGP", key)))


def named(repositories: Iterable[NamedRepository], release: Release) -> tuple[Source, ...]:
    """Give the sources that ``--repo`` and ``--repo-key`` name for a release: its base suite there.

    Without a key apt's own trusted keys have to do.
    """
    components = ("main", "universe") if release.distribution == "ubuntu" else ("main",)
    return tuple(
        Source(
            uris=(one.url,),
            suites=(release.codename or "",),
            components=components,
            signed_by=str(one.key.resolve()) if one.key is not None else None,
            insecure=False,
        )
        for one in repositories
    )


def render(sources: Iterable[Source], codename: str, *, contents: bool = True) -> str:
    """Write sources in deb822; only the base suite's Contents are wanted, of all others just the packages."""
    stanzas = []
    seen = set()
    for source in sources:
        for suite in source.suites:
            if (source.uris, suite, source.components) in seen:
                continue
            seen.add((source.uris, suite, source.components))
            lines = [
                "Types: deb",
                f"URIs: {' '.join(source.uris)}",
                f"Suites: {suite}",
                f"Components: {' '.join(source.components)}",
                f"Targets: Packages{' Contents-deb' if contents and suite == codename else ''}",
            ]
            if source.signed_by:
                lines.append(f"Signed-By: {source.signed_by}")
            stanzas.append("\n".join(lines) + "\n")
    return "\n".join(stanzas)
