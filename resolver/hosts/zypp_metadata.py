"""The reading side with zypper: ``resolver.ports.RpmMetadata`` from its XML answers.

zypper keeps one cache, which root alone refreshes and everybody may read. A repository that was never refreshed
has no ``metadata`` and offers nothing; what the others have is still told, as zypper itself would go on without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import UnavailableError
from resolver.hosts.rpm_database import spelled
from resolver.hosts.rpm_failures import as_unavailable, failure_of
from resolver.hosts.zypp_xml import RAW, repositories_of, root_of, words_of
from resolver.model import Command, Completed, RpmOffer, RpmRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element

    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import OsPackage
    from resolver.ports import Runner

_ASK = ("--xmlout", "--non-interactive", "--no-refresh")
_FOUND = 0
_NOTHING_FOUND = 104
_SOME_SKIPPED = 106


class ZyppMetadata:
    """``resolver.ports.RpmMetadata`` with zypper."""

    def __init__(
        self,
        runner: Runner,
        *,
        extra_names: Iterable[str] = (),
        raw: Path = RAW,
        mirror: RpmMirrorRoot | None = None,
    ) -> None:
        """Take the OS packages to look for besides those with metadata: overrides know some that have none.

        ``raw`` is where zypp keeps the metadata. ``mirror`` is what there is instead of the host's repositories.
        """
        self._runner = runner
        self._extra_names = tuple(sorted(extra_names))
        self._mirror = mirror
        self._raw = mirror.raw if mirror is not None else raw
        self._sources = mirror.zypper if mirror is not None else ()

    def repositories(self) -> tuple[RpmRepository, ...]:
        """Give the enabled repositories; zypper cannot fetch for a user, so some may have no metadata.

        A mirror's is read first, by root's rights, where it is another than what was read before.
        """
        if self._mirror is not None and not self._mirror.is_read():
            self.refresh()
        found = repositories_of(self._runner, self._sources, self._raw)
        if not found:
            raise UnavailableError(
                "this host has no enabled repository", hint="enable one with `zypper modifyrepo --enable`"
            )
        return found

    def offers(self, pythons: Iterable[str]) -> tuple[RpmOffer, ...]:
        """Give the builds with metadata for these Pythons, and those of the extra names, without locked ones."""
        repositories = self.repositories()
        provides = tuple(f"python{python}dist(" for python in sorted(set(pythons)))
        found: set[RpmOffer] = set()
        for question in (("--provides", *provides), ("--match-exact", *self._extra_names)):
            if len(question) > 1:
                found |= self._search(question, repositories)
        locked = self._locked()
        return tuple(
            sorted(
                (offer for offer in found if (offer.name, offer.evr, offer.architecture) not in locked),
                key=lambda offer: (offer.name, offer.evr, offer.architecture, offer.repository),
            )
        )

    def refresh(self) -> None:
        """Fetch all repositories' metadata anew; needs root rights."""
        command = Command(
            argv=("zypper", *self._sources, "--non-interactive", "refresh"),
            privileged=True,
            environment={"ZYPP_LOCK_TIMEOUT": "60"},
            purpose="fetch the repositories' metadata",
        )
        done = self._runner.stream(command)
        if done.returncode != _FOUND:
            raise failure_of(command, done)

    def download(self, package: OsPackage, folder: Path) -> Path:
        """Download one .rpm into a folder of its repository's below ``folder``; its checksum is verified.

        zypper answers 0 whatever happened; only the file's path in its answer means success.
        """
        spec = f"{package.name}.{package.architecture}={package.version}"
        command = Command(
            argv=(*self._asking, "--pkg-cache-dir", str(folder), "download", spec), purpose=f"download {package.name}"
        )
        root, said = self._ask(command)
        file = root.find("download-result/localfile")
        path = None if file is None else file.get("path")
        if path is None:
            raise as_unavailable(failure_of(command, said))
        return Path(path)

    def _search(self, question: Sequence[str], repositories: Sequence[RpmRepository]) -> set[RpmOffer]:
        """Search in all repositories at once, by name; those that share a name are asked one by one."""
        by_name: dict[str, list[str]] = {}
        for repository in repositories:
            by_name.setdefault(repository.name, []).append(repository.id)
        found: set[RpmOffer] = set()
        for row in self._rows(question):
            aliases = by_name.get(row.get("repository", ""), ())
            if len(aliases) == 1:
                found.add(_offer(row, aliases[0]))
        for alias in (alias for aliases in by_name.values() if len(aliases) > 1 for alias in aliases):
            found |= {_offer(row, alias) for row in self._rows(("--repo", alias, *question))}
        return found

    def _rows(self, question: Sequence[str]) -> list[Element]:
        """Give the rows of one search; those of installed builds that no repository has included."""
        command = Command(
            argv=(*self._asking, "search", "--details", "--type", "package", *question),
            purpose="ask for the OS packages on offer",
        )
        root, said = self._ask(command)
        if said.returncode not in {_FOUND, _NOTHING_FOUND, _SOME_SKIPPED}:
            raise as_unavailable(failure_of(command, said))
        return list(root.iter("solvable"))

    def _locked(self) -> set[tuple[str, str, str]]:
        """Give the builds that zypper's locks forbid; one that is installed needs no permission."""
        command = Command(argv=(*self._asking, "locks", "--solvables"), purpose="ask for locked OS packages")
        root, said = self._ask(command)
        if said.returncode not in {_FOUND, _SOME_SKIPPED}:
            raise as_unavailable(failure_of(command, said))
        matches = list(root.iter("match"))
        installed = {_key(match) for match in matches if match.get("installed") == "true"}
        return {_key(match) for match in matches} - installed

    @property
    def _asking(self) -> tuple[str, ...]:
        return ("zypper", *self._sources, *_ASK)

    def _ask(self, command: Command) -> tuple[Element, Completed]:
        done = self._runner.run(command)
        root = root_of(done, command)
        return root, Completed(returncode=done.returncode, stdout=words_of(root), stderr=done.stderr)


def _offer(row: Element, alias: str) -> RpmOffer:
    name, evr, architecture = _key(row)
    return RpmOffer(name=name, evr=evr, architecture=architecture, repository=alias)


def _key(row: Element) -> tuple[str, str, str]:
    return row.get("name", ""), spelled(row.get("edition", "")), row.get("arch", "")
