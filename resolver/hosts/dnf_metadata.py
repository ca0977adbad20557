"""The reading side with dnf5 and dnf4: ``resolver.ports.RpmMetadata`` from the tool's own answers, without root.

Root and everybody else have caches of their own, each of which the tool fills itself: a user's first question on a
fresh host downloads. Which repositories are enabled, their settings after every variable and override, and which
builds remain after excludes and module filtering, only the tool can tell; nothing is read from its files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.errors import UnavailableError
from resolver.hosts.dnf import NO_LOCK_FILE, SKIP_LOCKS
from resolver.hosts.dnf4 import ask, complaint
from resolver.hosts.rpm_database import rank_evrs, spelled
from resolver.hosts.rpm_failures import as_unavailable, failure_of, skipped_repository
from resolver.model import Command, RpmOffer, RpmRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import Completed, OsPackage
    from resolver.ports import Runner

_SYSTEM_CACHE = Path("/var/cache/libdnf5")
_VERSION_LOCKS = Path("/etc/dnf/versionlock.toml")
_NO_REPOSITORY = "There are no enabled repositories"
_DUMPED = re.compile(r"^=+ .* =+$", re.MULTILINE)
"""What stands above each repository's settings in what ``--dump-repo-config`` prints."""
_FIELDS = "%{name}\t%{evr}\t%{arch}\t%{repoid}\n"


def _user_cache() -> Path:
    """Give the cache that dnf5 uses for whoever is running this."""
    if os.geteuid() == 0:
        return _SYSTEM_CACHE
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "libdnf5"


class Dnf5Metadata:
    """``resolver.ports.RpmMetadata`` with dnf5."""

    def __init__(
        self,
        runner: Runner,
        *,
        extra_names: Iterable[str] = (),
        offline: bool = False,
        cache: Path | None = None,
        version_locks: Path = _VERSION_LOCKS,
        mirror: RpmMirrorRoot | None = None,
    ) -> None:
        """Take the OS packages to look for besides those with metadata: overrides know some that have none.

        ``offline``: what was never fetched is an error. ``cache`` is where dnf5 keeps the metadata (default: the
        system's for root, else the user's). ``mirror`` is what there is instead of the host's repositories.
        """
        self._runner = runner
        self._extra_names = tuple(sorted(extra_names))
        self._options: tuple[str, ...] = ("-y", "--cacheonly") if offline else ("-y",)
        if mirror is not None:
            # It lies on a disk: there is nothing to be offline from.
            self._options, cache = ("-y", *mirror.dnf), mirror.cache
        self._cache = cache or _user_cache()
        self._version_locks = version_locks

    def repositories(self) -> tuple[RpmRepository, ...]:
        """Give the enabled repositories; what was never fetched is fetched."""
        command, done = self._run(("repo", "info", "--json"), "list the repositories")
        if done.returncode != 0:
            # What failed is told there, but not why: a file that is not the signed one reads like a missing network.
            asked_again, told = self._run(("makecache",), "fetch the repositories' metadata")
            raise as_unavailable(failure_of(asked_again, told) if told.returncode else failure_of(command, done))
        found = json.loads(done.stdout)
        if not found:
            raise _no_repository()
        return tuple(sorted((self._repository(item) for item in found if item["is_enabled"]), key=lambda item: item.id))

    def offers(self, pythons: Iterable[str]) -> tuple[RpmOffer, ...]:
        """Give the builds with metadata for these Pythons, and those of the extra names."""
        patterns = [f"python{python}dist(*)" for python in sorted(set(pythons))]
        questions: list[tuple[str, ...]] = [("--whatprovides", ",".join(patterns))] if patterns else []
        if self._extra_names:
            questions.append(self._extra_names)
        found: set[RpmOffer] = set()
        for question in questions:
            done = self._ask(
                ("repoquery", "--available", "--queryformat", _FIELDS, *question), "ask for the OS packages on offer"
            )
            if "no repositories are enabled" in done.stdout + done.stderr:
                raise _no_repository()
            found |= {_offer(line.split("\t")) for line in done.stdout.splitlines() if line.count("\t") == 3}  # noqa: PLR2004 - _FIELDS
        return self._unlocked(tuple(sorted(found, key=_order)))

    def refresh(self) -> None:
        """Fetch all repositories' metadata anew, into the cache of whoever is running this."""
        command, done = self._run(("makecache", "--refresh"), "fetch the repositories' metadata", aloud=True)
        _check_refreshed(command, done)

    def download(self, package: OsPackage, folder: Path) -> Path:
        """Download one .rpm; dnf5 compares its checksum with the metadata's."""
        spec = f"{package.name}-{package.version}.{package.architecture}"
        self._ask(("download", "--destdir", str(folder), spec), f"download {package.name}")
        return _found_rpm(package, folder)

    def _repository(self, item: Mapping[str, Any]) -> RpmRepository:
        verified = bool(item.get("pkg_gpgcheck"))
        return RpmRepository(
            id=item["id"],
            name=item["name"] or item["id"],
            priority=int(item["priority"]),
            trusted=verified,
            distrust=None if verified else "gpgcheck=0",
            metadata=self._metadata(item),
        )

    def _metadata(self, item: Mapping[str, Any]) -> Path | None:
        """Find a repository's folder in the cache: its id and a hash of where it comes from (measured).

        A folder of the same id and another hash is what the repository was before its file was changed. None also
        where dnf5 had to go on without the repository, whatever an earlier run has left.
        """
        if item["timestamp"] < 0:
            return None
        urls = item["base_url"]
        source = item["metalink"] or item["mirrorlist"] or (urls[0] if urls else item["id"])
        folder = self._cache / f"{item['id']}-{hashlib.sha256(source.encode()).hexdigest()[:16]}"
        return folder if (folder / "repodata" / "repomd.xml").is_file() else None

    def _ask(self, words: Sequence[str], purpose: str) -> Completed:
        command, done = self._run(words, purpose)
        if done.returncode != 0:
            raise as_unavailable(failure_of(command, done))
        return done

    def _run(self, words: Sequence[str], purpose: str, *, aloud: bool = False) -> tuple[Command, Completed]:
        """Run dnf5; ``-y`` because a repository with ``repo_gpgcheck=1`` is left out in silence otherwise."""
        run = self._runner.stream if aloud else self._runner.run
        command = Command(argv=("dnf5", *self._options, *words), purpose=purpose)
        done = run(command)
        if NO_LOCK_FILE in done.stderr:
            command = Command(argv=("dnf5", *self._options, *SKIP_LOCKS, *words), purpose=purpose)
            done = run(command)
        return command, done

    def _unlocked(self, offers: tuple[RpmOffer, ...]) -> tuple[RpmOffer, ...]:
        """Leave out what a version lock excludes: dnf5 heeds locks when it installs, not when it is asked."""
        try:
            data = self._version_locks.read_bytes()
        except OSError:
            return offers
        try:
            locks: dict[str, list[list[Mapping[str, str]]]] = {}
            for entry in tomllib.loads(data.decode()).get("packages", ()):
                locks.setdefault(entry["name"], []).append(entry.get("conditions", []))
            return tuple(
                offer
                for offer in offers
                if offer.name not in locks
                or any(all(self._meets(offer, condition) for condition in entry) for entry in locks[offer.name])
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnavailableError(
                f"dnf5's version locks cannot be read: {error}",
                context=str(self._version_locks),
                hint="`dnf5 versionlock list` shows what dnf5 makes of them; correct the file",
            ) from error

    def _meets(self, offer: RpmOffer, condition: Mapping[str, str]) -> bool:
        """Judge one condition of a lock (dnf5-versionlock(8)); EVRs are compared by rpm (rule V3)."""
        epoch, _, version_release = offer.evr.rpartition(":")
        version, _, release = version_release.rpartition("-")
        key, comparator, wanted = condition["key"], condition["comparator"], condition["value"]
        ours = {"arch": offer.architecture, "epoch": epoch or "0", "release": release, "version": version}.get(
            key, offer.evr
        )
        one, other = (spelled(ours), spelled(wanted)) if key == "evr" else (ours, wanted)
        if comparator in {"=", "!="} or key == "arch":
            return (one == other) is (comparator != "!=")
        if one == other:
            return "=" in comparator
        if key == "release":
            one, other = f"0-{one}", f"0-{other}"
        elif key == "epoch":
            one, other = f"{one}:0-0", f"{other}:0-0"
        (ours_rank, wanted_rank), *_ = rank_evrs(self._runner, [[one, other]])
        return (ours_rank > wanted_rank) is comparator.startswith(">")


def dnf5_keys(runner: Runner) -> tuple[str, ...]:
    """Give the URLs of the keys that the enabled repositories name, nothing being fetched."""
    command = Command(argv=("dnf5", "--dump-repo-config=*"), purpose="see which keys the repositories name")
    done = runner.run(command)
    if done.returncode != 0:
        raise failure_of(command, done)
    keys: list[str] = []
    for section in _DUMPED.split(done.stdout)[1:]:
        values = dict(re.findall(r"^(\w+) = (.*)$", section, re.MULTILINE))
        if values.get("enabled") == values.get("gpgcheck") == "1":
            keys += values.get("gpgkey", "").replace(",", " ").split()
    return tuple(dict.fromkeys(keys))


class Dnf4Metadata:
    """``resolver.ports.RpmMetadata`` with dnf 4."""

    def __init__(
        self,
        runner: Runner,
        *,
        extra_names: Iterable[str] = (),
        offline: bool = False,
        mirror: RpmMirrorRoot | None = None,
    ) -> None:
        """Take the OS packages to look for besides those with metadata: overrides know some that have none.

        ``offline``: what was never fetched is an error. ``mirror`` is what there is instead of the host's repositories.
        """
        self._runner = runner
        self._extra_names = sorted(extra_names)
        self._offline = offline and mirror is None
        self._sources = mirror.dnf if mirror is not None else ()

    def repositories(self) -> tuple[RpmRepository, ...]:
        """Give the enabled repositories; what was never fetched is fetched."""
        answer = self._ask({"do": "repositories"}, "list the repositories")
        if not answer["repositories"]:
            raise _no_repository()
        found = (
            RpmRepository(
                id=item["id"],
                name=item["name"],
                priority=item["priority"],
                trusted=item["gpgcheck"],
                distrust=None if item["gpgcheck"] else "gpgcheck=0",
                metadata=Path(item["metadata"]) if item["metadata"] else None,
            )
            for item in answer["repositories"]
        )
        return tuple(sorted(found, key=lambda item: item.id))

    def offers(self, pythons: Iterable[str]) -> tuple[RpmOffer, ...]:
        """Give the builds with metadata for these Pythons, and those of the extra names."""
        provides = [f"python{python}dist(*)" for python in sorted(set(pythons))]
        request = {"do": "offers", "provides": provides, "names": self._extra_names}
        answer = self._ask(request, "ask for the OS packages on offer")
        return tuple(sorted(map(_offer, answer["offers"]), key=_order))

    def refresh(self) -> None:
        """Fetch all repositories' metadata anew, into the cache of whoever is running this."""
        command = Command(
            argv=("dnf", "-y", *self._sources, "makecache", "--refresh"), purpose="fetch the repositories' metadata"
        )
        _check_refreshed(command, self._runner.stream(command))

    def download(self, package: OsPackage, folder: Path) -> Path:
        """Download one .rpm; dnf compares its checksum with the metadata's."""
        spec = f"{package.name}-{package.version}.{package.architecture}"
        request = {"do": "download", "spec": spec, "folder": str(folder)}
        return Path(self._ask(request, f"download {package.name}")["path"])

    def _ask(self, request: Mapping[str, object], purpose: str) -> dict[str, Any]:
        answer = ask(
            self._runner, {**request, "offline": self._offline, "options": list(self._sources)}, purpose=purpose
        )
        if "failure" in answer:
            verb = "download" if request["do"] == "download" else "repoquery"
            raise as_unavailable(complaint(verb, answer))
        return answer


def _found_rpm(package: OsPackage, folder: Path) -> Path:
    """Find what a tool has downloaded; the file's name is the repository's choice, but not quite free."""
    version = package.version.rpartition(":")[2]
    named = folder / f"{package.name}-{version}.{package.architecture}.rpm"
    if named.is_file():
        return named
    others = sorted(folder.glob("*.rpm"), key=lambda path: path.stat().st_mtime)
    if not others:
        raise UnavailableError(f"{package.name} {package.version} was not downloaded", context=str(folder))
    return others[-1]


def _check_refreshed(command: Command, done: Completed) -> None:
    """Raise what went wrong; a repository that was passed over makes metadata incomplete, which dnf calls success."""
    if _NO_REPOSITORY in done.stdout + done.stderr:
        raise _no_repository()
    if done.returncode != 0:
        raise failure_of(command, done)
    if skipped := skipped_repository(command, done):
        raise skipped


def _offer(fields: Sequence[str]) -> RpmOffer:
    name, evr, architecture, repository = fields
    return RpmOffer(name=name, evr=spelled(evr), architecture=architecture, repository=repository)


def _order(offer: RpmOffer) -> tuple[str, str, str, str]:
    return offer.name, offer.evr, offer.architecture, offer.repository


def _no_repository() -> UnavailableError:
    return UnavailableError(
        "this host has no enabled repository",
        hint="enable one in /etc/yum.repos.d, for example with `dnf config-manager` as root",
    )
